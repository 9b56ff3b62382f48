//! Downloads that go well, and those that can't.

use samara::downloader::{Failure, Note};
use samara::{FileHash, SafeName, Seed, node};
use samara_sim::file;
use samara_sim::host::{Order, Report};
use samara_sim::trace::Detail;
use samara_sim::world::World;

use super::{MINUTE, SECOND, chunks_from, finish, notes, world};

#[test]
fn a_file_comes_from_one_seeder() {
    let bytes = file::random(100_000, 1);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [alice, bob]) = world(1, ["alice", "bob"]);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("copy", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("copy"), Some(bytes.as_slice()));
    assert_eq!(chunks_from(&world, bob, alice), 25, "each chunk once");
    for left in ["copy.part", "copy.part.journal", "copy.part.journal.new"] {
        assert_eq!(world.disk(bob).bytes(left), None, "{left}");
    }
}

#[test]
fn two_seeders_share_the_work() {
    let bytes = file::random(1 << 20, 2);
    let seed = file::seed(&bytes, 16_384);
    let (mut world, _, [alice, anna, bob]) = world(2, ["alice", "anna", "bob"]);
    for seeder in [alice, anna] {
        world.share(seeder, "file", &bytes, seed.clone());
        world.place(seeder).up = 1_000_000;
    }
    world.run_for(SECOND);
    let begun = world.now();
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    let shares = [alice, anna].map(|seeder| chunks_from(&world, bob, seeder));
    assert!(shares.iter().all(|share| (20..=44).contains(share)), "{shares:?}");
    assert!(world.now() - begun < SECOND, "faster than one of them could: {:?}", world.now() - begun);
}

#[test]
fn who_has_a_file_gives_it_on_when_the_first_seeder_is_dead() {
    let bytes = file::random(100_000, 3);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [alice, bob, carol]) = world(3, ["alice", "bob", "carol"]);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    world.run_for(SECOND);
    world.kill(alice);
    let get = world.download(carol, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, carol, get), None);
    assert_eq!(world.disk(carol).bytes("file"), Some(bytes.as_slice()));
    assert_eq!(chunks_from(&world, carol, bob), 25);
}

#[test]
fn who_has_some_chunks_gives_them_on() {
    let bytes = file::random(1 << 20, 4);
    let seed = file::seed(&bytes, 16_384);
    let (mut world, _, [alice, bob, carol]) = world(4, ["alice", "bob", "carol"]);
    world.share(alice, "file", &bytes, seed.clone());
    world.place(alice).up = 200_000;
    world.run_for(SECOND);
    let begun = world.now();
    let gets = [bob, carol].map(|host| (host, world.download(host, Order::new("file", file::pinned(&seed)))));
    for (host, get) in gets {
        assert_eq!(finish(&mut world, host, get), None);
        assert_eq!(world.disk(host).bytes("file"), Some(bytes.as_slice()));
    }
    assert!(chunks_from(&world, bob, carol) > 10 && chunks_from(&world, carol, bob) > 10);
    // Twice the file at 200 kB/s would take 10.5 s.
    assert!(world.now() - begun < 8 * SECOND, "{:?}", world.now() - begun);
}

#[test]
fn who_knows_the_hash_only_begins_with_the_last_chunk() {
    let bytes = file::random((3 << 20) + 77, 5);
    let seed = file::canonical(&bytes);
    let (mut world, _, [alice, bob]) = world(5, ["alice", "bob"]);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::unpinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    let told: Vec<_> = notes(&world, bob).collect();
    let place = |wanted: fn(&Note) -> bool| told.iter().position(|note| wanted(note)).unwrap();
    let first = place(|note| matches!(note, Note::Verified { .. }));
    assert!(matches!(told[first], Note::Verified { index: 12, .. }), "{:?}", told[first]);
    let proven = place(|note| matches!(note, Note::Proven { .. }));
    assert!(proven.abs_diff(first) == 1, "the length is a claim until then");
}

#[test]
fn the_empty_file_needs_nobody() {
    let mut world = World::new(6, Detail::All);
    let bob = world.node("bob", &[], node::Config::default());
    let seed = Seed::empty(SafeName::new("nothing").unwrap());
    let get = world.download(bob, Order::new("nothing", file::unpinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("nothing"), Some([].as_slice()));
}

#[test]
fn what_nobody_has_is_unknown_and_without_trackers_nobody_can_say() {
    let (mut world, tracker, [bob]) = world(7, ["bob"]);
    world.run_for(2 * MINUTE);
    let nobody_s =
        samara::downloader::Target { file_hash: FileHash::new([7; 32]), pin: samara::downloader::Pin::Hash };
    let get = world.download(bob, Order::new("file", nobody_s.clone()));
    let begun = world.now();
    assert_eq!(finish(&mut world, bob, get), Some(Failure::Unknown));
    assert!(world.now() - begun < 10 * SECOND, "it says so soon");
    world.kill(tracker);
    let get = world.download(bob, Order::new("other", nobody_s));
    assert_eq!(finish(&mut world, bob, get), Some(Failure::NoTracker));
}

#[test]
fn a_node_that_stops_in_order_leaves_the_tracker() {
    let bytes = file::random(1_000, 8);
    let seed = file::seed(&bytes, 64);
    let (mut world, tracker, [alice]) = world(8, ["alice"]);
    world.share(alice, "file", &bytes, seed);
    world.run_for(SECOND);
    world.stop(alice);
    world.run_for(5 * SECOND);
    assert!(world.reports(alice).iter().any(|(_, report)| matches!(report, Report::Stopped)));
    let left = |report: &Report| matches!(report, Report::Tracker(samara::tracker::Note::Left { .. }));
    assert!(world.reports(tracker).iter().any(|(_, report)| left(report)), "{}", world.trace());
}
