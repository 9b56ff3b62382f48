//! What a tracker has to know and say, by the rules of the design and nothing else: who announced what, over which
//! connection, and until when it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use samara::wire::limits::{HELLO_TIMEOUT, MAX_PAGES};
use samara::wire::message::{
    Digest, Entry, Holder, HolderAddr, Query, Refusal, SeedCount, SeedKey, Update, UpdateSet,
};
use samara::wire::session::Fault;
use samara::{Link, Time};

use crate::check::talk::Talk;

/// A set of held files, and whether each is complete.
pub(super) type Held = BTreeMap<SeedKey, bool>;

/// The model.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: Time,
    pub(super) ttl: Duration,
    pub(super) idle: Duration,
    pub(super) links: BTreeMap<Link, Peer>,
    leases: BTreeMap<HolderAddr, Lease>,
    drafts: BTreeMap<HolderAddr, Draft>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) from: SocketAddr,
    pub(super) talk: Talk,
    /// When it was last heard, or accepted.
    pub(super) heard: Time,
    /// The node that it speaks for.
    node: Option<HolderAddr>,
}

/// What a node holds. It counts while now < until.
#[derive(Debug)]
struct Lease {
    held: Held,
    until: Time,
    token: u64,
    link: Option<Link>,
}

/// An announcement whose last page is still to come.
#[derive(Debug)]
struct Draft {
    link: Link,
    token: u64,
    generation: u64,
    next: u32,
    pages: Vec<UpdateSet>,
}

/// What becomes of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    Resend,
    Refused(Refusal),
}

/// Where others find the node that announces itself from `from` with this port: never at an address that it names.
pub(super) fn address(from: SocketAddr, port: u16) -> Option<HolderAddr> {
    let ip = from.ip().to_canonical();
    let here = SocketAddr::new(ip, port);
    let nowhere = port == 0 || ip.is_unspecified() || ip.is_multicast();
    let addr = if ip.is_loopback() { HolderAddr::SameHost(port) } else { HolderAddr::At(here) };
    (!nowhere).then_some(addr)
}

fn is_change(set: &UpdateSet) -> bool {
    matches!(set, UpdateSet::Delta { .. })
}

fn apply(held: &mut Held, pages: Vec<UpdateSet>) {
    let (mut more, mut less) = (Vec::new(), Vec::new());
    for page in pages {
        match page {
            UpdateSet::All(entries) => more.extend(entries),
            UpdateSet::Delta { added, removed } => {
                more.extend(added);
                less.extend(removed);
            }
            UpdateSet::Same => {}
        }
    }
    held.retain(|key, _| !less.contains(key));
    held.extend(more.into_iter().map(|entry| (entry.key, entry.complete)));
}

