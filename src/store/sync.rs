//! When to make written chunks durable: after so many bytes or so long, while more are being written.

use alloc::vec::Vec;
use core::time::Duration;

use crate::time::Time;

/// Chunks that are written and not yet synced.
#[derive(Debug)]
pub(super) struct Cycle {
    every: u64,
    after: Duration,
    unsynced: Vec<u32>,
    bytes: u64,
    due: Option<Time>,
    stage: Stage,
}

/// How far a cycle is.
#[derive(Debug)]
enum Stage {
    /// None runs.
    Idle,
    /// The part file is being synced; these were written before that began.
    Data(Vec<u32>),
    /// The journal is being synced.
    Journal,
}

impl Cycle {
    /// Nothing written yet; a cycle each `every` bytes or `after` the first one written.
    pub(super) const fn new(every: u64, after: Duration) -> Self {
        Self { every, after, unsynced: Vec::new(), bytes: 0, due: None, stage: Stage::Idle }
    }

    /// A chunk of `len` bytes was written.
    pub(super) fn written(&mut self, now: Time, index: u32, len: u64) {
        self.unsynced.push(index);
        self.bytes = self.bytes.saturating_add(len);
        let due = if self.bytes >= self.every { now } else { now + self.after };
        self.due = Some(self.due.map_or(due, |set| set.min(due)));
    }

    /// When the next cycle wants to begin; none while one runs.
    pub(super) const fn due(&self) -> Option<Time> {
        match self.stage {
            Stage::Idle => self.due,
            Stage::Data(_) | Stage::Journal => None,
        }
    }

    /// Begins a cycle if one is due: then the part file is to be synced.
    pub(super) fn begin(&mut self, now: Time) -> bool {
        let begins = self.due().is_some_and(|due| due <= now);
        if begins {
            self.stage = Stage::Data(self.take());
        }
        begins
    }

    /// The part file is synced: these chunks are durable, and the journal is to say so and be synced.
    pub(super) fn data_synced(&mut self) -> Vec<u32> {
        match core::mem::replace(&mut self.stage, Stage::Journal) {
            Stage::Data(indices) => indices,
            Stage::Idle | Stage::Journal => Vec::new(),
        }
    }

    /// The journal is synced: the cycle is over.
    pub(super) fn journal_synced(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Another list counts: only these chunks are still of interest.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.unsynced.retain(|index| keep(*index));
        if self.unsynced.is_empty() {
            self.take();
        }
    }

    /// Forgets what is unsynced, and gives it.
    pub(super) fn take(&mut self) -> Vec<u32> {
        self.bytes = 0;
        self.due = None;
        core::mem::take(&mut self.unsynced)
    }
}
