//! Power may fail after any operation and take any unsynced change with it; any operation may fail.

use std::sync::Arc;

use samara::store::{Action, Config, Event, File};
use samara::{Entropy, Have, Seed};

use crate::disk::{Disk, Keep};
use crate::rig::{Rig, adopt, file, lie};

/// Most unsynced changes of which every subset is tried.
const EXHAUSTIVE: usize = 6;

/// The two lists that a scenario is about: a false one first, then the true one.
struct World {
    /// Where the order of operations that may overtake each other comes from.
    entropy: u64,
    /// Sync after so many bytes.
    sync_bytes: u64,
    bytes: Vec<u8>,
    seed: Arc<Seed>,
    wrong: Arc<Seed>,
}

impl World {
    /// Some with sync cycles amid the writes, some with none.
    fn each() -> impl Iterator<Item = Self> {
        (0..8).map(|entropy| {
            let (bytes, seed) = file(64 * 6 + 10);
            let wrong = lie(&seed, 2);
            Self { entropy, sync_bytes: [128, 1 << 20][entropy as usize % 2], bytes, seed, wrong }
        })
    }

    fn rig(&self, disk: Disk, run: u64) -> Rig {
        let mut config = Config::new(self.seed.file_hash());
        config.sync_bytes = self.sync_bytes;
        Rig::with(disk, config, self.entropy * 10 + run)
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
        for run in [0, 1] {
            let mut rig = self.rig(disk, run);
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
        let mut rig = self.rig(disk, 2);
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

    /// A download of which operation `at` fails; false if there are not so many.
    fn fail(&self, at: usize) -> bool {
        let mut rig = self.rig(Disk::default(), 0);
        rig.disk.fail_at = Some(at);
        rig.tell(Event::Open);
        rig.tell(adopt(&self.wrong));
        rig.put_all(&self.wrong, &self.bytes, [1, 4]);
        rig.tell(adopt(&self.seed));
        rig.put_all(&self.seed, &self.bytes, 0..7);
        rig.tell(Event::Publish);
        rig.tell(Event::Close);
        rig.run();
        let (said, happened) = (rig.said(), rig.disk.count > at);
        let failed = said.iter().filter(|said| matches!(said, Action::Failed(_))).count();
        let published = said.iter().any(|said| matches!(said, Action::Published { .. }));
        // A journal that can't be removed beside a file that is durably in place is nobody's loss.
        let harmless = rig.disk.log.get(at).is_some_and(|op| op.starts_with("remove"));
        assert!(matches!(said.last(), Some(Action::Closed)), "operation {at}: {said:?}");
        assert_eq!(failed, usize::from(happened && !harmless), "operation {at}");
        assert_eq!(published, failed == 0, "operation {at}");
        rig.disk.fail_at = None;
        self.finish(rig.disk, &format!("operation {at} failed"));
        happened
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
    let (mut entropy, mut exhaustive) = (Entropy::new(1), 0);
    for world in World::each() {
        for at in 0..world.download(Disk::default(), usize::MAX).count {
            let before = world.download(Disk::default(), at);
            assert!(before.count <= at);
            exhaustive += usize::from(before.unsynced() <= EXHAUSTIVE);
            crash(&world, &before, &mut entropy, &format!("order {}, operation {at}", world.entropy));
        }
    }
    assert!(exhaustive > 100, "{exhaustive}");
}

/// Every subset of the unsynced changes survives in turn, or, if they are many, a random choice of subsets.
fn crash(world: &World, before: &Disk, entropy: &mut Entropy, what: &str) {
    let few = before.unsynced() <= EXHAUSTIVE;
    for subset in 0..if few { 1 << before.unsynced() } else { 64 } {
        let mut bits = if few { subset } else { entropy.next() };
        let mut disk = before.clone();
        disk.crash(entropy, |entropy| {
            bits = bits.rotate_right(1);
            match (bits >> 63, entropy.below(4)) {
                (0, _) => Keep::Lost,
                (_, 0) => Keep::Torn,
                _ => Keep::Whole,
            }
        });
        world.finish(disk, &format!("{what}, subset {subset}"));
    }
}

#[test]
fn after_a_kill_at_any_operation_the_download_can_be_finished() {
    for world in World::each() {
        for at in 0..world.download(Disk::default(), usize::MAX).count {
            let disk = world.download(Disk::default(), at);
            world.finish(disk, &format!("order {}, operation {at}", world.entropy));
        }
    }
}

#[test]
fn whichever_operation_fails_the_store_says_so_once_and_the_download_can_be_resumed() {
    for world in World::each() {
        let failures = (0..).take_while(|at| world.fail(*at)).count();
        assert!(failures > 20, "{failures}");
    }
}
