//! Reading claimed chunks again: a few at a time, in order.

use alloc::collections::VecDeque;

/// Claimed chunks that wait to be read, and how many are being read.
#[derive(Debug)]
pub(super) struct Checks {
    waiting: VecDeque<u32>,
    reading: u16,
    most: u16,
}

impl Checks {
    /// Nothing to check; `most` at once (at least one).
    pub(super) const fn new(most: u16) -> Self {
        Self { waiting: VecDeque::new(), reading: 0, most: if most == 0 { 1 } else { most } }
    }

    /// These are to be read.
    pub(super) fn add(&mut self, claimed: impl Iterator<Item = u32>) {
        self.waiting.extend(claimed);
    }

    /// Another list counts: only these are still of interest. What is being read goes on.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.waiting.retain(|index| keep(*index));
    }

    /// The next one to read, if there is one and not too many are being read.
    pub(super) fn start(&mut self) -> Option<u32> {
        if self.reading >= self.most {
            return None;
        }
        let index = self.waiting.pop_front()?;
        self.reading = self.reading.saturating_add(1);
        Some(index)
    }

    /// One was read.
    pub(super) const fn end(&mut self) {
        self.reading = self.reading.saturating_sub(1);
    }

    /// How many are being read.
    pub(super) fn reading(&self) -> usize {
        self.reading.into()
    }
}