impl Model {
    /// Knows nobody.
    pub(super) fn new(ttl: Duration, idle: Duration) -> Self {
        let (links, leases, drafts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { now: Time::ZERO, ttl, idle, links, leases, drafts }
    }

    /// Time goes on. Gives the connections that have been silent for too long, which end by it.
    pub(super) fn pass(&mut self, now: Time) -> Vec<(Link, Fault)> {
        self.now = now;
        self.leases.retain(|_, lease| now < lease.until);
        let overdue = self.links.iter().filter_map(|(link, peer)| match peer.talk.token {
            None if peer.heard_hello_by() <= now => Some((*link, Fault::NoHello)),
            Some(_) if peer.heard + self.idle <= now => Some((*link, Fault::Idle)),
            None | Some(_) => None,
        });
        let overdue: Vec<_> = overdue.collect();
        overdue.iter().for_each(|(link, _)| _ = self.close(*link));
        overdue
    }

    /// When the next lease ends.
    pub(super) fn next_end(&self) -> Option<Time> {
        self.leases.values().map(|lease| lease.until).min()
    }

    /// Somebody connected.
    pub(super) fn accept(&mut self, link: Link, from: SocketAddr) {
        self.close(link);
        self.links.insert(link, Peer { from, talk: Talk::default(), heard: self.now, node: None });
    }

    /// A connection ended. Says if there was one.
    pub(super) fn close(&mut self, link: Link) -> bool {
        let Some(peer) = self.links.remove(&link) else { return false };
        self.hush(link, peer.node);
        true
    }

    /// A connection no longer speaks for a node: its lease goes on, an unfinished announcement doesn't.
    fn hush(&mut self, link: Link, node: Option<HolderAddr>) {
        let Some(node) = node else { return };
        if let Some(lease) = self.leases.get_mut(&node).filter(|lease| lease.link == Some(link)) {
            lease.link = None;
        }
        self.drop_draft(link, node);
    }

    fn drop_draft(&mut self, link: Link, node: HolderAddr) {
        self.drafts.retain(|of, draft| *of != node || draft.link != link);
    }

    /// What has to become of an announcement.
    pub(super) fn judge(&self, link: Link, update: &Update) -> Verdict {
        let peer = &self.links[&link];
        let Some(node) = address(peer.from, update.port) else { return Verdict::Refused(Refusal::Denied) };
        let token = peer.talk.token.unwrap_or_default();
        let (lease, draft) = (self.leases.get(&node), self.drafts.get(&node));
        let goes_on = draft.is_some_and(|draft| {
            (draft.link, draft.generation, draft.next) == (link, update.generation, update.page)
                && is_change(&draft.pages[0]) == is_change(&update.set)
        });
        let own = lease.is_some_and(|lease| lease.token == token && digest(&lease.held) == update.base);
        let in_use = lease.is_some_and(|lease| lease.token != token && lease.link.is_some())
            || draft.is_some_and(|draft| draft.token != token);
        let whole = matches!(update.set, UpdateSet::All(_));
        let alone = update.page == 0 && update.last;
        match update.set {
            _ if update.page >= MAX_PAGES => Verdict::Refused(Refusal::Invalid),
            UpdateSet::All(_) if in_use => Verdict::Refused(Refusal::PortInUse),
            UpdateSet::Same if !alone => Verdict::Refused(Refusal::Invalid),
            UpdateSet::All(_) | UpdateSet::Delta { .. } if update.page > 0 && !goes_on => {
                Verdict::Refused(Refusal::Invalid)
            }
            UpdateSet::All(_) | UpdateSet::Delta { .. } | UpdateSet::Same if whole || own => Verdict::Taken,
            UpdateSet::All(_) | UpdateSet::Delta { .. } | UpdateSet::Same => Verdict::Resend,
        }
    }

    /// That has become of it.
    pub(super) fn update(&mut self, link: Link, update: Update, verdict: Verdict) {
        let Some(node) = address(self.links[&link].from, update.port) else { return };
        match verdict {
            Verdict::Refused(Refusal::PortInUse | Refusal::Denied | Refusal::Version) => return,
            Verdict::Refused(Refusal::Invalid) => return self.drop_draft(link, node),
            Verdict::Refused(Refusal::Quota) => return drop(self.drafts.remove(&node)),
            Verdict::Resend => self.drop_draft(link, node),
            Verdict::Taken => self.take(link, node, update),
        }
        let known = self.leases.contains_key(&node) || self.drafts.contains_key(&node);
        let speaks_for = known.then_some(node);
        let before = self.links.get_mut(&link).and_then(|peer| std::mem::replace(&mut peer.node, speaks_for));
        if before != speaks_for {
            self.hush(link, before);
        }
    }

    fn take(&mut self, link: Link, node: HolderAddr, update: Update) {
        let (generation, token) = (update.generation, self.links[&link].talk.token.unwrap_or_default());
        let whole = matches!(update.set, UpdateSet::All(_));
        let own = |draft: &Draft| whole || draft.link == link;
        let mut pages = match self.drafts.get(&node).is_some_and(own).then(|| self.drafts.remove(&node)) {
            Some(Some(draft)) if update.page > 0 => draft.pages,
            Some(Some(_) | None) | None => Vec::new(),
        };
        pages.push(update.set);
        if !update.last {
            let draft = Draft { link, token, generation, next: update.page + 1, pages };
            self.drafts.insert(node, draft);
            return;
        }
        let mut held =
            self.leases.remove(&node).map(|lease| lease.held).filter(|_| !whole).unwrap_or_default();
        apply(&mut held, pages);
        self.leases.insert(node, Lease { held, until: self.now + self.ttl, token, link: Some(link) });
    }

    /// The set that is kept for the node that a connection speaks for, if that counts.
    fn own(&mut self, link: Link) -> Option<&mut Lease> {
        let node = self.links.get(&link)?.node?;
        self.leases.get_mut(&node).filter(|lease| lease.link == Some(link))
    }

    /// Takes these out of what a connection announced. False if it announced nothing.
    pub(super) fn withdraw(&mut self, link: Link, keys: &[SeedKey]) -> bool {
        self.own(link).map(|lease| lease.held.retain(|key, _| !keys.contains(key))).is_some()
    }

    /// Takes out all. False if it announced nothing.
    pub(super) fn leave(&mut self, link: Link) -> bool {
        let known = self.own(link).is_some();
        if let Some(node) = self.links.get(&link).and_then(|peer| peer.node).filter(|_| known) {
            self.leases.remove(&node);
            self.hush(link, Some(node));
        }
        known
    }

    /// The digest of what is kept of the node with this port behind a connection.
    pub(super) fn digest(&self, link: Link, port: u16) -> Digest {
        let node = self.links.get(&link).and_then(|peer| address(peer.from, port));
        node.and_then(|node| self.leases.get(&node)).map_or_else(Digest::default, |lease| digest(&lease.held))
    }

    /// The page that an unfinished announcement of that node goes on with.
    pub(super) fn next_page(&self, link: Link, port: u16) -> (u64, u32) {
        let node = self.links.get(&link).and_then(|peer| address(peer.from, port));
        node.and_then(|node| self.drafts.get(&node)).map_or((0, 0), |draft| (draft.generation, draft.next))
    }

    /// May a connection publish this seed: has it announced it?
    pub(super) fn announced(&self, link: Link, key: &SeedKey) -> bool {
        let Some(node) = self.links.get(&link).and_then(|peer| peer.node) else { return false };
        let lease = self.leases.get(&node).filter(|lease| lease.link == Some(link));
        let draft = self.drafts.get(&node).filter(|draft| draft.link == link && !is_change(&draft.pages[0]));
        let mut held = Held::new();
        apply(&mut held, draft.map(|draft| draft.pages.clone()).unwrap_or_default());
        held.contains_key(key) || lease.is_some_and(|lease| lease.held.contains_key(key))
    }

    /// Whoever holds what now.
    pub(super) fn holders(&self) -> impl Iterator<Item = (SeedKey, HolderAddr, bool)> {
        let all = self.leases.iter();
        all.flat_map(|(node, lease)| lease.held.iter().map(|(key, complete)| (*key, *node, *complete)))
    }

    /// Everybody who is to be named in answer to a query: sorted.
    pub(super) fn named(&self, link: Link, query: &Query) -> Vec<Holder> {
        let own = self.links[&link].node;
        let own = own.filter(|node| self.leases.get(node).is_some_and(|lease| lease.link == Some(link)));
        let fits = |(key, node, _): &(SeedKey, HolderAddr, bool)| {
            self.asked(query, key) && !query.stale.contains(node) && own != Some(*node)
        };
        let holders = self.holders().filter(fits);
        let mut named: Vec<_> =
            holders.map(|(key, addr, complete)| Holder { addr, seed_id: key.seed_id, complete }).collect();
        named.sort_unstable_by_key(|holder| (holder.addr, holder.seed_id));
        named
    }

    fn asked(&self, query: &Query, key: &SeedKey) -> bool {
        key.file_hash == query.file_hash
            && query.seed_id.is_none_or(|id| id == key.seed_id)
            && !query.refuted.contains(&key.seed_id)
    }

    /// The lists that are to be named with their holders: sorted.
    pub(super) fn counts(&self, query: &Query) -> Vec<SeedCount> {
        let keys: BTreeSet<_> =
            self.holders().map(|(key, ..)| key).filter(|key| self.asked(query, key)).collect();
        keys.iter()
            .map(|key| SeedCount {
                seed_id: key.seed_id,
                complete: self.count(key, true),
                partial: self.count(key, false),
            })
            .collect()
    }

    /// How many hold this, wholly or in part.
    pub(super) fn count(&self, key: &SeedKey, complete: bool) -> u32 {
        let holders = self.holders().filter(|(held, _, whole)| held == key && *whole == complete);
        holders.count().try_into().unwrap_or(u32::MAX)
    }
}

impl Peer {
    fn heard_hello_by(&self) -> Time {
        self.heard + HELLO_TIMEOUT
    }
}

/// The digest of a set.
fn digest(held: &Held) -> Digest {
    let mut digest = Digest::default();
    held.iter().for_each(|(key, complete)| digest.add(&Entry { key: *key, complete: *complete }));
    digest
}
