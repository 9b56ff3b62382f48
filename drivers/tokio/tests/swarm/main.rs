//! Trackers, seeders and downloaders on real sockets and real files.
#![expect(clippy::unwrap_used, reason = "a test panics where it is surprised")]

mod downloads;
mod failures;
mod files;
#[cfg(target_os = "linux")]
mod fire;
mod trackers;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use samara::downloader::{self, DownloadError, Pin, Target};
use samara::node::{Config, Note};
use samara::seeder::FileId;
use samara::{FileHash, SafeName, Seed};
use samara_tokio::{NodeHandle, NodeOptions, Order, Report, Reports, Tokio, TrackerHandle, files as helpers};
use tempfile::TempDir;

/// Longer than anything here takes, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn tracker() -> TrackerHandle {
    TrackerHandle::start(Tokio, loopback(), samara::tracker::Config::default(), next()).await.unwrap()
}

/// A node, what it tells, and a folder of its own.
struct Peer {
    node: NodeHandle,
    reports: Reports,
    folder: TempDir,
    /// What was told so far.
    notes: Vec<downloader::Note>,
}

impl Peer {
    async fn start(trackers: &[SocketAddr]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), trackers).await
    }

    async fn start_in(folder: TempDir, trackers: &[SocketAddr]) -> Self {
        let trackers = trackers.iter().map(ToString::to_string).collect();
        let entropy = next();
        let options = NodeOptions { listen: loopback(), trackers, config: Config::default(), entropy };
        let (node, reports) = NodeHandle::start(Tokio, options).await.unwrap();
        Self { node, reports, folder, notes: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes and seeds a file, and waits until one tracker knows, if there is any.
    async fn seed(&mut self, bytes: &[u8], announced: bool) -> Arc<Seed> {
        let path = self.path("original");
        fs::write(&path, bytes).unwrap();
        let (seed, identity) = helpers::hash(&path, name(), &|_| ()).unwrap();
        let wanted = self.node.share(path, seed.clone(), identity);
        if announced {
            self.until(|report| {
                matches!(report, Report::Announced { file, .. } if file == wanted).then_some(())
            })
            .await;
        }
        seed
    }

    fn get(&self, order: Order) -> FileId {
        self.node.download(order)
    }

    /// The next report of interest; notes of downloads are kept.
    async fn until<T>(&mut self, mut pick: impl FnMut(Report) -> Option<T>) -> T {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let report = self.reports.next().await.expect("the node ended");
                if let Report::Note(Note::Download { note, .. }) = &report {
                    self.notes.push(note.clone());
                }
                if let Some(picked) = pick(report) {
                    return picked;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("nothing happened after {:?}", self.notes))
    }

    /// How the download ends.
    async fn end(&mut self) -> Result<(PathBuf, Arc<Seed>), Box<DownloadError>> {
        self.until(|report| match report {
            Report::Done { path, seed, .. } => Some(Ok((path, seed))),
            Report::Failed { error, .. } => Some(Err(error)),
            Report::Announced { .. } | Report::Note(_) | Report::Stopped => None,
        })
        .await
    }

    async fn done(&mut self) -> PathBuf {
        self.end().await.unwrap_or_else(|error| panic!("{error:?} after {:?}", self.notes)).0
    }

    async fn failed(&mut self) -> Box<DownloadError> {
        self.end().await.expect_err("it was to fail")
    }

    async fn stop(&mut self) {
        self.node.stop();
        self.until(|report| matches!(report, Report::Stopped).then_some(())).await;
    }

    /// Chunks that came and verified.
    fn verified(&self) -> usize {
        self.notes.iter().filter(|note| matches!(note, downloader::Note::Verified { .. })).count()
    }
}

/// Another number each time: nodes with the same one would take each other for themselves.
fn next() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn name() -> SafeName {
    SafeName::new("file").unwrap()
}

fn order(file_hash: FileHash, path: PathBuf) -> Order {
    Order {
        target: Target { file_hash, pin: Pin::Hash },
        path,
        peers: Vec::new(),
        overwrite: false,
        config: downloader::Config::default(),
    }
}

fn data(len: usize) -> Vec<u8> {
    let mut entropy = samara::Entropy::new(len as u64);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(entropy.next().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
