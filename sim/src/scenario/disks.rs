//! Scenarios about disks: full, failing, slow, and cut off from power.

use super::Scenario;
use crate::fault::Fault;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        draw: |setup, entropy| {
            setup.strikes = 1 + entropy.below(3);
            setup.faults = vec![Fault::DiskFull, Fault::DiskError, Fault::DiskSlow];
        },
        ..Scenario::new(
            "disk-full",
            "disks run full, fail once, or take long; what is there stays, and is not fetched again",
            &[Fault::DiskFull, Fault::DiskError, Fault::DiskSlow],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.strikes = 2 + entropy.below(4);
            setup.faults = vec![Fault::Crash, Fault::UnsyncedLost, Fault::HalfOpen];
        },
        ..Scenario::new(
            "crash-restart",
            "power cuts at any moment: what is claimed afterwards is there, and the download goes on from it",
            &[Fault::Crash, Fault::UnsyncedLost, Fault::HalfOpen],
        )
    },
];
