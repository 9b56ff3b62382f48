//! When a download has failed, and which failure it is.

use crate::downloader::fault::{Failure, TrackerFate};
use crate::seeder::TrackerId;
use crate::store::DiskError;
use crate::time::Time;
use crate::wire::message::Refusal;

#[cfg(test)]
mod tests;

/// What ends a download before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The disk.
    Disk(DiskError),
    /// Nothing new verified for the stall time-out.
    Stalled,
    /// The user's time is over.
    TimedOut,
    /// Nobody is left to ask, and nobody was of any use.
    Hopeless,
}

/// What happened until then.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct History {
    /// Was anybody known who might hold the file?
    pub(super) holder: Seen,
    /// When was anybody dialled first?
    pub(super) dialed: Option<Time>,
    /// Did anybody pass Test?
    pub(super) passed: Seen,
    /// Was it said that the chosen list's length is certain?
    pub(super) proven: Seen,
    /// Did bad bytes come?
    pub(super) bad: Seen,
}

/// Has something happened yet?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Seen {
    /// Not yet.
    #[default]
    Never,
    /// It has.
    Once,
}

/// The failure to report: the first that fits, in the order of the exit codes (DESIGN.md, 10). `left`: somebody is
/// left who wasn't tried, or who passed Test and wasn't banned; `missing` is a chunk that isn't there.
pub(super) fn failure(
    end: End,
    history: History,
    trackers: &[(TrackerId, TrackerFate)],
    left: bool,
    missing: Option<u32>,
) -> Failure {
    let answered = |fate: &TrackerFate| match fate {
        TrackerFate::Unknown | TrackerFate::Named(_) => true,
        TrackerFate::Unreachable | TrackerFate::Refused(_) => false,
    };
    let some_answered = trackers.iter().any(|(_, fate)| answered(fate));
    let passed = history.passed == Seen::Once;
    match (end, refusal(trackers)) {
        (End::Disk(error), _) => Failure::Disk(error),
        (_, Some(why)) if !some_answered && !passed => Failure::Denied(why),
        _ if history.bad == Seen::Once && !left => Failure::Integrity,
        (End::TimedOut, _) if passed => Failure::TimedOut,
        (End::Stalled | End::Hopeless, _) if passed => Failure::Stalled { missing },
        _ if history.holder == Seen::Once => Failure::NoHolder,
        _ if some_answered => Failure::Unknown,
        (End::Stalled | End::TimedOut | End::Hopeless, _) => Failure::NoTracker,
    }
}

fn refusal(trackers: &[(TrackerId, TrackerFate)]) -> Option<Refusal> {
    trackers.iter().find_map(|(_, fate)| match fate {
        TrackerFate::Refused(why) => Some(*why),
        TrackerFate::Unreachable | TrackerFate::Unknown | TrackerFate::Named(_) => None,
    })
}
