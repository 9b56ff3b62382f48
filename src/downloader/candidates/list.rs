//! One candidate: a list, and which of its steps somebody's bytes have satisfied.

use alloc::sync::Arc;

use crate::hash::SeedId;
use crate::have::Have;
use crate::seed::Seed;

/// A list held in memory, with its evidence.
#[derive(Debug)]
pub(super) struct List {
    seed: Arc<Seed>,
    /// Steps that verified: under this list, or under another one that has the same step.
    verified: Have,
    /// The chunks from here to the end have all verified: they are authentic.
    suffix: u32,
    /// Where the suffix began when progress was last looked at.
    mark: u32,
    /// How often in a row no progress was seen.
    stalls: u32,
}

impl List {
    /// Nothing verified yet.
    pub(super) fn new(seed: Arc<Seed>) -> Self {
        let chunks = seed.chunks();
        Self { seed, verified: Have::none(chunks), suffix: chunks, mark: chunks, stalls: 0 }
    }

    pub(super) const fn seed(&self) -> &Arc<Seed> {
        &self.seed
    }

    pub(super) fn id(&self) -> SeedId {
        self.seed.id()
    }

    /// The first chunk of the verified suffix; the number of chunks if there is none.
    pub(super) const fn suffix(&self) -> u32 {
        self.suffix
    }

    /// How many steps have verified.
    pub(super) const fn verified(&self) -> u32 {
        self.verified.count()
    }

    /// Has the last chunk verified? Then the length is proven.
    pub(super) fn is_proven(&self) -> bool {
        self.suffix < self.seed.chunks()
    }

    pub(super) const fn stalls(&self) -> u32 {
        self.stalls
    }

    /// Chunk `index` verified under this list.
    pub(super) fn mark(&mut self, index: u32) {
        self.verified.insert(index);
        while self.suffix.checked_sub(1).is_some_and(|before| self.verified.has(before)) {
            self.suffix = self.suffix.saturating_sub(1);
        }
    }

    /// Takes over what verified in `other`, as far as this list has the same steps.
    pub(super) fn inherit(&mut self, other: &Self) {
        for index in other.verified.iter().filter(|index| same_step(&self.seed, &other.seed, *index)) {
            self.verified.insert(index);
        }
        if let Some(last) = self.seed.chunks().checked_sub(1).filter(|last| self.verified.has(*last)) {
            self.mark(last);
        }
    }

    /// The first chunk of `claimed` that what verified here makes impossible.
    pub(super) fn refutes(&self, claimed: &Seed) -> Option<u32> {
        self.verified.iter().find_map(|index| impossible(&self.seed, index, claimed))
    }

    /// Looks for progress since the last look: has the verified suffix grown?
    pub(super) const fn look(&mut self) {
        self.stalls = if self.suffix < self.mark { 0 } else { self.stalls.saturating_add(1) };
        self.mark = self.suffix;
    }
}

/// Do both lists say the same of chunk `index`?
pub(super) fn same_step(a: &Seed, b: &Seed, index: u32) -> bool {
    a.step(index).is_some_and(|step| b.step(index) == Some(step))
}

/// Chunk `index` verified under `list`: which chunk of `claimed` can't exist, then?
///
/// Two steps contradict each other if they have the same end after as many bytes and another start, or, last
/// chunks, another length: bytes that satisfy both would break SHA-256's compression function. A last chunk and
/// another one, or chunks of different sizes, contradict nothing: with the padding as data, or with chunks cut at
/// other places, both can be satisfied, and what is true must never be refuted.
pub(super) fn impossible(list: &Seed, index: u32, claimed: &Seed) -> Option<u32> {
    let fact = list.step(index)?;
    let rival = match fact.last {
        Some(_) => claimed.step(claimed.chunks().checked_sub(1)?)?,
        None if list.chunk_size() == claimed.chunk_size() => {
            claimed.step(index).filter(|step| step.last.is_none())?
        }
        None => return None,
    };
    let contradicts = rival.end == fact.end && (rival.start, rival.last) != (fact.start, fact.last);
    contradicts.then_some(rival.index)
}

/// The chunk after the last index at which two lists of the same length differ: it can exist in one of them at
/// most. None if they don't differ.
pub(super) fn fork(a: &Seed, b: &Seed) -> Option<u32> {
    let differs = a.chunk_hashes().iter().zip(b.chunk_hashes()).rposition(|(a, b)| a != b)?;
    u32::try_from(differs.saturating_add(1)).ok()
}
