//! The holders of one seed, kept in order of their prefix, so that a prefix can be drawn before a holder is.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Above so many members, where each prefix begins is remembered instead of looked for.
const FEW: usize = 32;

/// One holder: a lease, and the prefix of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// The number of the prefix.
    pub(super) prefix: u32,
    /// The number of the lease.
    pub(super) lease: u32,
}

/// A set of members, grouped by prefix. Most seeds have few holders: then it is one small list.
#[derive(Debug)]
pub(super) enum Crowd {
    /// In order.
    Few(Vec<Member>),
    /// In order, with an index.
    Many(Box<Indexed>),
}

/// A large crowd. Joining moves at most the members behind, 8 bytes each: cheap up to a seed's cap of holders.
#[derive(Debug)]
pub(super) struct Indexed {
    members: Vec<Member>,
    /// Where each prefix's members begin.
    firsts: Vec<u32>,
}

impl Crowd {
    /// Nobody.
    pub(super) const fn new() -> Self {
        Self::Few(Vec::new())
    }

    /// All members, in order.
    pub(super) fn members(&self) -> &[Member] {
        match self {
            Self::Few(members) => members,
            Self::Many(indexed) => &indexed.members,
        }
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.members().len()
    }

    /// Is there a member of this prefix?
    pub(super) fn has_prefix(&self, prefix: u32) -> bool {
        let at = self.members().partition_point(|member| member.prefix < prefix);
        self.members().get(at).is_some_and(|member| member.prefix == prefix)
    }

    /// Takes `member` in, if it isn't in.
    pub(super) fn insert(&mut self, member: Member) {
        let Err(at) = self.members().binary_search(&member) else { return };
        match self {
            Self::Few(members) => {
                if members.is_empty() {
                    members.reserve_exact(1);
                }
                members.insert(at, member);
                if members.len() > FEW {
                    *self = Self::Many(Box::new(Indexed::new(core::mem::take(members))));
                }
            }
            Self::Many(indexed) => indexed.insert(at, member),
        }
    }

    /// Takes `member` out, if it is in.
    pub(super) fn remove(&mut self, member: Member) {
        let Ok(at) = self.members().binary_search(&member) else { return };
        match self {
            Self::Few(members) => {
                members.remove(at);
            }
            Self::Many(indexed) => {
                indexed.remove(at);
                if indexed.members.len() <= FEW / 2 {
                    *self = Self::Few(core::mem::take(&mut indexed.members));
                }
            }
        }
    }

    /// How many prefixes there are.
    pub(super) fn prefixes(&self) -> usize {
        match self {
            Self::Few(members) => members.chunk_by(same_prefix).count(),
            Self::Many(indexed) => indexed.firsts.len(),
        }
    }

    /// The members of one of the [prefixes](Self::prefixes); none beyond the last.
    pub(super) fn of_prefix(&self, index: usize) -> &[Member] {
        match self {
            Self::Few(members) => members.chunk_by(same_prefix).nth(index).unwrap_or_default(),
            Self::Many(indexed) => indexed.of_prefix(index),
        }
    }
}

const fn same_prefix(a: &Member, b: &Member) -> bool {
    a.prefix == b.prefix
}

impl Indexed {
    fn new(members: Vec<Member>) -> Self {
        let mut firsts = Vec::new();
        let mut at = 0u32;
        for group in members.chunk_by(same_prefix) {
            firsts.push(at);
            at = at.saturating_add(position(group.len()));
        }
        Self { members, firsts }
    }

    fn insert(&mut self, at: usize, member: Member) {
        let [before, next] = self.neighbours(at);
        // A member in front of its group begins it: that group's first stays where it is.
        let joins_next = next == Some(member.prefix);
        let reach = at.saturating_add(usize::from(joins_next));
        let behind = self.firsts.partition_point(|first| (*first as usize) < reach);
        self.firsts.iter_mut().skip(behind).for_each(|first| *first = first.saturating_add(1));
        if !joins_next && before != Some(member.prefix) {
            self.firsts.insert(behind, position(at));
        }
        self.members.insert(at, member);
    }

    fn remove(&mut self, at: usize) {
        let Some(prefix) = self.members.get(at).map(|member| member.prefix) else { return };
        self.members.remove(at);
        let alone = !self.neighbours(at).contains(&Some(prefix));
        let behind = self.firsts.partition_point(|first| *first as usize <= at);
        self.firsts.iter_mut().skip(behind).for_each(|first| *first = first.saturating_sub(1));
        if alone {
            self.firsts.remove(behind.saturating_sub(1));
        }
    }

    /// The prefixes just before and at a position.
    fn neighbours(&self, at: usize) -> [Option<u32>; 2] {
        let prefix = |at: usize| self.members.get(at).map(|member| member.prefix);
        [at.checked_sub(1).and_then(prefix), prefix(at)]
    }

    fn of_prefix(&self, index: usize) -> &[Member] {
        let Some(from) = self.firsts.get(index) else { return &[] };
        let to = self.firsts.get(index.saturating_add(1)).map_or(self.members.len(), |next| *next as usize);
        self.members.get(*from as usize..to).unwrap_or_default()
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use alloc::collections::{BTreeMap, BTreeSet};

    fn check(crowd: &Crowd, model: &BTreeSet<Member>) {
        assert!(crowd.members().iter().eq(model.iter()));
        let mut groups: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
        model.iter().for_each(|member| groups.entry(member.prefix).or_default().push(*member));
        assert_eq!(crowd.prefixes(), groups.len());
        for (index, group) in groups.values().enumerate() {
            assert_eq!(crowd.of_prefix(index), group);
        }
        assert_eq!(crowd.of_prefix(groups.len()), []);
    }

    #[test]
    fn groups_stay_right_while_a_crowd_grows_and_shrinks() {
        for prefixes in [1, 3, 40] {
            let (mut crowd, mut model) = (Crowd::new(), BTreeSet::new());
            let mut entropy = Entropy::new(prefixes);
            for round in 0..2_000usize {
                let member = Member {
                    prefix: entropy.below(prefixes as usize) as u32,
                    lease: entropy.below(60) as u32,
                };
                // Grows in the first half, shrinks in the second.
                if (entropy.below(3) > 0) == (round < 1_000) {
                    crowd.insert(member);
                    model.insert(member);
                } else {
                    crowd.remove(member);
                    model.remove(&member);
                }
                assert_eq!(
                    crowd.has_prefix(member.prefix),
                    model.iter().any(|other| other.prefix == member.prefix)
                );
                check(&crowd, &model);
            }
        }
    }
}
