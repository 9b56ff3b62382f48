//! Downloads of a bare hash: which list to believe, and what liars can't do.

use std::sync::Arc;

use crate::world::*;
use samara::downloader::{Action, Config, Event, Failure, Note, Pin};
use samara::wire::Message;
use samara::wire::session::Fault;
use samara::{ChunkHash, Have, Seed};

const CHUNK: usize = 256 << 10;

/// A file of `chunks` canonical chunks, the last one short, and a downloader that knows only its hash.
fn world(chunks: usize) -> World {
    let file = file(chunks * CHUNK - 1_000);
    let list = seed(&file, 0);
    World::with_pin(file, list, Pin::Hash, Config { trackers: 1, ..Config::default() })
}

/// The true list with another value after chunk `index`.
fn lie(seed: &Seed, index: usize, salt: u8) -> Arc<Seed> {
    let mut hashes = seed.chunk_hashes().to_vec();
    hashes[index] = ChunkHash::new([salt; 32]);
    let parts = (seed.name().clone(), seed.length(), seed.chunk_size(), seed.file_hash());
    Arc::new(Seed::new(parts.0, parts.1, parts.2, parts.3, hashes).unwrap())
}

/// A list of a file that is shorter or longer.
fn other_length(seed: &Seed, chunks: usize) -> Arc<Seed> {
    let mut hashes = vec![ChunkHash::new([5; 32]); chunks];
    *hashes.last_mut().unwrap() = ChunkHash::new(*seed.file_hash().as_bytes());
    let length = (chunks * CHUNK) as u64;
    Arc::new(Seed::new(seed.name().clone(), length, seed.chunk_size(), seed.file_hash(), hashes).unwrap())
}

/// A tracker that names these holders with their own lists, and has those lists.
fn track(world: &mut World, hosts: &[u8]) {
    let holders: Vec<_> =
        hosts.iter().map(|host| (*host, world.peers[&addr(*host)].seed.id(), true)).collect();
    for host in hosts {
        world.bodies.push(Arc::clone(&world.peers[&addr(*host)].seed));
    }
    world.trackers.push(Box::new(move |query| {
        let mut holders = holders.clone();
        holders.retain(|(_, id, _)| !query.refuted.contains(id));
        Some(named(&holders))
    }));
}

fn refuted(world: &World) -> Vec<Note> {
    world.notes().filter(|note| matches!(note, Note::Refuted { .. })).cloned().collect()
}

#[test]
fn the_last_chunk_comes_first_and_proves_the_length() {
    let mut world = world(8);
    world.stranger(1, Manner::Honest);
    track(&mut world, &[1]);
    world.begin();
    world.finish();
    assert_eq!(world.fetches(1)[0].1.any_of, [7]);
    let place = |wanted: &dyn Fn(&Action) -> bool| world.actions().position(wanted).unwrap();
    let adopted = place(&|action| matches!(action, Action::Adopt { pinned: false, .. }));
    let proven = place(&|action| matches!(action, Action::Note(Note::Proven { .. })));
    let first = place(&|action| matches!(action, Action::Receive { .. }));
    let second = world.actions().skip(first + 1).position(|action| matches!(action, Action::Receive { .. }));
    assert!(adopted < first && first < proven && proven < first + 1 + second.unwrap());
}

#[test]
fn a_peer_alone_is_enough() {
    let mut world = world(4);
    world.config.trackers = 0;
    world.trackers.push(Box::new(|_| None));
    world.peer(1, Manner::Honest);
    world.begin();
    world.finish();
    let sent: Vec<_> = world.sent(1).map(|(_, message)| message.clone()).take(3).collect();
    let [Message::Hello(_), Message::GetSeed { seed_id: None, .. }, Message::Test(_)] = &sent[..] else {
        panic!("{sent:?}")
    };
}

#[test]
fn a_peer_that_claims_nothing_is_tested_under_the_list_that_is_there_already() {
    let mut world = world(4);
    world.stranger(1, Manner::Honest).chunk_time = SECOND;
    track(&mut world, &[1]);
    world.begin();
    world.run(500 * MS);
    world.peer(2, Manner::Honest);
    world.finish();
    let id = world.seed.id();
    let sent: Vec<_> = world.sent(2).map(|(_, message)| message.clone()).take(2).collect();
    assert!(matches!(&sent[..], [Message::Hello(_), Message::Test(key)] if key.seed_id == id), "{sent:?}");
}

#[test]
fn a_false_list_that_most_claim_loses_to_one_honest_holder() {
    for salt in 1..6 {
        let mut world = world(12);
        let list = lie(&world.seed, 5, salt);
        (1..=3).for_each(|host| world.stranger(host, Manner::Honest).seed = Arc::clone(&list));
        world.stranger(4, Manner::Honest).chunk_time = 100 * MS;
        track(&mut world, &[1, 2, 3, 4]);
        world.begin();
        let took = world.finish();
        assert!(took < 30 * SECOND, "{took:?}");
        assert!(refuted(&world).len() <= 1);
        assert!(!world.notes().any(|note| matches!(note, Note::Banned { addr: of, .. } if *of == addr(4))));
        assert!(world.adopted.as_ref().unwrap().id() == world.seed.id());
    }
}

