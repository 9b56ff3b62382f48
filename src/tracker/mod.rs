//! The tracker: who holds what, for as long as their leases last.
//!
//! Soft state in memory only: after a restart it is complete again within one interval. Reading order: [`Event`] and
//! [`Action`], `handle` below, then `registry` (the table), `announce` (how it changes), `query` and `sampling` (how
//! it is read), `room` (what happens when it is full).

mod address;
mod announce;
mod bodies;
mod claims;
mod config;
mod crowd;
mod event;
mod expiry;
mod lease;
mod leases;
mod leave;
mod listing;
mod prefixes;
mod publish;
mod query;
mod quota;
mod registry;
mod room;
mod sampling;
mod seeds;
mod sessions;
mod slab;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use event::{Action, Event, Note};

use alloc::sync::Arc;
use core::net::SocketAddr;

use self::address::{Ends, identify};
use self::announce::Outcome;
use self::registry::{Registry, Speaker};
use self::sessions::Sessions;
use crate::entropy::Entropy;
use crate::machine::{Deadline, Link, Machine, Outbox};
use crate::source::source;
use crate::time::Time;
use crate::wire::limits::MAX_HOLDERS;
use crate::wire::message::{Hello, Message, Query, Refusal, Update, Updated, VERSION};
use crate::wire::session::{Asked, Fault};

/// The tracker's machine.
#[derive(Debug)]
pub struct Tracker {
    config: Config,
    /// What it says in `Hello`.
    node: u64,
    /// What it says in `Updated`: another one after each start.
    epoch: u64,
    started: Time,
    now: Time,
    sessions: Sessions,
    registry: Registry,
    outbox: Outbox<Action>,
}

impl Tracker {
    /// A tracker that knows nobody, started at `now`. `entropy` should be random: its tables are keyed from it.
    pub fn new(config: Config, entropy: u64, now: Time) -> Self {
        let mut entropy = Entropy::new(entropy);
        Self {
            node: entropy.next(),
            epoch: entropy.next(),
            started: now,
            now,
            sessions: Sessions::new(config.idle, &mut entropy),
            registry: Registry::new(&config, &mut entropy, now),
            outbox: Outbox::new(),
            config,
        }
    }
}

impl Machine for Tracker {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: Event) {
        self.now = self.now.max(now);
        self.tick();
        match event {
            Event::Wake => {}
            Event::Accepted { link, from, local } => self.accepted(link, Ends { from, local }),
            Event::Message { link, request, message } => self.message(link, request, message),
            Event::UnknownRequest { link, request } => self.unknown_request(link, request),
            Event::Malformed { link, error } => self.close(link, Fault::Malformed(error)),
            Event::Closed { link } => {
                self.forget(link);
            }
        }
        while let Some(note) = self.registry.notes.pop() {
            self.outbox.push(Action::Note(note));
        }
    }

    fn foresee<'a>(&self, coming: impl Iterator<Item = &'a Message>) {
        self.registry.seeds.foresee(coming.filter_map(|message| {
            if let Message::Query(query) = message { Some(&query.file_hash) } else { None }
        }));
    }

    fn poll(&mut self) -> Option<Action> {
        self.outbox.pop()
    }

    fn deadline(&self) -> Option<Deadline> {
        let forget = self.registry.sources.deadline().map(|at| Deadline { at, timer: "unused source" });
        let all = [self.registry.expiry.deadline(), self.sessions.deadline(), forget];
        all.into_iter().flatten().min_by_key(|deadline| deadline.at)
    }
}

impl Tracker {
    fn tick(&mut self) {
        self.registry.tick(self.now);
        let overdue: alloc::vec::Vec<_> = self.sessions.overdue(self.now).collect();
        for (link, fault) in overdue {
            self.close(link, fault);
        }
    }

    fn accepted(&mut self, link: Link, ends: Ends) {
        self.forget(link);
        let cap = self.config.max_connections;
        let full = cap > 0 && self.sessions.len() as u64 >= u64::from(cap);
        let per_source = self.config.max_connections_per_source;
        let room = if full { None } else { Some(source(ends.from)) };
        match room.and_then(|address| self.registry.sources.connect(self.now, address, per_source)) {
            Some(source) => self.sessions.open(self.now, link, ends, source),
            None => self.turn_away(link, ends.from, Fault::Full),
        }
    }

    fn message(&mut self, link: Link, request: u32, message: Message) {
        let Some(session) = self.sessions.heard(self.now, link) else { return };
        let (source, node) = (session.source, session.node);
        match session.callee.admit(request, &message) {
            Ok(Asked::Hello(_)) => {
                self.sessions.greeted(self.now, link);
                self.hello(link);
            }
            Ok(Asked::Request) if self.within_rate(source) => self.request(link, request, node, message),
            Ok(Asked::Request) => self.refuse(link, request, Refusal::Quota),
            Ok(Asked::Cancel { .. }) => {} // Every answer has been given already.
            Err(fault @ Fault::Version(_)) => {
                self.hello(link);
                self.send(link, 0, Message::Refused(Refusal::Version));
                self.close(link, fault);
            }
            Err(fault) => self.close(link, fault),
        }
    }

