//! What can be done to a world, one kind at a time: each has the effect that it says, and is counted.

use std::time::Duration;

use samara::downloader::Failure;
use samara::store::DiskErrorKind;
use samara_sim::disk::Harm;
use samara_sim::fault::Fault;
use samara_sim::file;
use samara_sim::host::{HostId, Order};
use samara_sim::world::World;

use super::{SECOND, finish, world};

/// Alice has a file of 100 chunks that takes bob a second or more.
fn two() -> (World, [HostId; 3], samara::seeder::FileId, Vec<u8>) {
    let bytes = file::random(102_400, 1);
    let seed = file::seed(&bytes, 1_024);
    let (mut world, tracker, [alice, bob]) = world(1, ["alice", "bob"]);
    world.place(alice).up = 100_000;
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let mut order = Order::new("file", file::pinned(&seed));
    order.store.sync_after = Duration::from_millis(100);
    let get = world.download(bob, order);
    world.run_for(SECOND / 2);
    (world, [tracker, alice, bob], get, bytes)
}

#[track_caller]
fn comes_out_right(mut world: World, bob: HostId, get: samara::seeder::FileId, bytes: &[u8]) {
    assert_eq!(finish(&mut world, bob, get), None, "{}", world.trace());
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes));
}

#[track_caller]
fn fired(world: &World, fault: Fault) {
    assert!(world.fired().contains_key(&fault), "{fault}: {:?}", world.fired());
}

#[test]
fn a_reset_breaks_connections_and_both_ends_dial_again() {
    let (mut world, [_, alice, bob], get, bytes) = two();
    world.reset(alice);
    world.run_for(SECOND / 10);
    fired(&world, Fault::Reset);
    assert!(world.trace().contains("bob loses alice"));
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_lossy_line_breaks_connections_now_and_then() {
    let (mut world, [_, alice, bob], get, bytes) = two();
    world.place(alice).loss = 20_000;
    world.run_for(SECOND);
    fired(&world, Fault::Reset);
    world.place(alice).loss = 0;
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_one_way_cut_stops_one_direction_only() {
    let (mut world, [_, alice, bob], get, bytes) = two();
    let verified = |world: &World| super::chunks_from(world, bob, alice);
    let before = verified(&world);
    world.cut_one_way(bob, alice);
    world.run_for(3 * SECOND);
    fired(&world, Fault::OneWay);
    assert!(verified(&world) > before, "what was asked for before still comes");
    assert!(world.outcome(bob, get).is_none());
    world.heal_all();
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_host_that_vanishes_leaves_half_open_connections() {
    let (mut world, [_, alice, bob], get, bytes) = two();
    world.vanish(alice);
    world.run_for(SECOND);
    assert!(!world.trace().contains("bob loses alice"), "nobody told it");
    world.start(alice);
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_full_disk_ends_a_download_and_room_resumes_it() {
    let (mut world, [_, _, bob], get, bytes) = two();
    world.disk_mut(bob).harm(Harm { room: Some(60_000), ..Harm::default() });
    let failure = finish(&mut world, bob, get);
    assert!(
        matches!(failure, Some(Failure::Disk(error)) if error.kind == DiskErrorKind::Full),
        "{failure:?}"
    );
    fired(&world, Fault::DiskFull);
    world.disk_mut(bob).harm(Harm::default());
    world.download_again(bob, get);
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn an_operation_fails_by_its_number() {
    let (mut world, [_, _, bob], get, bytes) = two();
    let next = world.disk(bob).operations();
    world.disk_mut(bob).harm(Harm { fails: Some(next + 3), ..Harm::default() });
    let failure = finish(&mut world, bob, get);
    assert!(
        matches!(failure, Some(Failure::Disk(error)) if error.kind == DiskErrorKind::Other),
        "{failure:?}"
    );
    assert_eq!(world.disk(bob).operations(), next + 4, "nothing is written after it");
    world.download_again(bob, get);
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_slow_disk_holds_requests_back() {
    let (mut world, [_, alice, bob], get, bytes) = two();
    world.disk_mut(bob).harm(Harm { delay: Duration::from_secs(1), ..Harm::default() });
    world.run_for(2 * SECOND);
    fired(&world, Fault::DiskSlow);
    assert!(world.uploaded(alice) <= bytes.len() as u64);
    world.disk_mut(bob).harm(Harm::default());
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn clocks_jump_and_drift_and_nothing_is_forgotten_too_early_or_too_late() {
    let (mut world, [tracker, alice, bob], get, bytes) = two();
    world.clock_back(tracker, SECOND);
    world.clock_drift(alice, 50_000);
    world.clock_ahead(bob, Duration::from_secs(30));
    for fault in [Fault::ClockBack, Fault::ClockDrift, Fault::ClockAhead] {
        fired(&world, fault);
    }
    world.run_for(SECOND);
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_clock_that_was_set_back_has_caught_up_when_its_host_has_seen_nothing_later() {
    let (mut world, [tracker, alice, bob], ..) = two();
    world.run_for(60 * SECOND);
    world.clock_ahead(bob, 30 * SECOND);
    assert_eq!(world.clocks_caught_up(), world.now());
    world.clock_back(alice, 50 * SECOND);
    world.clock_back(tracker, 20 * SECOND);
    // They need not have seen the very last moment.
    let behind = world.clocks_caught_up().since(world.now());
    assert!(behind <= 50 * SECOND && behind > 40 * SECOND, "{behind:?}");
    world.kill(alice);
    let behind = world.clocks_caught_up().since(world.now());
    assert!(behind <= 20 * SECOND && behind > 10 * SECOND, "{behind:?}");
    world.kill(tracker);
    assert_eq!(world.clocks_caught_up(), world.now());
}

#[test]
fn a_crash_that_loses_nothing_is_not_counted_as_loss() {
    let (mut world, [_, alice, bob], get, bytes) = two();
    world.crash(alice);
    assert!(!world.fired().contains_key(&Fault::UnsyncedLost));
    world.crash(bob);
    fired(&world, Fault::UnsyncedLost);
    world.start(alice);
    world.start(bob);
    comes_out_right(world, bob, get, &bytes);
}

#[test]
fn a_tracker_whose_clock_goes_back_before_it_has_heard_anything_counts_from_its_start() {
    let (mut world, [tracker, alice, bob], get, bytes) = two();
    world.run_for(60 * SECOND);
    world.kill(tracker);
    world.start(tracker);
    world.clock_back(tracker, 30 * SECOND);
    world.run_for(25 * SECOND);
    // Its next announcement comes after 70 seconds instead of 20: 40 by the tracker's time, which stands still at first.
    world.clock_back(alice, 50 * SECOND);
    world.run_for(80 * SECOND);
    assert!(world.mistakes().is_empty(), "{:?}", world.mistakes());
    comes_out_right(world, bob, get, &bytes);
}
