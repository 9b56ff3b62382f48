//! What is around the node: it says what the tracker, the peer and the disk answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::downloader::{self, Pin, Target};
use samara::node::{Action, Config, Download, Endpoint, Event, Node};
use samara::seeder::{FileId, TrackerId};
use samara::store::{self, Op};
use samara::wire::Message;
use samara::wire::message::{
    Digest, Entry, Gone, HaveSet, Hello, Holder, HolderAddr, Holders, Query, SeedCount, UpdateSet, Updated,
    VERSION,
};
use samara::{Hashed, Have, Link, Machine, SafeName, Seed, SeedBuilder, Sha2, Step, Time};

use crate::disk::Disk;

pub(crate) const FILE: FileId = FileId(1);
pub(crate) const TRACKER: TrackerId = TrackerId(0);

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// The seed of these bytes, in chunks of this size.
pub(crate) fn seed(bytes: &[u8], chunk_size: u32) -> Arc<Seed> {
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(bytes.len() as u64, chunk_size).unwrap();
    builder.update(bytes);
    Arc::new(builder.finish(SafeName::new("f").unwrap()).unwrap())
}

/// The node and its surroundings.
pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) now: Time,
    /// The file's bytes, and the list of it that is asked for and that the peer has.
    pub(crate) bytes: Vec<u8>,
    pub(crate) seed: Arc<Seed>,
    /// Can the tracker be reached?
    pub(crate) tracker: bool,
    /// Which chunks the peer has.
    pub(crate) sends: BTreeSet<u32>,
    /// Does the tracker say that it has all of them?
    pub(crate) complete: bool,
    /// Has it no time for a Test?
    pub(crate) busy: bool,
    /// Is its file gone?
    pub(crate) gone: bool,
    pub(crate) disks: BTreeMap<FileId, Disk>,
    /// Does the disk answer?
    pub(crate) disk: bool,
    /// Everything that the node did, but for disk operations.
    pub(crate) did: Vec<Action>,
    /// What the tracker keeps for the node.
    pub(crate) announced: BTreeSet<Entry>,
    coming: VecDeque<Event>,
    steps: BTreeMap<(Link, u32), u32>,
}

impl World {
    /// With a file of so many chunks of 64 bytes.
    pub(crate) fn new(chunks: usize) -> Self {
        let bytes: Vec<u8> = (0..chunks * 64).map(|i| (i * 31 % 251) as u8).collect();
        let seed = seed(&bytes, 64);
        let config = Config { trackers: 1, ..Config::default() };
        Self {
            node: Node::new(config, 3, Time::ZERO),
            now: Time::ZERO,
            sends: (0..seed.chunks()).collect(),
            complete: true,
            busy: false,
            gone: false,
            bytes,
            seed,
            tracker: true,
            disks: BTreeMap::new(),
            disk: true,
            did: Vec::new(),
            announced: BTreeSet::new(),
            coming: VecDeque::new(),
            steps: BTreeMap::new(),
        }
    }

    /// A download of the file, under a pinned seed.
    pub(crate) fn download(&mut self) {
        self.download_by(Pin::Seed(Arc::clone(&self.seed)));
    }

    /// A download of the file, known by that.
    pub(crate) fn download_by(&mut self, pin: Pin) {
        let target = Target { file_hash: self.seed.file_hash(), pin };
        let (config, store) =
            (downloader::Config::default(), store::Config::new(samara::FileHash::of_nothing()));
        self.tell(Event::Download(Box::new(Download { file: FILE, target, peers: vec![], config, store })));
    }

    /// Hands in an event, and all that follows at once.
    pub(crate) fn tell(&mut self, event: Event) {
        self.coming.push_back(event);
        while let Some(event) = self.coming.pop_front() {
            self.node.handle(self.now, event);
            while let Some(action) = self.node.poll() {
                self.answer(&action);
                if !matches!(action, Action::Disk { .. }) {
                    self.did.push(action);
                }
            }
        }
    }

