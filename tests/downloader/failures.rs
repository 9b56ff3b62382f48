//! Each way to fail, and when.

use crate::world::*;
use samara::downloader::{Action, Config, DownloadError, Event, Failure, PeerFate, Pin, TrackerFate};
use samara::seeder::TrackerId;
use samara::store::{DiskError, DiskErrorKind};
use samara::wire::Message;
use samara::wire::message::{Gone, Refusal};
use samara::wire::session::Fault;
use samara::{Have, Machine, Time};
use std::time::Duration;

fn world(trackers: u16) -> World {
    World::new(file(1_000), 64, Config { trackers, ..Config::default() })
}

/// Runs until it has failed; says how, and after how long.
fn failure(world: &mut World) -> (DownloadError, Duration) {
    world.begin();
    assert!(world.run(600 * SECOND), "it hangs");
    let failed = world.actions().find_map(|action| match action {
        Action::Failed(error) => Some((**error).clone()),
        _ => None,
    });
    assert_eq!(world.machine.deadline(), None, "nothing is left to do");
    (failed.expect("failed"), world.now - Time::ZERO)
}

fn why(world: &mut World) -> (Failure, u64) {
    let (error, after) = failure(world);
    (error.why, after.as_secs())
}

#[test]
fn nobody_to_ask_at_all() {
    assert_eq!(why(&mut world(0)), (Failure::NoTracker, 5));
}

#[test]
fn no_tracker_answers() {
    let mut world = world(2);
    (0..2).for_each(|_| world.trackers.push(Box::new(|_| None)));
    let (error, after) = failure(&mut world);
    assert_eq!((error.why, after.as_secs()), (Failure::NoTracker, 5));
    let unreachable = [TrackerId(0), TrackerId(1)].map(|tracker| (tracker, TrackerFate::Unreachable));
    assert_eq!(error.trackers, unreachable);
    assert!(world.queries().len() >= 4, "they are asked again meanwhile");
}

#[test]
fn a_tracker_answers_and_does_not_know_the_file() {
    let mut world = world(2);
    world.trackers.push(Box::new(|_| None));
    world.tracker(&[]);
    assert_eq!(why(&mut world), (Failure::Unknown, 5));
}

#[test]
fn trackers_refuse() {
    let mut world = world(1);
    world.trackers.push(Box::new(|_| Some(Message::Refused(Refusal::Denied))));
    assert_eq!(why(&mut world), (Failure::Denied(Refusal::Denied), 5));
}

#[test]
fn one_that_refuses_does_not_hide_one_that_answers() {
    let mut world = world(2);
    world.trackers.push(Box::new(|_| Some(Message::Refused(Refusal::Quota))));
    world.tracker(&[]);
    assert_eq!(why(&mut world).0, Failure::Unknown);
}

#[test]
fn holders_are_known_and_none_passes_test() {
    let mut world = world(1);
    world.tracker(&[1, 2, 3]);
    world.stranger(1, Manner::Dead);
    world.stranger(2, Manner::BlackHole);
    world.stranger(3, Manner::Gone(Gone::Changed));
    let (error, after) = failure(&mut world);
    assert_eq!((error.why, after.as_secs()), (Failure::NoHolder, 10), "5 s for the dial, then 5 s of hope");
    let fates: Vec<_> = error.peers.iter().map(|report| (report.addr, report.fate)).collect();
    let expected = [
        (addr(1), PeerFate::Unreachable),
        (addr(2), PeerFate::Unreachable),
        (addr(3), PeerFate::Gone(Gone::Changed)),
    ];
    assert_eq!(fates, expected);
    assert_eq!(error.trackers[0].0, TrackerId(0));
}

#[test]
fn a_peer_that_the_user_gave_counts_as_known() {
    let mut world = world(0);
    world.peer(1, Manner::Dead);
    assert_eq!(why(&mut world).0, Failure::NoHolder);
}

#[test]
fn everybody_sends_bad_bytes() {
    let mut world = world(0);
    world.peer(1, Manner::Corrupt);
    world.peer(2, Manner::Corrupt);
    let (error, after) = failure(&mut world);
    assert_eq!((error.why, after.as_secs()), (Failure::Integrity, 5));
    for report in &error.peers {
        assert!(matches!(report.fate, PeerFate::Banned(Fault::BadChunk { .. })), "{report:?}");
        assert_eq!(report.chunks, 0);
    }
}

