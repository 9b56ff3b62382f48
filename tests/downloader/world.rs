//! A small world around one downloader. It checks, at each step, what must always hold: only right bytes are stored,
//! requests are disjoint but for two copies in the endgame, and the budget is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::downloader::{Action, Config, Downloader, Event, Note, Pin, Target};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{
    Fetch, Gone, HaveSet, Hello, Holder, HolderAddr, Holders, Query, Rejection, VERSION,
};
use samara::{Entropy, Hashed, Have, Link, Machine, SafeName, Seed, SeedBuilder, Sha2, Step, Time};

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
        let peer = Peer { manner, seed, have, chunk_time, free_at: Time::ZERO };
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

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Dial { link, addr } => self.dial(link, addr),
            Action::Send { link, request, message } => self.hear(link, request, message),
            Action::Receive { link, request, step } => {
                let peer = &self.peers[&self.links[&link]];
                let range = self.seed.range(step.index).unwrap_or_default();
                let mut bytes = self.file[range.start as usize..range.end as usize].to_vec();
                bytes.resize(step.len as usize, 0);
                if peer.manner == Manner::Corrupt {
                    bytes[0] ^= 1;
                }
                let hashed = Hashed::new::<Sha2>(step.start, step.last, bytes.into());
                self.later(peer.chunk_time / 2, Event::Chunk { link, request, hashed });
            }
            Action::Close { link, .. } => {
                self.held.retain(|(of, _), _| *of != link);
                self.later(LATENCY, Event::Closed { link });
            }
            Action::Ask { tracker, tag, request } => {
                let answer = match request {
                    Message::Query(query) => self.trackers[usize::from(tracker.0)](&query),
                    Message::GetSeed { seed_id, .. } => {
                        let body = self.bodies.iter().find(|body| Some(body.id()) == seed_id);
                        Some(body.map_or(Message::Unknown, |body| Message::Seed(Arc::clone(body))))
                    }
                    other => panic!("no question for a tracker: {other:?}"),
                };
                let at = Some("10.9.9.9:7070".parse().unwrap());
                self.later(2 * LATENCY, Event::Answer { tracker, tag, at, answer });
            }
            Action::Adopt { seed, .. } => {
                let same = |index: &u32| {
                    self.adopted.as_ref().is_some_and(|old| old.step(*index) == seed.step(*index))
                };
                let mut have = Have::none(seed.chunks());
                self.stored.retain(|index| same(index) && have.insert(*index));
                let claimed = Have::none(seed.chunks());
                self.adopted = Some(seed);
                self.later(self.disk, Event::Adopted { have, claimed });
            }
            Action::Put { index, bytes } => {
                let seed = self.adopted.as_ref().expect("a list is adopted before anything is stored");
                let range = seed.range(index).unwrap();
                assert_eq!(bytes, self.file[range.start as usize..range.end as usize], "chunk {index}");
                assert!(!self.stored.contains(&index), "chunk {index} stored twice");
                self.puts.push(seed.step(index).unwrap());
                self.later(self.disk, Event::Stored { index });
            }
            Action::Publish => {
                let chunks = self.adopted.as_ref().map_or(0, |seed| seed.chunks());
                assert_eq!(self.stored, (0..chunks).collect(), "published before everything is stored");
                self.later(self.disk, Event::Published { identity: IDENTITY });
            }
            Action::Done { .. } | Action::Failed(_) | Action::Note(_) => {}
        }
    }

    fn dial(&mut self, link: Link, addr: SocketAddr) {
        self.links.insert(link, addr);
        match self.peers.get(&addr).map_or(Manner::Dead, |peer| peer.manner) {
            Manner::Dead => self.later(LATENCY, Event::Closed { link }),
            Manner::BlackHole | Manner::Played => {}
            _ => self.later(2 * LATENCY, Event::Opened { link }),
        }
    }

    /// A peer hears a message.
    fn hear(&mut self, link: Link, request: u32, message: Message) {
        let at = self.links[&link];
        let Some(peer) = self.peers.get(&at) else { return };
        let (manner, seed) = (peer.manner, Arc::clone(&peer.seed));
        if manner == Manner::Played {
            return;
        }
        let answer = match message {
            Message::Hello(_) => {
                let node = if manner == Manner::Myself { self.config.node } else { u64::from(at.port()) + 1 };
                Message::Hello(Hello { version: VERSION, features: 0, node })
            }
            Message::GetSeed { .. } => Message::Seed(seed),
            Message::Test(key) if key.seed_id != seed.id() => Message::Gone(Gone::Never),
            Message::Test(_) => match manner {
                Manner::Gone(why) => Message::Gone(why),
                Manner::BusyTest(until) if self.now < until => Message::Busy { retry_after: 700 * MS },
                _ => {
                    self.tests.insert((link, request), seed);
                    Message::Have(HaveSet::from(&peer.have))
                }
            },
            Message::Fetch(fetch) => return self.serve(link, request, &fetch),
            Message::Cancel { target } => {
                self.held.remove(&(link, target));
                let open = self.sending.contains_key(&(link, target));
                // What was sent before the cancel came can't be stopped.
                let sent = self.receiving.contains(&(link, target)) && self.entropy.below(2) == 0;
                if manner == Manner::Tarpit || !open || sent {
                    return;
                }
                self.cancelled.insert((link, target));
                self.later(
                    2 * LATENCY,
                    Event::Message {
                        link,
                        request: target,
                        message: Message::Rejected(Rejection::Cancelled),
                    },
                );
                return;
            }
            other => panic!("no message for a peer: {other:?}"),
        };
        self.later(2 * LATENCY, Event::Message { link, request, message: answer });
    }

    fn serve(&mut self, link: Link, request: u32, fetch: &Fetch) {
        self.ask(link, request, fetch);
        let at = self.links[&link];
        let peer = self.peers.get_mut(&at).unwrap();
        let has: Vec<_> = fetch.any_of.iter().copied().filter(|index| peer.have.has(*index)).collect();
        let chosen = self.entropy.pick(&has).copied();
        peer.free_at = peer.free_at.max(self.now + LATENCY) + peer.chunk_time;
        let (start, manner) = (peer.free_at - self.now, peer.manner);
        let len = |index| peer.seed.step(index).unwrap().len;
        let message = match (manner, chosen) {
            (Manner::Tarpit, _) => return,
            (Manner::BusyFetch(until), _) if self.now < until => {
                Message::Rejected(Rejection::Busy { retry_after: 300 * MS })
            }
            (Manner::Liar, _) | (_, None) => Message::Rejected(Rejection::NotHeld),
            (Manner::Unsolicited, Some(_)) => {
                let other = (0..).find(|index| !fetch.any_of.contains(index)).unwrap();
                Message::Chunk { index: other, len: 64 }
            }
            (Manner::TooLong, Some(index)) => Message::Chunk { index, len: len(index) + 1 },
            (_, Some(index)) => Message::Chunk { index, len: len(index) },
        };
        let first = start - peer.chunk_time / 2;
        let after = if matches!(message, Message::Chunk { .. }) { first } else { 2 * LATENCY };
        self.later(after, Event::Message { link, request, message });
    }

    /// A request has to be disjoint from all others (unless lists differ there), but for one copy of a single chunk.
    fn ask(&mut self, link: Link, request: u32, fetch: &Fetch) {
        assert!((1..=8).contains(&fetch.any_of.len()), "{fetch:?}");
        let list = &self.tests[&(link, fetch.t)];
        for index in &fetch.any_of {
            let step = list.step(*index).expect("a chunk of the list");
            let others = self.held.values().filter(|held| held.contains(&step)).count();
            let most = usize::from(fetch.any_of.len() == 1);
            assert!(others <= most, "chunk {index} is asked of {others} others");
        }
        let steps = fetch.any_of.iter().filter_map(|index| list.step(*index)).collect();
        self.held.insert((link, request), steps);
        let len = fetch.any_of.iter().map(|index| self.seed.step(*index).map_or(0, |step| step.len)).max();
        self.sending.insert((link, request), len.unwrap());
    }

    fn is_called_off(&self, event: &Event) -> bool {
        match event {
            Event::Message { link, request, message: Message::Chunk { .. } }
            | Event::Chunk { link, request, .. } => self.cancelled.contains(&(*link, *request)),
            _ => false,
        }
    }

    /// Keeps account of what the machine is told.
    fn observe(&mut self, event: &Event) {
        match event {
            Event::Message { link, request, message: Message::Chunk { index, .. } } => {
                if let Some(held) = self.held.get_mut(&(*link, *request)) {
                    held.retain(|held| held.index == *index);
                }
                self.receiving.insert((*link, *request));
            }
            Event::Message { link, request, message: Message::Rejected(_) }
            | Event::Chunk { link, request, .. } => {
                self.held.remove(&(*link, *request));
                self.sending.remove(&(*link, *request));
            }
            Event::Closed { link } => {
                self.held.retain(|(of, _), _| of != link);
                self.sending.retain(|(of, _), _| of != link);
            }
            Event::Stored { index } => {
                let oldest = self.puts.iter().position(|step| step.index == *index).expect("put");
                let step = self.puts.remove(oldest);
                if self.adopted.as_ref().unwrap().step(*index) == Some(step) {
                    self.stored.insert(*index);
                }
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        let requested: u64 = self.held.keys().map(|key| u64::from(self.sending[key])).sum();
        let unstored: u64 = self.puts.iter().map(|step| u64::from(step.len)).sum();
        let used = requested + unstored;
        self.most_used = self.most_used.max(used);
        let budget = self.config.budget.max(4 * u64::from(self.seed.chunk_size()));
        assert!(used <= budget, "{used} bytes under way, and the budget is {budget}");
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
