//! Everything at once.

use std::time::Duration;

use samara::Entropy;

use super::{Scenario, Setup};
use crate::fault::Fault;

pub(super) const ALL: &[Scenario] = &[Scenario {
    draw: chaos,
    ..Scenario::new("chaos", "everything at once: each run draws its own subset of all faults", &[])
}];

/// Each run turns on a subset of its own: what is always on hides what shows only without it.
fn chaos(setup: &mut Setup, entropy: &mut Entropy) {
    if entropy.below(4) == 0 {
        setup.unpinned(2 + entropy.below(6), entropy);
    } else {
        setup.pinned(2 + entropy.below(100), entropy);
    }
    setup.trackers = 1 + entropy.below(2);
    setup.seeders = 1 + entropy.below(3);
    setup.downloaders = 1 + entropy.below(6);
    setup.ttl = Duration::from_secs(5 + entropy.below(30) as u64);
    setup.stagger = Duration::from_secs(entropy.below(20) as u64);
    setup.trouble = Duration::from_secs(5 + entropy.below(40) as u64);
    setup.strikes = 1 + entropy.below(3);
    let odds = 1 + entropy.below(4);
    let on = Fault::ALL.iter().map(|(fault, _)| *fault).filter(|_| entropy.below(5) < odds);
    setup.faults = on.collect();
    let pinned = setup.chunk_size.is_some();
    setup.faults.retain(|fault| *fault != Fault::FalseList || !pinned);
}
