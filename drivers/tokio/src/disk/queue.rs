//! In which order a store's operations are carried out, and which of them at once.

use std::collections::VecDeque;

use samara::store::{File, Op};

/// Operations that are carried out at once.
const AT_ONCE: usize = 4;

/// The operations of one download that have not ended.
///
/// Those that touch the same file keep their order, but writes and checks of chunks may run beside each other, and
/// beside a sync of what was written before. A sync begins after everything before it has ended.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Job>,
    /// In no order.
    running: Vec<Running>,
    pushed: u64,
}

#[derive(Debug)]
struct Job {
    /// How many were pushed before it.
    place: u64,
    job: u32,
    op: Op,
}

#[derive(Debug)]
struct Running {
    place: u64,
    job: u32,
    touch: Touch,
}

impl Queue {
    /// Puts in an operation.
    pub(crate) fn push(&mut self, job: u32, op: Op) {
        self.waiting.push_back(Job { place: self.pushed, job, op });
        self.pushed += 1;
    }

    /// Takes out one that may begin now.
    pub(crate) fn next(&mut self) -> Option<(u32, Op)> {
        if self.running.len() >= AT_ONCE {
            return None;
        }
        let at = (0..self.waiting.len()).find(|at| self.may_begin(*at))?;
        let Job { place, job, op } = self.waiting.remove(at)?;
        self.running.push(Running { place, job, touch: Touch::of(&op) });
        Some((job, op))
    }

    /// May this one pass all that were pushed before it and have not ended?
    fn may_begin(&self, at: usize) -> bool {
        let Some(Job { place, op, .. }) = self.waiting.get(at) else { return false };
        let touch = Touch::of(op);
        let waiting = self.waiting.iter().take(at).map(|job| Touch::of(&job.op));
        let running = self.running.iter().filter(|job| job.place < *place).map(|job| job.touch);
        waiting.chain(running).all(|earlier| touch.may_pass(earlier))
    }

    /// Has everything ended?
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// This one has ended.
    pub(crate) fn done(&mut self, job: u32) {
        self.running.retain(|running| running.job != job);
    }
}

/// What an operation has to do with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Touch {
    files: u8,
    role: Work,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A chunk is written or checked.
    Chunk,
    /// What was written before is made durable.
    Sync,
    /// Anything else.
    Change,
}

const FOLDER: u8 = 1 << 4;
const ALL: u8 = FOLDER | (FOLDER - 1);

const fn bit(file: File) -> u8 {
    match file {
        File::Part => 1,
        File::Journal => 1 << 1,
        File::NewJournal => 1 << 2,
        File::Target => 1 << 3,
    }
}

impl Touch {
    fn of(op: &Op) -> Self {
        let (files, role) = match op {
            Op::Open => (ALL, Work::Change),
            Op::Create { .. } => (bit(File::NewJournal) | FOLDER, Work::Change),
            Op::Append { .. } => (bit(File::Journal), Work::Change),
            Op::Write { .. } | Op::Check { .. } => (bit(File::Part), Work::Chunk),
            Op::Resize { .. } => (bit(File::Part), Work::Change),
            Op::Sync(file) => (bit(*file), Work::Sync),
            Op::SyncFolder => (FOLDER, Work::Sync),
            Op::Rename { from, to, .. } => (bit(*from) | bit(*to) | FOLDER, Work::Change),
            Op::Remove(file) => (bit(*file) | FOLDER, Work::Change),
            Op::Look(file) => (bit(*file), Work::Change),
        };
        Self { files, role }
    }

    /// May it begin before `earlier` has ended?
    fn may_pass(self, earlier: Self) -> bool {
        match (earlier.role, self.role) {
            (_, Work::Sync) => false,
            (Work::Chunk | Work::Sync, Work::Chunk) => true,
            (Work::Chunk | Work::Sync | Work::Change, Work::Change) | (Work::Change, Work::Chunk) => {
                self.files & earlier.files == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn write() -> Op {
        Op::Write { offset: 0, bytes: Bytes::new() }
    }

    fn append() -> Op {
        Op::Append { bytes: Bytes::new() }
    }

    /// The jobs that may begin at once, of operations numbered from 0.
    fn start(queue: &mut Queue, ops: impl IntoIterator<Item = Op>) -> Vec<u32> {
        (0..).zip(ops).for_each(|(job, op)| queue.push(job, op));
        std::iter::from_fn(|| queue.next()).map(|(job, _)| job).collect()
    }

    fn rest(queue: &mut Queue, ended: u32) -> Vec<u32> {
        queue.done(ended);
        start(queue, [])
    }

    #[test]
    fn writes_run_beside_each_other_up_to_a_limit() {
        let mut queue = Queue::default();
        assert_eq!(start(&mut queue, (0..6).map(|_| write())), [0, 1, 2, 3]);
        assert_eq!(rest(&mut queue, 2), [4]);
    }

    #[test]
    fn a_sync_waits_for_all_before_it_and_holds_up_no_chunk_behind_it() {
        let mut queue = Queue::default();
        let ops = [write(), append(), Op::Sync(File::Part), write(), Op::Resize { length: 1 }, write()];
        assert_eq!(start(&mut queue, ops), [0, 1, 3]);
        assert_eq!(rest(&mut queue, 0), [0_u32; 0]);
        assert_eq!(rest(&mut queue, 1), [2], "the chunk behind it is no reason to wait");
        assert_eq!(rest(&mut queue, 3), [0_u32; 0]);
        assert_eq!(rest(&mut queue, 2), [4], "a change of length waits for the sync");
        assert_eq!(rest(&mut queue, 4), [5], "and the chunk behind it for that");
    }

    #[test]
    fn a_journal_is_replaced_step_by_step() {
        let mut queue = Queue::default();
        let replace = Op::Rename { from: File::NewJournal, to: File::Journal, replace: true };
        let create = Op::Create { bytes: Bytes::new() };
        let ops = [create, Op::Sync(File::NewJournal), replace, Op::SyncFolder, append()];
        assert_eq!(start(&mut queue, ops), [0]);
        assert_eq!(rest(&mut queue, 0), [1]);
        assert_eq!(rest(&mut queue, 1), [2]);
        assert_eq!(rest(&mut queue, 2), [3, 4], "the folder's sync is no business of the journal");
    }

    #[test]
    fn nothing_begins_before_the_files_are_open() {
        let mut queue = Queue::default();
        assert_eq!(start(&mut queue, [Op::Open, write(), append(), Op::SyncFolder]), [0]);
        assert_eq!(rest(&mut queue, 0), [1, 2]);
    }
}
