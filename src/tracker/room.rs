//! Room for new entries: quotas, and whose entries go when a table is full.
//!
//! The rule: a newcomer from a prefix with fewer entries replaces a random entry of the largest prefix. So a flood
//! from one place can't crowd out the rest, and a newcomer can't get more by it than those that it displaces keep.

use alloc::vec::Vec;

use super::lease::Phase;
use super::registry::Registry;
use crate::wire::message::{Entry, Refusal};

/// Holders of a full seed that are compared to find the one to replace.
const COMPARED: usize = 8;
/// Evictions beyond those needed: some free nothing, since the entry is in an older set of the node, too.
const SPARE_TRIES: u64 = 64;
/// How often the need is looked at again: an eviction may end the very seed that is to be added.
const ROUNDS: usize = 4;

/// What an addition needs.
#[derive(Clone, Copy, Debug, Default)]
struct Need {
    /// By how much the node's charge grows.
    entries: u64,
    /// Seeds that nobody holds yet.
    seeds: u64,
    /// Prefixes with at most so many entries lose none.
    level: u32,
}

impl Registry {
    /// Makes room for `added` in `lease`, live or pending, of `node`; the lease is going to give up `freed` other
    /// entries. As long as a whole set is announced anew, it and the one that it replaces count as the larger of
    /// the two.
    ///
    /// # Errors
    /// [`Refusal::Quota`] if there is no room and none can be made.
    pub(super) fn admit(
        &mut self,
        node: u32,
        lease: u32,
        added: &[Entry],
        freed: usize,
    ) -> Result<(), Refusal> {
        let need = self.need(node, lease, added, freed);
        let source = self.nodes.get(node).map_or(0, |row| row.source);
        if u64::from(self.sources.entries(source)).saturating_add(need.entries) > self.caps.per_source
            || !self.prefixes.can_spare(self.missing(need), need.level)
        {
            return Err(Refusal::Quota);
        }
        for (victim, seed) in self.victims(node, lease, added, need.level)? {
            self.evict_entry(victim, seed);
        }
        for _ in 0..ROUNDS {
            let need = self.need(node, lease, added, freed);
            if self.missing(need) == 0 {
                return Ok(());
            }
            self.evict(need);
        }
        Err(Refusal::Quota)
    }

    /// Is there room for `count` more entries of the node, without displacing anybody?
    pub(super) fn has_room(&self, node: u32, count: usize) -> bool {
        let source = self.nodes.get(node).map_or(0, |row| row.source);
        let count = count as u64;
        u64::from(self.sources.entries(source)).saturating_add(count) <= self.caps.per_source
            && self.prefixes.total().saturating_add(count) <= self.caps.entries
    }

    fn need(&self, node: u32, lease: u32, added: &[Entry], freed: usize) -> Need {
        let Some(row) = self.nodes.get(node) else { return Need::default() };
        let fresh = added.iter().filter(|entry| !self.holds(lease, &entry.key)).count();
        let entries = |number: u32| self.leases.get(number).map_or(0, |lease| lease.entries as usize);
        let after = entries(lease).saturating_add(fresh).saturating_sub(freed);
        let other =
            [row.live, row.pending()].into_iter().flatten().filter(|number| *number != lease).map(entries);
        let weight = other.fold(after, usize::max).max(1);
        let growth = weight.saturating_sub(row.charge as usize);
        let level = self.prefixes.entries(row.place.prefix) as usize;
        let seeds = added.iter().filter(|entry| self.seeds.find(&entry.key).is_none()).count();
        Need {
            entries: growth as u64,
            seeds: seeds as u64,
            level: u32::try_from(level.saturating_add(growth.max(1)).saturating_sub(1)).unwrap_or(u32::MAX),
        }
    }

