//! The same number gives the same world; and short worlds told line by line.

use samara::node;
use samara::tracker;
use samara_sim::file;
use samara_sim::host::Order;
use samara_sim::trace::Detail;
use samara_sim::world::World;

use super::{SECOND, finish};

/// A busy world: three seeders (one corrupting, one that loses its file), three downloaders, a crash.
fn busy(number: u64) -> String {
    let bytes = file::random((1 << 20) + 1, 1);
    let seed = file::canonical(&bytes);
    let (mut world, tracker, [a, b, c, x, y, z]) = super::world(number, ["a", "b", "c", "x", "y", "z"]);
    for seeder in [a, b, c] {
        world.share(seeder, "file", &bytes, seed.clone());
    }
    world.mark(b, samara_sim::fault::Fault::Poisoner);
    world.disk_mut(b).corrupt("file", 300_000);
    world.run_for(SECOND);
    let gets = [x, y, z].map(|host| (host, world.download(host, Order::new("file", file::unpinned(&seed)))));
    world.run_for(SECOND / 10);
    world.disk_mut(c).delete("file");
    world.crash(z);
    world.kill(tracker);
    world.run_for(SECOND);
    world.start(z);
    world.start(tracker);
    gets.into_iter().for_each(|(host, get)| assert_eq!(finish(&mut world, host, get), None));
    world.trace().to_owned()
}

#[test]
fn the_same_number_gives_the_same_world_to_the_last_line() {
    let once = busy(1);
    assert!(once.lines().count() > 200);
    assert_eq!(once, busy(1));
    assert_ne!(once, busy(2));
}

#[test]
fn needless_wake_ups_change_nothing_that_counts() {
    let bytes = file::random(50_000, 1);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, tracker, [alice, bob]) = super::world(1, ["alice", "bob"]);
    world.share(alice, "file", &bytes, seed.clone());
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    while world.outcome(bob, get).is_none() {
        assert!(world.step());
        [tracker, alice, bob].into_iter().for_each(|host| world.wake_needlessly(host));
    }
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
}

/// A world that is told in full: a tracker, alice with a file of three chunks, and bob.
fn told(number: u64) -> (World, [samara_sim::host::HostId; 3], Vec<u8>) {
    let mut world = World::new(number, Detail::Wire);
    let tracker = world.tracker("tracker", tracker::Config::default());
    let [alice, bob] = ["alice", "bob"].map(|name| world.node(name, &[tracker], node::Config::default()));
    (world, [tracker, alice, bob], file::random(150, 1))
}

#[test]
fn a_download() {
    let (mut world, [_, alice, bob], bytes) = told(1);
    let seed = file::seed(&bytes, 64);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    world.run_for(SECOND);
    insta::assert_snapshot!(world.trace());
}

#[test]
fn a_stale_seeder() {
    let (mut world, [_, alice, bob], bytes) = told(2);
    let seed = file::seed(&bytes, 64);
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    world.disk_mut(alice).delete("file");
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert!(finish(&mut world, bob, get).is_some());
    insta::assert_snapshot!(world.trace());
}

#[test]
fn a_seeder_that_dies() {
    let (mut world, [_, alice, _], bytes) = told(3);
    world.share(alice, "file", &bytes, file::seed(&bytes, 64));
    world.run_for(30 * SECOND);
    world.kill(alice);
    world.run_for(90 * SECOND);
    insta::assert_snapshot!(world.trace());
}
