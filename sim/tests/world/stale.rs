//! Holders that hold nothing any more: Test finds them out, and the download goes on without them.

use samara::downloader::{Failure, Note, Stale};
use samara::wire::message::Gone;
use samara_sim::file;
use samara_sim::host::Order;

use super::{SECOND, chunks_from, finish, notes, stale, world};

#[test]
fn a_deleted_file_fails_its_test_and_others_are_used() {
    let bytes = file::random(100_000, 1);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [liar, alice, bob]) = world(1, ["liar", "alice", "bob"]);
    for seeder in [liar, alice] {
        world.share(seeder, "file", &bytes, seed.clone());
    }
    world.run_for(SECOND);
    world.disk_mut(liar).delete("file");
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(stale(&world, bob), [(world.addr(liar), Stale::Gone(Gone::Changed))]);
    assert_eq!((chunks_from(&world, bob, liar), chunks_from(&world, bob, alice)), (0, 25));
    let found = |note: &&Note| matches!(note, Note::Found { .. });
    assert!(notes(&world, bob).any(|note| found(&note)));
    // The liar has noticed itself now: the next one doesn't even hear of it.
    world.run_for(SECOND);
    let other = world.download(alice, Order::new("other", file::pinned(&seed)));
    assert_eq!(finish(&mut world, alice, other), None);
    assert_eq!(stale(&world, alice), []);
}

#[test]
fn an_edited_or_truncated_file_is_never_served() {
    for length in [99_999, 100_000] {
        let bytes = file::random(100_000, 2);
        let seed = file::seed(&bytes, 4_096);
        let (mut world, _, [alice, bob]) = world(2, ["alice", "bob"]);
        world.share(alice, "file", &bytes, seed.clone());
        world.run_for(SECOND);
        let now = world.now();
        world.disk_mut(alice).put("file", &bytes[..length], now);
        let get = world.download(bob, Order::new("file", file::pinned(&seed)));
        assert_eq!(finish(&mut world, bob, get), Some(Failure::NoHolder));
        assert_eq!(stale(&world, bob), [(world.addr(alice), Stale::Gone(Gone::Changed))]);
        assert_eq!(chunks_from(&world, bob, alice), 0);
    }
}

#[test]
fn a_file_deleted_in_the_middle_is_got_from_elsewhere() {
    let bytes = file::random(1 << 20, 3);
    let seed = file::seed(&bytes, 16_384);
    let (mut world, _, [alice, anna, bob]) = world(3, ["alice", "anna", "bob"]);
    for seeder in [alice, anna] {
        world.share(seeder, "file", &bytes, seed.clone());
        world.place(seeder).up = 500_000;
    }
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    world.run_while_not(SECOND * 9, |world| chunks_from(world, bob, alice) > 5);
    world.disk_mut(alice).delete("file");
    let before = chunks_from(&world, bob, alice);
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    assert!(chunks_from(&world, bob, alice) - before <= 3, "what was on its way");
}

#[test]
fn an_unreachable_holder_is_stale_and_with_none_left_the_download_says_so() {
    let bytes = file::random(10_000, 4);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [alice, bob]) = world(4, ["alice", "bob"]);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    world.kill(alice);
    let begun = world.now();
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), Some(Failure::NoHolder));
    assert_eq!(stale(&world, bob), [(world.addr(alice), Stale::Unreachable)]);
    assert!(world.now() - begun < 11 * SECOND, "it doesn't wait for the stall time-out");
}
