//! The open connections: who is at the other end, and how long they have been silent.

use core::time::Duration;

use super::address::Ends;
use crate::entropy::Entropy;
use crate::lookup::Lookup;
use crate::machine::{Deadline, Link};
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::session::{Callee, Fault};

/// Timers that one event looks at most.
const LOOKED_AT: usize = 256;

/// All open connections.
#[derive(Debug)]
pub(super) struct Sessions {
    open: Lookup<Link, Session>,
    /// When to look whether a connection has said something: never later than it has to.
    timers: Timers<Link>,
    idle: Duration,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    /// The rules of the conversation.
    pub(super) callee: Callee,
    /// Both addresses.
    pub(super) ends: Ends,
    /// The number of its source.
    pub(super) source: u32,
    /// The node that it announced last.
    pub(super) node: Option<u32>,
    heard: Time,
}

impl Sessions {
    /// None yet; each is closed after a silence of `idle` (zero: never).
    pub(super) fn new(idle: Duration, entropy: &mut Entropy) -> Self {
        let idle = if idle.is_zero() { Duration::MAX } else { idle };
        Self { open: Lookup::new(entropy), timers: Timers::new(), idle }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// A connection was accepted.
    pub(super) fn open(&mut self, now: Time, link: Link, ends: Ends, source: u32) {
        let callee = Callee::new(now);
        if let Some(due) = callee.hello_due() {
            self.timers.set(link, due);
        }
        self.open.insert(link, Session { callee, ends, source, node: None, heard: now });
    }

    /// A connection, if it is open.
    pub(super) fn get(&self, link: Link) -> Option<&Session> {
        self.open.get(&link)
    }

    /// A connection, if it is open, to change.
    pub(super) fn get_mut(&mut self, link: Link) -> Option<&mut Session> {
        self.open.get_mut(&link)
    }

    /// The other side of a connection said something.
    pub(super) fn heard(&mut self, now: Time, link: Link) -> Option<&mut Session> {
        let session = self.open.get_mut(&link)?;
        session.heard = now;
        Some(session)
    }

    /// A connection said hello: from now on only silence ends it.
    pub(super) fn greeted(&mut self, now: Time, link: Link) {
        self.timers.set(link, now + self.idle);
    }

    /// A connection ended.
    pub(super) fn close(&mut self, link: Link) -> Option<Session> {
        self.timers.cancel(link);
        self.open.remove(&link)
    }

    /// Connections that have been silent for too long, a bounded number at a time.
    pub(super) fn overdue(&mut self, now: Time) -> impl Iterator<Item = (Link, Fault)> {
        (0..LOOKED_AT)
            .map_while(move |_| self.timers.expired(now).map(|link| self.judge(now, link)))
            .flatten()
    }

    fn judge(&mut self, now: Time, link: Link) -> Option<(Link, Fault)> {
        let session = self.open.get(&link)?;
        if session.callee.hello_due().is_some() {
            return Some((link, Fault::NoHello));
        }
        let due = session.heard + self.idle;
        if due <= now {
            return Some((link, Fault::Idle));
        }
        self.timers.set(link, due);
        None
    }

    /// When to look next.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.timers.deadline(|_| "silent connection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Message;
    use crate::wire::message::{Hello, VERSION};
    use alloc::vec::Vec;

    const LINK: Link = Link { space: 0, slot: 1, generation: 0 };

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn sessions() -> Sessions {
        let mut sessions = Sessions::new(Duration::from_secs(60), &mut Entropy::new(1));
        let addr = "10.0.0.1:5".parse().unwrap();
        sessions.open(at(0), LINK, Ends { from: addr, local: addr }, 0);
        sessions
    }

    fn overdue(sessions: &mut Sessions, now: Time) -> Vec<Fault> {
        sessions.overdue(now).map(|(_, fault)| fault).collect()
    }

    #[test]
    fn hello_is_due_within_ten_seconds() {
        let mut sessions = sessions();
        assert_eq!(sessions.deadline().map(|deadline| deadline.at), Some(at(10)));
        assert_eq!(overdue(&mut sessions, Time::from_micros(9_999_999)), []);
        assert_eq!(overdue(&mut sessions, at(10)), [Fault::NoHello]);
    }

    #[test]
    fn silence_ends_a_connection_and_a_word_keeps_it() {
        let mut sessions = sessions();
        let hello = Message::Hello(Hello { version: VERSION, features: 0, node: 1 });
        assert!(sessions.heard(at(1), LINK).unwrap().callee.admit(0, &hello).is_ok());
        sessions.greeted(at(1), LINK);
        sessions.heard(at(50), LINK);
        assert_eq!(overdue(&mut sessions, at(61)), []);
        assert_eq!(sessions.deadline().map(|deadline| deadline.at), Some(at(110)));
        assert_eq!(overdue(&mut sessions, at(109)), []);
        assert_eq!(overdue(&mut sessions, at(110)), [Fault::Idle]);
    }

    #[test]
    fn a_closed_connection_has_no_timer() {
        let mut sessions = sessions();
        assert!(sessions.close(LINK).is_some() && sessions.close(LINK).is_none());
        assert_eq!((sessions.deadline(), sessions.len()), (None, 0));
        assert!(sessions.heard(at(1), LINK).is_none());
    }
}
