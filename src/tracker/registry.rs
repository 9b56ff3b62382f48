//! Who holds what: nodes, their leases and the seeds in them, pointing at one another by number.
//!
//! ```text
//!   Node ── live ──▶ Lease ──┐                            ┌──▶ Seed ── crowds ──▶ Lease
//!        └─ draft ─▶ Lease ──┴──▶ held: (lease, seed) ────┘
//! ```
//!
//! A whole set that comes page by page is a lease of its own that nobody is told of; its last page puts it in the
//! place of the node's old one, in one step whatever their size. The old one's entries are removed later.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::address::{Identity, Prefix};
use super::bodies::Bodies;
use super::config::Config;
use super::crowd::{Group, Member};
use super::event::Note;
use super::expiry::{Expiry, SWEEP};
use super::lease::{Lease, Node, Pages, Phase};
use super::leases::Leases;
use super::prefixes::Prefixes;
use super::quota::Sources;
use super::seeds::{Body, Seed, Seeds};
use super::slab::Slab;
use crate::entropy::Entropy;
use crate::lookup::Lookup;
use crate::machine::{Link, Outbox};
use crate::time::Time;
use crate::wire::message::{Entry, HolderAddr, SeedCount, SeedKey};

/// Leases that one event looks at, at most; what has expired among the others is dead for every reader all the same.
const EXPIRE: usize = 1_024;
/// Holders of a seed that are looked at to count the live ones; of larger crowds, every so-manieth.
const COUNTED: usize = 64;

/// The table. Time stands still between two calls of [`tick`](Self::tick).
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) now: Time,
    pub(super) ttl: Duration,
    pub(super) caps: Caps,
    pub(super) nodes: Slab<Node>,
    pub(super) by_address: Lookup<HolderAddr, u32>,
    pub(super) leases: Leases,
    /// Lease and seed, and whether the lease's node claims all of it.
    pub(super) held: BTreeMap<(u32, u32), bool>,
    pub(super) seeds: Seeds,
    pub(super) bodies: Bodies,
    pub(super) prefixes: Prefixes,
    pub(super) sources: Sources,
    pub(super) expiry: Expiry,
    pub(super) entropy: Entropy,
    pub(super) notes: Outbox<Note>,
}

/// How much fits.
#[derive(Debug)]
pub(super) struct Caps {
    /// Entries of one source.
    pub(super) per_source: u64,
    /// Entries in total.
    pub(super) entries: u64,
    /// Seeds.
    pub(super) seeds: u64,
    /// Holders of one seed.
    pub(super) holders: u64,
}

/// A connection that speaks for a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker {
    /// The connection.
    pub(super) link: Link,
    /// The process at its other end.
    pub(super) token: u64,
    /// The number of its source.
    pub(super) source: u32,
    /// The node.
    pub(super) identity: Identity,
}

impl Registry {
    /// An empty table.
    pub(super) fn new(config: &Config, entropy: &mut Entropy, now: Time) -> Self {
        let cap = |number: u32| if number == 0 { u64::MAX } else { number.into() };
        Self {
            now,
            ttl: config.ttl,
            caps: Caps {
                per_source: cap(config.max_entries_per_source),
                entries: cap(config.max_entries),
                seeds: cap(config.max_seeds),
                holders: cap(config.max_holders),
            },
            nodes: Slab::new(),
            by_address: Lookup::new(entropy),
            leases: Leases::new(),
            held: BTreeMap::new(),
            seeds: Seeds::new(entropy),
            bodies: Bodies::new(config.max_seed_bytes, entropy),
            prefixes: Prefixes::new(entropy),
            sources: Sources::new(config.max_requests, entropy),
            expiry: Expiry::new(),
            entropy: entropy.fork(),
            notes: Outbox::new(),
        }
    }

    /// Time goes on: leases expire, and entries of dead ones are removed, both up to a bound.
    pub(super) fn tick(&mut self, now: Time) {
        self.now = now;
        for _ in 0..EXPIRE {
            let Some(lease) = self.expiry.due(now) else { break };
            let until = self.leases.until(lease);
            if now < until {
                self.expiry.watch(lease, until);
            } else {
                self.expire(lease);
            }
        }
        self.sweep();
        self.sources.forget(now);
    }

    /// The lease, if it is live and hasn't expired.
    pub(super) fn alive(&self, lease: u32) -> Option<&Lease> {
        self.leases.get(lease).filter(|_| self.holder(lease).is_some())
    }

