//! How a crowd fared.

use std::time::Duration;

use samara::Time;
use samara::seeder::FileId;

use super::bound::{self, Lines};
use super::{CHUNK, Crowd, WEIGHT};
use crate::host::{HostId, Report};
use crate::world::World;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// When the last one was done, by the fluid bound; infinite if somebody never was.
    pub last_over_fluid: f64,
    /// The same by the bound for whole chunks.
    pub last_over_chunked: f64,
    /// The 99th percentile of the finish times by the median.
    pub p99_over_p50: f64,
    /// The mean finish time by the fluid bound.
    pub mean_over_bound: f64,
    /// How often the first seeder had sent the file when each chunk was somewhere else.
    pub seeder_copies: f64,
    /// Bytes of chunks that were sent and not needed, by all that were sent.
    pub duplicate_ratio: f64,
    /// Bytes of messages by bytes of chunks.
    pub control_bytes_ratio: f64,
    /// How many never finished.
    pub stranded: usize,
    /// Steps of the world.
    pub events: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Equal for equal runs.
    pub trace_hash: u64,
}

impl Outcome {
    pub(super) fn of(crowd: &Crowd, world: &World, begun: Time, gets: &[(HostId, FileId)]) -> Self {
        let times = finished(world, begun, gets);
        let stranded = gets.len() - times.len();
        let at = |percent: usize| quantile(&times, percent);
        let last = if stranded > 0 { f64::INFINITY } else { at(100) };
        let (rate, file) = (crowd.rate as f64, f64::from(crowd.chunks) * WEIGHT as f64);
        let lines = vec![rate; crowd.nodes];
        let fluid = bound::fluid(&Lines { file, source: rate, up: &lines, down: &lines });
        let chunked = bound::chunked(crowd.nodes, crowd.chunks) * crowd.chunk_time().as_secs_f64();
        let spread = world.spread();
        let whole = f64::from(crowd.chunks) * f64::from(CHUNK);
        Self {
            last_over_fluid: last / fluid,
            last_over_chunked: last / chunked,
            p99_over_p50: at(99) / at(50),
            mean_over_bound: times.iter().sum::<f64>() / times.len().max(1) as f64 / fluid,
            seeder_copies: world.sent_until_elsewhere().map_or(f64::INFINITY, |sent| sent as f64 / whole),
            duplicate_ratio: spread.sent.saturating_sub(spread.accepted) as f64 / spread.sent.max(1) as f64,
            control_bytes_ratio: spread.control as f64 / spread.sent.max(1) as f64,
            stranded,
            events: world.steps(),
            simulated: world.now().since(Time::ZERO),
            trace_hash: world.trace_hash(),
        }
    }
}

/// After how many seconds they were done, sorted.
fn finished(world: &World, begun: Time, gets: &[(HostId, FileId)]) -> Vec<f64> {
    let done = |get: &&(HostId, FileId)| matches!(world.outcome(get.0, get.1), Some(Report::Done { .. }));
    let ends = gets.iter().filter(done).filter_map(|(host, file)| world.ended_at(*host, *file));
    let mut times: Vec<_> = ends.map(|at| at.since(begun).as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Infinite if there are none.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(f64::INFINITY)
}
