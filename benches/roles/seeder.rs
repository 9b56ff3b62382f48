//! A seeder that is asked for chunks by many in turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use samara::seeder::{Action, Config, Event, FileId, Seeder, Served};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{Fetch, Hello, SeedKey, VERSION};
use samara::{Have, Link, Machine, Seed, Time};

const FILE: FileId = FileId(1);

/// A seeder and its peers.
pub(crate) struct Course {
    seeder: Seeder,
    now: Time,
    peers: u16,
    request: u32,
}

impl Course {
    pub(crate) fn new(seed: &Arc<Seed>, peers: u16) -> Self {
        let config = Config { node: 1, port: 7_000, slots: 0, ..Config::default() };
        let seeder = Seeder::new(config, 42, Time::ZERO);
        let mut course = Self { seeder, now: Time::ZERO, peers, request: 1 };
        let identity = Identity { device: 1, inode: 2, size: seed.length(), modified: 4 };
        let have = Have::all(seed.chunks());
        course.tell(Event::Add {
            file: FILE,
            seed: seed.clone(),
            have,
            identity: Some(identity),
            publish: true,
        });
        let key = SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() };
        for peer in 0..peers {
            let link = link(peer);
            course.tell(Event::Accepted {
                link,
                from: SocketAddr::from(([10, 0, peer.to_le_bytes()[0], 1], 7_000)),
            });
            let hello = Hello { version: VERSION, features: 0, node: u64::from(peer) + 7 };
            course.tell(Event::Message { link, request: 0, message: Message::Hello(hello) });
            course.tell(Event::Message { link, request: 1, message: Message::Test(key) });
            course.tell(Event::Looked { file: FILE, identity: Some(identity) });
        }
        course
    }

    /// Serves so many chunks, each to the next peer.
    pub(crate) fn run(&mut self, chunks: u32) {
        for index in 0..chunks {
            self.request += 1;
            let link = link(u16::try_from(index % u32::from(self.peers)).unwrap());
            let fetch = Fetch { t: 1, any_of: vec![index] };
            self.now = self.now + Duration::from_micros(5);
            let message = Message::Fetch(fetch);
            let served = self.tell(Event::Message { link, request: self.request, message });
            assert!(served, "chunk {index} isn't served");
            self.tell(Event::Served { link, request: self.request, outcome: Served::Whole });
        }
    }

    /// Hands in an event; was a chunk served?
    fn tell(&mut self, event: Event) -> bool {
        self.seeder.handle(self.now, event);
        let mut served = false;
        while let Some(action) = self.seeder.poll() {
            served |= matches!(action, Action::Serve { .. });
        }
        served
    }
}

const fn link(slot: u16) -> Link {
    Link { space: Link::ACCEPTED, slot, generation: 0 }
}