    /// The live lease of a node that this connection speaks for.
    pub(super) fn lease_of(&self, link: Link, node: Option<u32>) -> Option<u32> {
        let lease = self.nodes.get(node?)?.live?;
        self.alive(lease).filter(|row| row.link == Some(link)).map(|_| lease)
    }

    /// The node of an address. If its lease has expired, that has happened before.
    pub(super) fn find(&mut self, address: HolderAddr) -> Option<u32> {
        let node = *self.by_address.get(&address)?;
        let live = self.nodes.get(node)?.live;
        if let Some(expired) = live.filter(|lease| self.alive(*lease).is_none()) {
            self.expire(expired);
        }
        self.by_address.get(&address).copied()
    }

    /// Does the lease name this seed?
    pub(super) fn holds(&self, lease: u32, key: &SeedKey) -> bool {
        self.seeds.find(key).is_some_and(|seed| self.held.contains_key(&(lease, seed)))
    }

    /// Where the node of a lease is, if the lease is live and hasn't expired.
    pub(super) fn holder(&self, lease: u32) -> Option<HolderAddr> {
        self.leases.holder(lease, self.now)
    }

    /// Claimed complete and partial holders of a seed. Exact up to 64 of each; beyond that, those of leases that
    /// have not begun, or have ended and are being removed, may be counted in.
    pub(super) fn count(&self, seed: &Seed) -> SeedCount {
        let count = |complete| {
            let members = seed.holders.claiming(complete);
            let count = match members.len() {
                ..=COUNTED => members.iter().filter(|member| self.is_live(member)).count(),
                all if self.any_live(members) => all,
                _ => 0,
            };
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        SeedCount { seed_id: seed.key.seed_id, complete: count(true), partial: count(false) }
    }

    /// Does anybody hold the seed right now?
    pub(super) fn is_held(&self, seed: &Seed) -> bool {
        match seed.holders.members() {
            few if few.len() <= COUNTED => few.iter().any(|member| self.is_live(member)),
            _ => [true, false].into_iter().any(|all| self.any_live(seed.holders.claiming(all))),
        }
    }

    fn any_live(&self, members: &[Member]) -> bool {
        let step = members.len().div_ceil(COUNTED).max(1);
        members.iter().step_by(step).any(|member| self.is_live(member))
    }

    fn is_live(&self, member: &Member) -> bool {
        self.holder(member.lease).is_some()
    }

    /// The node that speaks, which begins to be one if it wasn't.
    pub(super) fn enroll(&mut self, who: &Speaker) -> u32 {
        let address = who.identity.holder;
        if let Some(&number) = self.by_address.get(&address) {
            self.adopt(number, who.source);
            return number;
        }
        let prefix = Prefix::from(address);
        let nodes = &mut self.nodes;
        let prefixes = &mut self.prefixes;
        let number = nodes.insert(Node {
            identity: who.identity,
            source: who.source,
            place: super::prefixes::Place { prefix: 0, position: 0 },
            charge: 0,
            live: None,
            draft: None,
        });
        if let Some(node) = nodes.get_mut(number) {
            node.place = prefixes.join(prefix, number);
        }
        self.by_address.insert(address, number);
        number
    }

    /// From now on the node counts for `source`, in case it spoke from another one before.
    fn adopt(&mut self, number: u32, source: u32) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        self.sources.charge(self.now, node.source, node.charge, 0);
        self.sources.charge(self.now, source, 0, node.charge);
        node.source = source;
    }

    /// Puts entries into a lease that has room for them; gives the seeds whose bodies have never been here.
    pub(super) fn put_all(&mut self, lease: u32, entries: &[Entry]) -> Vec<SeedKey> {
        let mut unseen = Vec::new();
        for entry in entries {
            let number = self.put(lease, entry);
            let seed = number.and_then(|number| self.seeds.get(number));
            if seed.is_some_and(|seed| seed.body == Body::Unseen) {
                unseen.push(entry.key);
            }
        }
        unseen
    }

