//! The disk operations under way, by number.

use alloc::collections::BTreeMap;

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// The first of all.
    Open,
    /// One chunk's bytes, so many.
    Write {
        /// Which chunk.
        index: u32,
        /// Its bytes.
        len: u64,
    },
    /// Records for the journal.
    Append,
    /// Reading a claimed chunk.
    Check {
        /// Which chunk.
        index: u32,
    },
    /// A sync cycle's first half.
    SyncData,
    /// A sync cycle's second half.
    SyncJournal,
    /// A step of an errand.
    Errand,
}

/// What is under way.
#[derive(Debug)]
pub(super) struct Jobs {
    last: u32,
    open: BTreeMap<u32, Job>,
}

impl Jobs {
    /// Nothing.
    pub(super) const fn new() -> Self {
        Self { last: 0, open: BTreeMap::new() }
    }

    /// Numbers an operation.
    pub(super) fn start(&mut self, job: Job) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.open.insert(self.last, job);
        self.last
    }

    /// One ended: what was it for? None if it is not under way.
    pub(super) fn end(&mut self, number: u32) -> Option<Job> {
        self.open.remove(&number)
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}
