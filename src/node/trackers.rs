//! One connection per tracker, for everybody in the node who has something to ask.
//!
//! A connection is opened for the first question and kept. Each question gets exactly one answer: the tracker's, or
//! none if it can't be reached, is too slow or breaks off. After a failure the next question waits for its turn to
//! dial: 250 ms, doubling up to 5 s, so that a tracker that comes back is found within one announcement interval.

mod line;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use crate::entropy::Entropy;
use crate::machine::{Deadline, Link, Outbox};
use crate::seeder::{FileId, TrackerId};
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::Message;
use crate::wire::session::Fault;
use line::Line;

/// The space of the links to trackers.
pub(super) const SPACE: u16 = 1;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// The seeder.
    Seeder,
    /// One download.
    Download(FileId),
}

/// Somebody's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// Who wants to know.
    pub(super) asker: Asker,
    /// By which it tells the answers apart.
    pub(super) tag: u32,
    /// What it asks.
    pub(super) request: Message,
}

/// What follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Open a connection.
    Dial { link: Link, tracker: TrackerId },
    /// Send a message.
    Send { link: Link, request: u32, message: Message },
    /// Close a connection.
    Close { link: Link, fault: Fault },
    /// A question is answered; `at` is where the tracker was reached.
    Answer { asker: Asker, tracker: TrackerId, tag: u32, at: Option<SocketAddr>, answer: Option<Message> },
}

/// The connections, one for each tracker in the user's list.
#[derive(Debug)]
pub(super) struct Trackers {
    lines: Vec<Line>,
    timers: Timers<u16>,
    out: Outbox<Effect>,
}

impl Trackers {
    /// None is dialled yet. `node` is this process's number, `timeout` how long reaching a tracker may take, and
    /// how long each answer.
    pub(super) fn new(count: u16, node: u64, timeout: Duration, entropy: &mut Entropy) -> Self {
        let lines =
            (0..count).map(|slot| Line::new(TrackerId(slot), node, timeout, entropy.fork())).collect();
        Self { lines, timers: Timers::new(), out: Outbox::new() }
    }

    /// Asks a tracker.
    pub(super) fn ask(&mut self, now: Time, tracker: TrackerId, question: Question) {
        match self.lines.get_mut(usize::from(tracker.0)) {
            Some(line) => line.ask(now, question, &mut self.out),
            None => {
                let Question { asker, tag, .. } = question;
                self.out.push(Effect::Answer { asker, tracker, tag, at: None, answer: None });
            }
        }
        self.set_timer(tracker.0);
    }

    /// A dialled connection is open.
    pub(super) fn opened(&mut self, now: Time, link: Link, at: SocketAddr) {
        self.on(link, |line, out| line.opened(now, at, out));
    }

    /// A message came.
    pub(super) fn message(&mut self, now: Time, link: Link, request: u32, message: Message) {
        self.on(link, |line, out| line.message(now, request, message, out));
    }

    /// The tracker broke a rule: the connection ends.
    pub(super) fn fault(&mut self, now: Time, link: Link, fault: Fault) {
        self.on(link, |line, out| line.fault(now, fault, out));
    }

    /// A connection ended or couldn't be opened.
    pub(super) fn closed(&mut self, now: Time, link: Link) {
        self.on(link, |line, out| line.closed(now, out));
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, now: Time) {
        while let Some(slot) = self.timers.expired(now) {
            if let Some(line) = self.lines.get_mut(usize::from(slot)) {
                line.wake(now, &mut self.out);
            }
            self.set_timer(slot);
            if self.timers.get(slot).is_some_and(|at| at <= now) {
                break;
            }
        }
    }

    /// Closes all connections; what is still open is never answered.
    pub(super) fn stop(&mut self) {
        for line in &mut self.lines {
            line.stop(&mut self.out);
        }
        self.timers = Timers::new();
    }

    /// The oldest effect.
    pub(super) fn poll(&mut self) -> Option<Effect> {
        self.out.pop()
    }

    /// When a wake-up is wanted.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.timers.deadline(|_| "tracker")
    }

    /// Hands the line of this link on, if the link is the one it uses now.
    fn on(&mut self, link: Link, act: impl FnOnce(&mut Line, &mut Outbox<Effect>)) {
        let line = self.lines.get_mut(usize::from(link.slot));
        if let Some(line) = line.filter(|line| line.link() == Some(link)) {
            act(line, &mut self.out);
            self.set_timer(link.slot);
        }
    }

    fn set_timer(&mut self, slot: u16) {
        match self.lines.get(usize::from(slot)).and_then(Line::due) {
            Some(at) => self.timers.set(slot, at),
            None => self.timers.cancel(slot),
        }
    }
}