    fn put(&mut self, lease: u32, entry: &Entry) -> Option<u32> {
        let row = self.leases.get_mut(lease)?;
        let member = |complete| Member { group: Group::new(row.prefix, complete), lease };
        let (now, was) = (member(entry.complete), member(!entry.complete));
        let known = self.seeds.find(&entry.key);
        let before = known.and_then(|seed| self.held.get(&(lease, seed)).copied());
        if before == Some(entry.complete) {
            return known;
        }
        row.digest.add(entry);
        let seed = match (known, before) {
            (Some(seed), Some(complete)) => {
                row.digest.remove(&Entry { key: entry.key, complete });
                self.seeds.turn(seed, was, now);
                seed
            }
            (_, None) | (None, _) => {
                row.entries = row.entries.saturating_add(1);
                self.seeds.hold(entry.key, now)
            }
        };
        self.held.insert((lease, seed), entry.complete);
        Some(seed)
    }

    /// Takes a seed out of a lease; false if it wasn't in.
    pub(super) fn take(&mut self, lease: u32, seed: u32) -> bool {
        let Some(complete) = self.held.remove(&(lease, seed)) else { return false };
        if let Some(row) = self.leases.get_mut(lease) {
            row.entries = row.entries.saturating_sub(1);
            if let Some(known) = self.seeds.get(seed).filter(|_| row.phase != Phase::Dead) {
                row.digest.remove(&Entry { key: known.key, complete });
            }
            let member = Member { group: Group::new(row.prefix, complete), lease };
            if self.seeds.release(seed, member) {
                self.bodies.forget(seed);
            }
        }
        true
    }

    /// Some seed of the lease: the first from a number on, or else the first.
    pub(super) fn seed_from(&self, lease: u32, from: u32) -> Option<u32> {
        let behind = self.held.range((lease, from)..=(lease, u32::MAX)).next();
        let first = || self.held.range((lease, 0)..=(lease, u32::MAX)).next();
        behind.or_else(first).map(|((_, seed), _)| *seed)
    }

    /// The node counts for what it now holds; one that holds nothing is forgotten.
    pub(super) fn settle(&mut self, number: u32) {
        let Some(node) = self.nodes.get(number) else { return };
        let entries =
            |lease: Option<u32>| lease.and_then(|lease| self.leases.get(lease)).map(|row| row.entries);
        let most = entries(node.live).max(entries(node.pending()));
        let empty = node.live.is_none() && node.draft.is_none();
        let after = if empty { 0 } else { most.unwrap_or(0).max(1).saturating_add(node.buffered()) };
        let (place, source, before) = (node.place, node.source, node.charge);
        self.prefixes.charge(place.prefix, before, after);
        self.sources.charge(self.now, source, before, after);
        if let Some(node) = self.nodes.get_mut(number) {
            node.charge = after;
        }
        if !empty {
            return;
        }
        if let Some(node) = self.nodes.remove(number) {
            self.by_address.remove(&node.identity.holder);
        }
        if let Some(moved) = self.prefixes.leave(place).and_then(|moved| self.nodes.get_mut(moved)) {
            moved.place = place;
        }
    }

    /// Ends a node's live lease, if it has one; gives its number of entries.
    pub(super) fn end_live(&mut self, node: u32) -> Option<u32> {
        let lease = self.nodes.get_mut(node)?.live.take()?;
        self.retire(lease);
        self.leases.get(lease).map(|row| row.entries)
    }

    /// Drops a node's unfinished announcement, if it has one.
    pub(super) fn drop_draft(&mut self, node: u32) {
        let draft = self.nodes.get_mut(node).and_then(|row| row.draft.take());
        if let Some(Pages::All { lease }) = draft.map(|draft| draft.pages) {
            self.retire(lease);
        }
    }

    fn expire(&mut self, lease: u32) {
        let Some(node) = self.leases.get(lease).map(|row| row.node) else { return };
        let shown = self.nodes.get(node).map(|row| row.identity.shown);
        if let (Some(entries), Some(node)) = (self.end_live(node), shown) {
            self.notes.push(Note::Expired { node, entries });
        }
        self.settle(node);
    }

    fn retire(&mut self, lease: u32) {
        self.leases.retire(lease);
        if let Some(row) = self.leases.get_mut(lease) {
            row.link = None;
            self.expiry.bury(self.now, lease);
        }
    }

    fn sweep(&mut self) {
        for _ in 0..SWEEP {
            let Some(lease) = self.expiry.dead() else { return };
            if let Some(seed) = self.seed_from(lease, 0) {
                self.take(lease, seed);
            } else {
                self.leases.remove(lease);
                self.expiry.gone();
            }
        }
        self.expiry.swept(self.now);
    }
}