    fn unknown_request(&mut self, link: Link, request: u32) {
        let Some(session) = self.sessions.heard(self.now, link) else { return };
        let source = session.source;
        match session.callee.admit_unknown(request) {
            Ok(()) if self.within_rate(source) => self.send(link, request, Message::Unsupported),
            Ok(()) => self.refuse(link, request, Refusal::Quota),
            Err(fault) => self.close(link, fault),
        }
    }

    fn within_rate(&mut self, source: u32) -> bool {
        self.registry.sources.request(self.now, source)
    }

    /// Answers a request of the connection that announced `node`, at once and exactly once.
    fn request(&mut self, link: Link, request: u32, node: Option<u32>, message: Message) {
        let answer = match message {
            Message::Update(update) => self.update(link, update),
            Message::Publish(seed) => self.registry.publish(link, node, seed).map(|()| Message::Published),
            Message::Withdraw(keys) => {
                let outcome = self.registry.withdraw(link, node, &keys);
                Ok(self.updated(outcome))
            }
            Message::Leave => {
                let outcome = self.registry.leave(link, node);
                Ok(self.updated(outcome))
            }
            Message::Query(query) => Ok(self.query(link, node, &query)),
            Message::List(list) if list.limit == 0 => Err(Refusal::Invalid),
            Message::List(list) => Ok(Message::Listing(self.registry.list(list.after, list.limit))),
            Message::GetSeed { file_hash, seed_id } => {
                let body = self.registry.body(file_hash, seed_id);
                Ok(body.map_or(Message::Unknown, |body| Message::Seed(Arc::clone(body))))
            }
            Message::Test(_)
            | Message::Fetch(_)
            | Message::Hello(_)
            | Message::Cancel { .. }
            | Message::Refused(_)
            | Message::Unsupported
            | Message::Updated(_)
            | Message::Published
            | Message::Holders(_)
            | Message::Listing(_)
            | Message::Seed(_)
            | Message::Unknown
            | Message::Have(_)
            | Message::Gone(_)
            | Message::Busy { .. }
            | Message::Chunk { .. }
            | Message::Rejected(_)
            | Message::Gained(_) => Ok(Message::Unsupported),
        };
        match answer {
            Ok(answer) => self.send(link, request, answer),
            Err(refusal) => self.refuse(link, request, refusal),
        }
    }

    fn update(&mut self, link: Link, update: Update) -> Result<Message, Refusal> {
        let Some(session) = self.sessions.get(link) else { return Err(Refusal::Invalid) };
        let trusted = &self.config.trust_advertised;
        let identity =
            identify(session.ends, update.port, update.advertise, trusted).ok_or(Refusal::Denied)?;
        let token = session.callee.hello().map_or(0, |hello| hello.node);
        let (source, before) = (session.source, session.node);
        let outcome = self.registry.update(&Speaker { link, token, source, identity }, update)?;
        let node = self.registry.find(identity.holder);
        if before != node {
            self.registry.disconnect(link, before);
        }
        if let Some(session) = self.sessions.get_mut(link) {
            session.node = node;
        }
        Ok(self.updated(outcome))
    }

    fn updated(&self, outcome: Outcome) -> Message {
        Message::Updated(Updated {
            epoch: self.epoch,
            warming: self.is_warming(),
            ttl: self.config.ttl,
            interval: self.config.interval,
            digest: outcome.digest,
            resend: outcome.resend,
            want: outcome.want,
        })
    }

    fn query(&mut self, link: Link, node: Option<u32>, query: &Query) -> Message {
        let own = self.registry.lease_of(link, node);
        let size = match usize::from(self.config.sample) {
            0 => MAX_HOLDERS,
            size => size.min(MAX_HOLDERS),
        };
        let holders = self.registry.query(query, own, size, self.is_warming());
        let named = u32::try_from(holders.holders.len()).unwrap_or(u32::MAX);
        self.outbox.push(Action::Note(Note::Queried { file_hash: query.file_hash, holders: named }));
        Message::Holders(holders)
    }

    /// For one TTL after the start there may be holders that haven't announced themselves yet.
    fn is_warming(&self) -> bool {
        self.now < self.started + self.config.ttl
    }

    fn hello(&mut self, link: Link) {
        self.send(link, 0, Message::Hello(Hello { version: VERSION, features: 0, node: self.node }));
    }

    fn refuse(&mut self, link: Link, request: u32, why: Refusal) {
        let from: Option<SocketAddr> = self.sessions.get(link).map(|session| session.ends.from);
        if let Some(from) = from {
            self.outbox.push(Action::Note(Note::Refused { from, why }));
        }
        self.send(link, request, Message::Refused(why));
    }

    fn send(&mut self, link: Link, request: u32, message: Message) {
        self.outbox.push(Action::Send { link, request, message });
    }

    fn close(&mut self, link: Link, fault: Fault) {
        if let Some(from) = self.forget(link) {
            self.turn_away(link, from, fault);
        }
    }

    fn turn_away(&mut self, link: Link, from: SocketAddr, why: Fault) {
        self.outbox.push(Action::Close { link, fault: why });
        if !why.is_routine() {
            self.outbox.push(Action::Note(Note::TurnedAway { from, why }));
        }
    }

    /// Forgets a connection; gives whose it was, unless it was forgotten before.
    fn forget(&mut self, link: Link) -> Option<SocketAddr> {
        let session = self.sessions.close(link)?;
        self.registry.disconnect(link, session.node);
        self.registry.sources.disconnect(self.now, session.source);
        Some(session.ends.from)
    }
}
