//! A crowd that wants one new file, measured against the bound that no protocol can beat.
//!
//! Every up- and downlink moves one chunk per chunk time, the first seeder's too; a message takes 0.05 chunk times;
//! everybody starts at once. A crowd's [`Profile`] changes some of that. A chunk is passed on only when it is wholly
//! received, verified and stored, and every message crosses the lines. Chunks are small in memory, and as large as a
//! mebibyte on the lines, which move 100 Mbit/s: a chunk time is 84 ms. That matters because the machines have clocks,
//! too.
//!
#![doc = include_str!("../POLICIES.md")]

pub mod bound;
mod course;
mod curve;
pub mod figures;
mod outcome;
mod profile;

pub use curve::{Curve, TICKS};
pub use outcome::Outcome;
pub use profile::Profile;

use std::time::Duration;

use bound::Lines;
use course::Course;

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
    /// [`Weight::express`](crate::world::Weight::express).
    pub fifo: bool,
    /// Who they are, and what befalls them.
    pub profile: Profile,
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

impl Crowd {
    /// How long a line takes for a chunk.
    pub const fn chunk_time(&self) -> Duration {
        Duration::from_micros(WEIGHT * 1_000_000 / self.rate)
    }

    /// The least seconds in which everybody can have the file: see [`bound::fluid`].
    pub fn fluid(&self) -> f64 {
        let up: Vec<_> = (0..self.nodes).map(|node| self.profile.uplink(node, self.rate) as f64).collect();
        let (rate, file) = (self.rate as f64, f64::from(self.chunks) * WEIGHT as f64);
        bound::fluid(&Lines { file, source: rate, up: &up, down: &vec![rate; self.nodes] })
    }

    /// Lets everybody have the file, if they can.
    pub fn run(&self) -> Outcome {
        let mut course = Course::new(self);
        course.run();
        Outcome::of(self, &course)
    }
}

#[cfg(test)]
mod tests;
