//! Which chunks are there, by which list.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::have::Have;
use crate::seed::Seed;

/// One list, and what is there of it.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The list.
    pub(super) seed: Arc<Seed>,
    /// Did the user pin it?
    pub(super) pinned: bool,
    /// Chunks that are certain.
    pub(super) have: Have,
    /// Chunks that an earlier run left, to be read and hashed before they count.
    pub(super) claimed: Have,
}

impl Ledger {
    /// Nothing there yet.
    pub(super) fn empty(seed: Arc<Seed>, pinned: bool) -> Self {
        let none = Have::none(seed.chunks());
        Self { seed, pinned, have: none.clone(), claimed: none }
    }

    /// What is left under another list: the chunks whose whole step is the same in both.
    pub(super) fn switch(&self, seed: Arc<Seed>, pinned: bool) -> Self {
        let mut next = Self::empty(seed, pinned);
        let same = |index: &u32| {
            let step = next.seed.step(*index);
            step.is_some()
                && step == self.seed.step(*index)
                && next.seed.range(*index) == self.seed.range(*index)
        };
        let (have, claimed): (Vec<_>, Vec<_>) =
            (self.have.iter().filter(same).collect(), self.claimed.iter().filter(same).collect());
        have.into_iter().for_each(|index| _ = next.have.insert(index));
        claimed.into_iter().for_each(|index| _ = next.claimed.insert(index));
        next
    }

    /// Is this the same list, pinned or not alike?
    pub(super) fn is(&self, seed: &Seed, pinned: bool) -> bool {
        self.seed.id() == seed.id() && self.pinned == pinned
    }

    /// Nothing there, and nothing claimed.
    pub(super) const fn is_empty(&self) -> bool {
        self.have.is_none() && self.claimed.is_none()
    }

    /// Everything that may be there.
    pub(super) fn claims(&self) -> Vec<u32> {
        (0..self.seed.chunks()).filter(|index| self.have.has(*index) || self.claimed.has(*index)).collect()
    }

    /// A chunk was written, or matched when it was read again.
    pub(super) fn gain(&mut self, index: u32) {
        self.claimed.remove(index);
        self.have.insert(index);
    }
}