#[test]
fn bad_bytes_do_not_hide_that_an_honest_holder_was_lost() {
    let mut world = world(0);
    world.peer(1, Manner::Corrupt);
    world.peer(2, Manner::Honest).have.remove(3);
    assert!(matches!(why(&mut world).0, Failure::Stalled { missing: Some(3) }));
}

#[test]
fn a_chunk_that_nobody_can_serve_is_named() {
    let mut world = world(0);
    world.peer(1, Manner::Honest).have.remove(5);
    let (error, after) = failure(&mut world);
    assert_eq!(error.why, Failure::Stalled { missing: Some(5) });
    assert_eq!(after.as_secs(), 60, "counted from the last chunk that verified");
    let report = error.peers[0];
    assert_eq!((report.fate, report.chunks), (PeerFate::Connected, 15));
}

#[test]
fn holders_lost_in_mid_download_are_waited_for() {
    let mut world = world(0);
    world.peer(1, Manner::Honest).chunk_time = SECOND;
    world.begin();
    world.run(4 * SECOND);
    let link = world.link(1);
    world.peers.get_mut(&addr(1)).unwrap().manner = Manner::Dead;
    world.feed(Event::Closed { link });
    assert!(!world.run(55 * SECOND), "still hoping");
    world.peers.get_mut(&addr(1)).unwrap().manner = Manner::Honest;
    world.finish();
    assert!(world.dials(1).len() >= 6, "{:?}", world.dials(1));
}

#[test]
fn the_time_runs_out() {
    let config = Config { timeout: Some(3 * SECOND), ..Config::default() };
    let mut world = World::new(file(1_000), 64, config);
    world.peer(1, Manner::Honest).chunk_time = SECOND;
    assert_eq!(why(&mut world), (Failure::TimedOut, 3));
}

#[test]
fn time_that_runs_out_before_any_test_is_no_time_out() {
    for (manner, expected) in [(Some(Manner::BlackHole), Failure::NoHolder), (None, Failure::Unknown)] {
        let config = Config { timeout: Some(3 * SECOND), trackers: 1, ..Config::default() };
        let mut world = World::new(file(1_000), 64, config);
        world.tracker(if manner.is_some() { &[1] } else { &[] });
        manner.iter().for_each(|manner| drop(world.stranger(1, *manner).clone()));
        assert_eq!(why(&mut world), (expected, 3));
    }
}

#[test]
fn the_disk_fails() {
    let mut world = world(0);
    world.peer(1, Manner::Honest);
    world.begin();
    world.run(20 * MS);
    let error = DiskError { kind: DiskErrorKind::Full, doing: "writing", os: None };
    world.feed(Event::StoreFailed(error));
    let Some(Action::Failed(failed)) = world.log.last().map(|(_, action)| action) else { panic!() };
    assert_eq!(failed.why, Failure::Disk(error));
}

#[test]
fn a_pinned_list_that_nobody_has_is_no_holder() {
    let (file, id) = (file(1_000), samara::SeedId::new([7; 32]));
    let seed = seed(&file, 64);
    let mut world = World::with_pin(file, seed, Pin::Id(id), Config { trackers: 1, ..Config::default() });
    world.trackers.push(Box::new(move |_| Some(named(&[(1, id, true)]))));
    world.stranger(1, Manner::Honest); // It has another list than it says, and sends that.
    let (error, _) = failure(&mut world);
    assert_eq!(error.why, Failure::NoHolder);
    assert_eq!(error.peers[0].fate, PeerFate::Banned(Fault::Unexpected));
}

#[test]
fn stopping_closes_everything_and_says_nothing_more() {
    let mut world = world(0);
    world.peer(1, Manner::Honest).chunk_time = SECOND;
    world.begin();
    world.run(SECOND);
    world.feed(Event::Stop);
    let link = world.link(1);
    assert_eq!(world.log.last().unwrap().1, Action::Close { link, fault: Fault::Stopping });
    let before = world.log.len();
    world.feed(Event::Closed { link });
    world.feed(Event::Wake);
    world.feed(Event::Peers(vec![addr(3)]));
    assert_eq!((world.log.len(), world.machine.deadline()), (before, None));
}

#[test]
fn nothing_happens_before_the_store_has_spoken() {
    let mut world = world(1);
    world.tracker(&[1]);
    world.peer(1, Manner::Honest);
    world.feed(Event::Wake);
    assert!(world.log.is_empty());
    let none = Have::none(16);
    world.feed(Event::Resumed { seed: None, have: none.clone(), claimed: none });
    assert!(world.log.iter().any(|(_, action)| matches!(action, Action::Ask { .. })));
}
