//! A small world around one downloader. It checks, at each step, what must always hold: only right bytes are stored,
//! requests are disjoint but for two copies in the endgame, and the budget is kept.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::downloader::{Action, Config, Downloader, Event, Note, Pin, Target};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{Fetch, Gone, Holder, HolderAddr, Holders, Query};
use samara::{Entropy, Have, Link, Machine, SafeName, Seed, SeedBuilder, Sha2, Step, Time};

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// One way.
const LATENCY: Duration = MS;
pub(crate) const IDENTITY: Identity = Identity { device: 1, inode: 2, size: 3, modified: 4 };

pub(crate) fn file(length: usize) -> Bytes {
    (0..length).map(|i| (i * 31 + i / 509 + i / 70_001) as u8).collect()
}

/// The seed of `file` in chunks of `chunk_size`; of the canonical size if that is 0.
pub(crate) fn seed(file: &[u8], chunk_size: u32) -> Arc<Seed> {
    let length = file.len() as u64;
    let mut builder = match chunk_size {
        0 => SeedBuilder::<Sha2>::new(length).unwrap(),
        size => SeedBuilder::with_chunk_size(length, size).unwrap(),
    };
    builder.update(file);
    Arc::new(builder.finish(SafeName::new("file").unwrap()).unwrap())
}

pub(crate) fn addr(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, host, 1], 7000))
}

/// How a peer behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    Honest,
    /// Has another file and only its list, and passes Test under any.
    Forger,
    /// Every chunk has one wrong byte.
    Corrupt,
    /// Sends a chunk that wasn't asked for.
    Unsolicited,
    /// Announces one byte too many.
    TooLong,
    /// Passes Test, and never sends a chunk.
    Tarpit,
    /// Passes Test, and holds nothing.
    Liar,
    /// Has no time for a Test until then.
    BusyTest(Time),
    /// Has no time for chunks until then.
    BusyFetch(Time),
    Gone(Gone),
    /// Refuses connections.
    Dead,
    /// Never answers a dial.
    BlackHole,
    /// Is this node.
    Myself,
    /// Is played by the test.
    Played,
}

#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) manner: Manner,
    pub(crate) seed: Arc<Seed>,
    pub(crate) have: Have,
    /// What it sends chunks of.
    pub(crate) bytes: Bytes,
    /// Between two chunks.
    pub(crate) chunk_time: Duration,
    free_at: Time,
}

/// What a tracker says to each `Query`; silent trackers don't answer at all.
pub(crate) type TrackerScript = Box<dyn FnMut(&Query) -> Option<Message>>;

pub(crate) struct World {
    pub(crate) machine: Downloader,
    pub(crate) config: Config,
    pub(crate) now: Time,
    pub(crate) file: Bytes,
    pub(crate) seed: Arc<Seed>,
    pub(crate) peers: BTreeMap<SocketAddr, Peer>,
    pub(crate) trackers: Vec<TrackerScript>,
    /// Seeds that trackers have.
    pub(crate) bodies: Vec<Arc<Seed>>,
    pub(crate) disk: Duration,
    pub(crate) links: BTreeMap<Link, SocketAddr>,
    pub(crate) log: Vec<(Time, Action)>,
    /// What a store would hold.
    pub(crate) stored: BTreeSet<u32>,
    pub(crate) adopted: Option<Arc<Seed>>,
    queue: BTreeMap<(Time, u64), Event>,
    sequence: u64,
    held: BTreeMap<(Link, u32), Vec<Step>>,
    sending: BTreeMap<(Link, u32), u32>,
    receiving: BTreeSet<(Link, u32)>,
    cancelled: BTreeSet<(Link, u32)>,
    tests: BTreeMap<(Link, u32), Arc<Seed>>,
    puts: Vec<Step>,
    pub(crate) most_used: u64,
    entropy: Entropy,
}

impl World {
    pub(crate) fn new(file: Bytes, chunk_size: u32, config: Config) -> Self {
        let seed = seed(&file, chunk_size);
        Self::with_pin(file, Arc::clone(&seed), Pin::Seed(seed), config)
    }

    pub(crate) fn with_pin(file: Bytes, seed: Arc<Seed>, pin: Pin, config: Config) -> Self {
        let target = Target { file_hash: seed.file_hash(), pin };
        Self {
            machine: Downloader::new(target, config.clone(), 42, Time::ZERO),
            config,
            now: Time::ZERO,
            file,
            seed,
            peers: BTreeMap::new(),
            trackers: Vec::new(),
            bodies: Vec::new(),
            disk: MS,
            links: BTreeMap::new(),
            log: Vec::new(),
            stored: BTreeSet::new(),
            adopted: None,
            queue: BTreeMap::new(),
            sequence: 0,
            held: BTreeMap::new(),
            sending: BTreeMap::new(),
            receiving: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            tests: BTreeMap::new(),
            puts: Vec::new(),
            most_used: 0,
            entropy: Entropy::new(7),
        }
    }

