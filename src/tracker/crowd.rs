//! The holders of one seed, kept in groups of one prefix, so that a prefix can be drawn before a holder is.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

/// Above so many members, where each group begins is remembered instead of looked for.
const FEW: usize = 32;

/// One holder: a lease, in the group of its prefix and claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// Its group.
    pub(super) group: Group,
    /// The number of the lease.
    pub(super) lease: u32,
}

/// Holders of one prefix who claim the same: all of the seed, or some of it. The partial ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group(u32);

impl Group {
    /// The first of the complete ones.
    const COMPLETE: Self = Self(1 << 31);

    /// The group of a prefix's holders with this claim.
    pub(super) const fn new(prefix: u32, complete: bool) -> Self {
        Self(if complete { prefix | Self::COMPLETE.0 } else { prefix })
    }

    /// The number of the prefix.
    pub(super) const fn prefix(self) -> u32 {
        self.0 & !Self::COMPLETE.0
    }

    /// Do its members claim all of the seed?
    pub(super) const fn is_complete(self) -> bool {
        self.0 & Self::COMPLETE.0 != 0
    }
}

/// A set of members in groups. Most seeds have few holders: then it is one small list.
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
    /// Where each group begins.
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

    /// The members that claim all of the seed, or those that claim some of it.
    pub(super) fn claiming(&self, complete: bool) -> &[Member] {
        let at = self.members().partition_point(|member| member.group < Group::COMPLETE);
        let (partial, whole) = self.members().split_at(at);
        if complete { whole } else { partial }
    }

    /// Is there a member of this prefix?
    pub(super) fn has_prefix(&self, prefix: u32) -> bool {
        [false, true].into_iter().any(|complete| {
            let group = Group::new(prefix, complete);
            let at = self.members().partition_point(|member| member.group < group);
            self.members().get(at).is_some_and(|member| member.group == group)
        })
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

    /// The numbers of the groups that claim all of the seed, or of those that claim some of it.
    pub(super) fn groups(&self, complete: bool) -> Range<usize> {
        let (partial, all) = match self {
            Self::Few(members) => {
                let count = |members: &[Member]| members.chunk_by(same_group).count();
                (count(self.claiming(false)), count(members))
            }
            Self::Many(indexed) => (indexed.partial_groups(), indexed.firsts.len()),
        };
        if complete { partial..all } else { 0..partial }
    }

    /// The members of a group; none if there is no group of this number.
    pub(super) fn group(&self, number: usize) -> &[Member] {
        match self {
            Self::Few(members) => members.chunk_by(same_group).nth(number).unwrap_or_default(),
            Self::Many(indexed) => indexed.group(number),
        }
    }
}

fn same_group(a: &Member, b: &Member) -> bool {
    a.group == b.group
}

impl Indexed {
    fn new(members: Vec<Member>) -> Self {
        let mut firsts = Vec::new();
        let mut at = 0u32;
        for group in members.chunk_by(same_group) {
            firsts.push(at);
            at = at.saturating_add(position(group.len()));
        }
        Self { members, firsts }
    }

    fn insert(&mut self, at: usize, member: Member) {
        let [before, next] = self.neighbours(at);
        // A member in front of its group begins it: that group's first stays where it is.
        let joins_next = next == Some(member.group);
        let reach = at.saturating_add(usize::from(joins_next));
        let behind = self.firsts.partition_point(|first| (*first as usize) < reach);
        self.firsts.iter_mut().skip(behind).for_each(|first| *first = first.saturating_add(1));
        if !joins_next && before != Some(member.group) {
            self.firsts.insert(behind, position(at));
        }
        self.members.insert(at, member);
    }

    fn remove(&mut self, at: usize) {
        let Some(group) = self.members.get(at).map(|member| member.group) else { return };
        self.members.remove(at);
        let alone = !self.neighbours(at).contains(&Some(group));
        let behind = self.firsts.partition_point(|first| *first as usize <= at);
        self.firsts.iter_mut().skip(behind).for_each(|first| *first = first.saturating_sub(1));
        if alone {
            self.firsts.remove(behind.saturating_sub(1));
        }
    }

    /// The groups just before and at a position.
    fn neighbours(&self, at: usize) -> [Option<Group>; 2] {
        let group = |at: usize| self.members.get(at).map(|member| member.group);
        [at.checked_sub(1).and_then(group), group(at)]
    }

    fn group(&self, number: usize) -> &[Member] {
        let Some(from) = self.firsts.get(number) else { return &[] };
        let to = self.firsts.get(number.saturating_add(1)).map_or(self.members.len(), |next| *next as usize);
        self.members.get(*from as usize..to).unwrap_or_default()
    }

    fn partial_groups(&self) -> usize {
        let first = |at: &u32| self.members.get(*at as usize).map(|member| member.group);
        self.firsts.partition_point(|at| first(at) < Some(Group::COMPLETE))
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
        let mut number = 0;
        for complete in [false, true] {
            let mut groups: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
            let claiming = model.iter().filter(|member| member.group.is_complete() == complete);
            claiming.for_each(|member| groups.entry(member.group.prefix()).or_default().push(*member));
            assert_eq!(crowd.claiming(complete).len(), groups.values().map(Vec::len).sum::<usize>());
            assert_eq!(crowd.groups(complete), number..number + groups.len());
            for group in groups.values() {
                assert_eq!(crowd.group(number), group);
                number += 1;
            }
        }
        assert_eq!(crowd.group(number), []);
    }

    #[test]
    fn groups_stay_right_while_a_crowd_grows_and_shrinks() {
        for prefixes in [1, 3, 40] {
            let (mut crowd, mut model) = (Crowd::new(), BTreeSet::new());
            let mut entropy = Entropy::new(prefixes);
            for round in 0..2_000usize {
                let prefix = entropy.below(prefixes as usize) as u32;
                let group = Group::new(prefix, entropy.below(3) == 0);
                let member = Member { group, lease: entropy.below(60) as u32 };
                // Grows in the first half, shrinks in the second.
                if (entropy.below(3) > 0) == (round < 1_000) {
                    crowd.insert(member);
                    model.insert(member);
                } else {
                    crowd.remove(member);
                    model.remove(&member);
                }
                let known = model.iter().any(|other| other.group.prefix() == prefix);
                assert_eq!(crowd.has_prefix(prefix), known);
                check(&crowd, &model);
            }
            while let Some(member) = model.pop_last() {
                crowd.remove(member);
                check(&crowd, &model);
            }
        }
    }
}
