//! Keeps all trackers told what is held.

use alloc::vec::Vec;
use core::time::Duration;

use super::catalogue::{Catalogue, Item};
use super::config::Config;
use super::desk::{Desk, Timer, Tools};
use super::event::{Action, FileId, TrackerId};
use super::lease::Lease;
use crate::entropy::Entropy;
use crate::machine::{Deadline, Outbox};
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::Message;
use crate::wire::message::SeedKey;

/// The announcing side of a seeder.
#[derive(Debug)]
pub(super) struct Announce {
    catalogue: Catalogue,
    leases: Vec<Lease>,
    tools: Tools,
    farewell: Farewell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// Nobody wants to leave.
    None,
    /// Good-byes are on their way.
    Saying,
    /// The user was told that they were said.
    Said,
}

/// The longest that good-byes are waited for.
const GOODBYE: Duration = Duration::from_secs(2);
/// Most timers served in one go: each may bring a page of entries.
const BURST: usize = 4;

impl Announce {
    /// Nothing to announce yet.
    pub(super) fn new(config: Config, entropy: Entropy) -> Self {
        let leases = (0..config.trackers).map(|_| Lease::new(config.retry)).collect();
        let tools = Tools { config, entropy, timers: Timers::new(), tag: 0, generation: 0 };
        Self { catalogue: Catalogue::default(), leases, tools, farewell: Farewell::None }
    }

    /// From now on this holds of `key`; none: it is not held.
    pub(super) fn set(&mut self, now: Time, key: SeedKey, item: Option<Item>, out: &mut Outbox<Action>) {
        let publish = item.as_ref().is_some_and(|item| item.publish);
        let before = self.catalogue.set(key, item);
        self.each(now, out, |lease, desk| {
            lease.changed(desk, key, before);
            if publish {
                lease.allow(desk, key);
            }
        });
    }

    /// Each tracker that knows `file`, under `key`, is reported once.
    pub(super) fn expect(&mut self, now: Time, key: SeedKey, file: FileId, out: &mut Outbox<Action>) {
        self.each(now, out, |lease, desk| lease.expect(desk, key, file));
    }

    /// The file is no longer held under this name.
    pub(super) fn forget(&mut self, key: SeedKey, file: FileId) {
        self.leases.iter_mut().for_each(|lease| lease.forget(key, file));
    }

    /// A tracker has answered.
    pub(super) fn answered(
        &mut self,
        now: Time,
        tracker: TrackerId,
        tag: u32,
        answer: Option<&Message>,
        out: &mut Outbox<Action>,
    ) {
        self.one(now, tracker, out, |lease, desk| lease.answered(desk, tag, answer));
        self.check_farewell(out);
    }

    /// Does what is due; says if an announcement was begun, which is when files are to be looked at.
    pub(super) fn wake(&mut self, now: Time, out: &mut Outbox<Action>) -> bool {
        let mut begun = false;
        for _ in 0..BURST {
            let Some((tracker, timer)) = self.tools.timers.expired(now) else { break };
            begun |= match timer {
                Timer::Announce => self.one(now, tracker, out, Lease::announce),
                Timer::Changes => self.one(now, tracker, out, Lease::flush),
                Timer::Sweep => {
                    self.one(now, tracker, out, Lease::sweep);
                    None
                }
                Timer::Goodbye => {
                    self.say_left(out);
                    None
                }
            }
            .unwrap_or(false);
        }
        begun
    }

    /// Leaves all trackers.
    pub(super) fn leave(&mut self, now: Time, out: &mut Outbox<Action>) {
        if self.farewell != Farewell::None {
            return;
        }
        self.farewell = Farewell::Saying;
        self.tools.timers = Timers::new();
        self.each(now, out, |lease, desk| lease.leave(desk));
        self.tools.timers.set((TrackerId(0), Timer::Goodbye), now + GOODBYE);
        self.check_farewell(out);
    }

    fn check_farewell(&mut self, out: &mut Outbox<Action>) {
        if self.farewell == Farewell::Saying && self.leases.iter().all(Lease::has_left) {
            self.say_left(out);
        }
    }

    fn say_left(&mut self, out: &mut Outbox<Action>) {
        self.farewell = Farewell::Said;
        self.tools.timers = Timers::new();
        out.push(Action::Left);
    }

    fn one<R>(
        &mut self,
        now: Time,
        id: TrackerId,
        out: &mut Outbox<Action>,
        act: impl FnOnce(&mut Lease, &mut Desk<'_>) -> R,
    ) -> Option<R> {
        let lease = self.leases.get_mut(usize::from(id.0))?;
        Some(act(lease, &mut Desk { now, id, items: &self.catalogue, tools: &mut self.tools, out }))
    }

    fn each(&mut self, now: Time, out: &mut Outbox<Action>, mut act: impl FnMut(&mut Lease, &mut Desk<'_>)) {
        for id in 0..self.tools.config.trackers {
            self.one(now, TrackerId(id), out, &mut act);
        }
    }

    /// When it wants to be woken.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.tools.timers.deadline(|(_, timer)| match timer {
            Timer::Announce => "announcement",
            Timer::Changes => "changes to announce",
            Timer::Sweep => "more announced files",
            Timer::Goodbye => "good-bye",
        })
    }
}
