//! Downloads that succeed.

use std::fs;

use samara::downloader::{Config, Note, Pin};
use samara_tokio::{Order, files as helpers};

use super::{Peer, data, names, order, tracker};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_travels_by_its_hash_alone() {
    let tracker = tracker().await;
    let bytes = data((8 << 20) + 12_345);
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let seed = seeder.seed(&bytes, true).await;
    let mut peer = Peer::start(&[tracker.local_addr()]).await;
    peer.get(order(seed.file_hash(), peer.path("copy")));
    let path = peer.done().await;
    assert!(fs::read(&path).unwrap() == bytes);
    assert_eq!(names(peer.folder.path()), ["copy"], "nothing is left beside it");
    let (sent, received) = (seeder.node.traffic().sent, peer.node.traffic().received);
    assert!(sent >= bytes.len() as u64 && received >= bytes.len() as u64, "{sent} sent, {received} received");
    assert!(received < bytes.len() as u64 * 5 / 4, "{received} received");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downloader_seeds_what_it_has_and_nobody_needs_the_first_seeder_afterwards() {
    let tracker = tracker().await;
    let bytes = data(3 << 20);
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let seed = seeder.seed(&bytes, true).await;
    let mut second = Peer::start(&[tracker.local_addr()]).await;
    second.get(order(seed.file_hash(), second.path("copy")));
    second.done().await;
    seeder.stop().await;
    drop(seeder);
    let mut third = Peer::start(&[]).await;
    third.get(Order { peers: vec![second.node.local_addr()], ..order(seed.file_hash(), third.path("copy")) });
    assert!(fs::read(third.done().await).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_peers_share_the_work() {
    let tracker = tracker().await;
    let bytes = data(6 << 20);
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let seed = seeder.seed(&bytes, true).await;
    let mut peers = Vec::new();
    for _ in 0..4 {
        let peer = Peer::start(&[tracker.local_addr()]).await;
        peer.get(order(seed.file_hash(), peer.path("copy")));
        peers.push(peer);
    }
    for peer in &mut peers {
        assert!(fs::read(peer.done().await).unwrap() == bytes);
    }
}

#[test]
fn what_a_killed_process_left_is_taken_up_again() {
    let bytes = data(16 << 20);
    let world = tokio::runtime::Runtime::new().unwrap();
    let (tracker, seeder, seed) = world.block_on(async {
        let tracker = tracker().await;
        let mut seeder = Peer::start(&[tracker.local_addr()]).await;
        let seed = seeder.seed(&bytes, true).await;
        (tracker, seeder, seed)
    });
    let order = |peer: &Peer| order(seed.file_hash(), peer.path("copy"));

    // The first run ends in the middle of everything.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = runtime.block_on(async {
        let mut peer = Peer::start(&[tracker.local_addr()]).await;
        let config = Config { limit: 8 << 20, ..Config::default() };
        peer.get(Order { config, ..order(&peer) });
        let mut left = 24;
        peer.until(|report| {
            left -= usize::from(matches!(
                report,
                samara_tokio::Report::Note(samara::node::Note::Download { note: Note::Verified { .. }, .. })
            ));
            (left == 0).then_some(())
        })
        .await;
        peer.folder
    });
    drop(runtime);
    assert_eq!(names(folder.path()), ["copy.part", "copy.part.journal"]);

    let mut peer = world.block_on(Peer::start_in(folder, &[tracker.local_addr()]));
    world.block_on(async {
        peer.get(order(&peer));
        assert!(fs::read(peer.done().await).unwrap() == bytes);
    });
    let resumed = peer.notes.iter().map(|note| if let Note::Resumed { bytes } = note { *bytes } else { 0 });
    assert!(resumed.sum::<u64>() > 0, "{:?}", peer.notes);
    assert!(peer.verified() < 60, "{} of 64 chunks were fetched again", peer.verified());
    drop(seeder);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_orderly_stop_nothing_is_fetched_twice() {
    let tracker = tracker().await;
    let bytes = data(8 << 20);
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let seed = seeder.seed(&bytes, true).await;
    let target = samara::downloader::Target { file_hash: seed.file_hash(), pin: Pin::Seed(seed.clone()) };
    let mut peer = Peer::start(&[tracker.local_addr()]).await;
    let config = Config { limit: 4 << 20, ..Config::default() };
    let path = peer.path("copy");
    peer.get(Order { target: target.clone(), config, ..order(seed.file_hash(), path.clone()) });
    peer.until(|report| {
        matches!(
            report,
            samara_tokio::Report::Note(samara::node::Note::Download { note: Note::Verified { .. }, .. })
        )
        .then_some(())
    })
    .await;
    peer.stop().await;
    let before = peer.verified();
    let Peer { node, folder, .. } = peer;
    drop(node);

    let mut peer = Peer::start_in(folder, &[tracker.local_addr()]).await;
    peer.get(Order { target, ..order(seed.file_hash(), path) });
    assert!(fs::read(peer.done().await).unwrap() == bytes);
    let resumed = peer
        .notes
        .iter()
        .find_map(|note| if let Note::Resumed { bytes } = note { Some(*bytes) } else { None });
    assert!(resumed.is_some_and(|bytes| bytes >= (before as u64) << 18), "{before} before, {:?}", peer.notes);
    assert_eq!(peer.verified() as u64 * (256 << 10) + resumed.unwrap(), 8 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_needs_nobody() {
    let mut peer = Peer::start(&[]).await;
    peer.get(order(samara::FileHash::of_nothing(), peer.path("empty")));
    let path = peer.done().await;
    assert_eq!(helpers::identity(&path).unwrap().size, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_is_replaced_only_if_asked_for() {
    let mut seeder = Peer::start(&[]).await;
    let seed = seeder.seed(b"new", false).await;
    for overwrite in [false, true] {
        let mut peer = Peer::start(&[]).await;
        fs::write(peer.path("copy"), "old").unwrap();
        let peers = vec![seeder.node.local_addr()];
        peer.get(Order { peers, overwrite, ..order(seed.file_hash(), peer.path("copy")) });
        let end = peer.end().await;
        assert_eq!(end.is_ok(), overwrite, "{end:?}");
        let there = fs::read_to_string(peer.path("copy")).unwrap();
        assert_eq!(there, if overwrite { "new" } else { "old" });
    }
}
