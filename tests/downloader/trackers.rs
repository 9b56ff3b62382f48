//! Trackers: when they are asked, what is made of their answers, and what they can't do.

use crate::world::*;
use samara::Time;
use samara::downloader::{Action, Config, Event, Note, Pin, Stale};
use samara::seeder::TrackerId;
use samara::wire::Message;
use samara::wire::message::{Gone, Holder, HolderAddr, Holders};

fn world(trackers: u16) -> World {
    World::new(file(20 * 64), 64, Config { trackers, requery: SECOND, ..Config::default() })
}

#[test]
fn a_query_names_the_file_and_the_pinned_list() {
    let mut world = world(1);
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest);
    world.begin();
    world.finish();
    let (_, query) = &world.queries()[0];
    assert_eq!((query.file_hash, query.seed_id), (world.seed.file_hash(), Some(world.seed.id())));
    let found = Note::Found { tracker: TrackerId(0), holders: 1, complete: 1 };
    assert!(world.notes().any(|note| *note == found));
}

#[test]
fn a_holder_that_comes_later_is_found_by_asking_again() {
    let mut world = world(1);
    let id = world.seed.id();
    let mut asked = 0;
    world.trackers.push(Box::new(move |_| {
        asked += 1;
        let holders = [(1, id, true)];
        Some(named(if asked < 3 { &[] } else { &holders }))
    }));
    world.stranger(1, Manner::Honest);
    world.begin();
    world.finish();
    let times: Vec<_> = world.queries().iter().map(|(at, _)| at.as_micros() / 1_000_000).collect();
    assert_eq!(times, [0, 1, 3]);
}

#[test]
fn rounds_become_rare_and_a_lost_neighbour_brings_them_back() {
    let mut world = world(1);
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest).chunk_time = 5 * SECOND;
    world.begin();
    world.run(20 * SECOND);
    let before = world.queries().len();
    assert_eq!(before, 5, "at 0, 1, 3, 7 and 15 s");
    let link = world.link(1);
    world.feed(Event::Closed { link });
    world.run(SECOND / 10);
    assert_eq!(world.queries().len(), before + 1);
    world.run(SECOND / 2);
    assert_eq!(world.queries().len(), before + 1, "a second apart at least");
}

#[test]
fn with_eight_neighbours_left_nobody_is_asked_for_more() {
    let mut world = world(1);
    let hosts: Vec<u8> = (1..=9).collect();
    world.tracker(&hosts);
    for host in &hosts {
        world.stranger(*host, Manner::Honest).chunk_time = 20 * SECOND;
    }
    world.begin();
    world.run(18 * SECOND);
    let before = world.queries().len();
    for (host, more) in [(1, 0), (2, 1)] {
        let link = world.link(host);
        world.feed(Event::Closed { link });
        // It would be dialled again.
        world.peers.get_mut(&addr(host)).unwrap().manner = Manner::BlackHole;
        world.run(SECOND);
        assert_eq!(world.queries().len(), before + more, "after the loss of {host}");
    }
}

#[test]
fn a_holder_that_turns_out_to_be_stale_brings_the_next_round_forward() {
    let mut world = world(1);
    let id = world.seed.id();
    let mut asked = 0;
    world.trackers.push(Box::new(move |_| {
        asked += 1;
        let holders = [(1, id, true), (2, id, true)];
        Some(named(if asked < 4 { &holders[..1] } else { &holders }))
    }));
    world.stranger(1, Manner::Honest).chunk_time = 5 * SECOND;
    world.stranger(2, Manner::BlackHole);
    world.begin();
    world.run(13 * SECOND);
    let times: Vec<_> = world.queries().iter().map(|(at, _)| at.as_micros() / 1_000_000).collect();
    assert_eq!(times, [0, 1, 3, 7, 12], "named at 7 s, given up 5 s later");
}

