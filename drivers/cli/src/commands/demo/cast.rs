//! Who plays in the demonstration.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use samara::{SafeName, Seed, seeder};
use samara_tokio::{NodeHandle, NodeOptions, Report, Reports, Tokio, TrackerHandle};
use tokio::time::timeout;

use crate::args::Global;
use crate::exit::{Code, Failure};
use crate::hashing::{self, Ready};
use crate::index::Index;
use crate::output::{Event, Out};
use crate::progress::{Meter, Phase};
use crate::{net, text};

/// Bytes of the file that is made if none is given: enough chunks for everybody to be asked.
const LENGTH: usize = 48 << 20;
/// What the good node sends in a second, so that the others are asked, too.
const RATE: u64 = 64 << 20;

/// The tracker, the nodes, and the file that they hold.
pub(super) struct Cast {
    pub(super) tracker: TrackerHandle,
    pub(super) seed: Arc<Seed>,
    pub(super) good: Part,
    pub(super) stale: Part,
    pub(super) corrupt: Part,
}

/// One node.
pub(super) struct Part {
    node: NodeHandle,
    path: PathBuf,
    /// Kept, since a node's reports have to be kept or read.
    _reports: Reports,
}

impl Part {
    /// Where it serves.
    pub(super) fn addr(&self) -> SocketAddr {
        self.node.local_addr()
    }
}

/// A node of the demonstration.
pub(super) async fn start(trackers: Vec<String>, limit_up: u64) -> Result<(NodeHandle, Reports), Failure> {
    let seeder = seeder::Config { limit_up, ..seeder::Config::default() };
    let config = samara::node::Config { seeder, ..samara::node::Config::default() };
    let options = NodeOptions { listen: here(), trackers, config, entropy: net::entropy()? };
    NodeHandle::start(Tokio, options).await.map_err(|error| Failure::listen(here(), &error))
}

fn here() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

impl Cast {
    /// Everybody comes in: the tracker listens, and three nodes have announced the file.
    pub(super) async fn enter(global: &Global, folder: &Path, file: Option<&Path>) -> Result<Self, Failure> {
        let out = Out::new(global.json);
        let original = match file {
            Some(file) => file.to_owned(),
            None => make(folder).map_err(|error| Failure::disk("write into", folder, &error))?,
        };
        let tracker =
            TrackerHandle::start(Tokio, here(), samara::tracker::Config::default(), net::entropy()?).await;
        let tracker = tracker.map_err(|error| Failure::listen(here(), &error))?;
        let addr = tracker.local_addr();
        out.event(&Event::Listening { role: "tracker", addr });
        out.line(&format!("tracker  {addr}"));

        let copies = copy_twice(global, &original, folder)
            .await
            .map_err(|error| Failure::disk("copy", &original, &error))?;
        let [for_stale, for_corrupt] = copies;
        let ready = hash(global, &original).await?;
        let seed = Arc::clone(&ready.seed);
        let (size, chunks) = (text::size(seed.length()), text::plural(u64::from(seed.chunks()), "chunk"));
        out.line(&format!("file     {}  {size}, {chunks}", text::path(&original)));
        let trackers = vec![addr.to_string()];
        let good = share(out, "good   ", ready, trackers.clone(), RATE).await?;
        let stale = share(out, "stale  ", hash(global, &for_stale).await?, trackers.clone(), 0).await?;
        let corrupt = share(out, "corrupt", hash(global, &for_corrupt).await?, trackers, 0).await?;
        Ok(Self { tracker, seed, good, stale, corrupt })
    }

    /// One node loses its file, and another one's rots.
    pub(super) fn spoil(&self) -> Result<(), Failure> {
        let (stale, corrupt) = (&self.stale.path, &self.corrupt.path);
        fs::remove_file(stale).map_err(|error| Failure::disk("delete", stale, &error))?;
        rot(corrupt, &self.seed).map_err(|error| Failure::disk("write", corrupt, &error))
    }

    /// Who is at an address.
    pub(super) fn role(&self, addr: SocketAddr) -> &'static str {
        [(&self.good, "good node"), (&self.stale, "stale node"), (&self.corrupt, "corrupt node")]
            .into_iter()
            .find_map(|(part, role)| (part.addr() == addr).then_some(role))
            .unwrap_or("node")
    }
}

/// A file of bytes that look random.
fn make(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("demo.bin");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(LENGTH);
    while bytes.len() < LENGTH {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    fs::write(&path, bytes)?;
    Ok(path)
}

async fn copy_twice(global: &Global, original: &Path, folder: &Path) -> io::Result<[PathBuf; 2]> {
    let copies = ["stale.bin", "corrupt.bin"].map(|name| folder.join(name));
    let (bytes, length) = (Arc::new(AtomicU64::new(0)), 2 * fs::metadata(original)?.len());
    let (from, to, done) = (original.to_owned(), copies.clone(), Arc::clone(&bytes));
    let work = tokio::task::spawn_blocking(move || to.iter().try_for_each(|to| copy(&from, to, &done)));
    let meter = Meter::new(global, Out::new(global.json));
    hashing::watch(work, Phase::Copying, &text::path(original), &bytes, length, meter).await??;
    Ok(copies)
}

fn copy(from: &Path, to: &Path, done: &AtomicU64) -> io::Result<()> {
    let (mut from, mut to, mut piece) = (File::open(from)?, File::create(to)?, vec![0; 1 << 20]);
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(piece.get(..read).unwrap_or_default())?;
        done.fetch_add(read as u64, Ordering::Relaxed);
    }
}

async fn hash(global: &Global, path: &Path) -> Result<Ready, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name =
        SafeName::new(name).map_err(|error| Failure::usage(format!("{}: {error}", text::path(path))))?;
    let meter = Meter::new(global, Out::new(global.json));
    let hashed = hashing::one(path, name, &Index::none(), Phase::Hashing, meter).await;
    hashed.map_err(|error| Failure::disk("read", path, &error))
}

/// Starts a node that shares the file, and waits until the tracker knows.
async fn share(
    out: Out,
    role: &str,
    ready: Ready,
    trackers: Vec<String>,
    limit_up: u64,
) -> Result<Part, Failure> {
    let (node, mut reports) = start(trackers, limit_up).await?;
    node.share(ready.path.clone(), ready.seed, ready.identity);
    let announced = async {
        while let Some(report) = reports.next().await {
            if matches!(report, Report::Announced { .. }) {
                return true;
            }
        }
        false
    };
    if !timeout(Duration::from_secs(10), announced).await.unwrap_or(false) {
        return Err(Failure::new(Code::NoTracker, "the tracker did not answer"));
    }
    let addr = node.local_addr();
    out.event(&Event::Listening { role: "node", addr });
    out.line(&format!("{role}  {addr}  announced"));
    Ok(Part { node, path: ready.path, _reports: reports })
}

/// Flips a byte in every chunk, and puts the time of the last change back.
fn rot(path: &Path, seed: &Seed) -> io::Result<()> {
    let mut file: File = OpenOptions::new().read(true).write(true).open(path)?;
    let modified = file.metadata()?.modified()?;
    for start in (0..seed.chunks()).filter_map(|index| seed.range(index)).map(|range| range.start) {
        let mut byte = [0];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut byte)?;
        file.seek(SeekFrom::Start(start))?;
        file.write_all(&byte.map(|byte| byte ^ 1))?;
    }
    file.set_modified(modified)?;
    file.sync_all()
}
