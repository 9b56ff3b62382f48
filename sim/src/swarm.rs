//! A crowd that wants one new file, measured against the bound that no protocol can beat.
//!
//! Every up- and downlink moves one chunk per chunk time, the first seeder's too; a message takes 0.05 chunk times;
//! everybody starts at once. A chunk is passed on only when it is wholly received, verified and stored, and every
//! message crosses the lines. Chunks are small in memory, and as large as a mebibyte on the lines.

use std::time::Duration;

use samara::seeder::FileId;
use samara::{Entropy, Time, node, tracker};

use crate::file;
use crate::host::{HostId, Order, Report};
use crate::trace::Detail;
use crate::world::{Weight, World};

/// A crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// How many want the file.
    pub nodes: usize,
    /// Of how many chunks it is.
    pub chunks: u32,
    /// Everything else follows from it.
    pub seed: u64,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// When the last one was done, by the fluid bound.
    pub last_over_fluid: f64,
    /// The same by the bound for whole chunks, M + ⌊log₂ N⌋ chunk times (Mundinger, Weber, Weiss 2008).
    pub last_over_chunked: f64,
    /// The 99th percentile of the finish times by the median.
    pub p99_over_p50: f64,
    /// How many never finished.
    pub stranded: usize,
    /// Steps of the world.
    pub events: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Equal for equal runs.
    pub trace_hash: u64,
}

/// Bytes of a chunk in memory, and on the lines.
const CHUNK: u32 = 64;
const WEIGHT: u64 = 1 << 20;
/// How long a line takes for one.
const CHUNK_TIME: Duration = Duration::from_micros(WEIGHT * 1_000_000 / RATE);
const RATE: u64 = 1 << 20;
/// Between the moments at which it is looked who is done, in steps.
const LOOK: usize = 5_000;
/// After so many chunk times for each chunk of the file nobody is waited for any longer.
const PATIENCE: u32 = 20;

impl Crowd {
    /// Lets everybody have the file, if they can.
    pub fn run(&self) -> Outcome {
        let mut entropy = Entropy::new(self.seed);
        let bytes = file::random(self.chunks as usize * CHUNK as usize, entropy.next());
        let seed = file::seed(&bytes, CHUNK);
        let mut world = World::unwatched(entropy.next(), Detail::Nothing);
        world.weigh(Weight { factor: WEIGHT / u64::from(CHUNK), slice: u64::from(CHUNK) / 4 });
        let tracker = self.tracker(&mut world);
        let seeder = add(&mut world, "seeder", tracker);
        world.share(seeder, "file", &bytes, seed.clone());
        world.run_for(Duration::from_secs(1));
        let begun = world.now();
        let gets: Vec<_> = (0..self.nodes)
            .map(|n| {
                let host = add(&mut world, &format!("node{n}"), tracker);
                let mut order = Order::new("file", file::pinned(&seed));
                order.config.stall_timeout = Duration::from_secs(3_600);
                (host, world.download(host, order))
            })
            .collect();
        let end = begun + CHUNK_TIME * self.chunks * PATIENCE;
        let look = LOOK.max(self.nodes * 8);
        while world.now() < end && pending(&world, &gets) && (0..look).all(|_| world.step()) {}
        self.outcome(&world, begun, &gets)
    }

    fn tracker(&self, world: &mut World) -> HostId {
        let config = tracker::Config { max_connections: 0, ..tracker::Config::default() };
        let tracker = world.tracker("tracker", config);
        // It is nobody's bottleneck.
        let place = world.place(tracker);
        (place.up, place.down, place.latency) = (0, 0, CHUNK_TIME / 40);
        tracker
    }

    fn outcome(&self, world: &World, begun: Time, gets: &[(HostId, FileId)]) -> Outcome {
        let done = |get: &(HostId, FileId)| matches!(world.outcome(get.0, get.1), Some(Report::Done { .. }));
        let finished =
            gets.iter().filter(|get| done(get)).filter_map(|(host, file)| world.ended_at(*host, *file));
        let mut times: Vec<f64> = finished.map(|at| at.since(begun).as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1)))
        };
        let (last, p50, p99) = (at(1.0).copied(), at(0.5).copied(), at(0.99).copied());
        let chunk_time = CHUNK_TIME.as_secs_f64();
        let stranded = gets.len() - times.len();
        let last = if stranded > 0 { f64::INFINITY } else { last.unwrap_or(f64::INFINITY) };
        let chunks = f64::from(self.chunks);
        Outcome {
            last_over_fluid: last / (chunk_time * chunks),
            last_over_chunked: last / (chunk_time * (chunks + f64::from(self.nodes.max(1).ilog2()))),
            p99_over_p50: p99.unwrap_or(f64::INFINITY) / p50.unwrap_or(1.0),
            stranded,
            events: world.steps(),
            simulated: world.now().since(Time::ZERO),
            trace_hash: world.trace_hash(),
        }
    }
}

fn pending(world: &World, gets: &[(HostId, FileId)]) -> bool {
    gets.iter().any(|(host, file)| world.outcome(*host, *file).is_none())
}

fn add(world: &mut World, name: &str, tracker: HostId) -> HostId {
    let mut config = node::Config::default();
    config.seeder.slowest = 1;
    let host = world.node(name, &[tracker], config);
    let place = world.place(host);
    (place.up, place.down, place.latency) = (RATE, RATE, CHUNK_TIME / 40);
    host
}
