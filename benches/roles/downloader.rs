//! A downloader whose peers send whatever it asks for, in no time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::downloader::{Action, Config, Downloader, Event, Pin, Target};
use samara::hash::{Hashed, Sha2};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{HaveSet, Hello, VERSION};
use samara::{Have, Link, Machine, SafeName, Seed, SeedBuilder, Time};

/// Bytes of a chunk: as few as can be, since this isn't about hashing.
const CHUNK: u32 = 64;

/// What is downloaded.
pub(crate) struct File {
    pub(crate) seed: Arc<Seed>,
    chunks: Vec<Hashed>,
}

impl File {
    pub(crate) fn new(chunks: u32) -> Self {
        let bytes: Bytes = (0..chunks * CHUNK).map(|at| at.to_le_bytes()[1]).collect();
        let mut builder: SeedBuilder = SeedBuilder::with_chunk_size(bytes.len() as u64, CHUNK).unwrap();
        builder.update(&bytes);
        let seed = Arc::new(builder.finish(SafeName::new("file").unwrap()).unwrap());
        let mut rest = bytes;
        let hash = |index: u32| {
            let step = seed.step(index).unwrap();
            Hashed::new::<Sha2>(step.start, step.last, rest.split_to(CHUNK as usize))
        };
        Self { chunks: (0..chunks).map(hash).collect(), seed }
    }
}

/// One download.
pub(crate) struct Course<'a> {
    file: &'a File,
    machine: Downloader,
    now: Time,
    events: VecDeque<Event>,
    /// What was asked for last under each link and number, until it is sent.
    asked: Vec<(Link, u32, u32)>,
}

impl<'a> Course<'a> {
    pub(crate) fn new(file: &'a File, peers: u16) -> Self {
        let target = Target { file_hash: file.seed.file_hash(), pin: Pin::Seed(file.seed.clone()) };
        // As many chunks under way as there would be of larger ones.
        let budget = u64::from(4 * u32::from(peers) * CHUNK);
        let config = Config { neighbours: peers, budget, ..Config::default() };
        let machine = Downloader::new(target, config, 42, Time::ZERO);
        let mut course = Self { file, machine, now: Time::ZERO, events: VecDeque::new(), asked: Vec::new() };
        let none = || Have::none(0);
        course.events.push_back(Event::Resumed { seed: None, have: none(), claimed: none() });
        let addr = |peer: u16| SocketAddr::from(([10, 0, peer.to_le_bytes()[0], 1], 7_000));
        course.events.push_back(Event::Peers((0..peers).map(addr).collect()));
        course
    }

    /// Runs until the file is there.
    pub(crate) fn run(&mut self) {
        loop {
            while let Some(event) = self.events.pop_front() {
                self.machine.handle(self.now, event);
                while let Some(action) = self.machine.poll() {
                    if self.act(action) {
                        return;
                    }
                }
            }
            self.now = self.machine.deadline().unwrap().at.max(self.now + Duration::from_micros(1));
            self.events.push_back(Event::Wake);
        }
    }

    /// Does what it wants; true at the end.
    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Dial { link, .. } => {
                self.events.push_back(Event::Opened { link });
                let hello = Hello { version: VERSION, features: 0, node: u64::from(link.slot) + 7 };
                self.message(link, 0, Message::Hello(hello));
            }
            Action::Send { link, request, message: Message::Test(_) } => {
                self.message(link, request, Message::Have(HaveSet::All));
            }
            Action::Send { link, request, message: Message::Fetch(fetch) } => {
                let index = *fetch.any_of.first().unwrap();
                self.now = self.now + Duration::from_micros(5);
                self.asked.push((link, request, index));
                let len = CHUNK;
                self.message(link, request, Message::Chunk { index, len });
            }
            Action::Receive { link, request, .. } => {
                let at = self.asked.iter().position(|asked| (asked.0, asked.1) == (link, request)).unwrap();
                let (_, _, index) = self.asked.swap_remove(at);
                let hashed = self.file.chunks[index as usize].clone();
                self.events.push_back(Event::Chunk { link, request, hashed });
            }
            Action::Adopt { .. } => {
                let count = self.file.seed.chunks();
                let none = || Have::none(count);
                self.events.push_back(Event::Adopted { have: none(), claimed: none() });
            }
            Action::Put { index, .. } => self.events.push_back(Event::Stored { index }),
            Action::Publish => {
                let identity = Identity { device: 1, inode: 2, size: 3, modified: 4 };
                self.events.push_back(Event::Published { identity });
            }
            Action::Done { .. } => return true,
            Action::Failed(error) => panic!("{error:?}"),
            Action::Ask { .. } | Action::Send { .. } | Action::Close { .. } | Action::Note(_) => {}
        }
        false
    }

    fn message(&mut self, link: Link, request: u32, message: Message) {
        self.events.push_back(Event::Message { link, request, message });
    }
}