    /// Adds a peer that has everything, and lets the downloader know of it.
    pub(crate) fn peer(&mut self, host: u8, manner: Manner) -> &mut Peer {
        self.stranger(host, manner);
        self.feed(Event::Peers(vec![addr(host)]));
        self.peers.get_mut(&addr(host)).unwrap()
    }

    /// Adds a peer of which the downloader has to hear elsewhere.
    pub(crate) fn stranger(&mut self, host: u8, manner: Manner) -> &mut Peer {
        let (seed, chunk_time) = (Arc::clone(&self.seed), 10 * MS);
        let have = Have::all(seed.chunks());
        let bytes = self.file.clone();
        let peer = Peer { manner, seed, have, bytes, chunk_time, free_at: Time::ZERO };
        self.peers.insert(addr(host), peer);
        self.peers.get_mut(&addr(host)).unwrap()
    }

    /// Adds a tracker that always names these peers.
    pub(crate) fn tracker(&mut self, hosts: &[u8]) {
        let holders: Vec<_> = hosts.iter().map(|host| (*host, self.seed.id(), true)).collect();
        self.trackers.push(Box::new(move |_| Some(named(&holders))));
    }

    pub(crate) fn begin(&mut self) {
        let none = Have::none(0);
        self.feed(Event::Resumed { seed: None, have: none.clone(), claimed: none });
    }

    pub(crate) fn later(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), event);
    }

    /// Hands in an event now, and carries out what follows at once.
    pub(crate) fn feed(&mut self, event: Event) {
        self.observe(&event);
        self.machine.handle(self.now, event);
        while let Some(action) = self.machine.poll() {
            self.log.push((self.now, action.clone()));
            self.carry_out(action);
        }
        self.check();
    }

    /// Goes on until the download is over or it is `until`. Says if it is over.
    pub(crate) fn run_until(&mut self, until: Time) -> bool {
        while !self.is_over() {
            let event = self.queue.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.machine.deadline().expect("a download that is not over has a deadline").at;
            let next = event.map_or(deadline, |at| at.min(deadline)).max(self.now);
            if next > until {
                self.now = until;
                return false;
            }
            self.now = next;
            match self.queue.first_entry().filter(|entry| entry.key().0 <= next) {
                Some(entry) => {
                    let event = entry.remove();
                    if !self.is_called_off(&event) {
                        self.feed(event);
                    }
                }
                None => self.feed(Event::Wake),
            }
        }
        true
    }

    pub(crate) fn run(&mut self, span: Duration) -> bool {
        self.run_until(self.now + span)
    }

    /// Runs to the end, which has to be a good one, and gives the time that it took.
    pub(crate) fn finish(&mut self) -> Duration {
        let start = self.now;
        assert!(self.run(600 * SECOND), "not over after ten minutes: {:?}", self.log.last());
        assert!(self.is_done(), "{:?}", self.log.last());
        self.now - start
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_done() || self.actions().any(|action| matches!(action, Action::Failed(_)))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.actions().any(|action| *action == Action::Done { identity: IDENTITY })
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = &Action> {
        self.log.iter().map(|(_, action)| action)
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = &Note> {
        self.actions().filter_map(|action| match action {
            Action::Note(note) => Some(note),
            _ => None,
        })
    }

    /// What was sent to a peer, and when.
    pub(crate) fn sent(&self, host: u8) -> impl Iterator<Item = (Time, &Message)> {
        self.log.iter().filter_map(move |(at, action)| match action {
            Action::Send { link, message, .. } if self.links[link] == addr(host) => Some((*at, message)),
            _ => None,
        })
    }

    pub(crate) fn fetches(&self, host: u8) -> Vec<(Time, Fetch)> {
        let fetch = |(at, message): (Time, &Message)| match message {
            Message::Fetch(fetch) => Some((at, fetch.clone())),
            _ => None,
        };
        self.sent(host).filter_map(fetch).collect()
    }

    /// When a peer was dialled.
    pub(crate) fn dials(&self, host: u8) -> Vec<Time> {
        let dial = |(at, action): &(Time, Action)| match action {
            Action::Dial { addr: to, .. } if *to == addr(host) => Some(*at),
            _ => None,
        };
        self.log.iter().filter_map(dial).collect()
    }

    pub(crate) fn link(&self, host: u8) -> Link {
        *self.links.iter().rev().find(|(_, to)| **to == addr(host)).expect("dialled").0
    }

    /// When trackers were asked for holders.
    pub(crate) fn queries(&self) -> Vec<(Time, Query)> {
        let query = |(at, action): &(Time, Action)| match action {
            Action::Ask { request: Message::Query(query), .. } => Some((*at, query.clone())),
            _ => None,
        };
        self.log.iter().filter_map(query).collect()
    }
}

/// A tracker's answer: (host, list, complete) each.
pub(crate) fn named(holders: &[(u8, samara::SeedId, bool)]) -> Message {
    let holder = |(host, seed_id, complete): &(u8, samara::SeedId, bool)| Holder {
        addr: HolderAddr::At(addr(*host)),
        seed_id: *seed_id,
        complete: *complete,
    };
    Message::Holders(Holders {
        seeds: Vec::new(),
        holders: holders.iter().map(holder).collect(),
        warming: false,
    })
}
