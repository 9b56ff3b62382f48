//! A whole small swarm.

use std::time::Duration;

use samara::Entropy;

use super::draw::Draw;
use crate::fault::Fault;
use crate::scenario::{Options, Scenario, Setup, play};

/// Trackers, seeders, downloaders and faults as the bytes say: nothing unsafe happens, and whoever can finish does.
pub fn swarm(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let mut entropy = Entropy::new(draw.any());
    let setup = setup(&mut draw, &mut entropy);
    let drawn = format!("{setup:?}");
    let verdict = play(&SWARM, &Options::new(0), setup, entropy);
    assert_eq!(verdict.failure, None, "{drawn}");
}

const SWARM: Scenario = Scenario::new("swarm", "a small one, of whatever kind", &[]);

fn setup(draw: &mut Draw<'_>, entropy: &mut Entropy) -> Setup {
    let mut setup = Setup::new(entropy);
    let unpinned = draw.one_in(8);
    if unpinned {
        setup.unpinned(2, entropy);
    } else {
        setup.pinned(1 + draw.below(24), entropy);
    }
    setup.trackers = 1 + draw.below(2);
    setup.seeders = 1 + draw.below(2);
    setup.downloaders = 1 + draw.below(3);
    setup.latency = Duration::from_millis(draw.below(200) as u64);
    setup.rate = 1 << (18 + draw.below(8));
    setup.ttl = Duration::from_secs(3 + draw.below(30) as u64);
    setup.stagger = Duration::from_secs(draw.below(8) as u64);
    setup.trouble = Duration::from_secs(2 + draw.below(16) as u64);
    setup.strikes = 1;
    setup.faults = draw.list(3, |draw| Fault::ALL[draw.below(Fault::ALL.len())].0);
    setup.faults.sort_unstable();
    setup.faults.dedup();
    setup.faults.retain(|fault| unpinned || *fault != Fault::FalseList);
    setup
}
