//! This driver and the tokio driver, one serving the other.
#![expect(clippy::unwrap_used, reason = "a test panics where it is surprised")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use samara::downloader::{self, Failure, Pin, Target};
use samara::node::{Action, Config};
use samara::store::DiskErrorKind;
use samara::{FileHash, SafeName};
use samara_threads::Node;
use samara_tokio::{NodeHandle, NodeOptions, Order, Report, Tokio, TrackerHandle, files};
use tokio::runtime::Runtime;

/// Longer than anything here takes, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn target(file_hash: FileHash) -> Target {
    Target { file_hash, pin: Pin::Hash }
}

/// The first action that is no note or announcement.
fn outcome(reports: &Receiver<Action>) -> Action {
    loop {
        let action = reports.recv_timeout(PATIENCE).unwrap();
        if !matches!(action, Action::Note(_) | Action::Announced { .. }) {
            return action;
        }
    }
}

/// A file, seeded with `share` under the seed that it gives.
fn original(folder: &Path, bytes: &[u8]) -> (std::sync::Arc<samara::Seed>, samara::store::Identity) {
    fs::write(folder.join("original"), bytes).unwrap();
    files::hash(&folder.join("original"), SafeName::new("file").unwrap(), &|_| ()).unwrap()
}

#[test]
fn it_downloads_from_the_tokio_driver_and_serves_it() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let (seed, identity) = original(folder.path(), &bytes);
    let config = samara::tracker::Config::default();
    let tracker = runtime.block_on(TrackerHandle::start(Tokio, loopback(), config, 1)).unwrap();
    let trackers = vec![tracker.local_addr().to_string()];
    let start = |entropy| {
        let options = NodeOptions {
            listen: loopback(),
            trackers: trackers.clone(),
            config: Config::default(),
            entropy,
        };
        runtime.block_on(NodeHandle::start(Tokio, options)).unwrap()
    };

    let (seeder, mut seeding) = start(2);
    seeder.share(folder.path().join("original"), seed.clone(), identity);
    let announced = runtime.block_on(async { tokio::time::timeout(PATIENCE, seeding.next()).await });
    assert!(matches!(announced.unwrap(), Some(Report::Announced { .. })));

    // From tokio to threads.
    let (node, reports) = Node::start(loopback(), trackers.clone(), Config::default(), 3).unwrap();
    node.download(target(seed.file_hash()), folder.path().join("first"), Vec::new());
    let done = outcome(&reports);
    assert!(matches!(done, Action::Done { .. }), "{done:?}");
    assert!(fs::read(folder.path().join("first")).unwrap() == bytes);
    assert!(!folder.path().join("first.part.journal").exists());
    drop((seeder, seeding));

    // And back, from nobody but the threads.
    let (peer, mut reports) = start(4);
    peer.download(Order {
        target: target(seed.file_hash()),
        path: folder.path().join("second"),
        peers: vec![node.local_addr()],
        overwrite: false,
        config: downloader::Config::default(),
    });
    runtime.block_on(async {
        loop {
            match tokio::time::timeout(PATIENCE, reports.next()).await.unwrap().unwrap() {
                Report::Done { .. } => return,
                Report::Failed { error, .. } => panic!("{error:?}"),
                Report::Announced { .. } | Report::Note(_) | Report::Stopped => {}
            }
        }
    });
    assert!(fs::read(folder.path().join("second")).unwrap() == bytes);
}

#[test]
fn it_shares_downloads_between_its_own_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (seed, identity) = original(folder.path(), &[7; 1_000_000]);
    assert_eq!(samara_threads::identity(&folder.path().join("original")).unwrap(), identity);
    let (seeder, _notes) = Node::start(loopback(), Vec::new(), Config::default(), 1).unwrap();
    seeder.share(folder.path().join("original"), seed.clone(), identity);
    let (node, reports) = Node::start(loopback(), Vec::new(), Config::default(), 2).unwrap();
    let peers = vec![seeder.local_addr()];
    node.download(target(seed.file_hash()), folder.path().join("copy"), peers);
    assert!(matches!(outcome(&reports), Action::Done { .. }));
    assert!(fs::read(folder.path().join("copy")).unwrap() == [7; 1_000_000]);
    node.stop();
    assert!(matches!(outcome(&reports), Action::Stopped));
    drop(node);
    assert!(reports.recv_timeout(PATIENCE).is_err(), "its threads end with it");
}

#[test]
fn it_says_what_the_disk_said() {
    let folder = tempfile::tempdir().unwrap();
    let (node, reports) = Node::start(loopback(), Vec::new(), Config::default(), 1).unwrap();
    node.download(target(FileHash::new([1; 32])), folder.path().join("nowhere/copy"), Vec::new());
    let Action::Failed { error, .. } = outcome(&reports) else { panic!("it was to fail") };
    assert!(matches!(error.why, Failure::Disk(disk) if disk.kind == DiskErrorKind::NoFolder), "{error:?}");
}
