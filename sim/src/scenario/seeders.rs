//! Scenarios about seeders: gone, changed, or slow.

use std::time::Duration;

use super::Scenario;
use crate::fault::Fault;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        draw: |setup, entropy| {
            setup.seeders = 1;
            setup.hostile = 1 + entropy.below(3);
            setup.stagger = Duration::from_secs(12);
            setup.strikes = setup.hostile;
            setup.faults = vec![Fault::Stale, Fault::Liar];
        },
        ..Scenario::new(
            "stale-seeders",
            "files are deleted, cut short and edited under seeders that announced them: Test finds it out",
            &[Fault::Stale, Fault::Liar],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.seeders = 2 + entropy.below(3);
            setup.rate /= 1 + entropy.below(4) as u64;
            setup.ttl = Duration::from_secs(15 + entropy.below(30) as u64);
            setup.strikes = 1 + entropy.below(2);
            setup.trouble = Duration::from_secs(8);
            setup.faults = vec![Fault::Leave, Fault::Withdraw, Fault::Stop];
        },
        ..Scenario::new(
            "seeder-leaves",
            "seeders die, withdraw their file or stop in order, in the middle of everything",
            &[Fault::Leave, Fault::Withdraw, Fault::Stop],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.seeders = 2 + entropy.below(2);
            setup.hostile = 1 + entropy.below(2);
            setup.stagger = Duration::from_secs(5);
            setup.faults = vec![Fault::SlowLine, Fault::Tarpit];
        },
        ..Scenario::new(
            "slow-peers",
            "lines that are 16 times slower than others, and holders that take requests and answer none",
            &[Fault::SlowLine, Fault::Tarpit],
        )
    },
];
