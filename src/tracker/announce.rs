//! Announcements: whole sets, changes, and "unchanged", in one page or many.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::event::Note;
use super::lease::{Change, Draft, Lease, Node, Pages, Phase};
use super::registry::{Registry, Speaker};
use super::seeds::Body;
use crate::hash::SeedId;
use crate::machine::Link;
use crate::wire::limits::{MAX_ENTRIES, MAX_PAGES, MAX_WANT};
use crate::wire::message::{Digest, Entry, Refusal, SeedKey, Update, UpdateSet};

/// Entries that a change may name on all its pages together: it is applied at once, so its size is bounded. A node
/// with a larger one is asked for the whole set.
const MAX_CHANGE: usize = 4 * MAX_ENTRIES;

/// What an announcement led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Of the set that is kept now.
    pub(super) digest: Digest,
    /// Nothing was applied or renewed.
    pub(super) resend: bool,
    /// Seeds whose bodies have never been here.
    pub(super) want: Vec<SeedId>,
}

/// Which page of which announcement.
#[derive(Clone, Copy, Debug)]
struct Page {
    generation: u64,
    number: u32,
    last: bool,
}

impl Registry {
    /// Applies one page of an announcement.
    ///
    /// # Errors
    /// Why it is refused; nothing was applied then, and an unfinished announcement is dropped.
    pub(super) fn update(&mut self, who: &Speaker, update: Update) -> Result<Outcome, Refusal> {
        let page = Page { generation: update.generation, number: update.page, last: update.last };
        let node = self.find(who.identity.holder);
        if page.number >= MAX_PAGES {
            return Err(self.out_of_order(who, node));
        }
        match update.set {
            UpdateSet::All(entries) => self.announce_all(who, node, page, &entries),
            UpdateSet::Delta { added, removed } => {
                self.announce_delta(who, node, page, update.base, Change { added, removed })
            }
            UpdateSet::Same if page.number == 0 && page.last => {
                self.forget_draft(who, node);
                self.announce_same(who, node, update.base)
            }
            UpdateSet::Same => Err(self.out_of_order(who, node)),
        }
    }

    /// The digest of what is kept for a node.
    fn digest(&self, node: u32) -> Digest {
        let live = self.nodes.get(node).and_then(|row| row.live);
        live.and_then(|lease| self.leases.get(lease)).map_or_else(Digest::default, |lease| lease.digest)
    }

    fn announce_all(
        &mut self,
        who: &Speaker,
        known: Option<u32>,
        page: Page,
        entries: &[Entry],
    ) -> Result<Outcome, Refusal> {
        if known.and_then(|node| self.nodes.get(node)).is_some_and(|node| self.in_use(node, who)) {
            return Err(Refusal::PortInUse);
        }
        let begun = if page.number == 0 { self.begin(who, page) } else { self.pending(who, known, page) };
        let Some((node, lease)) = begun else { return Err(self.out_of_order(who, known)) };
        if let Err(refusal) = self.admit(node, lease, entries, 0) {
            self.drop_draft(node);
            self.settle(node);
            return Err(refusal);
        }
        let unseen = self.put_all(lease, entries);
        let want = self.want(lease, unseen);
        if page.last {
            self.commit(node, lease, who.link);
        } else if let Some(draft) = self.nodes.get_mut(node).and_then(|row| row.draft.as_mut()) {
            draft.next = page.number.saturating_add(1);
        }
        self.settle(node);
        Ok(Outcome { digest: self.digest(node), resend: false, want })
    }

    /// Does another process speak for the node over an open connection?
    fn in_use(&self, node: &Node, who: &Speaker) -> bool {
        let lease = node.live.and_then(|lease| self.alive(lease));
        lease.is_some_and(|lease| lease.token != who.token && lease.link.is_some())
            || node.draft.as_ref().is_some_and(|draft| draft.token != who.token)
    }

