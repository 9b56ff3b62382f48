//! How a crowd fared.

use std::time::Duration;

use samara::Time;

use super::course::Course;
use super::curve::{Curve, Member};
use super::{CHUNK, Crowd, bound};
use crate::host::Report;
use crate::world::World;

/// How it went. Each node's time counts from its own last start.
#[derive(Clone, Debug, PartialEq)]
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
    /// Bytes of chunks that honest hosts sent and nobody needed, by all that they sent.
    pub duplicate_ratio: f64,
    /// Bytes of messages by bytes of chunks.
    pub control_bytes_ratio: f64,
    /// How many never finished.
    pub stranded: usize,
    /// Chunks received that were not what they should have been.
    pub bad_chunks: u64,
    /// The most of them that one node took from one other.
    pub bad_per_pair: u64,
    /// How many nodes crashed and came back.
    pub crashed: usize,
    /// How many hosts left for good, the first seeder among them.
    pub left: usize,
    /// Steps of the world.
    pub events: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Equal for equal runs.
    pub trace_hash: u64,
    /// How it went over time.
    pub curve: Curve,
}

impl Outcome {
    /// Did everybody get the file, and nobody two bad chunks from the same host?
    pub const fn is_ok(&self) -> bool {
        self.stranded == 0 && self.bad_per_pair <= 1
    }

    pub(super) fn of(crowd: &Crowd, course: &Course<'_>) -> Self {
        let (world, fluid) = (&course.world, crowd.fluid());
        let times = finished(world, &course.members);
        let stranded = crowd.nodes - times.len();
        let at = |percent: usize| quantile(&times, percent);
        let last = if stranded > 0 { f64::INFINITY } else { at(100) };
        let chunked = bound::chunked(crowd.nodes, crowd.chunks) * crowd.chunk_time().as_secs_f64();
        let spread = world.spread();
        let whole = f64::from(crowd.chunks) * f64::from(CHUNK);
        Self {
            last_over_fluid: last / fluid,
            last_over_chunked: last / chunked.max(fluid),
            p99_over_p50: at(99) / at(50),
            mean_over_bound: times.iter().sum::<f64>() / times.len().max(1) as f64 / fluid,
            seeder_copies: world.sent_until_elsewhere().map_or(f64::INFINITY, |sent| sent as f64 / whole),
            duplicate_ratio: spread.sent.saturating_sub(spread.accepted) as f64 / spread.sent.max(1) as f64,
            control_bytes_ratio: spread.control as f64 / spread.sent.max(1) as f64,
            stranded,
            bad_chunks: spread.bad_chunks(),
            bad_per_pair: spread.bad_per_pair(),
            crashed: course.crashed,
            left: course.left(),
            events: world.steps(),
            simulated: world.now().since(Time::ZERO),
            trace_hash: world.trace_hash(),
            curve: Curve::of(&course.members, times.iter().map(|time| time / fluid).collect(), crowd.chunks),
        }
    }
}

/// After how many seconds they were done, sorted.
fn finished(world: &World, members: &[Member]) -> Vec<f64> {
    let time = |member: &Member| {
        let done = matches!(world.outcome(member.host, member.file), Some(Report::Done { .. }));
        let at = world.ended_at(member.host, member.file).filter(|_| done)?;
        Some(at.since(member.since).as_secs_f64())
    };
    let mut times: Vec<_> = members.iter().filter_map(time).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Infinite if there are none.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(f64::INFINITY)
}
