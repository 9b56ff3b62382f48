//! Who a crowd is, and what befalls it.

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;

use super::Crowd;

/// What kind of crowd it is. Profiles change uplinks, arrivals, distances and fates; every downlink moves one chunk per
/// chunk time, and so does the first seeder's uplink. They are meant for 200 nodes and 256 chunks.
///
/// Each node's time counts from its own last start, and is measured against the fluid bound of all the lines there are:
/// see [`bound::fluid`](super::bound::fluid).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// All alike, all at once.
    ///
    /// The bound is the time to send the file once.
    #[default]
    Homogeneous,
    /// Uplinks of 4, 1 and 1/4 of the rate, for 20, 40 and 40 % of the nodes.
    ///
    /// All uplinks together have room to spare, so the bound is as for a homogeneous crowd.
    ThreeClass,
    /// One node in ten has an uplink of 1/50 of the rate.
    ///
    /// They are honest machines, and their finish counts like everybody's. The bound is that of all uplinks together,
    /// which for 200 nodes is 1.10 times the file: the others have to make up for them.
    Tarpits,
    /// For ten nodes there is one more that is hostile: it claims to be complete and sends wrong bytes, all it can.
    ///
    /// A run fails if somebody takes two bad chunks from one of them. The finish is that of the honest, the bound that
    /// of their lines: what a bad chunk takes of a downlink is lost against it.
    Poisoners,
    /// 30 % of the nodes crash once, within one bound's time, and come back at once with an empty disk.
    ///
    /// Their time counts from there, and the bound is the whole crowd's, as if it hadn't happened: everybody can be
    /// within it, but what the crashed had is sent once more.
    Churn,
    /// Each node stops in order the moment that it is done; the first seeder stays.
    ///
    /// The bound is the homogeneous crowd's. Nobody may be stranded.
    LeaveOnCompletion,
    /// The first seeder crashes for good as soon as it has sent 1.10 copies of the file.
    ///
    /// The bound is the homogeneous crowd's. Nobody may be stranded.
    SeederLeaves,
    /// Nodes come one by one, 0.2 in each chunk time.
    ///
    /// Each node's time counts from its arrival; the bound is the time to receive the file once.
    Staggered,
    /// A message takes 0.5 chunk times instead of 0.05.
    ///
    /// The bound, which knows no distances, is the homogeneous crowd's.
    HighRtt,
}

/// What a profile has happen at a time that is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A hostile host comes.
    Poison,
    /// The next node comes.
    Arrive,
    /// The node of this number crashes, and is back at once with an empty disk.
    Wipe(usize),
}

/// One node in so many is a tarpit; for so many there is one poisoner.
const TENTH: usize = 10;
/// So many of ten nodes crash.
const CRASHES: usize = 3;
/// How much slower a tarpit's uplink is.
const TARPIT: u64 = 50;
/// Chunk times between two arrivals.
const APART: u32 = 5;

impl Profile {
    /// The uplink of the node of this number, if a common line moves `rate`.
    pub(super) const fn uplink(self, node: usize, rate: u64) -> u64 {
        match self {
            Self::ThreeClass => match node % 5 {
                0 => rate * 4,
                1 | 2 => rate,
                _ => rate / 4,
            },
            Self::Tarpits if node.is_multiple_of(TENTH) => rate / TARPIT,
            Self::Homogeneous | Self::Tarpits | Self::HighRtt | Self::Poisoners | Self::Churn => rate,
            Self::LeaveOnCompletion | Self::SeederLeaves | Self::Staggered => rate,
        }
    }

    /// From each host to the middle of the network.
    pub(super) fn distance(self, crowd: &Crowd) -> Duration {
        crowd.chunk_time() / if self == Self::HighRtt { 4 } else { 40 }
    }

    /// After how much of the file the first seeder leaves, in hundredths.
    pub(super) const fn farewell(self) -> Option<u64> {
        if matches!(self, Self::SeederLeaves) { Some(110) } else { None }
    }

    /// What happens when, from the beginning on, sorted.
    pub(super) fn plan(self, crowd: &Crowd) -> Vec<(Duration, Act)> {
        let apart = if self == Self::Staggered { crowd.chunk_time() * APART } else { Duration::ZERO };
        let hostile = if self == Self::Poisoners { crowd.nodes.div_ceil(TENTH) } else { 0 };
        // They are first: it is they whom the others hear of.
        let hostile = (0..hostile).map(|_| (Duration::ZERO, Act::Poison));
        let arrivals = (0..).take(crowd.nodes).map(|n| (apart * n, Act::Arrive));
        hostile.chain(arrivals).chain(self.crashes(crowd)).collect()
    }

    /// Spread evenly over one bound's time, in which nobody can be done.
    fn crashes(self, crowd: &Crowd) -> Vec<(Duration, Act)> {
        if self != Self::Churn {
            return Vec::new();
        }
        let struck: Vec<_> = (0..crowd.nodes).filter(|n| n % TENTH < CRASHES).collect();
        let share = crowd.fluid() / (2 * struck.len()).max(1) as f64;
        let at = |place: u32| Duration::from_secs_f64(share * f64::from(2 * place + 1));
        (0..).zip(struck).map(|(place, n)| (at(place), Act::Wipe(n))).collect()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("?", |value| value.get_name()))
    }
}
