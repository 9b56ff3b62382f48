//! Scenarios about trackers: what they forget, and when.

use std::time::Duration;

use super::{Scenario, Stage};
use crate::fault::Fault;
use crate::hostile::Trick;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        draw: |setup, entropy| {
            setup.ttl = Duration::from_secs(6 + entropy.below(6) as u64);
            setup.seeders = 3;
            setup.trouble = 4 * setup.ttl;
            setup.stagger = setup.trouble;
            setup.faults = vec![Fault::Leave, Fault::ClockBack, Fault::ClockDrift];
        },
        prepare: |stage| {
            // It announces itself once, and asks for ever after: asking renews nothing.
            stage.impostor("asker", Trick::AskOnly, Fault::Liar);
            stage.meddler("meddler");
        },
        check: expired,
        ..Scenario::new(
            "ttl-expiry",
            "holders that say nothing more are named until their TTL is over, and not a moment longer",
            &[Fault::Leave, Fault::ClockBack, Fault::ClockDrift],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.strikes = 2 + entropy.below(3);
            setup.trouble = Duration::from_secs(30);
            setup.faults = vec![Fault::TrackerRestart];
        },
        prepare: |stage| {
            stage.meddler("meddler");
        },
        ..Scenario::new(
            "tracker-restart",
            "trackers die and come back knowing nothing; downloads go on",
            &[Fault::TrackerRestart],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            setup.trackers = 1 + entropy.below(3);
            setup.stagger = Duration::from_secs(15);
            setup.strikes = 4;
            setup.faults = vec![Fault::Partition, Fault::OneWay, Fault::BogusTracker];
        },
        prepare: |stage| {
            // The first to download is cut off from its trackers when it begins.
            if let (Some(&tracker), Some((seeder, _))) = (stage.trackers.first(), stage.seeders.first()) {
                stage.world.cut(*seeder, tracker);
            }
        },
        ..Scenario::new(
            "tracker-partition",
            "nodes and trackers are cut off from one another, one way or both; one tracker tells tales",
            &[Fault::Partition, Fault::OneWay, Fault::BogusTracker],
        )
    },
];

/// Trackers did forget somebody.
fn expired(stage: &Stage) -> Result<(), String> {
    let expired = stage.trackers.iter().any(|tracker| stage.world.has_expired(*tracker));
    if expired { Ok(()) } else { Err("no lease ever expired".to_owned()) }
}
