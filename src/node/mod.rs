//! The node: one seeder, any number of downloads and their stores, as one machine.
//!
//! ```text
//!   links of space 0 ──▶ seeder ◀── what is stored ── downloads ◀── links of space 2 and up
//!                           │        (a downloader and a store each)
//!                           └── questions ──▶ trackers ◀── questions ──┘
//!                                             (one connection each: links of space 1)
//! ```

mod config;
mod download;
mod downloads;
mod effects;
mod event;
mod links;
mod sharing;
mod trackers;

use alloc::sync::Arc;
use core::time::Duration;

pub use config::Config;
pub use event::{Action, Download, Endpoint, Event, Note};

use crate::entropy::Entropy;
use crate::have::Have;
use crate::machine::{Deadline, Machine, Outbox};
use crate::seed::Seed;
use crate::seeder::{self, FileId, Seeder};
use crate::store::{self, Identity};
use crate::time::Time;
use crate::wire::message::Gone;
use download::Download as Running;
use downloads::Downloads;
use trackers::Trackers;

/// How long stopping may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A peer: what a driver runs on a machine that seeds or downloads. See [`Event`] and [`Action`].
#[derive(Debug)]
pub struct Node {
    now: Time,
    node: u64,
    trackers_known: u16,
    entropy: Entropy,
    out: Outbox<Action>,
    phase: Phase,
    seeder: Seeder,
    /// When the seeder wants to be woken: kept, since it is asked after every event, and most are others'.
    seeder_due: Option<Deadline>,
    trackers: Trackers,
    downloads: Downloads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// Downloads and seeder are stopping, until then at most.
    Stopping {
        until: Time,
        seeder: Leaving,
    },
    Stopped,
}

/// Is the seeder done with leaving?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    Asked,
    Left,
}

impl Node {
    /// A node that holds nothing yet. Its number, said in `Hello`, is drawn from `entropy`.
    pub fn new(config: Config, entropy: u64, now: Time) -> Self {
        let mut entropy = Entropy::new(entropy);
        let node = entropy.next();
        let seeder = seeder::Config { node, trackers: config.trackers, ..config.seeder };
        Self {
            now,
            node,
            trackers_known: config.trackers,
            out: Outbox::new(),
            phase: Phase::Running,
            seeder: Seeder::new(seeder, entropy.next(), now),
            seeder_due: None,
            trackers: Trackers::new(config.trackers, node, config.tracker_timeout, &mut entropy),
            downloads: Downloads::new(),
            entropy,
        }
    }

    fn share(&mut self, file: FileId, seed: Arc<Seed>, identity: Identity) {
        let have = Have::all(seed.chunks());
        self.seeder(seeder::Event::Add { file, seed, have, identity: Some(identity), publish: true });
    }

    /// Begins a download; one more than there are link spaces (65,534), or one of a name in use, is not begun.
    fn download(&mut self, mut order: Download) {
        if self.phase != Phase::Running || self.downloads.contains(order.file) {
            return;
        }
        let Some(space) = self.downloads.space() else { return };
        order.config.node = self.node;
        order.config.space = space;
        order.config.trackers = self.trackers_known;
        order.store.file_hash = order.target.file_hash;
        let file = order.file;
        self.downloads.add(file, space, Running::new(order, &mut self.entropy, self.now));
    }

    fn stop(&mut self) {
        if self.phase == Phase::Running {
            self.phase = Phase::Stopping { until: self.now + STOP_TIMEOUT, seeder: Leaving::Asked };
            self.downloads.stop(self.now);
            self.seeder(seeder::Event::Leave);
        }
    }

    /// Stops for good once the downloads and the seeder have, or when the time for it is over.
    fn stop_if_done(&mut self) {
        let Phase::Stopping { until, seeder } = self.phase else { return };
        if until <= self.now || seeder == Leaving::Left && self.downloads.is_empty() {
            self.trackers.stop();
            self.settle();
            self.phase = Phase::Stopped;
            self.out.push(Action::Stopped);
        }
    }

    fn wake(&mut self) {
        if self.seeder_due.is_some_and(|deadline| deadline.at <= self.now) {
            self.seeder(seeder::Event::Wake);
        }
        self.trackers.wake(self.now);
        self.downloads.wake(self.now);
    }

    fn seeder(&mut self, event: seeder::Event) {
        self.seeder.handle(self.now, event);
        self.seeder_due = self.seeder.deadline();
    }
}

impl Machine for Node {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: Event) {
        self.now = self.now.max(now);
        if self.phase == Phase::Stopped {
            return;
        }
        match event {
            Event::Wake => self.wake(),
            Event::Share { file, seed, identity } => self.share(file, seed, identity),
            Event::Unshare { file } if self.downloads.contains(file) => {}
            Event::Unshare { file } => self.seeder(seeder::Event::Remove { file, why: Gone::Withdrawn }),
            Event::Download(order) => self.download(*order),
            Event::Stop => self.stop(),
            Event::Accepted { link, from } => self.seeder(seeder::Event::Accepted { link, from }),
            Event::Opened { link, peer } => self.opened(link, peer),
            Event::Message { link, request, message } => self.message(link, request, message),
            Event::UnknownRequest { link, request } => self.unknown_request(link, request),
            Event::Malformed { link, error } => self.malformed(link, error),
            Event::Closed { link } => self.closed(link),
            Event::Chunk { link, request, hashed } => self.chunk(link, request, hashed),
            Event::Served { link, request, outcome } => {
                self.seeder(seeder::Event::Served { link, request, outcome });
            }
            Event::Looked { file, identity } => self.seeder(seeder::Event::Looked { file, identity }),
            Event::Disk { file, job, outcome } => {
                let (now, event) = (self.now, store::Event::Done { job, outcome });
                self.downloads.with_file(file, |download| download.store(now, event));
            }
        }
        self.settle();
        self.stop_if_done();
    }

    fn poll(&mut self) -> Option<Action> {
        self.out.pop()
    }

    fn deadline(&self) -> Option<Deadline> {
        let stop = match self.phase {
            Phase::Running => None,
            Phase::Stopping { until, .. } => Some(Deadline { at: until, timer: "stop" }),
            Phase::Stopped => return None,
        };
        let children = [self.seeder_due, self.trackers.deadline(), self.downloads.deadline(), stop];
        children.into_iter().flatten().min_by_key(|deadline| deadline.at)
    }
}
