//! One tracker, kept told: the whole set first, then changes, and at each interval at least a sign of life.

mod answers;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use super::desk::{Desk, Timer};
use super::event::FileId;
use super::publishing::Publishing;
use super::view::{Changes, View};
use crate::wire::Message;
use crate::wire::message::{Digest, SeedKey, UpdateSet};

/// What one tracker knows of this node.
#[derive(Debug)]
pub(super) struct Lease {
    contact: Contact,
    phase: Phase,
    view: View,
    generation: u64,
    epoch: Option<u64>,
    interval: Duration,
    /// The next wait if it can't be reached.
    delay: Duration,
    publishing: Publishing,
    /// Files of which the user hasn't heard yet that this tracker knows them.
    unannounced: BTreeSet<(SeedKey, FileId)>,
    /// How far these were gone through after the last acknowledgement.
    swept: Option<(SeedKey, FileId)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contact {
    /// It never answered.
    Never,
    /// It took what it was last told.
    Up,
    /// It refused that, or could not be reached.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing is on its way; a timer says when the next announcement is due.
    Resting,
    /// An announcement is on its way.
    Announcing(u32, Announcement),
    /// The good-bye is on its way.
    Leaving(u32),
    /// Good-bye was said.
    Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announcement {
    /// A page of the whole set, the last one or not.
    Page { last: bool },
    /// A change, or none, to what the tracker knows.
    Change,
    /// Only removals, and nothing is renewed.
    Withdrawal,
}

/// Why something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// The lease has to be renewed, changes or not.
    Renewal,
    /// Something has changed.
    Change,
}

/// Most files gone through in one go.
const SWEEP: usize = 1_024;

impl Lease {
    /// A tracker that was never asked; `delay` is the first wait if it can't be reached.
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            contact: Contact::Never,
            phase: Phase::Resting,
            view: View::default(),
            generation: 0,
            epoch: None,
            interval: delay,
            delay,
            publishing: Publishing::default(),
            unannounced: BTreeSet::new(),
            swept: None,
        }
    }

    /// The catalogue has changed at `key`.
    pub(super) fn changed(&mut self, desk: &mut Desk<'_>, key: SeedKey, before: Option<bool>) {
        let now = desk.catalogue().complete(key);
        self.view.changed(key, before, now);
        if now.is_none() {
            self.publishing.forget(key);
        }
        if before != now && matches!(self.phase, Phase::Resting | Phase::Announcing(..)) {
            desk.coalesce();
        }
    }

    /// The seed of `key` may be published from now on.
    pub(super) fn allow(&mut self, desk: &mut Desk<'_>, key: SeedKey) {
        if self.publishing.allow(key) {
            self.publish(desk);
        }
    }

    /// Says when this tracker knows `file`.
    pub(super) fn expect(&mut self, desk: &mut Desk<'_>, key: SeedKey, file: FileId) {
        self.unannounced.insert((key, file));
        if self.is_settled() {
            self.swept = None;
            desk.set(Timer::Sweep, Duration::ZERO);
        }
    }

    /// Says nothing of `file` any more.
    pub(super) fn forget(&mut self, key: SeedKey, file: FileId) {
        self.unannounced.remove(&(key, file));
    }

    /// An announcement is due; says if one was begun.
    pub(super) fn announce(&mut self, desk: &mut Desk<'_>) -> bool {
        if self.phase != Phase::Resting {
            return false;
        }
        if self.view.is_whole() {
            self.tell(desk, Occasion::Renewal);
        } else {
            self.page(desk);
        }
        true
    }

    /// Changes have waited for others long enough. Says if the first announcement of all was begun.
    pub(super) fn flush(&mut self, desk: &mut Desk<'_>) -> bool {
        match self.contact {
            Contact::Never if !desk.is_set(Timer::Announce) => self.announce(desk),
            Contact::Up if self.is_settled() && self.view.is_stale() => {
                self.tell(desk, Occasion::Change);
                false
            }
            Contact::Never | Contact::Up | Contact::Lost => false,
        }
    }

    /// Has the tracker acknowledged all that it was told, and is nothing on its way?
    fn is_settled(&self) -> bool {
        self.contact == Contact::Up && self.phase == Phase::Resting && self.view.is_whole()
    }

    fn page(&mut self, desk: &mut Desk<'_>) {
        let page = self.view.fill(desk.catalogue());
        if page.page == 0 {
            self.generation = desk.generation();
        }
        let set = UpdateSet::All(page.entries);
        let update = desk.update(self.generation, page.page, page.last, Digest::default(), set);
        self.phase = Phase::Announcing(desk.ask(update), Announcement::Page { last: page.last });
    }

    /// Says what has changed. Each time is a generation of one page, with a base of its own.
    fn tell(&mut self, desk: &mut Desk<'_>, occasion: Occasion) {
        let Changes { base, added, removed } = self.view.changes(desk.catalogue());
        let set = match (occasion, added.is_empty(), removed.is_empty()) {
            (Occasion::Change, true, _) => {
                let tag = desk.ask(Message::Withdraw(removed));
                self.phase = Phase::Announcing(tag, Announcement::Withdrawal);
                return;
            }
            (Occasion::Renewal, true, true) => UpdateSet::Same,
            (_, _, _) => UpdateSet::Delta { added, removed },
        };
        self.generation = desk.generation();
        let update = desk.update(self.generation, 0, true, base, set);
        self.phase = Phase::Announcing(desk.ask(update), Announcement::Change);
    }

    /// Sends seeds that the tracker asked for.
    fn publish(&mut self, desk: &mut Desk<'_>) {
        if self.contact != Contact::Up || !matches!(self.phase, Phase::Resting | Phase::Announcing(..)) {
            return;
        }
        while let Some((key, seed)) = self.publishing.next(desk.catalogue()) {
            self.publishing.sent(desk.ask(Message::Publish(seed)), key);
        }
    }

    /// Says of files that the tracker knows them, a bounded number; the rest when the timer comes.
    pub(super) fn sweep(&mut self, desk: &mut Desk<'_>) {
        if !self.is_settled() {
            return;
        }
        let after = self.swept.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.unannounced.range((after, Bound::Unbounded));
        let some: Vec<_> = rest.by_ref().take(SWEEP).copied().collect();
        if rest.next().is_some() {
            self.swept = some.last().copied();
            desk.set(Timer::Sweep, Duration::ZERO);
        }
        for (key, file) in some {
            if self.knows(desk, key) {
                self.unannounced.remove(&(key, file));
                desk.announced(file);
            }
        }
    }

    /// Does the tracker know this key, and its seed if it asked for that?
    fn knows(&self, desk: &Desk<'_>, key: SeedKey) -> bool {
        desk.catalogue().complete(key).is_some() && self.view.is_told(key) && !self.publishing.owes(key)
    }

    /// Says good-bye, if the tracker was ever reached or may be about to hear of us.
    pub(super) fn leave(&mut self, desk: &mut Desk<'_>) {
        self.phase = match (self.contact, self.phase) {
            (_, Phase::Leaving(_) | Phase::Left) => self.phase,
            (Contact::Never, Phase::Resting) => Phase::Left,
            (Contact::Never, Phase::Announcing(..)) => {
                desk.ask(Message::Leave);
                Phase::Left
            }
            (Contact::Up | Contact::Lost, Phase::Resting | Phase::Announcing(..)) => {
                Phase::Leaving(desk.ask(Message::Leave))
            }
        };
    }

    /// Was good-bye said, and answered if the tracker was ever reached?
    pub(super) fn has_left(&self) -> bool {
        self.phase == Phase::Left
    }
}
