//! `samara bench`: what this machine's processors, disk and network stack can do, and a download through all of them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use samara::downloader::{self, Pin, Target};
use samara::{SafeName, Seed};
use samara_tokio::{NodeHandle, NodeOptions, Order, Report, Tokio, files};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::args::{BenchArgs, Global};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{Event, Out};
use crate::{net, text};

/// Bytes written or sent at once.
const PIECE: usize = 256 << 10;

/// What was measured, in bytes per second.
struct Rates {
    disk: u64,
    hash: u64,
    verify: u64,
    network: u64,
    download: u64,
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &BenchArgs) -> Outcome {
    let out = Out::new(global.json);
    let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("samara-bench-").tempdir_in(&parent);
    let folder = folder.map_err(|error| Failure::disk("make a folder in", &parent, &error))?;
    let length = args.size.max(1);
    out.line(&format!("{} in {}, then over loopback", text::size(length), text::path(&parent)));
    let path = folder.path().join("file");

    let disk = timed(length, {
        let path = path.clone();
        move || make(&path, length)
    })
    .await;
    let (disk, ()) = disk.map_err(|error| Failure::disk("write into", &parent, &error))?;
    say(out, "disk: written and synced", disk);
    let name = SafeName::new("file").map_err(|error| Failure::new(Code::Other, error.to_string()))?;
    let hashed = timed(length, {
        let path = path.clone();
        move || files::hash(&path, name, &|_| {})
    })
    .await;
    let (hash, (seed, identity)) = hashed.map_err(|error| Failure::disk("read", &path, &error))?;
    say(out, "hash: one file, to make a seed", hash);
    let check = {
        let (path, seed) = (path.clone(), Arc::clone(&seed));
        move || files::verify(&seed, &path, 0, &|_| {})
    };
    let (verify, _) = timed(length, check).await.map_err(|error| Failure::disk("read", &path, &error))?;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    say(out, &format!("hash: {}, to verify", text::plural(processors as u64, "processor")), verify);
    let network = timed(length, move || throw_away(length)).await;
    let (network, ()) = network.map_err(|error| Failure::listen(Ipv4Addr::LOCALHOST, &error))?;
    say(out, "network: loopback, thrown away", network);

    let (node, _reports) = start().await?;
    node.share(path, Arc::clone(&seed), identity);
    let (took, syncing) = download(&node, &seed, folder.path().join("copy")).await?;
    let rates = Rates { disk, hash, verify, network, download: per_second(length, took) };
    say(out, "download: network, hash and disk", rates.download);
    out.line(&format!("{:34}{:>8.2} s, beside all that", "  syncs in it", syncing.as_secs_f64()));
    let limit = rates.limit();
    out.line(&format!("what limits it: {limit}"));
    let Rates { disk, hash, verify, network, download } = rates;
    let syncing_s = syncing.as_secs_f64();
    out.event(&Event::Bench { length, disk, hash, verify, network, download, syncing_s, limit });
    Ok(Code::Ok)
}

impl Rates {
    /// Whatever is slowest by itself; if nothing is nearly as slow as all together, they are in each other's way.
    fn limit(&self) -> &'static str {
        let parts = [(self.disk, "the disk"), (self.verify, "hashing"), (self.network, "the network stack")];
        match parts.into_iter().min_by_key(|(rate, _)| *rate) {
            Some((rate, what)) if self.download >= rate / 10 * 7 => what,
            Some(_) | None => "the processors, which hashing, network and disk share",
        }
    }
}

fn say(out: Out, what: &str, rate: u64) {
    out.line(&format!("  {what:34}{:>10}", text::rate(rate)));
}

/// Does `work` with `length` bytes: bytes per second, and its result.
async fn timed<T: Send + 'static>(
    length: u64,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<(u64, T)> {
    let began = Instant::now();
    let result = spawn_blocking(work).await.map_err(io::Error::other)??;
    Ok((per_second(length, began.elapsed()), result))
}

fn per_second(length: u64, took: Duration) -> u64 {
    let rate = u128::from(length) * 1_000_000 / took.as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// A file of bytes that look random.
fn make(path: &Path, length: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    let (mut piece, mut state, mut left) = (vec![0; PIECE], 0x9e37_79b9_7f4a_7c15_u64, length);
    while left > 0 {
        for eight in piece.as_chunks_mut::<8>().0 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *eight = state.to_le_bytes();
        }
        let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        file.write_all(piece.get(..now).unwrap_or_default())?;
        left -= now as u64;
    }
    file.sync_all()
}

/// Sends so many bytes over loopback to somebody who only counts them.
fn throw_away(length: u64) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut sink = TcpStream::connect(listener.local_addr()?)?;
    let (mut source, _) = listener.accept()?;
    let sender = thread::spawn(move || {
        let piece = vec![7; PIECE];
        let mut left = length;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            sink.write_all(piece.get(..now).unwrap_or_default())?;
            left -= now as u64;
        }
        io::Result::Ok(())
    });
    let mut piece = vec![0; PIECE];
    while source.read(&mut piece)? > 0 {}
    sender.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

async fn start() -> Result<(NodeHandle, samara_tokio::Reports), Failure> {
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let config = samara::node::Config::default();
    let options = NodeOptions { listen, trackers: Vec::new(), config, entropy: net::entropy()? };
    NodeHandle::start(Tokio, options).await.map_err(|error| Failure::listen(listen, &error))
}

/// Downloads the file with a second node: how long that took, and for how long its disk was syncing.
async fn download(from: &NodeHandle, seed: &Seed, path: PathBuf) -> Result<(Duration, Duration), Failure> {
    let (node, mut reports) = start().await?;
    let began = Instant::now();
    let target = Target { file_hash: seed.file_hash(), pin: Pin::Hash };
    let (peers, config) = (vec![from.local_addr()], downloader::Config::default());
    node.download(Order { target, path, peers, overwrite: false, config });
    while let Some(report) = reports.next().await {
        match report {
            Report::Done { .. } => return Ok((began.elapsed(), node.traffic().syncing)),
            Report::Failed { error, .. } => return Err(Failure::download(&error, &[])),
            Report::Note(_) | Report::Announced { .. } | Report::Stopped => {}
        }
    }
    Err(Failure::new(Code::Other, "the node has ended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_part_limits_and_if_none_is_slow_they_share() {
        let rates = Rates { disk: 100, hash: 1, verify: 300, network: 200, download: 75 };
        assert_eq!(rates.limit(), "the disk");
        let rates = Rates { network: 90, ..rates };
        assert_eq!(rates.limit(), "the network stack");
        let rates = Rates { download: 50, ..rates };
        assert_eq!(rates.limit(), "the processors, which hashing, network and disk share");
    }
}
