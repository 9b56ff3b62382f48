//! What can go wrong in a world, by name.

use std::fmt;
use std::str::FromStr;

/// A kind of fault. A world counts each time that one has an effect: see [`World::fired`](crate::world::World::fired).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A connection breaks under what is on its way: loss, as TCP shows it.
    Reset,
    /// Nothing passes between two hosts.
    Partition,
    /// Nothing passes from one host to another; the other direction works.
    OneWay,
    /// A host is gone and its peers are not told: they wait on connections that are open at one end only.
    HalfOpen,
    /// A host's line is far slower than the others'.
    SlowLine,
    /// A disk takes long for each operation.
    DiskSlow,
    /// A disk has no room left.
    DiskFull,
    /// A disk operation fails.
    DiskError,
    /// A crash loses writes that were not synced.
    UnsyncedLost,
    /// A clock jumps ahead.
    ClockAhead,
    /// A clock jumps back.
    ClockBack,
    /// A clock runs too fast or too slowly.
    ClockDrift,
    /// A node crashes and comes back with what its disk kept.
    Crash,
    /// A node stops in order and comes back.
    Stop,
    /// A tracker dies, and comes back knowing nothing.
    TrackerRestart,
    /// A seeder is gone for good.
    Leave,
    /// A seeder takes its file back.
    Withdraw,
    /// A holder sends bytes that are not the chunk's.
    Poisoner,
    /// A holder claims all chunks and refuses each.
    Liar,
    /// A holder takes requests and answers hardly any.
    Tarpit,
    /// A host floods others with requests.
    Flooder,
    /// A holder's file is gone or has changed, and the tracker still names it.
    Stale,
    /// A holder offers a chunk list that is not the file's.
    FalseList,
    /// A holder that has the true list withholds chunks.
    Withhold,
    /// A tracker names addresses at which nobody is.
    BogusTracker,
}

impl Fault {
    /// Every kind, by its name.
    pub const ALL: [(Self, &'static str); 25] = [
        (Self::Reset, "reset"),
        (Self::Partition, "partition"),
        (Self::OneWay, "one-way"),
        (Self::HalfOpen, "half-open"),
        (Self::SlowLine, "slow-line"),
        (Self::DiskSlow, "disk-slow"),
        (Self::DiskFull, "disk-full"),
        (Self::DiskError, "disk-error"),
        (Self::UnsyncedLost, "unsynced-lost"),
        (Self::ClockAhead, "clock-ahead"),
        (Self::ClockBack, "clock-back"),
        (Self::ClockDrift, "clock-drift"),
        (Self::Crash, "crash"),
        (Self::Stop, "stop"),
        (Self::TrackerRestart, "tracker-restart"),
        (Self::Leave, "leave"),
        (Self::Withdraw, "withdraw"),
        (Self::Poisoner, "poisoner"),
        (Self::Liar, "liar"),
        (Self::Tarpit, "tarpit"),
        (Self::Flooder, "flooder"),
        (Self::Stale, "stale"),
        (Self::FalseList, "false-list"),
        (Self::Withhold, "withhold"),
        (Self::BogusTracker, "bogus-tracker"),
    ];

    /// Is it a host's own doing, against the protocol?
    pub const fn is_hostile(self) -> bool {
        matches!(
            self,
            Self::Poisoner
                | Self::Liar
                | Self::Tarpit
                | Self::Flooder
                | Self::FalseList
                | Self::Withhold
                | Self::BogusTracker
        )
    }

    /// Its name, as commands and reports have it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(fault, _)| *fault == self).map_or("?", |(_, name)| name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    /// Fails for a name that no kind has, and lists those that there are.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(fault, _)| *fault);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(_, name)| *name).collect();
            format!("there is no fault {text:?}; there are: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own_that_is_read_back() {
        for (fault, name) in Fault::ALL {
            assert_eq!((fault.name(), name.parse()), (name, Ok(fault)));
        }
        assert!("gremlins".parse::<Fault>().is_err_and(|error| error.contains("half-open")));
    }
}
