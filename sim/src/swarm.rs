//! A crowd that wants one new file, measured against the bound that no protocol can beat.
//!
//! Every up- and downlink moves one chunk per chunk time, the first seeder's too; a message takes 0.05 chunk times;
//! everybody starts at once. A chunk is passed on only when it is wholly received, verified and stored, and every
//! message crosses the lines. Chunks are small in memory, and as large as a mebibyte on the lines, which move
//! 100 Mbit/s: a chunk time is 84 ms. That matters because the machines have clocks, too.

pub mod bound;
mod outcome;

pub use outcome::Outcome;

use std::time::Duration;

use samara::seeder::FileId;
use samara::{Entropy, node, tracker};

use crate::file;
use crate::host::{HostId, Order};
use crate::trace::Detail;
use crate::world::{Weight, World};

/// A crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// How many want the file.
    pub nodes: usize,
    /// Of how many chunks it is.
    pub chunks: u32,
    /// Bytes per second of each line, both ways.
    pub rate: u64,
    /// Do messages wait behind chunks' bytes that are on the line already? Else they pass them: see
    /// [`Weight::express`].
    pub fifo: bool,
    /// Everything else follows from it.
    pub seed: u64,
}

/// 100 Mbit/s.
pub const RATE: u64 = 12_500_000;
/// Bytes of a chunk in memory, and on the lines.
const CHUNK: u32 = 64;
const WEIGHT: u64 = 1 << 20;
/// As many slices is a chunk sent in.
const SLICES: u64 = 4;
/// Steps between the moments at which it is looked who is done, at least, and for each node.
const LOOK: usize = 5_000;
const LOOK_EACH: usize = 8;
/// After so many chunk times for each chunk of the file nobody is waited for any longer.
const PATIENCE: u32 = 20;

impl Crowd {
    /// How long a line takes for a chunk.
    pub const fn chunk_time(&self) -> Duration {
        Duration::from_micros(WEIGHT * 1_000_000 / self.rate)
    }

    /// Lets everybody have the file, if they can.
    pub fn run(&self) -> Outcome {
        let mut entropy = Entropy::new(self.seed);
        let bytes = file::random(self.chunks as usize * CHUNK as usize, entropy.next());
        let seed = file::seed(&bytes, CHUNK);
        let mut world = World::unwatched(entropy.next(), Detail::Nothing);
        world.weigh(Weight {
            factor: WEIGHT / u64::from(CHUNK),
            slice: u64::from(CHUNK) / SLICES,
            express: !self.fifo,
        });
        let tracker = self.tracker(&mut world);
        let seeder = self.add(&mut world, "seeder", tracker);
        world.share(seeder, "file", &bytes, seed.clone());
        world.count_from(seeder, self.chunks);
        world.run_for(Duration::from_secs(1));
        let begun = world.now();
        let gets: Vec<_> = (0..self.nodes)
            .map(|n| {
                let host = self.add(&mut world, &format!("node{n}"), tracker);
                let mut order = Order::new("file", file::pinned(&seed));
                order.config.stall_timeout = Duration::from_secs(3_600);
                (host, world.download(host, order))
            })
            .collect();
        let end = begun + self.chunk_time() * self.chunks * PATIENCE;
        let look = LOOK.max(self.nodes * LOOK_EACH);
        while world.now() < end && pending(&world, &gets) && (0..look).all(|_| world.step()) {}
        Outcome::of(self, &world, begun, &gets)
    }

    fn tracker(&self, world: &mut World) -> HostId {
        let config = tracker::Config { max_connections: 0, ..tracker::Config::default() };
        let tracker = world.tracker("tracker", config);
        // It is nobody's bottleneck.
        let latency = self.chunk_time() / 40;
        let place = world.place(tracker);
        (place.up, place.down, place.latency) = (0, 0, latency);
        tracker
    }

    fn add(&self, world: &mut World, name: &str, tracker: HostId) -> HostId {
        let mut config = node::Config::default();
        config.seeder.slowest = 1;
        let host = world.node(name, &[tracker], config);
        let latency = self.chunk_time() / 40;
        let place = world.place(host);
        (place.up, place.down, place.latency) = (self.rate, self.rate, latency);
        host
    }
}

fn pending(world: &World, gets: &[(HostId, FileId)]) -> bool {
    gets.iter().any(|(host, file)| world.outcome(*host, *file).is_none())
}
