//! A host: its machine, its place in the network, what it is asked to do, and what came of it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use samara::downloader::{self, DownloadError, Pin, Target};
use samara::node::{self, Node};
use samara::seeder::{FileId, TrackerId};
use samara::store::{self, Identity};
use samara::tracker::{self, Tracker};
use samara::wire::Message;
use samara::{FileHash, Link, Seed, Time};

use crate::actor::Actor;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::fault::Fault;
use crate::net::{ConnId, Line, Side};

/// A host of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(pub(crate) usize);

impl HostId {
    /// Its number: hosts are numbered from 0 in the order in which they were added.
    pub const fn number(self) -> usize {
        self.0
    }
}

/// What a host runs.
pub(crate) enum Role {
    Tracker(tracker::Config),
    Node {
        config: node::Config,
        trackers: Vec<SocketAddr>,
    },
    /// A script, in the state in which each run begins.
    Actor(Box<dyn Actor>),
    /// Nothing: a test speaks through it.
    Probe,
}

/// Its machine, while it runs.
pub(crate) enum Life {
    Down,
    Tracker(Box<Tracker>),
    Node(Box<Node>),
    Actor(Box<dyn Actor>),
    Probe,
}

/// A file that a node was asked to hold: asked again after a restart.
#[derive(Clone, Debug)]
pub(crate) enum Holding {
    /// A whole file.
    Shared { name: String, seed: Arc<Seed>, identity: Identity },
    /// A download under way.
    Download(Box<Order>),
}

impl Holding {
    /// The file's length in bytes, as far as the user knows it.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Shared { seed, .. } => Some(seed.length()),
            Self::Download(order) => match &order.target.pin {
                Pin::Seed(seed) => Some(seed.length()),
                Pin::Hash | Pin::Id(_) => None,
            },
        }
    }

    /// What a machine is told to hold it, under this name.
    pub(crate) fn order(&self, file: FileId) -> node::Event {
        match self.clone() {
            Self::Shared { seed, identity, .. } => node::Event::Share { file, seed, identity },
            Self::Download(order) => node::Event::Download(Box::new(node::Download {
                file,
                target: order.target,
                peers: order.peers,
                config: order.config,
                store: order.store,
            })),
        }
    }
}

/// What a node does when a download is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It stays, and seeds.
    #[default]
    Stay,
    /// It stops in order, at once.
    Leave,
}

/// A download, as a test orders it.
#[derive(Clone, Debug)]
pub struct Order {
    /// The name of the finished file.
    pub name: String,
    /// What to get.
    pub target: Target,
    /// Peers that the user gave.
    pub peers: Vec<SocketAddr>,
    /// How.
    pub config: downloader::Config,
    /// How to store it.
    pub store: store::Config,
    /// What the node does when it is done.
    pub then: Then,
    /// What its part file is called.
    part: String,
}

impl Order {
    /// `target` with the defaults, under the name `name`.
    pub fn new(name: &str, target: Target) -> Self {
        let store = store::Config::new(target.file_hash);
        let config = downloader::Config::default();
        let part = crate::disk::name(name, store::File::Part);
        let (name, peers, then) = (name.to_owned(), Vec::new(), Then::Stay);
        Self { name, target, peers, config, store, then, part }
    }
}

/// What a machine told its user.
#[derive(Clone, Debug)]
pub enum Report {
    /// A tracker has acknowledged a file.
    Announced {
        /// Which file.
        file: FileId,
        /// Which tracker.
        tracker: TrackerId,
    },
    /// A download is complete.
    Done {
        /// Which.
        file: FileId,
    },
    /// A download has failed.
    Failed {
        /// Which.
        file: FileId,
        /// Why.
        error: Box<DownloadError>,
    },
    /// The node has stopped in order.
    Stopped,
    /// A node's note.
    Node(node::Note),
    /// A tracker's note.
    Tracker(tracker::Note),
}

/// What a probe heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its dial succeeded.
    Opened,
    /// A message came.
    Message {
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// Bytes of a chunk came.
    Data {
        /// Under which number.
        request: u32,
        /// The bytes.
        bytes: Bytes,
    },
    /// The connection ended, or its dial failed.
    Closed,
}

/// A disk operation that waits for its turn.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) file: FileId,
    pub(crate) number: u32,
    pub(crate) op: store::Op,
}

/// How much a node sends over time, by its clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    /// When this run began.
    pub(crate) start: Time,
    /// The latest moment that its clock has shown.
    pub(crate) now: Time,
    /// Bytes of chunks that it has begun to send.
    pub(crate) bytes: u64,
}

/// A host. What each event looks at comes first, together.
#[repr(C)]
pub(crate) struct Host {
    pub(crate) life: Life,
    /// Which run of its machine: events of an earlier one are void.
    pub(crate) run: u32,
    /// Wake-ups in a row at one moment.
    pub(crate) spins: u32,
    /// The earliest wake-up that is scheduled.
    pub(crate) wake: Option<Time>,
    pub(crate) clock: Clock,
    /// What it has sent in this run.
    pub(crate) pace: Pace,
    pub(crate) links: BTreeMap<Link, (ConnId, Side)>,
    /// Names of accepted connections that are free again.
    spare: Vec<Link>,
    slots: u32,
    /// Dials so far: the source ports.
    pub(crate) dialled: u16,
    pub(crate) name: String,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    pub(crate) role: Role,
    pub(crate) disk: Disk,
    pub(crate) disk_line: Line,
    /// When the last of its operations is through.
    pub(crate) disk_busy: Time,
    /// What is wrong with it; a hostile host is not held to the rules.
    pub(crate) marks: Vec<Fault>,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) library: BTreeMap<FileId, Holding>,
    /// Chunks that its downloads hold, as they said since it started.
    pub(crate) held: u32,
    /// Bytes of chunks sent.
    pub(crate) uploaded: u64,
    pub(crate) files: u32,
    pub(crate) reports: Vec<(Time, Report)>,
    /// How downloads ended, and when.
    pub(crate) outcomes: BTreeMap<FileId, (Time, Report)>,
    pub(crate) heard: Vec<(Time, Link, Heard)>,
}

