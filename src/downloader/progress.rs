//! What is there of the file under the chosen list, and what is on its way to the disk.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use crate::have::Have;
use crate::seed::{Seed, Step};

#[cfg(test)]
mod tests;

/// The chunks of the chosen list. A chunk is there once it is stored; it counts as verified from the moment when it
/// was accepted.
#[derive(Debug)]
pub(super) struct Progress {
    seed: Arc<Seed>,
    /// Stored, or left by an earlier run and certain.
    had: Have,
    /// Left by an earlier run, and being read and hashed.
    claimed: Have,
    /// Accepted, and given to the store.
    storing: Have,
    /// What was given to the store, oldest first, under whichever list was chosen then.
    puts: VecDeque<Step>,
    /// Does the store still have to say what survived a change of lists?
    adoption: Adoption,
    /// All chunks from here on are verified.
    suffix: u32,
}

/// What the store knows of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Adoption {
    /// It was told, and is yet to answer so many times.
    Pending(u32),
    /// It goes by this list.
    Settled,
}

impl Progress {
    /// An earlier run left `have` for certain, and `claimed`, under this list.
    pub(super) fn resumed(seed: Arc<Seed>, have: Have, claimed: Have) -> Self {
        let storing = Have::none(seed.chunks());
        let suffix = seed.chunks();
        let mut progress = Self {
            seed,
            had: have,
            claimed,
            storing,
            puts: VecDeque::new(),
            adoption: Adoption::Settled,
            suffix,
        };
        progress.extend_suffix();
        progress
    }

    /// A list of which nothing is there yet, and which the store is told to adopt.
    pub(super) fn begun(seed: Arc<Seed>) -> Self {
        let none = Have::none(seed.chunks());
        let mut progress = Self::resumed(seed, none.clone(), none);
        progress.adopting();
        progress
    }

    /// The store is told to adopt the list (again), and will answer.
    pub(super) const fn adopting(&mut self) {
        self.adoption = match self.adoption {
            Adoption::Settled => Adoption::Pending(1),
            Adoption::Pending(more) => Adoption::Pending(more.saturating_add(1)),
        };
    }

    /// The store is told to adopt `seed` in place of this list. Chunks whose step is the same in both stay. Gives
    /// the bytes of those that don't.
    pub(super) fn switch(&mut self, seed: Arc<Seed>) -> u64 {
        let before = self.verified_bytes();
        let same = |index: &u32| seed.step(*index).is_some_and(|step| self.seed.step(*index) == Some(step));
        let keep = |have: &Have| {
            let mut kept = Have::none(seed.chunks());
            have.iter().filter(same).for_each(|index| {
                kept.insert(index);
            });
            kept
        };
        let (had, claimed, storing) = (keep(&self.had), keep(&self.claimed), keep(&self.storing));
        (self.had, self.claimed, self.storing) = (had, claimed, storing);
        self.adopting();
        self.suffix = seed.chunks();
        self.seed = seed;
        self.extend_suffix();
        before.saturating_sub(self.verified_bytes())
    }

    /// The store says what is there under the list that it was last told. Says if that is the chosen one (and
    /// fits it): an answer to an earlier telling is of no use.
    pub(super) fn adopted(&mut self, have: Have, claimed: Have) -> bool {
        let Adoption::Pending(pending) = self.adoption else { return false };
        if pending > 1 {
            self.adoption = Adoption::Pending(pending.saturating_sub(1));
            return false;
        }
        self.adoption = Adoption::Settled;
        let chunks = self.seed.chunks();
        if have.chunks() != chunks || claimed.chunks() != chunks {
            return false;
        }
        (self.had, self.claimed) = (have, claimed);
        self.suffix = chunks;
        self.extend_suffix();
        true
    }

    /// The list.
    pub(super) const fn seed(&self) -> &Arc<Seed> {
        &self.seed
    }

    /// Is chunk `index` neither there nor on its way?
    pub(super) fn is_missing(&self, index: u32) -> bool {
        index < self.seed.chunks() && !self.is_verified(index) && !self.claimed.has(index)
    }

    /// Is chunk `index` there, or accepted?
    fn is_verified(&self, index: u32) -> bool {
        self.had.has(index) || self.storing.has(index)
    }

    /// Chunks that are neither there nor on their way, in order.
    pub(super) fn missing(&self) -> impl Iterator<Item = u32> + '_ {
        self.had.missing().filter(|index| self.is_missing(*index))
    }

    /// Bytes that are there.
    pub(super) fn had_bytes(&self) -> u64 {
        self.bytes(self.had.iter())
    }

    fn verified_bytes(&self) -> u64 {
        self.bytes(self.had.iter().chain(self.storing.iter().filter(|index| !self.had.has(*index))))
    }

    fn bytes(&self, indices: impl Iterator<Item = u32>) -> u64 {
        let len = |index| self.seed.range(index).map_or(0, |range| range.end.saturating_sub(range.start));
        indices.map(len).fold(0, u64::saturating_add)
    }

    /// A missing chunk was accepted and is given to the store. Says if all chunks after it were verified before:
    /// then what is certain has grown.
    pub(super) fn put(&mut self, step: Step) -> bool {
        let before = self.suffix;
        self.storing.insert(step.index);
        self.puts.push_back(step);
        self.extend_suffix();
        self.suffix < before
    }

    /// The store has written chunk `index`: gives its length in bytes, if it was told to. It counts if it is still a
    /// chunk of the list.
    pub(super) fn stored(&mut self, index: u32) -> Option<u32> {
        let oldest = self.puts.iter().position(|step| step.index == index)?;
        let step = self.puts.remove(oldest)?;
        if self.seed.step(index) == Some(step) && self.storing.remove(index) {
            self.had.insert(index);
        }
        Some(step.len)
    }

    /// The store has read claimed chunk `index` again; says if it was one.
    pub(super) fn checked(&mut self, index: u32, ok: bool) -> bool {
        let news = self.claimed.remove(index);
        if news && ok {
            self.had.insert(index);
            self.extend_suffix();
        }
        news
    }

    /// Is every chunk there, and does the store know the list?
    pub(super) fn is_complete(&self) -> bool {
        self.had.is_all() && self.adoption == Adoption::Settled
    }

    fn extend_suffix(&mut self) {
        while let Some(before) = self.suffix.checked_sub(1).filter(|index| self.is_verified(*index)) {
            self.suffix = before;
        }
    }
}
