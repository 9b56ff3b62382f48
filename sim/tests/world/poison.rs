//! Bad bytes and false lists: the right file arrives, and nobody honest is blamed.

use samara::downloader::{Failure, Note};
use samara::wire::session::Fault;
use samara_sim::fault::Fault as Kind;
use samara_sim::file;
use samara_sim::host::{HostId, Order};
use samara_sim::world::World;

use super::{SECOND, banned, finish, notes, world};

/// Turns over a byte in each of these chunks of a seeder's file; nothing else shows it.
fn poison(world: &mut World, host: HostId, chunks: &[u64], chunk_size: u64) {
    world.mark(host, Kind::Poisoner);
    for chunk in chunks {
        world.disk_mut(host).corrupt("file", chunk * chunk_size + 5);
    }
}

#[test]
fn a_corrupting_seeder_is_banned_at_its_first_bad_chunk() {
    let bytes = file::random(100_000, 1);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [mallory, alice, bob]) = world(1, ["mallory", "alice", "bob"]);
    for seeder in [mallory, alice] {
        world.share(seeder, "file", &bytes, seed.clone());
    }
    poison(&mut world, mallory, &(0..25).collect::<Vec<_>>()[..24], 4_096);
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    let bans = banned(&world, bob);
    assert!(matches!(bans[..], [(addr, Fault::BadChunk { .. })] if addr == world.addr(mallory)), "{bans:?}");
}

#[test]
fn with_corrupting_seeders_only_it_is_a_matter_of_integrity() {
    let bytes = file::random(100_000, 2);
    let seed = file::seed(&bytes, 4_096);
    let (mut world, _, [mallory, mark, bob]) = world(2, ["mallory", "mark", "bob"]);
    for seeder in [mallory, mark] {
        world.share(seeder, "file", &bytes, seed.clone());
        poison(&mut world, seeder, &[7], 4_096);
    }
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), Some(Failure::Integrity));
    let bad = |(_, fault): &(_, Fault)| *fault == Fault::BadChunk { index: 7 };
    assert_eq!(banned(&world, bob).len(), 2);
    assert!(banned(&world, bob).iter().all(bad));
    assert_eq!(world.disk(bob).bytes("file"), None, "nothing is published");
}

/// What the attackers do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Attack {
    /// They offer a false list.
    FalseList,
    /// They serve bad bytes under the true list.
    BadBytes,
    /// Two do the one, two the other.
    Both,
}

/// Four attackers and one honest seeder; bob knows no more than the hash.
fn attack(attack: Attack, round: u64) {
    let bytes = file::random((4 << 20) + 99, 3);
    let seed = file::canonical(&bytes);
    let lies = [[1, 9], [3, 15], [2, 5], [14, 15]][usize::try_from(round % 4).unwrap()];
    let forged = file::forged(&seed, &lies);
    let (mut world, _, hosts) = world(round, ["m1", "m2", "m3", "m4", "alice", "bob"]);
    let [attackers @ .., alice, bob] = hosts;
    for (n, mallory) in attackers.into_iter().enumerate() {
        world.mark(mallory, Kind::FalseList);
        let lists = attack == Attack::FalseList || attack == Attack::Both && n < 2;
        world.share(mallory, "file", &bytes, if lists { forged.clone() } else { seed.clone() });
        if !lists {
            poison(&mut world, mallory, &[0, 4, 9, 11], 256 << 10);
        }
    }
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::unpinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None, "{attack:?} {round}\n{}", world.trace());
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    let honest = world.addr(alice);
    assert!(banned(&world, bob).iter().all(|(addr, _)| *addr != honest), "alice is honest");
    let refuted = notes(&world, bob).any(|note| matches!(note, Note::Refuted { .. }));
    if attack == Attack::BadBytes {
        assert!(!refuted);
    }
    let told = |wanted: fn(&Note) -> bool| notes(&world, bob).any(wanted);
    assert!(refuted || told(|note| matches!(note, Note::Banned { .. })), "the attack took place");
}

#[test]
fn a_false_list_of_many_does_not_keep_the_right_file_away() {
    (0..12).for_each(|round| attack(Attack::FalseList, round));
}

#[test]
fn bad_chunks_under_the_true_list_do_not_discredit_it() {
    (0..12).for_each(|round| attack(Attack::BadBytes, round));
}

#[test]
fn a_false_list_and_bad_chunks_together_do_no_better() {
    (0..12).for_each(|round| attack(Attack::Both, round));
}

#[test]
fn a_false_list_alone_never_becomes_a_file() {
    let bytes = file::random(3 << 20, 4);
    let seed = file::canonical(&bytes);
    let (mut world, _, [mallory, bob]) = world(4, ["mallory", "bob"]);
    world.mark(mallory, Kind::FalseList);
    world.share(mallory, "file", &bytes, file::forged(&seed, &[4]));
    world.run_for(SECOND);
    let get = world.download(bob, Order::new("file", file::unpinned(&seed)));
    let failure = finish(&mut world, bob, get);
    assert_eq!(failure, Some(Failure::Integrity));
    assert_eq!(world.disk(bob).bytes("file"), None);
}
