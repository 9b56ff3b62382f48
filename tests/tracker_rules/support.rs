//! A tracker and those who talk to it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use samara::tracker::{Action, Config, Event, Note, Tracker};
use samara::wire::Message;
use samara::wire::message::{
    Digest, Entry, Hello, Holder, HolderAddr, Holders, List, Listing, Query, Refusal, SeedKey, Update,
    UpdateSet, Updated, VERSION,
};
use samara::wire::session::Fault;
use samara::{FileHash, Link, Machine, SafeName, Seed, SeedBuilder, SeedId, Sha2, Time};

pub(super) const SECOND: u64 = 1_000_000;
pub(super) const TTL: u64 = 60 * SECOND;

/// A tracker at a moment.
pub(super) struct World {
    pub(super) tracker: Tracker,
    pub(super) now: Time,
    pub(super) notes: Vec<Note>,
    links: u16,
}

/// One connection to it.
pub(super) struct Peer {
    pub(super) link: Link,
    pub(super) port: u16,
    request: u32,
    generation: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(super) fn with(config: Config) -> Self {
        Self::started(config, 1)
    }

    pub(super) fn started(config: Config, entropy: u64) -> Self {
        let tracker = Tracker::new(config, entropy, Time::ZERO);
        Self { tracker, now: Time::ZERO, notes: Vec::new(), links: 0 }
    }

    /// Lets so many microseconds pass, waking the tracker whenever it wants.
    pub(super) fn pass(&mut self, micros: u64) {
        let end = self.now + Duration::from_micros(micros);
        let mut wakes = 0;
        while let Some(at) = self.tracker.deadline().map(|deadline| deadline.at).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.event(Event::Wake);
            wakes += 1;
            assert!(wakes < 100_000, "a busy loop: {:?}", self.tracker.deadline());
        }
        self.now = end;
    }

    /// Lets time pass without waking anybody.
    pub(super) fn oversleep(&mut self, micros: u64) {
        self.now = self.now + Duration::from_micros(micros);
    }

    pub(super) fn event(&mut self, event: Event) -> Vec<Action> {
        self.tracker.handle(self.now, event);
        let mut actions = Vec::new();
        while let Some(action) = self.tracker.poll() {
            match action {
                Action::Note(note) => self.notes.push(note),
                Action::Send { .. } | Action::Close { .. } => actions.push(action),
            }
        }
        actions
    }

    /// A connection before its hello; `at` is an IP address.
    pub(super) fn accept(&mut self, at: &str) -> (Peer, Vec<Action>) {
        self.links += 1;
        let link = Link { space: Link::ACCEPTED, slot: self.links, generation: 0 };
        let from = SocketAddr::new(at.parse().unwrap(), 40_000);
        let local = "10.9.9.9:7070".parse().unwrap();
        let actions = self.event(Event::Accepted { link, from, local });
        (Peer { link, port: 7, request: 0, generation: 0 }, actions)
    }

    /// A connection of the process `token`.
    pub(super) fn connect(&mut self, at: &str, token: u64) -> Peer {
        let (peer, actions) = self.accept(at);
        assert_eq!(actions, []);
        let hello = Hello { version: VERSION, features: 0, node: token };
        let answers = self.send(&peer, 0, Message::Hello(hello));
        assert!(matches!(
            answers.as_slice(),
            [Action::Send { request: 0, message: Message::Hello(Hello { version: VERSION, .. }), .. }]
        ));
        peer
    }

    pub(super) fn send(&mut self, peer: &Peer, request: u32, message: Message) -> Vec<Action> {
        self.event(Event::Message { link: peer.link, request, message })
    }

    pub(super) fn close(&mut self, peer: &Peer) {
        assert_eq!(self.event(Event::Closed { link: peer.link }), []);
    }

    /// Asks, and insists on exactly one answer.
    pub(super) fn ask(&mut self, peer: &mut Peer, message: Message) -> Message {
        peer.request += 1;
        let mut actions = self.send(peer, peer.request, message);
        match (actions.pop(), actions.as_slice()) {
            (Some(Action::Send { link, request, message }), [])
                if (link, request) == (peer.link, peer.request) =>
            {
                message
            }
            (last, rest) => panic!("not one answer: {rest:?} {last:?}"),
        }
    }

    pub(super) fn page(
        &mut self,
        peer: &mut Peer,
        page: u32,
        last: bool,
        base: Digest,
        set: UpdateSet,
    ) -> Message {
        let update =
            Update { port: peer.port, advertise: None, generation: peer.generation, page, last, base, set };
        self.ask(peer, Message::Update(update))
    }

    pub(super) fn update(&mut self, peer: &mut Peer, base: Digest, set: UpdateSet) -> Updated {
        peer.generation += 1;
        updated(self.page(peer, 0, true, base, set))
    }

    pub(super) fn announce(&mut self, peer: &mut Peer, entries: &[Entry]) -> Updated {
        let updated = self.update(peer, Digest::default(), UpdateSet::All(entries.to_vec()));
        assert!(!updated.resend);
        assert_eq!(updated.digest, digest(entries));
        updated
    }

    pub(super) fn try_announce(&mut self, peer: &mut Peer, entries: &[Entry]) -> Result<Updated, Refusal> {
        peer.generation += 1;
        granted(self.page(peer, 0, true, Digest::default(), UpdateSet::All(entries.to_vec())))
    }

    /// One who connects, announces and stays connected.
    pub(super) fn holder(&mut self, at: &str, token: u64, entries: &[Entry]) -> Peer {
        let mut peer = self.connect(at, token);
        self.announce(&mut peer, entries);
        peer
    }

    pub(super) fn query(&mut self, peer: &mut Peer, query: Query) -> Holders {
        let Message::Holders(holders) = self.ask(peer, Message::Query(query)) else { panic!("no holders") };
        holders
    }

    /// What a stranger is told about a file.
    pub(super) fn holders(&mut self, file: u32) -> Vec<Holder> {
        let mut stranger = self.connect("172.16.0.1", 999_999);
        let holders = self.query(&mut stranger, about(file));
        self.close(&stranger);
        holders.holders
    }

    pub(super) fn list(&mut self, peer: &mut Peer, after: u64, limit: u16) -> Listing {
        let message = Message::List(List { after, limit });
        let Message::Listing(listing) = self.ask(peer, message) else { panic!("no listing") };
        listing
    }
}