impl Host {
    pub(crate) fn new(name: &str, device: u64, addr: SocketAddr, role: Role) -> Self {
        Self {
            name: name.to_owned(),
            addr,
            role,
            life: Life::Down,
            run: 0,
            links: BTreeMap::new(),
            spare: Vec::new(),
            slots: 0,
            dialled: 0,
            clock: Clock::default(),
            disk: Disk::new(device),
            disk_line: Line::default(),
            disk_busy: Time::ZERO,
            marks: Vec::new(),
            jobs: VecDeque::new(),
            wake: None,
            spins: 0,
            library: BTreeMap::new(),
            held: 0,
            uploaded: 0,
            pace: Pace::default(),
            files: 0,
            reports: Vec::new(),
            outcomes: BTreeMap::new(),
            heard: Vec::new(),
        }
    }

    /// Starts the machine anew, at `now`, with what its files and orders say.
    pub(crate) fn start(&mut self, entropy: u64, now: Time) {
        self.run += 1;
        self.held = 0;
        (self.wake, self.spins) = (None, 0);
        // What failed is tried again.
        let library = &self.library;
        self.outcomes.retain(|file, _| matches!(library.get(file), Some(Holding::Shared { .. })));
        let now = self.clock.read(now);
        self.pace = Pace { start: now, now, bytes: 0 };
        self.life = match &self.role {
            Role::Tracker(config) => Life::Tracker(Box::new(Tracker::new(config.clone(), entropy, now))),
            Role::Node { config, .. } => Life::Node(Box::new(Node::new(config.clone(), entropy, now))),
            Role::Actor(actor) => Life::Actor(actor.again()),
            Role::Probe => Life::Probe,
        };
    }

    /// What time it is for its machine, for which time never goes back.
    pub(crate) fn time(&self, now: Time) -> Time {
        self.pace.now.max(self.clock.read(now))
    }

    /// What its clock shows, and its machine hears.
    pub(crate) fn read_clock(&mut self, now: Time) -> Time {
        let local = self.clock.read(now);
        self.pace.now = self.pace.now.max(local);
        local
    }

    /// Ends the machine. What was under way on the disk is done in part or not at all.
    pub(crate) fn end(&mut self) {
        self.life = Life::Down;
        self.run += 1;
        self.jobs.clear();
        (self.spare, self.slots) = (Vec::new(), 0);
    }

    /// Keeps what the machine told its user: all of it, or how downloads ended only.
    pub(crate) fn keep(&mut self, now: Time, report: Report, all: bool) {
        if let Report::Done { file } | Report::Failed { file, .. } = &report {
            self.outcomes.insert(*file, (now, report.clone()));
        }
        if all {
            self.reports.push((now, report));
        }
    }

    /// A name for an accepted connection: a slot that is free again under its next generation, or a new one.
    pub(crate) fn name_link(&mut self) -> Link {
        if let Some(link) = self.spare.pop() {
            return Link { generation: link.generation + 1, ..link };
        }
        let slot = u16::try_from(self.slots).expect("fewer than 65,536 connections");
        self.slots += 1;
        Link { space: Link::ACCEPTED, slot, generation: 0 }
    }

    /// The connection of this name is over.
    pub(crate) fn unlink(&mut self, link: Link) -> Option<(ConnId, Side)> {
        let known = self.links.remove(&link)?;
        if link.space == Link::ACCEPTED {
            self.spare.push(link);
        }
        Some(known)
    }

    /// Is it up?
    pub(crate) const fn is_up(&self) -> bool {
        !matches!(self.life, Life::Down)
    }

    /// Does it run one of the machines, and is it what it says?
    pub(crate) fn is_honest(&self) -> bool {
        let machine = matches!(self.role, Role::Tracker(_) | Role::Node { .. });
        machine && !self.marks.iter().any(|mark| mark.is_hostile())
    }

    /// Where the bytes of `file` are now: a download's part file, until it has its name.
    pub(crate) fn path(&self, file: FileId) -> Option<&str> {
        match self.library.get(&file)? {
            Holding::Shared { name, .. } => Some(name),
            Holding::Download(order) => {
                let there = self.disk.identity(&order.part).is_some();
                Some(if there { &order.part } else { &order.name })
            }
        }
    }

    /// Under which names it holds, or fetches, a file.
    pub(crate) fn holding(&self, hash: FileHash) -> impl Iterator<Item = FileId> {
        let of = |holding: &Holding| match holding {
            Holding::Shared { seed, .. } => seed.file_hash(),
            Holding::Download(order) => order.target.file_hash,
        };
        self.library.iter().filter(move |(_, holding)| of(holding) == hash).map(|(file, _)| *file)
    }
}
