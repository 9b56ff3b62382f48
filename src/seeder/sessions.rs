//! The connections: who is at the other end, how many requests are open, how long it was silent.

use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::config::Config;
use super::peer::Peer;
use super::rate::Bucket;
use crate::machine::{Deadline, Link};
use crate::source::source;
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::Message;
use crate::wire::session::{Asked, Callee, Fault};

/// All connections.
#[derive(Debug)]
pub(super) struct Sessions {
    links: BTreeMap<Link, Session>,
    /// How many each source has.
    sources: BTreeMap<IpAddr, u32>,
    timers: Timers<Link>,
    most: usize,
    most_per_source: u32,
    idle: Option<Duration>,
}

#[derive(Debug)]
struct Session {
    from: SocketAddr,
    callee: Callee,
    /// When it last asked, or was answered.
    last: Time,
    /// Requests without an answer yet.
    open: usize,
    /// Runs empty when it keeps asking although told to come back later.
    patience: Bucket,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// It is welcome.
    Welcome,
    /// It is welcome, and this one makes room for it.
    InPlaceOf(Link),
    /// There is no room.
    Full,
}

/// Most requests of one connection without an answer.
const MOST_OPEN: usize = 64;
/// How often a connection may be told to come back later: so often at once, and so often a second from then on.
const MOST_BUSY: u64 = 1_024;
const BUSY_RATE: u64 = 512;

impl Sessions {
    /// No connections, under the caps of `config`.
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            links: BTreeMap::new(),
            sources: BTreeMap::new(),
            timers: Timers::new(),
            most: if config.max_connections == 0 { usize::MAX } else { config.max_connections as usize },
            most_per_source: if config.max_connections_per_source == 0 {
                u32::MAX
            } else {
                config.max_connections_per_source
            },
            idle: if config.idle.is_zero() { None } else { Some(config.idle) },
        }
    }

    /// Takes in a new connection. At the cap, the one that was silent longest makes room.
    pub(super) fn accept(&mut self, now: Time, link: Link, from: SocketAddr) -> Accepted {
        let source = source(from);
        if self.sources.get(&source).is_some_and(|count| *count >= self.most_per_source) {
            return Accepted::Full;
        }
        let outcome = if self.links.len() < self.most {
            Accepted::Welcome
        } else {
            match self.most_silent() {
                Some(other) => Accepted::InPlaceOf(other),
                None => return Accepted::Full,
            }
        };
        let callee = Callee::new(now);
        self.timers.set(link, callee.hello_due().unwrap_or(now));
        let patience = Bucket::new(BUSY_RATE, MOST_BUSY, now);
        self.links.insert(link, Session { from, callee, last: now, open: 0, patience });
        let count = self.sources.entry(source).or_insert(0);
        *count = count.saturating_add(1);
        outcome
    }

    fn most_silent(&self) -> Option<Link> {
        let silent = self.links.iter().filter(|(_, session)| session.open == 0);
        silent.min_by_key(|(_, session)| session.last).map(|(link, _)| *link)
    }

    /// Judges a message; none if the connection isn't known (any more).
    pub(super) fn admit(
        &mut self,
        now: Time,
        link: Link,
        request: u32,
        message: &Message,
    ) -> Option<Result<Asked, Fault>> {
        let session = self.links.get_mut(&link)?;
        let asked = session.callee.admit(request, message);
        Some(match asked {
            Ok(Asked::Request) => session.open(now).map(|()| Asked::Request),
            Ok(Asked::Hello(hello)) => {
                session.last = now;
                match self.idle {
                    Some(idle) => self.timers.set(link, now + idle),
                    None => self.timers.cancel(link),
                }
                Ok(Asked::Hello(hello))
            }
            Ok(Asked::Cancel { target }) => Ok(Asked::Cancel { target }),
            Err(fault) => Err(fault),
        })
    }

    /// Judges a request of an unknown kind; none if the connection isn't known (any more).
    pub(super) fn admit_unknown(&mut self, now: Time, link: Link, request: u32) -> Option<Result<(), Fault>> {
        let session = self.links.get_mut(&link)?;
        Some(session.callee.admit_unknown(request).and_then(|()| session.open(now)))
    }

    /// Takes note that a request was answered.
    pub(super) fn answered(&mut self, now: Time, link: Link) {
        if let Some(session) = self.links.get_mut(&link) {
            session.open = session.open.saturating_sub(1);
            session.last = now;
        }
    }

    /// Takes note that it was told to come back later; says if that was once too often.
    pub(super) fn is_pushy(&mut self, now: Time, link: Link) -> bool {
        self.links.get_mut(&link).is_some_and(|session| {
            let pushy = session.patience.ready(now) > now;
            session.patience.take(1);
            pushy
        })
    }

    /// The other end's address.
    pub(super) fn from(&self, link: Link) -> Option<SocketAddr> {
        self.links.get(&link).map(|session| session.from)
    }

    /// Who is at the other end, once it said hello.
    pub(super) fn peer(&self, link: Link) -> Option<Peer> {
        let session = self.links.get(&link)?;
        let node = session.callee.hello()?.node;
        Some(Peer { node, ip: session.from.ip().to_canonical() })
    }

    /// Some connection, if there is one.
    pub(super) fn first(&self) -> Option<Link> {
        self.links.keys().next().copied()
    }

    /// Forgets a connection.
    pub(super) fn close(&mut self, link: Link) {
        let Some(session) = self.links.remove(&link) else { return };
        self.timers.cancel(link);
        let source = source(session.from);
        if let Some(count) = self.sources.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.sources.remove(&source);
            }
        }
    }

    /// One connection whose time is up, and why. Whoever waits for us is not idle.
    pub(super) fn overdue(&mut self, now: Time) -> Option<(Link, Fault)> {
        for _ in 0..MOST_OPEN {
            let link = self.timers.expired(now)?;
            let Some(session) = self.links.get(&link) else { continue };
            if session.callee.hello().is_none() {
                return Some((link, Fault::NoHello));
            }
            let Some(idle) = self.idle else { continue };
            let end = if session.open > 0 { now + idle } else { session.last + idle };
            if end <= now {
                return Some((link, Fault::Idle));
            }
            self.timers.set(link, end);
        }
        None
    }

    /// When it wants to be woken.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.timers.deadline(|_| "connection")
    }
}

impl Session {
    const fn open(&mut self, now: Time) -> Result<(), Fault> {
        self.last = now;
        self.open = self.open.saturating_add(1);
        if self.open > MOST_OPEN { Err(Fault::Flood) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