impl Peer {
    pub(super) fn at_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    pub(super) fn next_generation(&mut self) {
        self.generation += 1;
    }
}

pub(super) fn updated(message: Message) -> Updated {
    granted(message).unwrap()
}

/// The answer to an announcement.
pub(super) fn granted(message: Message) -> Result<Updated, Refusal> {
    if let Message::Refused(refusal) = message {
        return Err(refusal);
    }
    let Message::Updated(updated) = message else { panic!("{message:?}") };
    Ok(updated)
}

pub(super) fn closed(actions: &[Action]) -> Option<Fault> {
    let [.., Action::Close { fault, .. }] = actions else { return None };
    Some(*fault)
}

fn bytes(number: u32, salt: u8) -> [u8; 32] {
    let mut bytes = [salt; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

pub(super) fn file(number: u32) -> FileHash {
    FileHash::new(bytes(number, 0xf0))
}

pub(super) fn seed_id(number: u32) -> SeedId {
    SeedId::new(bytes(number, 0x5e))
}

/// The file `number` under the list `list`.
pub(super) fn key(number: u32, list: u32) -> SeedKey {
    SeedKey { file_hash: file(number), seed_id: seed_id(list) }
}

pub(super) fn complete(number: u32) -> Entry {
    Entry { key: key(number, number), complete: true }
}

pub(super) fn partial(number: u32) -> Entry {
    Entry { key: key(number, number), complete: false }
}

pub(super) fn about(number: u32) -> Query {
    Query { file_hash: file(number), seed_id: None, stale: Vec::new(), refuted: Vec::new() }
}

pub(super) fn digest(entries: &[Entry]) -> Digest {
    let mut digest = Digest::default();
    entries.iter().for_each(|entry| digest.add(entry));
    digest
}

pub(super) fn at(ip: &str, port: u16) -> HolderAddr {
    HolderAddr::At(SocketAddr::new(ip.parse::<IpAddr>().unwrap(), port))
}

pub(super) fn delta(added: &[Entry], removed: &[SeedKey]) -> UpdateSet {
    UpdateSet::Delta { added: added.to_vec(), removed: removed.to_vec() }
}

/// A seed whose body exists, of a file of `length` bytes.
pub(super) fn real_seed(name: &str, length: usize) -> Arc<Seed> {
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(length as u64, 64).unwrap();
    builder.update(&vec![name.len() as u8; length]);
    Arc::new(builder.finish(SafeName::new(name).unwrap()).unwrap())
}

pub(super) fn holding(seed: &Seed) -> Entry {
    Entry { key: SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() }, complete: true }
}
