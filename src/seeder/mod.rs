//! The seeder: keeps a library announced, and serves it.
//!
//! Each part of it knows nothing of the others; [`Seeder`] passes on what happens in one to the next:
//!
//! ```text
//!   files     library ── what is held          looks ── is it still the same?
//!   peers     sessions ── who asks             subscriptions ── who is told of new chunks
//!             uploads ── who is sent what, when
//!   trackers  announce ── one lease each
//! ```

mod announce;
mod catalogue;
mod config;
mod desk;
mod event;
mod files;
mod lane;
mod lease;
mod library;
mod looks;
mod peer;
mod places;
mod publishing;
mod rate;
mod requests;
mod sessions;
mod subscriptions;
mod uploads;
mod view;

pub use config::Config;
pub use event::{Action, Event, FileId, Note, Served, TrackerId};

use announce::Announce;
use library::{Held, Library};
use looks::Looks;
use sessions::Sessions;
use subscriptions::Subscriptions;
use uploads::Uploads;

use crate::entropy::Entropy;
use crate::machine::{Deadline, Machine, Outbox};
use crate::time::Time;
use crate::wire::session::Fault;

/// The seeding side of a node as a pure state machine; [`Event`] and [`Action`] say what it does.
#[derive(Debug)]
pub struct Seeder {
    now: Time,
    node: u64,
    stage: Stage,
    library: Library,
    looks: Looks,
    sessions: Sessions,
    subscriptions: Subscriptions,
    uploads: Uploads,
    announce: Announce,
    outbox: Outbox<Action>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    /// Leaves the trackers, or has left them; serves nobody.
    Stopping,
}

impl Seeder {
    /// A seeder with an empty library. `entropy` decides only when announcements are made.
    pub fn new(config: Config, entropy: u64, now: Time) -> Self {
        Self {
            now,
            node: config.node,
            stage: Stage::Serving,
            library: Library::default(),
            looks: Looks::default(),
            sessions: Sessions::new(&config),
            subscriptions: Subscriptions::default(),
            uploads: Uploads::new(&config, now),
            announce: Announce::new(config, Entropy::new(entropy)),
            outbox: Outbox::new(),
        }
    }

    fn wake(&mut self) {
        for _ in 0..BURST {
            let Some((link, fault)) = self.sessions.overdue(self.now) else { break };
            self.close(link, fault);
        }
        for _ in 0..BURST {
            let Some(link) = self.uploads.slow(self.now) else { break };
            self.close(link, Fault::Slow);
        }
        self.push_news();
        if self.announce.wake(self.now, &mut self.outbox) {
            self.looks.begin_round();
        }
        self.look_around();
    }

    fn leave(&mut self) {
        self.stage = Stage::Stopping;
        while let Some(link) = self.sessions.first() {
            self.close(link, Fault::Stopping);
        }
        self.announce.leave(self.now, &mut self.outbox);
    }
}

/// Most connections closed by one wake-up.
const BURST: usize = 64;

impl Machine for Seeder {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: Event) {
        self.now = self.now.max(now);
        match event {
            Event::Wake => self.wake(),
            Event::Add { file, seed, have, identity, publish } => {
                self.add(file, Held { seed, have, identity, publish });
            }
            Event::Gained { file, index } => self.gained(file, index),
            Event::Completed { file, identity } => self.completed(file, identity),
            Event::Remove { file, why } => self.remove(file, why),
            Event::Leave => self.leave(),
            Event::Accepted { link, from } => self.accepted(link, from),
            Event::Message { link, request, message } => self.message(link, request, message),
            Event::UnknownRequest { link, request } => self.unknown_request(link, request),
            Event::Malformed { link, error } => self.close(link, Fault::Malformed(error)),
            Event::Closed { link } => self.closed(link),
            Event::Looked { file, identity } => self.looked(file, identity),
            Event::Served { link, request, outcome } => self.served(link, request, outcome),
            Event::Answer { tracker, tag, answer } => {
                self.announce.answered(self.now, tracker, tag, answer.as_ref(), &mut self.outbox);
            }
        }
        self.upload();
    }

    fn poll(&mut self) -> Option<Action> {
        self.outbox.pop()
    }

    fn deadline(&self) -> Option<Deadline> {
        let all = [
            self.sessions.deadline(),
            self.subscriptions.deadline(),
            self.uploads.deadline(),
            self.announce.deadline(),
        ];
        all.into_iter().flatten().min_by_key(|deadline| deadline.at)
    }
}
