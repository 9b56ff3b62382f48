//! Peers that lie, vanish or talk nonsense.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use samara::downloader::{Config, Failure, Note, PeerFate, Stale};
use samara::wire::session::Fault;
use samara_tokio::Order;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::{Peer, data, names, order, tracker};

/// Gives up soon when there is nobody left to ask.
fn impatient() -> Config {
    Config { hopeless: Duration::from_millis(300), ..Config::default() }
}

/// Changes some bytes so that the file's identity stays the same.
fn corrupt(peer: &Peer) {
    let path = peer.path("original");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let file = File::options().write(true).open(path).unwrap();
    for chunk in 0..4 {
        file.write_all_at(b"corrupt", chunk << 18).unwrap();
    }
    file.set_modified(modified).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_sends_bad_bytes_is_banned_and_nothing_is_kept_of_it() {
    let mut liar = Peer::start(&[]).await;
    let seed = liar.seed(&data(1 << 20), false).await;
    corrupt(&liar);
    let mut peer = Peer::start(&[]).await;
    let peers = vec![liar.node.local_addr()];
    peer.get(Order { peers, config: impatient(), ..order(seed.file_hash(), peer.path("copy")) });
    let error = peer.failed().await;
    assert_eq!(error.why, Failure::Integrity, "{error:?}");
    let fate = error.peers.iter().find(|peer| peer.addr == liar.node.local_addr()).map(|peer| peer.fate);
    assert!(matches!(fate, Some(PeerFate::Banned(Fault::BadChunk { .. }))), "{fate:?}");
    assert!(!peer.path("copy").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_honest_seeder_among_liars_is_enough() {
    let tracker = tracker().await;
    let bytes = data(1 << 20);
    let mut peers = Vec::new();
    for _ in 0..3 {
        let mut peer = Peer::start(&[tracker.local_addr()]).await;
        peer.seed(&bytes, true).await;
        peers.push(peer);
    }
    peers.iter().skip(1).for_each(corrupt);
    let mut peer = Peer::start(&[tracker.local_addr()]).await;
    let hash = samara_tokio::files::sha256(&peers[0].path("original"), &|_| ()).unwrap();
    peer.get(order(hash, peer.path("copy")));
    assert!(fs::read(peer.done().await).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeder_whose_file_is_gone_fails_the_test_and_is_named() {
    let tracker = tracker().await;
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let seed = seeder.seed(&data(1 << 20), true).await;
    fs::remove_file(seeder.path("original")).unwrap();
    let mut peer = Peer::start(&[]).await;
    let peers = vec![seeder.node.local_addr()];
    peer.get(Order { peers, config: impatient(), ..order(seed.file_hash(), peer.path("copy")) });
    let error = peer.failed().await;
    assert_eq!(error.why, Failure::NoHolder, "{error:?}");
    let stale = peer.notes.iter().any(
        |note| matches!(note, Note::Stale { addr, why: Stale::Gone(_) } if *addr == seeder.node.local_addr()),
    );
    assert!(stale, "{:?}", peer.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_and_silence_hold_nobody_up() {
    let mut seeder = Peer::start(&[]).await;
    let bytes = data(2 << 20);
    let seed = seeder.seed(&bytes, false).await;
    let babbler = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let babbler_addr = babbler.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = babbler.accept().await {
            let _ = stream.write_all(&[0x5a; 100_000]).await;
        }
    });
    // Nobody accepts here.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peers = vec![babbler_addr, silent.local_addr().unwrap(), seeder.node.local_addr()];
    let mut peer = Peer::start(&[]).await;
    peer.get(Order { peers, config: impatient(), ..order(seed.file_hash(), peer.path("copy")) });
    assert!(fs::read(peer.done().await).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_fails_at_once() {
    let mut peer = Peer::start(&[]).await;
    peer.get(order(samara::FileHash::new([1; 32]), peer.path("nowhere/copy")));
    let error = peer.failed().await;
    assert!(matches!(error.why, Failure::Disk(disk) if disk.kind == samara::store::DiskErrorKind::NoFolder));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_knows_is_not_waited_for() {
    let tracker = tracker().await;
    let mut peer = Peer::start(&[tracker.local_addr()]).await;
    peer.get(Order { config: impatient(), ..order(samara::FileHash::new([1; 32]), peer.path("copy")) });
    let error = peer.failed().await;
    assert!(matches!(error.why, Failure::Unknown), "{error:?}");
    assert_eq!(names(peer.folder.path()), [] as [&str; 0], "nothing came, so nothing stays");
}
