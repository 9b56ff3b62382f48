//! Makes a failing run small: fewer faults, then fewer nodes, as long as it still fails.

use crate::fault::Fault;
use crate::scenario::{Options, Scenario, Verdict};
use crate::sweep::run;

/// Drops each fault that isn't needed, then halves the number of downloaders, while the run fails. `tried` hears of
/// each attempt. None if it doesn't fail to begin with.
///
/// A run without a fault, or with fewer nodes, is another run: that it fails for another reason can't be ruled out.
pub fn minimise(
    scenario: &'static Scenario,
    options: &Options,
    tried: &mut dyn FnMut(&Verdict),
) -> Option<Verdict> {
    let mut attempt = |options: &Options| {
        let verdict = run(scenario, options);
        tried(&verdict);
        (!verdict.is_ok()).then_some(verdict)
    };
    let mut smallest = attempt(options)?;
    let on: Vec<Fault> = smallest.fired.keys().chain(&smallest.unfired).copied().collect();
    for fault in on {
        let mut fewer = smallest.options.clone();
        fewer.without.push(fault);
        smallest = attempt(&fewer).unwrap_or(smallest);
    }
    let mut nodes = smallest.nodes / 2;
    while nodes > 0 {
        let fewer = Options { nodes: Some(nodes), ..smallest.options.clone() };
        match attempt(&fewer) {
            Some(verdict) => smallest = verdict,
            None => break,
        }
        nodes /= 2;
    }
    Some(smallest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    /// It fails as soon as a downloader is sent bad bytes.
    const FRAGILE: Scenario = Scenario {
        name: "fragile",
        about: "",
        faults: &[],
        draw: |setup, _| {
            setup.downloaders = 8;
            setup.hostile = 2;
            setup.faults = vec![Fault::Crash, Fault::Poisoner, Fault::Partition, Fault::Tarpit];
        },
        prepare: |_| {},
        check: |stage| match stage.world.fired().get(&Fault::Poisoner) {
            Some(_) => Err("somebody was sent bad bytes".to_owned()),
            None => Ok(()),
        },
    };

    #[test]
    fn only_what_makes_it_fail_is_left() {
        let small = minimise(&FRAGILE, &Options::new(1), &mut |_| {}).expect("it fails");
        assert!(small.fired.keys().eq([&Fault::Poisoner]), "{:?}", small.fired);
        assert!(small.nodes <= 2, "{} nodes", small.nodes);
        let again = scenario::run(&FRAGILE, &small.options);
        assert_eq!((again.trace_hash, again.failure), (small.trace_hash, small.failure));
    }

    #[test]
    fn what_does_not_fail_cannot_be_made_smaller() {
        let sound = Scenario { check: |_| Ok(()), ..FRAGILE };
        assert!(minimise(Box::leak(Box::new(sound)), &Options::new(1), &mut |_| {}).is_none());
    }
}
