//! The whole configuration of a run, drawn from its seed.

use std::time::Duration;

use samara::Entropy;

use crate::fault::Fault;

/// How large a run is, how fast its lines are, and which faults are on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Honest trackers.
    pub trackers: usize,
    /// Honest seeders that have the whole file from the start. One of them, the first, is never taken away for good.
    pub seeders: usize,
    /// Nodes that want the file.
    pub downloaders: usize,
    /// Bytes of the file.
    pub length: usize,
    /// Bytes of a chunk; none for the canonical size: users know nothing but the hash.
    pub chunk_size: Option<u32>,
    /// Bytes on the lines for each byte of a chunk.
    pub weight: u64,
    /// Bytes per second of each line; a node's is between this and its double.
    pub rate: u64,
    /// The most that a message takes from a node to the middle of the network.
    pub latency: Duration,
    /// How long announcements live at trackers.
    pub ttl: Duration,
    /// Downloads begin within this span.
    pub stagger: Duration,
    /// How long faults are on. Afterwards a core that can finish is healed, and must.
    pub trouble: Duration,
    /// How many hosts of each hostile kind there are.
    pub hostile: usize,
    /// How often each other kind of fault strikes.
    pub strikes: usize,
    /// Which faults are on.
    pub faults: Vec<Fault>,
}

/// What a chunk weighs on the lines: a tenth of a second or so.
const CHUNK: u64 = 1 << 20;

impl Setup {
    /// A small swarm: what scenarios start from.
    pub fn new(entropy: &mut Entropy) -> Self {
        let mut setup = Self {
            trackers: 1,
            seeders: 2,
            downloaders: 2 + entropy.below(4),
            length: 0,
            chunk_size: None,
            weight: 1,
            rate: 12_500_000,
            latency: Duration::from_micros(100 + entropy.below(30_000) as u64),
            ttl: Duration::from_secs(15),
            stagger: Duration::from_secs(2),
            trouble: Duration::from_secs(20),
            hostile: 1,
            strikes: 2,
            faults: Vec::new(),
        };
        setup.pinned(20 + entropy.below(60), entropy);
        setup
    }

    /// Users have the seed, of a file of about so many small chunks.
    pub fn pinned(&mut self, chunks: usize, entropy: &mut Entropy) {
        let chunk_size = 64 << entropy.below(5);
        self.length = (chunks * chunk_size).saturating_sub(entropy.below(chunk_size)).max(1);
        self.chunk_size = u32::try_from(chunk_size).ok();
        self.weight = CHUNK / chunk_size as u64;
    }

    /// Users know the hash only, of a file of so many canonical chunks.
    pub fn unpinned(&mut self, chunks: usize, entropy: &mut Entropy) {
        const CANONICAL: usize = 256 << 10;
        self.length = chunks * CANONICAL - entropy.below(CANONICAL);
        self.chunk_size = None;
        self.weight = CHUNK / CANONICAL as u64;
    }

    /// Is this fault on?
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Bytes per second on a line, of this factor of the usual.
    pub fn rate(&self, entropy: &mut Entropy) -> u64 {
        self.rate + entropy.below(usize::try_from(self.rate).unwrap_or(usize::MAX)) as u64
    }
}