    /// Entries that have to go before there is room.
    fn missing(&self, need: Need) -> u64 {
        let entries = self.prefixes.total().saturating_add(need.entries).saturating_sub(self.caps.entries);
        let seeds = (self.seeds.len() as u64).saturating_add(need.seeds).saturating_sub(self.caps.seeds);
        entries.max(if need.seeds > 0 { seeds } else { 0 })
    }

    /// Evicts until there is room, or nobody left who may be displaced.
    fn evict(&mut self, need: Need) {
        for _ in 0..self.missing(need).saturating_mul(2).saturating_add(SPARE_TRIES) {
            if self.missing(need) == 0 {
                return;
            }
            let Some(largest) = self.prefixes.largest_above(need.level) else { return };
            self.evict_from(largest);
        }
    }

    /// Removes a random entry of a prefix, of one of its nodes at random, the large ones more often.
    fn evict_from(&mut self, prefix: u32) {
        let drawn = self.prefixes.draw(prefix, &mut self.entropy);
        let charges =
            drawn.map(|node| node.and_then(|node| self.nodes.get(node)).map_or(0, |row| row.charge));
        let mut ticket =
            self.entropy.below(charges.iter().fold(0, |sum, charge| sum.saturating_add(*charge as usize)));
        for (node, charge) in drawn.into_iter().zip(charges) {
            if let (Some(node), true) = (node, ticket < charge as usize) {
                return self.evict_of(node);
            }
            ticket = ticket.saturating_sub(charge as usize);
        }
    }

    /// Removes a random entry of a node, or an unfinished announcement, which is worth less.
    fn evict_of(&mut self, node: u32) {
        let Some(row) = self.nodes.get(node) else { return };
        let from = u32::try_from(self.entropy.below(self.seeds.slots() as usize)).unwrap_or(0);
        let entry = row.live.and_then(|lease| Some((lease, self.seed_from(lease, from)?)));
        match entry {
            _ if row.draft.is_some() => self.drop_draft(node),
            Some((lease, seed)) => {
                self.take(lease, seed);
            }
            None => {
                self.end_live(node);
            }
        }
        self.settle(node);
    }

    fn evict_entry(&mut self, lease: u32, seed: u32) {
        self.take(lease, seed);
        if let Some(node) = self.leases.get(lease).filter(|row| row.phase != Phase::Dead).map(|row| row.node)
        {
            self.settle(node);
        }
    }

    /// For each seed of `added` that has all the holders that it may have: one of them, to be replaced.
    fn victims(
        &mut self,
        node: u32,
        lease: u32,
        added: &[Entry],
        level: u32,
    ) -> Result<Vec<(u32, u32)>, Refusal> {
        let mut victims = Vec::new();
        let live = self.nodes.get(node).and_then(|row| row.live);
        for entry in added {
            let Some(number) = self.seeds.find(&entry.key) else { continue };
            let full =
                self.seeds.get(number).is_some_and(|seed| seed.holders.len() as u64 >= self.caps.holders);
            let again =
                [Some(lease), live].into_iter().flatten().any(|own| self.held.contains_key(&(own, number)));
            if full && !again {
                victims.push((self.weakest(number, level).ok_or(Refusal::Quota)?, number));
            }
        }
        Ok(victims)
    }

    /// Of some random holders of a seed: one that counts no longer, or else the one of the largest prefix, if that
    /// has more entries than `level`.
    fn weakest(&mut self, seed: u32, level: u32) -> Option<u32> {
        let mut weakest = None;
        let row = self.seeds.get(seed)?;
        for _ in 0..COMPARED {
            let Some(member) = self.entropy.pick(row.holders.members()) else { continue };
            let pending = self.leases.get(member.lease).is_some_and(|lease| lease.phase == Phase::Pending);
            let counts = pending || self.alive(member.lease).is_some();
            let size = if counts { self.prefixes.entries(member.group.prefix()) } else { u32::MAX };
            weakest = weakest.max(Some((size, member.lease)));
        }
        weakest.filter(|(size, _)| *size > level).map(|(_, lease)| lease)
    }
}
