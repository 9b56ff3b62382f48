//! A store on a forgetful disk.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::store::{Action, Config, Event, Op, Store};
use samara::{ChunkHash, Entropy, Machine, SafeName, Seed, SeedBuilder, Sha2, Time};

use crate::disk::{Disk, may_overtake};

pub(crate) const CHUNK: u32 = 64;

/// A file of so many bytes, and its seed.
pub(crate) fn file(length: usize) -> (Vec<u8>, Arc<Seed>) {
    let bytes: Vec<u8> = (0..length).map(|i| (i * 31 % 251 + 1) as u8).collect();
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(length as u64, CHUNK).unwrap();
    builder.update(&bytes);
    (bytes, Arc::new(builder.finish(SafeName::new("f").unwrap()).unwrap()))
}

/// Another list for the same file, which lies about the end of chunk `at`: two steps differ.
pub(crate) fn lie(seed: &Seed, at: usize) -> Arc<Seed> {
    let mut hashes = seed.chunk_hashes().to_vec();
    hashes[at] = ChunkHash::new([9; 32]);
    let name = seed.name().clone();
    Arc::new(Seed::new(name, seed.length(), seed.chunk_size(), seed.file_hash(), hashes).unwrap())
}

/// A store, its disk, and what it said.
pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) disk: Disk,
    pub(crate) now: Time,
    pub(crate) said: Vec<Action>,
    waiting: Vec<(u32, Op)>,
    entropy: Entropy,
}

impl Rig {
    pub(crate) fn new(disk: Disk, seed: &Seed, entropy: u64) -> Self {
        let mut config = Config::new(seed.file_hash());
        config.sync_bytes = 2 * u64::from(CHUNK);
        Self::with(disk, config, entropy)
    }

    pub(crate) fn with(disk: Disk, config: Config, entropy: u64) -> Self {
        let store = Store::new(config, entropy, Time::ZERO);
        let entropy = Entropy::new(entropy);
        Self { store, disk, now: Time::ZERO, said: Vec::new(), waiting: Vec::new(), entropy }
    }

    /// Hands in an event; carries out nothing.
    pub(crate) fn tell(&mut self, event: Event) {
        self.store.handle(self.now, event);
        self.listen();
    }

    pub(crate) fn put(&mut self, seed: &Seed, bytes: &[u8], index: u32) {
        let range = seed.range(index).unwrap();
        let bytes = Bytes::copy_from_slice(&bytes[range.start as usize..range.end as usize]);
        self.tell(Event::Put { index, bytes });
    }

    pub(crate) fn put_all(&mut self, seed: &Seed, bytes: &[u8], indices: impl IntoIterator<Item = u32>) {
        indices.into_iter().for_each(|index| self.put(seed, bytes, index));
    }

    fn listen(&mut self) {
        while let Some(action) = self.store.poll() {
            if let Action::Disk { job, op } = action {
                self.waiting.push((job, op));
            } else {
                self.said.push(action);
            }
        }
    }

    /// Carries out one of the operations that may go first; false if none waits.
    pub(crate) fn step(&mut self) -> bool {
        let free: Vec<usize> = (0..self.waiting.len())
            .filter(|&at| {
                self.waiting[..at].iter().all(|(_, before)| may_overtake(&self.waiting[at].1, before))
            })
            .collect();
        let Some(&at) = self.entropy.pick(&free) else { return false };
        let (job, op) = self.waiting.remove(at);
        let outcome = self.disk.run(&op);
        self.tell(Event::Done { job, outcome });
        true
    }

    /// Carries out everything.
    pub(crate) fn run(&mut self) -> &mut Self {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            assert!(steps < 100_000, "it never rests");
        }
        self
    }

    /// Lets time go by.
    pub(crate) fn wait(&mut self, span: Duration) {
        self.now = self.now + span;
        self.tell(Event::Wake);
    }

    /// What was said since the last time.
    pub(crate) fn said(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.said)
    }

    /// The operations since the last time, in words.
    pub(crate) fn ops(&mut self) -> Vec<String> {
        std::mem::take(&mut self.disk.log)
    }
}

pub(crate) fn adopt(seed: &Arc<Seed>) -> Event {
    Event::Adopt { seed: Arc::clone(seed), pinned: false }
}

/// A store that is open and has taken up the list.
pub(crate) fn begun(seed: &Arc<Seed>) -> Rig {
    let mut rig = Rig::new(Disk::default(), seed, 1);
    rig.tell(Event::Open);
    rig.tell(adopt(seed));
    rig.run().ops();
    rig.said();
    rig
}

/// Another run on the same disk.
pub(crate) fn again(disk: &Disk, seed: &Seed) -> Rig {
    let mut rig = Rig::new(disk.clone(), seed, 2);
    rig.disk.log.clear();
    rig.tell(Event::Open);
    rig
}

/// How a new journal takes its place.
pub(crate) const RENEWED: [&str; 4] =
    ["create NewJournal", "sync NewJournal", "rename NewJournal to Journal, replacing", "sync folder"];
