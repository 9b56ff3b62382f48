//! Power cuts at any moment: what is claimed afterwards is there, and the download goes on from it.

use std::time::Duration;

use samara::downloader::Note;
use samara::wire::Message;
use samara::wire::message::{HaveSet, Hello, SeedKey, VERSION};
use samara::{Entropy, Have, Seed};
use samara_sim::file;
use samara_sim::host::{Heard, HostId, Order};
use samara_sim::world::World;

use super::{SECOND, finish, notes, world};

/// What `host` says it holds, if anything.
fn claims(world: &mut World, probe: HostId, host: HostId, seed: &Seed) -> Option<Have> {
    let heard_before = world.heard(probe).len();
    let link = world.dial(probe, host);
    world.run_for(Duration::from_millis(25));
    world.say(probe, link, 0, Message::Hello(Hello { version: VERSION, features: 0, node: 1 }));
    world.say(probe, link, 1, Message::Test(SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() }));
    world.run_for(Duration::from_millis(25));
    let set = world.heard(probe)[heard_before..].iter().find_map(|(_, _, heard)| {
        let Heard::Message { request: 1, message: Message::Have(set) } = heard else { return None };
        Some(set.clone())
    });
    world.hang_up(probe, link);
    set.and_then(|set: HaveSet| set.into_have(seed.chunks()))
}

/// Every chunk that is claimed is on the disk, byte by byte.
#[track_caller]
fn check_claims(world: &World, host: HostId, have: &Have, seed: &Seed, truth: &[u8]) {
    let there = world.disk(host).bytes("file").or_else(|| world.disk(host).bytes("file.part"));
    for index in have.iter() {
        let range = seed.range(index).unwrap();
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        assert_eq!(there.and_then(|bytes| bytes.get(range.clone())), Some(&truth[range]), "chunk {index}");
    }
}

/// Downloads with up to three crashes at random moments; gives how many bytes were kept over them.
fn crashing(round: u64) -> u64 {
    let bytes = file::random(200_000, round);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [alice, bob]) = world(round, ["alice", "bob"]);
    let probe = world.probe("probe");
    world.place(alice).up = 150_000;
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let mut order = Order::new("file", file::pinned(&seed));
    order.store.sync_after = Duration::from_millis(200);
    order.store.sync_bytes = 40_000;
    let get = world.download(bob, order);
    let mut entropy = Entropy::new(round);
    for _ in 0..=entropy.below(3) {
        world.run_for(Duration::from_micros(entropy.below(1_600_000) as u64));
        world.crash(bob);
        world.run_for(Duration::from_millis(entropy.below(100) as u64));
        world.start(bob);
        world.run_for(Duration::from_millis(entropy.below(200) as u64));
        if let Some(have) = claims(&mut world, probe, bob, &seed) {
            check_claims(&world, bob, &have, &seed, &bytes);
        }
    }
    assert_eq!(finish(&mut world, bob, get), None, "round {round}\n{}", world.trace());
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()), "round {round}");
    let resumed = notes(&world, bob).map(|note| if let Note::Resumed { bytes } = note { *bytes } else { 0 });
    resumed.sum()
}

#[test]
fn two_hundred_crashes_lose_no_more_than_what_was_not_durable() {
    let kept: Vec<_> = (0..200).map(crashing).collect();
    assert!(kept.iter().filter(|bytes| **bytes > 0).count() > 100, "most crashes left something: {kept:?}");
}

#[test]
fn after_an_orderly_stop_nothing_is_fetched_twice() {
    let bytes = file::random(200_000, 1);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [alice, bob]) = world(1, ["alice", "bob"]);
    world.place(alice).up = 150_000;
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    world.run_for(Duration::from_millis(700));
    world.stop(bob);
    world.run_for(5 * SECOND);
    let before = super::chunks_from(&world, bob, alice);
    assert!((5..45).contains(&before), "{before}");
    world.start(bob);
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(super::chunks_from(&world, bob, alice), 49);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
}