    /// Begins to take in a whole set, in place of an unfinished announcement.
    fn begin(&mut self, who: &Speaker, page: Page) -> Option<(u32, u32)> {
        let node = self.enroll(who);
        self.drop_draft(node);
        let row = self.nodes.get_mut(node)?;
        let lease = Lease {
            node,
            prefix: row.place.prefix,
            token: who.token,
            link: Some(who.link),
            phase: Phase::Pending,
            entries: 0,
            digest: Digest::default(),
            owed: 0,
            unasked: 0,
        };
        let lease = self.leases.insert(lease, row.identity.holder);
        row.draft = Some(Box::new(draft(who, page, Pages::All { lease })));
        Some((node, lease))
    }

    /// The pending lease that the page goes on with.
    fn pending(&self, who: &Speaker, node: Option<u32>, page: Page) -> Option<(u32, u32)> {
        let node = node?;
        let draft = self.nodes.get(node)?.draft.as_ref().filter(|draft| draft.goes_on(who, page))?;
        match draft.pages {
            Pages::All { lease } => Some((node, lease)),
            Pages::Delta(_) => None,
        }
    }

    /// Puts a pending lease in the place of the live one.
    fn commit(&mut self, node: u32, lease: u32, link: Link) {
        self.end_live(node);
        let Some(row) = self.nodes.get_mut(node) else { return };
        row.live = Some(lease);
        row.draft = None;
        let shown = row.identity.shown;
        if let Some(row) = self.leases.get(lease) {
            self.notes.push(Note::Joined { node: shown, entries: row.entries });
        }
        self.renew(lease, link);
    }

    fn announce_delta(
        &mut self,
        who: &Speaker,
        node: Option<u32>,
        page: Page,
        base: Digest,
        mut change: Change,
    ) -> Result<Outcome, Refusal> {
        if page.number > 0 {
            let Some(mut before) = self.take_change(who, node, page) else {
                return Err(self.out_of_order(who, node));
            };
            before.extend(change);
            change = before;
        }
        self.forget_draft(who, node);
        let Some((node, lease)) = self.own(who, node).filter(|(node, _)| self.digest(*node) == base) else {
            return Ok(self.resend(node));
        };
        if change.len() > MAX_CHANGE {
            return Ok(self.resend(Some(node)));
        }
        if page.last {
            return self.apply(who, node, lease, &change);
        }
        if !self.has_room(node, change.len()) {
            return Err(Refusal::Quota);
        }
        let mut unfinished = draft(who, page, Pages::Delta(change));
        unfinished.next = page.number.saturating_add(1);
        self.drop_draft(node); // That of another connection of the same process.
        if let Some(row) = self.nodes.get_mut(node) {
            row.draft = Some(Box::new(unfinished));
        }
        self.settle(node);
        Ok(Outcome { digest: base, resend: false, want: Vec::new() })
    }

    /// The change that the page goes on with.
    fn take_change(&mut self, who: &Speaker, node: Option<u32>, page: Page) -> Option<Change> {
        let draft = self.nodes.get_mut(node?)?.draft.as_mut().filter(|draft| draft.goes_on(who, page))?;
        match &mut draft.pages {
            Pages::Delta(change) => Some(core::mem::take(change)),
            Pages::All { .. } => None,
        }
    }

    /// Applies a whole change to a live lease.
    fn apply(&mut self, who: &Speaker, node: u32, lease: u32, change: &Change) -> Result<Outcome, Refusal> {
        let mut removed: BTreeSet<u32> = change
            .removed
            .iter()
            .filter(|key| self.holds(lease, key))
            .filter_map(|key| self.seeds.find(key))
            .collect();
        // An entry that is added again replaces the old one.
        change.added.iter().filter_map(|entry| self.seeds.find(&entry.key)).for_each(|seed| {
            removed.remove(&seed);
        });
        self.admit(node, lease, &change.added, removed.len())?;
        removed.into_iter().for_each(|seed| {
            self.take(lease, seed);
        });
        let mut unseen = self.renew(lease, who.link);
        unseen.extend(self.put_all(lease, &change.added));
        let want = self.want(lease, unseen);
        self.settle(node);
        Ok(Outcome { digest: self.digest(node), resend: false, want })
    }

