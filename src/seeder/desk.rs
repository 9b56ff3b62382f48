//! What a lease works with: the catalogue, numbers, timers, and the way out.

use core::time::Duration;

use super::catalogue::Catalogue;
use super::config::Config;
use super::event::{Action, FileId, Note, TrackerId};
use crate::entropy::Entropy;
use crate::machine::Outbox;
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::Message;
use crate::wire::message::{Digest, Update, UpdateSet};

/// What a tracker is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The next announcement is due.
    Announce,
    /// Changes have waited for others long enough.
    Changes,
    /// More files to say [`Action::Announced`] of.
    Sweep,
    /// Good-byes are not waited for any longer.
    Goodbye,
}

/// What all leases share.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) config: Config,
    pub(super) entropy: Entropy,
    pub(super) timers: Timers<(TrackerId, Timer)>,
    pub(super) tag: u32,
    pub(super) generation: u64,
}

/// One lease's access to them, during one event.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) now: Time,
    pub(super) id: TrackerId,
    pub(super) items: &'a Catalogue,
    pub(super) tools: &'a mut Tools,
    pub(super) out: &'a mut Outbox<Action>,
}

impl<'a> Desk<'a> {
    /// What is to be announced.
    pub(super) const fn catalogue(&self) -> &'a Catalogue {
        self.items
    }

    /// Whose desk it is.
    pub(super) const fn tracker(&self) -> TrackerId {
        self.id
    }

    /// The first wait before an unreachable tracker is tried again.
    pub(super) const fn first_delay(&self) -> Duration {
        self.tools.config.retry
    }

    /// A new announcement's number.
    pub(super) const fn generation(&mut self) -> u64 {
        self.tools.generation = self.tools.generation.saturating_add(1);
        self.tools.generation
    }

    /// One page of an announcement.
    pub(super) const fn update(
        &self,
        generation: u64,
        page: u32,
        last: bool,
        base: Digest,
        set: UpdateSet,
    ) -> Message {
        let (port, advertise) = (self.tools.config.port, self.tools.config.advertise);
        Message::Update(Update { port, advertise, generation, page, last, base, set })
    }

    /// Asks the tracker; gives the question's tag.
    pub(super) fn ask(&mut self, request: Message) -> u32 {
        self.tools.tag = self.tools.tag.wrapping_add(1);
        self.out.push(Action::Ask { tracker: self.id, tag: self.tools.tag, request });
        self.tools.tag
    }

    /// The user hears that the tracker knows this file.
    pub(super) fn announced(&mut self, file: FileId) {
        self.out.push(Action::Announced { file, tracker: self.id });
    }

    /// The user may want to know.
    pub(super) fn note(&mut self, note: Note) {
        self.out.push(Action::Note(note));
    }

    /// Is this timer set?
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.tools.timers.get((self.id, timer)).is_some()
    }

    /// Sets a timer to `wait` from now.
    pub(super) fn set(&mut self, timer: Timer, wait: Duration) {
        self.tools.timers.set((self.id, timer), self.now + wait);
    }

    /// Lets changes wait for others.
    pub(super) fn coalesce(&mut self) {
        self.tools.timers.set_earlier((self.id, Timer::Changes), self.now + self.tools.config.coalesce);
    }

    /// Sets a timer to `wait` from now or somewhat less.
    pub(super) fn set_jittered(&mut self, timer: Timer, wait: Duration) {
        let wait = self.tools.entropy.jitter(wait);
        self.set(timer, wait);
    }
}
