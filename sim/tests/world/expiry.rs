//! A tracker's entries live one TTL after the last Update, as a query sees it.

use std::time::Duration;

use samara::wire::Message;
use samara::wire::message::{Hello, Query, VERSION};
use samara::{FileHash, Link, Time, tracker};
use samara_sim::file;
use samara_sim::host::{Heard, HostId, Report};
use samara_sim::world::World;

use super::{MINUTE, SECOND, world};

/// From a probe to the tracker, in microseconds.
const WAY: u64 = 10_000;
const TTL: Duration = MINUTE;

/// A probe on a line without limits: what it says arrives exactly one way later.
fn client(world: &mut World, tracker: HostId) -> (HostId, Link) {
    let probe = world.probe("probe");
    for host in [probe, tracker] {
        (world.place(host).up, world.place(host).down) = (0, 0);
    }
    (probe, greet(world, probe, tracker))
}

fn greet(world: &mut World, probe: HostId, tracker: HostId) -> Link {
    let link = world.dial(probe, tracker);
    world.run_for(Duration::from_micros(2 * WAY));
    world.say(probe, link, 0, Message::Hello(Hello { version: VERSION, features: 0, node: 1 }));
    link
}

/// How many holders the tracker names if a query reaches it at `at`, among the other events of that moment.
fn holders_at(world: &mut World, client: (HostId, Link), request: u32, file: FileHash, at: Time) -> usize {
    world.run_until(Time::from_micros(at.as_micros() - WAY));
    let query = Query { file_hash: file, seed_id: None, stale: Vec::new(), refuted: Vec::new() };
    world.say(client.0, client.1, request, Message::Query(query));
    world.run_for(Duration::from_micros(3 * WAY));
    let answer = answer(world, client.0, request);
    answer.expect("the tracker answers")
}

/// How many holders the latest answer to this request named.
fn answer(world: &World, probe: HostId, request: u32) -> Option<usize> {
    world.heard(probe).iter().rev().find_map(|(_, _, heard)| match heard {
        Heard::Message { request: number, message: Message::Holders(holders) } if *number == request => {
            Some(holders.holders.len())
        }
        Heard::Message { .. } | Heard::Opened | Heard::Data { .. } | Heard::Closed => None,
    })
}

fn joined(world: &World, tracker: HostId) -> Vec<Time> {
    let joined = |report: &Report| matches!(report, Report::Tracker(tracker::Note::Joined { .. }));
    world.reports(tracker).iter().filter(|(_, report)| joined(report)).map(|(at, _)| *at).collect()
}

#[test]
fn a_dead_seeder_is_named_until_its_ttl_is_over_and_not_a_moment_longer() {
    let bytes = file::random(1_000, 1);
    let seed = file::seed(&bytes, 64);
    let (mut world, tracker, [alice]) = world(1, ["alice"]);
    let client = client(&mut world, tracker);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    world.kill(alice);
    let announced = joined(&world, tracker)[0];
    let deadline = announced + TTL;
    assert_eq!(holders_at(&mut world, client, 1, seed.file_hash(), announced + 30 * SECOND), 1);
    let second = (client.0, greet(&mut world, client.0, tracker));
    // Both questions are on their way before the first is answered.
    world.run_until(Time::from_micros(deadline.as_micros() - 1 - WAY));
    let query = Query { file_hash: seed.file_hash(), seed_id: None, stale: Vec::new(), refuted: Vec::new() };
    world.say(client.0, client.1, 2, Message::Query(query));
    assert_eq!(holders_at(&mut world, second, 1, seed.file_hash(), deadline), 0, "at the deadline");
    let heard = answer(&world, client.0, 2);
    assert_eq!(heard, Some(1), "a microsecond before");
}

#[test]
fn a_living_seeder_is_named_for_as_long_as_it_lives() {
    let bytes = file::random(1_000, 2);
    let seed = file::seed(&bytes, 64);
    let (mut world, tracker, [alice]) = world(2, ["alice"]);
    let client = client(&mut world, tracker);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    for minute in 1..=10_u32 {
        let at = Time::ZERO + minute * MINUTE;
        assert_eq!(holders_at(&mut world, client, minute, seed.file_hash(), at), 1, "minute {minute}");
    }
    assert_eq!(joined(&world, tracker).len(), 1, "one lease all the time");
}

#[test]
fn a_restarted_tracker_knows_all_holders_soon() {
    let bytes = file::random(1_000, 3);
    let seed = file::seed(&bytes, 64);
    let (mut world, tracker, nodes) = world(3, ["a", "b", "c", "d", "e"]);
    for node in nodes {
        world.share(node, "file", &bytes, seed.clone());
    }
    world.run_for(5 * MINUTE);
    world.kill(tracker);
    world.run_for(SECOND);
    world.start(tracker);
    let restarted = world.now();
    let client = client(&mut world, tracker);
    // At its next announcement each meets the new epoch, and says at once all that it holds.
    assert_eq!(holders_at(&mut world, client, 1, seed.file_hash(), restarted + 21 * SECOND), 5);
    let again: Vec<_> = joined(&world, tracker).split_off(5);
    assert_eq!(again.len(), 5);
    let (first, last) = (again.iter().min().unwrap(), again.iter().max().unwrap());
    assert!(*last - *first > 2 * SECOND, "not all at once: {again:?}");
}

#[test]
fn a_seeder_cut_off_expires_and_is_back_when_the_cut_heals() {
    let bytes = file::random(1_000, 4);
    let seed = file::seed(&bytes, 64);
    let (mut world, tracker, [alice]) = world(4, ["alice"]);
    let client = client(&mut world, tracker);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    world.cut(alice, tracker);
    assert_eq!(holders_at(&mut world, client, 1, seed.file_hash(), Time::ZERO + 2 * MINUTE), 0);
    world.heal(alice, tracker);
    assert_eq!(holders_at(&mut world, client, 2, seed.file_hash(), Time::ZERO + 3 * MINUTE), 1);
}