#[test]
fn a_chunk_that_comes_after_its_list_was_given_up_is_not_stored() {
    let mut world = world(4);
    // Another file up to the middle, the true one from there: its chunks fit its list, but for the one after the fork.
    let mut forged = world.file.to_vec();
    forged[..2 * CHUNK].fill(7);
    let mut hashes = seed(&forged, 0).chunk_hashes().to_vec();
    hashes[2..].copy_from_slice(&world.seed.chunk_hashes()[2..]);
    let parts = (world.seed.name().clone(), world.seed.length(), world.seed.chunk_size());
    let list = Arc::new(Seed::new(parts.0, parts.1, parts.2, world.seed.file_hash(), hashes).unwrap());
    let (truth, lie) = (world.seed.id(), list.id());
    let peer = world.stranger(1, Manner::Forger);
    (peer.seed, peer.bytes, peer.chunk_time) = (Arc::clone(&list), forged.into(), SECOND);
    peer.have = Have::none(4);
    assert!(peer.have.insert(0) && peer.have.insert(3));
    // It claims the true list, too, so that its connection outlives the false one.
    world.trackers.push(Box::new(move |_| Some(named(&[(1, lie, true), (1, truth, true)]))));
    world.bodies.push(list);
    world.begin();
    world.run(1_100 * MS);
    let asked = |world: &World| world.fetches(1).iter().any(|(_, fetch)| fetch.any_of.contains(&0));
    while !asked(&world) {
        world.run(100 * MS);
    }
    world.peer(2, Manner::Honest).chunk_time = 400 * MS;
    world.finish(); // What is stored is compared with the file.
    assert_eq!(refuted(&world), [Note::Refuted { seed_id: lie }]);
}

#[test]
fn lists_of_other_lengths_are_settled_by_their_last_chunks() {
    for chunks in [3, 20] {
        let mut world = world(6);
        let list = other_length(&world.seed, chunks);
        for host in 1..=3 {
            let peer = world.stranger(host, Manner::Honest);
            (peer.seed, peer.have) = (Arc::clone(&list), Have::all(chunks as u32));
        }
        world.stranger(4, Manner::Honest);
        track(&mut world, &[1, 2, 3, 4]);
        world.begin();
        let took = world.finish();
        assert!(took < 20 * SECOND, "{took:?}");
        let lengths = world.notes().filter_map(|note| match note {
            Note::Proven { length } => Some(*length),
            _ => None,
        });
        let lengths: Vec<_> = lengths.collect();
        assert!(!lengths.is_empty() && lengths.iter().all(|length| *length == world.seed.length()));
    }
}

#[test]
fn tarpits_under_false_lists_only_cost_time() {
    let mut world = world(8);
    for host in 1..=6 {
        let list = lie(&world.seed, usize::from(host), host);
        world.stranger(host, Manner::Tarpit).seed = list;
    }
    world.stranger(7, Manner::Honest);
    track(&mut world, &[1, 2, 3, 4, 5, 6, 7]);
    world.begin();
    let took = world.finish();
    assert!(took < 100 * SECOND, "{took:?}");
}

#[test]
fn bad_bytes_under_the_true_list_are_no_evidence_against_it() {
    let mut world = world(8);
    (1..=4).for_each(|host| drop(world.stranger(host, Manner::Corrupt).clone()));
    world.stranger(5, Manner::Honest).chunk_time = 100 * MS;
    track(&mut world, &[1, 2, 3, 4, 5]);
    world.begin();
    world.finish();
    assert_eq!(refuted(&world), []);
    let banned = world.notes().filter(
        |note| matches!(note, Note::Banned { fault: Fault::BadChunk { .. }, addr: of } if *of != addr(5)),
    );
    assert!(banned.count() >= 1);
}

#[test]
fn the_fooled_keep_their_standing_and_what_they_have_in_common_is_used() {
    let mut world = world(12);
    let list = lie(&world.seed, 2, 9);
    // It was told the false list, and has what is the same in both.
    let fooled = world.stranger(1, Manner::Honest);
    fooled.seed = Arc::clone(&list);
    fooled.have.remove(2);
    fooled.have.remove(3);
    world.stranger(2, Manner::Honest).chunk_time = 200 * MS;
    track(&mut world, &[1, 2]);
    world.begin();
    world.finish();
    let banned: Vec<_> = world.notes().filter(|note| matches!(note, Note::Banned { .. })).collect();
    assert_eq!(banned, Vec::<&Note>::new());
    let from_fooled =
        world.notes().filter(|note| matches!(note, Note::Verified { from, .. } if *from == addr(1)));
    assert!(from_fooled.count() >= 4);
}