    fn announce_same(&mut self, who: &Speaker, node: Option<u32>, base: Digest) -> Result<Outcome, Refusal> {
        let own = self.own(who, node).filter(|(node, _)| self.digest(*node) == base);
        let Some((_, lease)) = own else { return Ok(self.resend(node)) };
        let unseen = self.renew(lease, who.link);
        Ok(Outcome { digest: base, resend: false, want: self.want(lease, unseen) })
    }

    /// The live lease of the speaker's own process.
    fn own(&self, who: &Speaker, node: Option<u32>) -> Option<(u32, u32)> {
        let node = node?;
        let lease = self.nodes.get(node)?.live?;
        self.alive(lease).filter(|row| row.token == who.token).map(|_| (node, lease))
    }

    /// Nothing applied, nothing renewed.
    pub(super) fn resend(&self, node: Option<u32>) -> Outcome {
        let digest = node.map_or_else(Digest::default, |node| self.digest(node));
        Outcome { digest, resend: true, want: Vec::new() }
    }

    /// The lease lives for a TTL from now, and `link` speaks for it. Gives seeds without a body, if some could
    /// not be asked for before, or were asked for over another connection and never came; of a large lease, only
    /// those among its first entries.
    fn renew(&mut self, lease: u32, link: Link) -> Vec<SeedKey> {
        let deadline = self.now + self.ttl;
        if self.leases.renew(lease, deadline) == Phase::Pending {
            self.expiry.watch(lease, deadline);
        }
        let Some(row) = self.leases.get_mut(lease) else { return Vec::new() };
        let resumed = row.link.replace(link) != Some(link);
        if row.unasked == 0 && (row.owed == 0 || !resumed) {
            return Vec::new();
        }
        (row.owed, row.unasked) = (0, 0);
        let entries = self.held.range((lease, 0)..=(lease, u32::MAX)).take(MAX_CHANGE);
        let seeds = entries.filter_map(|((_, seed), _)| self.seeds.get(*seed));
        seeds.filter(|seed| seed.body == Body::Unseen).map(|seed| seed.key).collect()
    }

    /// Asks for bodies, as many as fit into an answer.
    fn want(&mut self, lease: u32, mut unseen: Vec<SeedKey>) -> Vec<SeedId> {
        let all = unseen.len();
        unseen.truncate(MAX_WANT);
        if let Some(row) = self.leases.get_mut(lease) {
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            row.owed = row.owed.saturating_add(count(unseen.len()));
            row.unasked = row.unasked.saturating_add(count(all.saturating_sub(unseen.len())));
        }
        unseen.into_iter().map(|key| key.seed_id).collect()
    }

    /// A page that doesn't go on where the last one ended: what came over this connection so far is dropped.
    fn out_of_order(&mut self, who: &Speaker, node: Option<u32>) -> Refusal {
        self.forget_draft(who, node);
        Refusal::Invalid
    }

    /// Drops the unfinished announcement of this very connection.
    fn forget_draft(&mut self, who: &Speaker, node: Option<u32>) {
        let Some(node) = node else { return };
        let own = self
            .nodes
            .get(node)
            .and_then(|row| row.draft.as_ref())
            .is_some_and(|draft| draft.link == who.link);
        if own {
            self.drop_draft(node);
            self.settle(node);
        }
    }
}

fn draft(who: &Speaker, page: Page, pages: Pages) -> Draft {
    Draft { link: who.link, token: who.token, generation: page.generation, next: 1, pages }
}

impl Draft {
    fn goes_on(&self, who: &Speaker, page: Page) -> bool {
        self.link == who.link && self.generation == page.generation && self.next == page.number
    }
}
