//! Power may fail after any operation and take any unsynced change with it; any operation may fail.

use std::sync::Arc;

use samara::store::{Action, Event, File};
use samara::{Entropy, Have, Seed};

use crate::disk::{Disk, Keep};
use crate::rig::{Rig, adopt, file, lie};

/// Most unsynced changes of which every subset is tried.
const EXHAUSTIVE: usize = 6;

/// The two lists that a scenario is about: a false one first, then the true one.
struct World {
    bytes: Vec<u8>,
    seed: Arc<Seed>,
    wrong: Arc<Seed>,
}

impl World {
    fn new() -> Self {
        let (bytes, seed) = file(64 * 6 + 10);
        let wrong = lie(&seed, 2);
        Self { bytes, seed, wrong }
    }

    /// What a peer who made up the false list would send for the chunks that it lies about.
    fn garbage(&self) -> Vec<u8> {
        self.bytes.iter().map(|byte| !byte).collect()
    }

    /// A whole download: the false list, a switch, a stop in order, and the rest. Ends early when the disk does.
    fn download(&self, mut disk: Disk, most: usize) -> Disk {
        let mut left = most;
        let mut go = |rig: &mut Rig| {
            while left > 0 && rig.step() {
                left -= 1;
            }
        };
        for (run, entropy) in [(0, 7), (1, 8)] {
            let mut rig = Rig::new(disk, &self.seed, entropy);
            rig.tell(Event::Open);
            go(&mut rig);
            if run == 0 {
                rig.tell(adopt(&self.wrong));
                rig.put_all(&self.wrong, &self.bytes, [1, 4]);
                rig.put_all(&self.wrong, &self.garbage(), [2, 3]);
                go(&mut rig);
                rig.tell(adopt(&self.seed));
                rig.put_all(&self.seed, &self.bytes, [2, 5]);
                rig.tell(Event::Close);
            } else {
                rig.tell(adopt(&self.seed));
                rig.put_all(&self.seed, &self.bytes, [0, 3, 6]);
                rig.tell(Event::Publish);
            }
            go(&mut rig);
            disk = rig.disk;
        }
        disk
    }

    /// Takes up what is on the disk and finishes the download, watching every promise.
    fn finish(&self, disk: Disk, what: &str) {
        if disk.read(File::Target).is_some() {
            assert_eq!(disk.read(File::Target), Some(&self.bytes[..]), "{what}: a wrong file is in place");
            return;
        }
        let mut rig = Rig::new(disk, &self.seed, 9);
        rig.tell(Event::Open);
        rig.step();
        let said = rig.said();
        let [Action::Opened { seed, have, claimed }] = &said[..] else { panic!("{what}: {said:?}") };
        let certain = |index: u32, list: &Seed| {
            let range = list.range(index).unwrap();
            let there = rig.disk.read(File::Part).unwrap_or_default();
            there.get(range.start as usize..range.end as usize)
                == Some(&self.bytes[range.start as usize..range.end as usize])
        };
        let list = seed.as_ref().map_or(&self.seed, |(list, _)| list);
        assert!(have.iter().all(|index| certain(index, list)), "{what}: {have:?} is not all there");
        let mut left = Have::none(self.seed.chunks());
        claimed.iter().for_each(|index| _ = left.insert(index));
        rig.run();
        for said in rig.said() {
            let Action::Checked { index, ok } = said else { panic!("{what}: {said:?}") };
            assert!(left.remove(index));
            let there = rig.disk.read(File::Part).unwrap_or_default();
            let range = self.seed.range(index).unwrap();
            let right = &self.bytes[range.start as usize..range.end as usize];
            let there = there.get(range.start as usize..range.end as usize);
            let unlike = self.wrong.step(index) != self.seed.step(index);
            assert!(ok == (there == Some(right)) || unlike, "{what}: chunk {index} was misjudged");
        }
        assert!(left.is_none(), "{what}: {left:?} was never checked");
        self.complete(rig, what);
    }

    fn complete(&self, mut rig: Rig, what: &str) {
        rig.tell(adopt(&self.seed));
        rig.run();
        let said = rig.said();
        let [Action::Adopted { have, claimed }] = &said[..] else { panic!("{what}: {said:?}") };
        assert!(claimed.is_none());
        rig.put_all(&self.seed, &self.bytes, have.missing());
        rig.tell(Event::Publish);
        rig.run();
        assert!(matches!(rig.said().last(), Some(Action::Published { .. })), "{what}");
        assert_eq!(rig.disk.read(File::Target), Some(&self.bytes[..]), "{what}");
        assert_eq!(rig.disk.files(), [File::Target].into(), "{what}");
    }
}

#[test]
fn after_a_crash_at_any_operation_what_is_claimed_is_right_and_the_download_can_be_finished() {
    let world = World::new();
    let all = world.download(Disk::default(), usize::MAX).count;
    let (mut entropy, mut exhaustive) = (Entropy::new(1), 0);
    for at in 0..all {
        let before = world.download(Disk::default(), at);
        assert!(before.count <= at);
        let unsynced = before.unsynced();
        let subsets = if unsynced <= EXHAUSTIVE { 1_u64 << unsynced } else { 64 };
        exhaustive += usize::from(unsynced <= EXHAUSTIVE);
        for subset in 0..subsets {
            let mut bits = if unsynced <= EXHAUSTIVE { subset } else { entropy.next() };
            let mut disk = before.clone();
            disk.crash(&mut entropy, |entropy| {
                bits = bits.rotate_right(1);
                match (bits >> 63, entropy.below(4)) {
                    (0, _) => Keep::Lost,
                    (_, 0) => Keep::Torn,
                    _ => Keep::Whole,
                }
            });
            world.finish(disk, &format!("operation {at}, subset {subset}"));
        }
    }
    assert!(all > 40 && exhaustive > 20, "{all} operations, {exhaustive} tried wholly");
}

#[test]
fn after_a_kill_at_any_operation_the_download_can_be_finished() {
    let world = World::new();
    for at in 0..world.download(Disk::default(), usize::MAX).count {
        let disk = world.download(Disk::default(), at);
        world.finish(disk, &format!("operation {at}"));
    }
}

#[test]
fn whichever_operation_fails_the_store_says_so_once_and_the_download_can_be_resumed() {
    let world = World::new();
    let mut failures = 0;
    for at in 0.. {
        let mut disk = Disk::default();
        disk.fail_at = Some(at);
        let mut rig = Rig::new(disk, &world.seed, 7);
        rig.tell(Event::Open);
        rig.tell(adopt(&world.wrong));
        rig.put_all(&world.wrong, &world.bytes, [1, 4]);
        rig.tell(adopt(&world.seed));
        rig.put_all(&world.seed, &world.bytes, 0..7);
        rig.tell(Event::Publish);
        rig.tell(Event::Close);
        rig.run();
        let said = rig.said();
        let failed = said.iter().filter(|said| matches!(said, Action::Failed(_))).count();
        assert!(matches!(said.last(), Some(Action::Closed)), "operation {at}: {said:?}");
        if rig.disk.count <= at {
            assert_eq!(failed, 0);
            break;
        }
        assert_eq!(failed, 1, "operation {at}");
        failures += 1;
        disk = rig.disk;
        disk.fail_at = None;
        world.finish(disk, &format!("operation {at} failed"));
    }
    assert!(failures > 20, "{failures}");
}
