//! What trackers know, and what they tell those who only ask.

use std::time::Duration;

use samara::seeder::TrackerId;
use samara::tracker::{Config, Note};
use samara::wire::Message;
use samara::wire::message::{HolderAddr, List, Query};
use samara_tokio::client::Client;
use samara_tokio::{Report, Tokio, TrackerHandle};

use super::{Peer, data, name, tracker};

#[tokio::test(flavor = "multi_thread")]
async fn a_tracker_lists_what_is_seeded_and_forgets_who_leaves() {
    let tracker = tracker().await;
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let seed = seeder.seed(&data(100_000), true).await;
    assert_eq!(seeder.node.tracker_addr(TrackerId(0)), Some(tracker.local_addr()));

    let mut client = Client::connect(Tokio, tracker.local_addr()).await.unwrap();
    let list = Message::List(List { after: 0, limit: 10 });
    let Message::Listing(listing) = client.ask(&list).await.unwrap() else { panic!("no listing") };
    let summary = &listing.summaries[0];
    assert_eq!((summary.key.file_hash, summary.complete), (seed.file_hash(), 1));
    assert_eq!(summary.about, Some((name(), 100_000)));

    let query = Message::Query(Query {
        file_hash: seed.file_hash(),
        seed_id: None,
        stale: Vec::new(),
        refuted: Vec::new(),
    });
    let Message::Holders(holders) = client.ask(&query).await.unwrap() else { panic!("no holders") };
    let addrs: Vec<_> = holders.holders.iter().map(|holder| holder.addr).collect();
    assert_eq!(addrs, [HolderAddr::SameHost(seeder.node.local_addr().port())]);

    let get = Message::GetSeed { file_hash: seed.file_hash(), seed_id: None };
    assert_eq!(client.ask(&get).await.unwrap(), Message::Seed(seed));
    assert_eq!(tracker.counters().connections, 2);

    seeder.stop().await;
    let Message::Holders(holders) = client.ask(&query).await.unwrap() else { panic!("no holders") };
    assert_eq!(holders.holders, []);
    assert!(tracker.counters().requests >= 5, "{:?}", tracker.counters());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_announced_to_every_tracker_that_can_be_reached() {
    let (one, two) = (tracker().await, tracker().await);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut seeder = Peer::start(&[one.local_addr(), nobody, two.local_addr()]).await;
    seeder.seed(&data(10), false).await;
    let mut left = vec![TrackerId(0), TrackerId(2)];
    seeder
        .until(|report| {
            if let Report::Announced { tracker, .. } = report {
                left.retain(|waiting| *waiting != tracker);
            }
            left.is_empty().then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracker_that_comes_back_is_told_again() {
    let config = Config { interval: Duration::from_secs(1), ..Config::default() };
    let start = |addr| TrackerHandle::start(Tokio, addr, config.clone(), super::next());
    let first = start(super::loopback()).await.unwrap();
    let addr = first.local_addr();
    let mut seeder = Peer::start(&[addr]).await;
    let seed = seeder.seed(&data(10), true).await;
    drop(first);
    let mut second = loop {
        match start(addr).await {
            Ok(tracker) => break tracker,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let joined = tokio::time::timeout(super::PATIENCE, async {
        while let Some(note) = second.note().await {
            if matches!(note, Note::Published { key } if key.file_hash == seed.file_hash()) {
                return true;
            }
        }
        false
    });
    assert!(joined.await.unwrap());
}