    /// Lets time go by, waking the node whenever it wants.
    pub(crate) fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        let mut wakes = 0;
        while let Some(deadline) = self.node.deadline().filter(|deadline| deadline.at <= end) {
            self.now = self.now.max(deadline.at);
            self.tell(Event::Wake);
            wakes += 1;
            assert!(wakes < 10_000, "{deadline:?} comes again and again");
        }
        self.now = end;
        self.tell(Event::Wake);
    }

    /// What the node did since the last time.
    pub(crate) fn did(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.did)
    }

    /// The links to the tracker that were dialled.
    pub(crate) fn tracker_links(&self) -> Vec<Link> {
        let dialled = self.did.iter().filter_map(|action| match_dial(action, Endpoint::Tracker(TRACKER)));
        dialled.collect()
    }

    /// The links to the peer that were dialled.
    pub(crate) fn peer_links(&self) -> Vec<Link> {
        let dialled = self.did.iter().filter_map(|action| match_dial(action, Endpoint::Peer(peer())));
        dialled.collect()
    }

    /// Was something like this sent?
    pub(crate) fn sent(&self, like: impl Fn(Link, &Message) -> bool) -> bool {
        self.did
            .iter()
            .any(|action| matches!(action, Action::Send { link, message, .. } if like(*link, message)))
    }

    fn answer(&mut self, action: &Action) {
        match action {
            Action::Dial { link, to: Endpoint::Tracker(_) } if !self.tracker => {
                self.coming.push_back(Event::Closed { link: *link })
            }
            Action::Dial { link, .. } => {
                self.coming.push_back(Event::Opened { link: *link, peer: peer() });
                let node = u64::from(link.space) + 100;
                self.says(*link, 0, Message::Hello(Hello { version: VERSION, features: 0, node }));
            }
            Action::Close { link, .. } => self.coming.push_back(Event::Closed { link: *link }),
            Action::Send { link, request, message } if link.space == 1 => {
                self.tracked(*link, *request, message)
            }
            Action::Send { link, request, message } if link.space > 1 => {
                self.peered(*link, *request, message)
            }
            Action::Receive { link, request, step } => self.send_chunk(*link, *request, *step),
            Action::Disk { file, job, op } if self.disk => self.carry_out(*file, *job, op),
            _ => {}
        }
    }

    fn says(&mut self, link: Link, request: u32, message: Message) {
        self.coming.push_back(Event::Message { link, request, message });
    }

    fn carry_out(&mut self, file: FileId, job: u32, op: &Op) {
        let outcome = self.disks.entry(file).or_default().run(op.clone());
        self.coming.push_back(Event::Disk { file, job, outcome });
    }

    fn tracked(&mut self, link: Link, request: u32, message: &Message) {
        match message {
            Message::Update(update) => match &update.set {
                UpdateSet::All(all) => self.announced = all.iter().copied().collect(),
                UpdateSet::Delta { added, removed } => {
                    self.announced.retain(|entry| {
                        !removed.contains(&entry.key) && added.iter().all(|new| new.key != entry.key)
                    });
                    self.announced.extend(added);
                }
                UpdateSet::Same => {}
            },
            Message::Withdraw(keys) => self.announced.retain(|entry| !keys.contains(&entry.key)),
            Message::Leave => self.announced.clear(),
            Message::Query(query) => {
                let holders = Message::Holders(self.holders(query));
                return self.says(link, request, holders);
            }
            Message::GetSeed { .. } => {
                return self.says(link, request, Message::Seed(Arc::clone(&self.seed)));
            }
            _ => return,
        }
        let mut digest = Digest::default();
        self.announced.iter().for_each(|entry| digest.add(entry));
        let (ttl, interval) = (Duration::from_secs(60), Duration::from_secs(20));
        let updated =
            Updated { epoch: 1, warming: false, ttl, interval, digest, resend: false, want: vec![] };
        self.says(link, request, Message::Updated(updated));
    }

    fn holders(&self, query: &Query) -> Holders {
        let seed_id = self.seed.id();
        let (complete, count) = (self.complete, u32::from(self.complete));
        let holder = Holder { addr: HolderAddr::At(peer()), seed_id, complete };
        let seeds = vec![SeedCount { seed_id, complete: count, partial: 1 - count }];
        let mut holders = vec![holder];
        holders.retain(|holder| !query.stale.contains(&holder.addr));
        Holders { seeds, holders, warming: false }
    }

    fn peered(&mut self, link: Link, request: u32, message: &Message) {
        match message {
            Message::Test(_) if self.gone => self.says(link, request, Message::Gone(Gone::Withdrawn)),
            Message::Test(_) if self.busy => {
                self.says(link, request, Message::Busy { retry_after: Duration::from_secs(1) });
            }
            Message::Test(_) => {
                let mut have = Have::none(self.seed.chunks());
                self.sends.iter().for_each(|index| _ = have.insert(*index));
                self.says(link, request, Message::Have(HaveSet::from(&have)));
            }
            Message::Fetch(fetch) => {
                let Some(index) = fetch.any_of.iter().find(|index| self.sends.contains(index)) else {
                    return;
                };
                self.steps.insert((link, request), *index);
                let len = self.seed.step(*index).unwrap().len;
                self.says(link, request, Message::Chunk { index: *index, len });
            }
            _ => {}
        }
    }

    fn send_chunk(&mut self, link: Link, request: u32, step: Step) {
        let range = self.seed.range(self.steps[&(link, request)]).unwrap();
        let bytes = Bytes::copy_from_slice(&self.bytes[range.start as usize..range.end as usize]);
        let hashed = Hashed::new::<Sha2>(step.start, step.last, bytes);
        self.coming.push_back(Event::Chunk { link, request, hashed });
    }
}

/// Where the peer is.
pub(crate) fn peer() -> SocketAddr {
    addr("10.0.0.2:5000")
}

fn match_dial(action: &Action, endpoint: Endpoint) -> Option<Link> {
    match action {
        Action::Dial { link, to } if *to == endpoint => Some(*link),
        _ => None,
    }
}