#[test]
fn stale_holders_are_reported_to_the_trackers_and_noted_once() {
    let mut world = world(1);
    world.tracker(&[1, 2, 3, 4]);
    world.stranger(1, Manner::Dead);
    world.stranger(2, Manner::Gone(Gone::Withdrawn));
    world.stranger(3, Manner::Corrupt);
    world.stranger(4, Manner::Honest).chunk_time = SECOND;
    world.begin();
    world.run(10 * SECOND);
    let mut stale = world.queries().last().unwrap().1.stale.clone();
    stale.sort();
    assert_eq!(stale, [1, 2, 3].map(|host| HolderAddr::At(addr(host))));
    assert!(world.dials(1).len() > 1, "it is tried again");
    let notes: Vec<_> = world.notes().filter(|note| matches!(note, Note::Stale { .. })).collect();
    let (unreachable, gone) = (Stale::Unreachable, Stale::Gone(Gone::Withdrawn));
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes.contains(&&Note::Stale { addr: addr(1), why: unreachable }));
    assert!(notes.contains(&&Note::Stale { addr: addr(2), why: gone }));
}

#[test]
fn a_crowd_of_dead_addresses_does_not_stop_the_one_that_lives() {
    let mut world = world(1);
    let id = world.seed.id();
    world.trackers.push(Box::new(move |_| {
        let dead = (0..63).map(|n| HolderAddr::At(([10, 1, 0, n], 7000).into()));
        let holders = dead.chain([HolderAddr::At(addr(1))]);
        let holders = holders.map(|addr| Holder { addr, seed_id: id, complete: true }).collect();
        Some(Message::Holders(Holders { seeds: Vec::new(), holders, warming: false }))
    }));
    world.stranger(1, Manner::Honest);
    world.begin();
    let took = world.finish();
    assert!(took < SECOND, "{took:?}");
    let most = world
        .log
        .iter()
        .filter(|(at, action)| *at < Time::ZERO + 2 * MS + MS && matches!(action, Action::Dial { .. }));
    assert_eq!(most.count(), 8, "eight at a time");
}

#[test]
fn peers_that_the_user_gave_go_first() {
    let mut world = world(1);
    world.tracker(&[2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    world.peer(1, Manner::Honest);
    world.begin();
    let first = world.actions().find(|action| matches!(action, Action::Dial { .. }));
    assert!(matches!(first, Some(Action::Dial { addr: to, .. }) if *to == addr(1)));
}

#[test]
fn a_holder_on_the_trackers_own_host_is_dialled_there() {
    let mut world = world(1);
    let id = world.seed.id();
    world.trackers.push(Box::new(move |_| {
        let holder = |addr| Holder { addr, seed_id: id, complete: true };
        let holders =
            vec![holder(HolderAddr::SameHost(7)), holder(HolderAddr::At("127.0.0.1:7".parse().unwrap()))];
        Some(Message::Holders(Holders { seeds: Vec::new(), holders, warming: false }))
    }));
    world.begin();
    world.run(SECOND);
    let dialled: Vec<_> = world.links.values().collect();
    assert!(!dialled.is_empty() && dialled.iter().all(|at| **at == "10.9.9.9:7".parse().unwrap()));
}

#[test]
fn a_list_that_is_pinned_by_its_id_comes_from_a_tracker_or_from_a_peer() {
    for from_tracker in [true, false] {
        let file = file(20 * 64);
        let list = seed(&file, 64);
        let pin = Pin::Id(list.id());
        let mut world = World::with_pin(file, list.clone(), pin, Config { trackers: 1, ..Config::default() });
        world.tracker(&[1]);
        if from_tracker {
            world.bodies.push(list);
        }
        world.stranger(1, Manner::Honest);
        world.begin();
        world.finish();
        let asked = world.sent(1).any(|(_, message)| matches!(message, Message::GetSeed { .. }));
        assert_eq!(asked, !from_tracker, "the tracker's answer is there before the peer is");
        assert!(world.actions().any(|action| matches!(action, Action::Adopt { pinned: true, .. })));
    }
}