#[test]
fn whoever_claims_the_impossible_chunk_is_banned() {
    let mut world = world(8);
    let list = lie(&world.seed, 4, 9);
    world.stranger(1, Manner::Tarpit).seed = Arc::clone(&list);
    world.stranger(2, Manner::Honest);
    track(&mut world, &[1, 2]);
    world.begin();
    world.finish();
    assert_eq!(refuted(&world), [Note::Refuted { seed_id: list.id() }]);
    let ban = Note::Banned { addr: addr(1), fault: Fault::Useless };
    assert!(world.notes().any(|note| *note == ban));
}

#[test]
fn a_list_of_another_chunk_size_is_not_taken() {
    let mut world = world(4);
    let own = seed(&world.file, 128 << 10);
    let peer = world.peer(1, Manner::Honest);
    (peer.have, peer.seed) = (Have::all(own.chunks()), own);
    world.tracker(&[]);
    world.begin();
    assert!(world.run(100 * SECOND));
    let Some(Action::Failed(error)) = world.log.last().map(|(_, action)| action) else { panic!() };
    assert_eq!(error.why, Failure::NoHolder);
    assert!(world.adopted.is_none());
}

#[test]
fn a_list_of_another_file_bans_whoever_sends_it() {
    let mut world = world(4);
    let other = seed(&file(700_000), 0);
    world.peer(1, Manner::Honest).seed = other;
    world.peer(2, Manner::Honest);
    world.tracker(&[]);
    world.begin();
    world.finish();
    assert!(world.notes().any(|note| *note == Note::Banned { addr: addr(1), fault: Fault::Unexpected }));
}

#[test]
fn another_list_than_the_one_that_was_asked_for_by_its_id_bans_whoever_sends_it() {
    let file = file(20 * 64);
    let (wanted, other) = (seed(&file, 64), seed(&file, 128));
    let pin = Pin::Id(wanted.id());
    let mut world = World::with_pin(file, Arc::clone(&wanted), pin, Config::default());
    world.peer(1, Manner::Honest).seed = other;
    world.begin();
    world.run(1_000 * MS);
    assert!(world.notes().any(|note| *note == Note::Banned { addr: addr(1), fault: Fault::Unexpected }));
    let adopted = |action: &Action| matches!(action, Action::Adopt { .. });
    assert!(!world.actions().any(adopted), "nobody has handed in the one that the user meant");
}

#[test]
fn what_an_earlier_run_left_is_kept_and_goes_on() {
    let mut world = world(10);
    world.stranger(1, Manner::Honest);
    track(&mut world, &[1]);
    let have = some(&[9, 8, 3]);
    world.adopted = Some(Arc::clone(&world.seed));
    world.stored.extend(have.iter());
    let seed = Some((Arc::clone(&world.seed), false));
    world.feed(Event::Resumed { seed, have: have.clone(), claimed: Have::none(10) });
    assert!(world.notes().any(|note| *note == Note::Proven { length: world.seed.length() }));
    world.finish();
    assert!(world.fetches(1).iter().all(|(_, fetch)| fetch.any_of.iter().all(|index| !have.has(*index))));
}

#[test]
fn chunks_of_a_refuted_list_that_are_not_in_the_true_one_are_dropped() {
    resume_a_false_list(false);
}

#[test]
fn a_false_list_that_an_earlier_run_pinned_stops_no_later_download_by_the_bare_hash() {
    let (world, list) = resume_a_false_list(true);
    let adopted = world.actions().filter_map(|action| match action {
        Action::Adopt { seed, pinned } => Some((seed.id(), *pinned)),
        _ => None,
    });
    assert_eq!(adopted.collect::<Vec<_>>(), [(list.id(), false), (world.seed.id(), false)]);
}

/// A list that begins as another file's and ends as this one's: each of its steps but one can be satisfied.
fn resume_a_false_list(pinned: bool) -> (World, Arc<Seed>) {
    let mut world = world(10);
    let mut other = world.file.to_vec();
    other[0] ^= 1;
    let mut hashes = seed(&other, 0).chunk_hashes()[..4].to_vec();
    hashes.extend_from_slice(&world.seed.chunk_hashes()[4..]);
    let parts = (world.seed.name().clone(), world.seed.length(), world.seed.chunk_size());
    let list = Arc::new(Seed::new(parts.0, parts.1, parts.2, world.seed.file_hash(), hashes).unwrap());
    world.stranger(1, Manner::Honest);
    track(&mut world, &[1]);
    let have = some(&[1, 7]);
    world.adopted = Some(Arc::clone(&list));
    world.stored.extend(have.iter());
    world.feed(Event::Resumed { seed: Some((Arc::clone(&list), pinned)), have, claimed: Have::none(10) });
    world.finish();
    assert!(world.notes().any(|note| *note == Note::Dropped { bytes: CHUNK as u64 }), "chunk 1, not 7");
    assert!(world.fetches(1).iter().all(|(_, fetch)| !fetch.any_of.contains(&7)));
    (world, list)
}

fn some(indices: &[u32]) -> Have {
    let mut have = Have::none(10);
    for index in indices {
        have.insert(*index);
    }
    have
}
