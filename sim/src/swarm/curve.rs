//! How a crowd got on over time.

use samara::Time;
use samara::seeder::FileId;

use crate::host::HostId;
use crate::world::World;

/// How a crowd got on. Time is each node's own, from its last start, in units of the fluid bound: what the figures speak
/// of is what the curve shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// When each of those was done that ever were, sorted.
    pub done: Vec<f64>,
    /// The mean share of the file that nodes held, at every [`TICKS`]th of the bound, from the start on.
    pub held: Vec<f64>,
    /// How many nodes there are.
    pub nodes: usize,
}

/// How often in one bound's time it is looked what everybody holds.
pub const TICKS: u32 = 128;

/// A node that wants the file.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) host: HostId,
    pub(super) file: FileId,
    /// When it started last.
    pub(super) since: Time,
    /// How many chunks it held at each tick since then, until it was done.
    pub(super) held: Vec<u32>,
}

impl Member {
    /// One that starts now.
    pub(super) fn new(host: HostId, file: FileId, since: Time) -> Self {
        Self { host, file, since, held: vec![0] }
    }

    /// It starts anew, with nothing.
    pub(super) fn again(&mut self, since: Time) {
        *self = Self::new(self.host, self.file, since);
    }

    /// A tick is over.
    pub(super) fn tick(&mut self, world: &World) {
        let held = world.held(self.host);
        if world.outcome(self.host, self.file).is_none() || self.held.last() != Some(&held) {
            self.held.push(held);
        }
    }
}

impl Curve {
    /// The curve of these, who were done then, of a file of so many chunks.
    pub(super) fn of(members: &[Member], done: Vec<f64>, chunks: u32) -> Self {
        let ticks = members.iter().map(|member| member.held.len()).max().unwrap_or(0);
        let whole = f64::from(chunks) * members.len() as f64;
        let held = (0..ticks).map(|tick| {
            // Nothing changed any more after its last tick.
            let of =
                |member: &Member| member.held.get(tick).or_else(|| member.held.last()).copied().unwrap_or(0);
            members.iter().map(|member| f64::from(of(member))).sum::<f64>() / whole
        });
        Self { held: held.collect(), done, nodes: members.len() }
    }
}
