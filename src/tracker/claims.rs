//! The seeds that are claimed for one file: nearly always one, but anybody may claim another.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::hash::SeedId;

/// The numbers of a file's seeds.
#[derive(Debug)]
pub(super) enum Claims {
    /// The only one.
    One(u32),
    /// Two or more.
    Many(Box<Rivals>),
}

/// Seeds that contradict one another.
#[derive(Debug, Default)]
pub(super) struct Rivals {
    by_id: BTreeMap<SeedId, u32>,
    /// Distinct prefixes of holders, and seed; fewest first.
    ranked: BTreeSet<(u32, u32)>,
    /// In no order, for drawing at random; each seed knows its position.
    all: Vec<u32>,
}

impl Rivals {
    /// The seed of this id.
    pub(super) fn get(&self, id: SeedId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// Adds a seed with `prefixes` distinct prefixes; gives its position.
    pub(super) fn insert(&mut self, id: SeedId, number: u32, prefixes: u32) -> u32 {
        self.by_id.insert(id, number);
        self.ranked.insert((prefixes, number));
        self.all.push(number);
        u32::try_from(self.all.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Takes a seed out. Another one may have been put in its position: that one is given.
    pub(super) fn remove(&mut self, id: SeedId, prefixes: u32, position: u32) -> Option<u32> {
        let number = self.by_id.remove(&id)?;
        self.ranked.remove(&(prefixes, number));
        let position = position as usize;
        if position < self.all.len() {
            self.all.swap_remove(position);
        }
        self.all.get(position).copied()
    }

    /// Notes that a seed has `after` distinct prefixes instead of `before`.
    pub(super) fn rank(&mut self, number: u32, before: u32, after: u32) {
        self.ranked.remove(&(before, number));
        self.ranked.insert((after, number));
    }

    /// The only seed, if all others have gone.
    pub(super) fn only(&self) -> Option<u32> {
        match self.all.as_slice() {
            [one] => Some(*one),
            [] | [_, ..] => None,
        }
    }
}

impl Claims {
    /// One of them; all are of the same file.
    pub(super) fn any(&self) -> Option<u32> {
        self.nth(0)
    }

    /// How many seeds there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(rivals) => rivals.all.len(),
        }
    }

    /// One of them, in no particular order.
    pub(super) fn nth(&self, index: usize) -> Option<u32> {
        match self {
            Self::One(number) => (index == 0).then_some(*number),
            Self::Many(rivals) => rivals.all.get(index).copied(),
        }
    }

    /// All of them, those with the most distinct prefixes first.
    pub(super) fn ranked(&self) -> impl Iterator<Item = u32> {
        let (one, many) = match self {
            Self::One(number) => (Some(*number), None),
            Self::Many(rivals) => (None, Some(&rivals.ranked)),
        };
        one.into_iter()
            .chain(many.into_iter().flat_map(|ranked| ranked.iter().rev().map(|(_, number)| *number)))
    }
}
