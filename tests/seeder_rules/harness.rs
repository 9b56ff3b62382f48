//! A seeder with a made-up disk, made-up peers, and a clock that jumps from deadline to deadline.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use samara::seeder::{Action, Config, Event, FileId, Note, Seeder, Served, TrackerId};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{Fetch, Gone, Hello, SeedKey, VERSION};
use samara::wire::session::Fault;
use samara::{Have, Link, Machine, SafeName, Seed, SeedBuilder, Time};

pub(crate) struct Bench {
    pub(crate) seeder: Seeder,
    pub(crate) now: Time,
    /// What each file looks like now; a look at another one finds nothing.
    pub(crate) disk: BTreeMap<FileId, Identity>,
    /// Looks are answered at once.
    pub(crate) looks: bool,
    /// Whose connections were ended, and why.
    pub(crate) turned_away: Vec<(IpAddr, Fault)>,
}

pub(crate) const fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

pub(crate) const fn link(slot: u16) -> Link {
    Link { space: 0, slot, generation: 0 }
}

/// A seed of four chunks of 64 bytes; another one for each number.
pub(crate) fn seed(number: u32) -> Arc<Seed> {
    let mut builder: SeedBuilder = SeedBuilder::with_chunk_size(256, 64).unwrap();
    (0..64).for_each(|_| builder.update(&number.to_le_bytes()));
    Arc::new(builder.finish(SafeName::new(&format!("file-{number}")).unwrap()).unwrap())
}

pub(crate) fn key(seed: &Seed) -> SeedKey {
    SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() }
}

pub(crate) fn identity(number: u32) -> Identity {
    Identity { device: 1, inode: u64::from(number), size: 256, modified: 0 }
}

impl Bench {
    pub(crate) fn new(config: Config) -> Self {
        let seeder = Seeder::new(Config { node: 1, port: 7_000, ..config }, 42, Time::ZERO);
        Self { seeder, now: Time::ZERO, disk: BTreeMap::new(), looks: true, turned_away: Vec::new() }
    }

    /// Hands in one event; gives what it leads to. Looks are answered on the way, if so wished.
    pub(crate) fn tell(&mut self, event: Event) -> Vec<Action> {
        self.seeder.handle(self.now, event);
        let mut actions = Vec::new();
        while let Some(action) = self.seeder.poll() {
            match action {
                Action::Look { file } if self.looks => {
                    let identity = self.disk.get(&file).copied();
                    self.seeder.handle(self.now, Event::Looked { file, identity });
                }
                Action::Note(Note::TurnedAway { from, why }) => self.turned_away.push((from.ip(), why)),
                other => actions.push(other),
            }
        }
        actions
    }

    /// Lets time pass until the next deadline, at most until `end`; gives what happens then, or none at `end`.
    pub(crate) fn step(&mut self, end: Time) -> Option<Vec<Action>> {
        match self.seeder.deadline().map(|deadline| deadline.at) {
            Some(due) if due <= end => {
                self.now = self.now.max(due);
                Some(self.tell(Event::Wake))
            }
            _ => {
                self.now = end;
                None
            }
        }
    }

    /// Lets time pass; gives all that happens.
    pub(crate) fn run(&mut self, span: Duration) -> Vec<Action> {
        let (end, mut actions) = (self.now + span, Vec::new());
        while let Some(more) = self.step(end) {
            actions.extend(more);
        }
        actions
    }

    /// A complete file.
    pub(crate) fn add(&mut self, number: u32) -> Vec<Action> {
        let file = FileId(number);
        self.disk.insert(file, identity(number));
        let (seed, identity) = (seed(number), Some(identity(number)));
        self.tell(Event::Add { file, have: Have::all(seed.chunks()), seed, identity, publish: true })
    }

    /// An unfinished download.
    pub(crate) fn add_partial(&mut self, number: u32, chunks: &[u32]) -> Vec<Action> {
        let (file, seed) = (FileId(number), seed(number));
        let mut have = Have::none(seed.chunks());
        chunks.iter().for_each(|index| assert!(have.insert(*index)));
        self.tell(Event::Add { file, seed, have, identity: None, publish: false })
    }

    pub(crate) fn remove(&mut self, number: u32) -> Vec<Action> {
        self.tell(Event::Remove { file: FileId(number), why: Gone::Withdrawn })
    }

    pub(crate) fn message(&mut self, slot: u16, request: u32, message: Message) -> Vec<Action> {
        self.tell(Event::Message { link: link(slot), request, message })
    }

    /// A peer of its own network connects and says hello.
    pub(crate) fn connect(&mut self, slot: u16) {
        let [high, low] = slot.to_be_bytes();
        let from = ([10, high, low, 1], 9_000).into();
        assert_eq!(self.tell(Event::Accepted { link: link(slot), from }), []);
        let hello = Message::Hello(Hello { version: VERSION, features: 0, node: 100 + u64::from(slot) });
        let ours = Message::Hello(Hello { version: VERSION, features: 0, node: 1 });
        assert_eq!(self.message(slot, 0, hello), [send(slot, 0, ours)]);
    }

    pub(crate) fn test(&mut self, slot: u16, request: u32, number: u32) -> Vec<Action> {
        self.message(slot, request, Message::Test(key(&seed(number))))
    }

    /// A peer connects and subscribes to a file, under number 1.
    pub(crate) fn subscribe(&mut self, slot: u16, number: u32) {
        self.connect(slot);
        let actions = self.test(slot, 1, number);
        assert!(matches!(&actions[..], [Action::Send { message: Message::Have(_), .. }]), "{actions:?}");
    }

    pub(crate) fn fetch(&mut self, slot: u16, request: u32, any_of: &[u32]) -> Vec<Action> {
        self.message(slot, request, Message::Fetch(Fetch { t: 1, any_of: any_of.to_vec() }))
    }

    pub(crate) fn served(&mut self, slot: u16, request: u32, outcome: Served) -> Vec<Action> {
        self.tell(Event::Served { link: link(slot), request, outcome })
    }

    pub(crate) fn answer(&mut self, tag: u32, answer: Option<Message>) -> Vec<Action> {
        self.tell(Event::Answer { tracker: TrackerId(0), tag, answer })
    }
}

pub(crate) fn send(slot: u16, request: u32, message: Message) -> Action {
    Action::Send { link: link(slot), request, message }
}

pub(crate) fn serve(slot: u16, request: u32, number: u32, index: u32) -> Action {
    let start = u64::from(index) * 64;
    Action::Serve {
        link: link(slot),
        request,
        file: FileId(number),
        identity: Some(identity(number)),
        index,
        range: start..start + 64,
    }
}
