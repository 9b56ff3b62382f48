//! Scenarios about the network: crowds, losses, and clocks.

use std::time::Duration;

use super::{Scenario, Stage};
use crate::fault::Fault;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        draw: |setup, entropy| {
            setup.pinned(40 + entropy.below(40), entropy);
            setup.seeders = 1;
            setup.downloaders = 10 + entropy.below(10);
            setup.stagger = Duration::from_millis(100);
            setup.trouble = Duration::from_secs(2);
            setup.strikes = 4;
            setup.faults = vec![Fault::SlowLine];
        },
        check: shared,
        ..Scenario::new(
            "flash-crowd",
            "many want a new file at once: they give it to one another, and the seeder sends little more than once",
            &[Fault::SlowLine],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.strikes = 3 + entropy.below(4);
            setup.faults = vec![Fault::Reset, Fault::Partition];
        },
        ..Scenario::new(
            "lossy-network",
            "connections break in the middle of messages, again and again",
            &[Fault::Reset, Fault::Partition],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.strikes = 2 + entropy.below(3);
            setup.stagger = Duration::from_secs(10);
            setup.faults = vec![Fault::ClockAhead, Fault::ClockBack, Fault::ClockDrift];
        },
        ..Scenario::new(
            "clock-jumps",
            "clocks jump ahead and back, and run too fast or too slowly",
            &[Fault::ClockAhead, Fault::ClockBack, Fault::ClockDrift],
        )
    },
];

/// Those that download give chunks to one another.
fn shared(stage: &Stage) -> Result<(), String> {
    let Some((seeder, _)) = stage.seeders.first() else { return Ok(()) };
    let sent = stage.world.uploaded(*seeder);
    let file = stage.bytes.len() as u64;
    let gets = stage.downloads.len() as u64;
    if sent * 2 > file * gets {
        return Err(format!("the seeder sent {sent} B to {gets} downloaders of {file} B"));
    }
    Ok(())
}
