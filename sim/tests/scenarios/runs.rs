//! Runs of every scenario, in this process.

use std::collections::BTreeSet;

use samara_sim::fault::Fault;
use samara_sim::history::Moment;
use samara_sim::scenario::{self, Options, Scenario, Verdict};
use samara_sim::trace::Detail;

fn run(scenario: &Scenario, seed: u64) -> Verdict {
    scenario::run(scenario, &Options::new(seed))
}

#[test]
fn every_scenario_comes_out_right_and_each_of_its_faults_fires() {
    for scenario in scenario::all() {
        for seed in 0..10 {
            let verdict = run(scenario, seed);
            assert_eq!(verdict.failure, None, "{} {seed}", scenario.name);
            let fired: BTreeSet<_> = verdict.fired.keys().copied().collect();
            assert!(scenario.faults.iter().all(|fault| fired.contains(fault)), "{} {seed}", scenario.name);
        }
    }
}

/// Each of these once found a mistake, of the core or of the rules themselves.
#[test]
fn seeds_that_failed_once_fail_no_more() {
    let failed = [
        ("chaos", 375),
        ("chaos", 830),
        ("chaos", 71_433_482),
        ("chaos", 200_003_422),
        ("false-chunk-list", 812),
        ("hostile-half", 200_001_560),
        ("ttl-expiry", 263_775_782),
    ];
    for (name, seed) in failed {
        let verdict = run(scenario::find(name).unwrap(), seed);
        assert_eq!(verdict.failure, None, "{name} {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_gives_another() {
    for scenario in scenario::all() {
        let [once, again, other] = [3, 3, 4].map(|seed| run(scenario, seed));
        assert_eq!(
            (once.trace_hash, once.events, &once.fired),
            (again.trace_hash, again.events, &again.fired),
            "{}",
            scenario.name
        );
        assert_ne!(once.trace_hash, other.trace_hash, "{}", scenario.name);
    }
}

#[test]
fn watching_more_closely_changes_nothing() {
    for scenario in scenario::all() {
        let plain = run(scenario, 5);
        let options = Options { detail: Detail::All, take_down: true, ..Options::new(5) };
        let watched = scenario::run(scenario, &options);
        assert_eq!(plain.trace_hash, watched.trace_hash, "{}", scenario.name);
        assert!(watched.trace.lines().count() > 100);
        let history = watched.history.expect("it was taken down");
        let done = |moment: &Moment| matches!(moment, Moment::Done { .. });
        assert!(history.moments.iter().any(|(_, moment)| done(moment)), "{}", scenario.name);
        assert!(history.moments.is_sorted_by_key(|(at, _)| *at), "{}", scenario.name);
    }
}

#[test]
fn a_fault_that_is_off_never_fires_and_nodes_can_be_set() {
    let scenario = scenario::find("crash-restart").unwrap();
    let options =
        Options { nodes: Some(7), without: vec![Fault::HalfOpen, Fault::UnsyncedLost], ..Options::new(1) };
    let verdict = scenario::run(scenario, &options);
    assert_eq!((verdict.failure.as_deref(), verdict.nodes), (None, 7));
    assert!(verdict.fired.contains_key(&Fault::Crash) && !verdict.fired.contains_key(&Fault::HalfOpen));
}

#[test]
fn chaos_draws_a_subset_of_its_own_each_time() {
    let chaos = scenario::find("chaos").unwrap();
    let drawn: BTreeSet<Vec<Fault>> =
        (0..12).map(|seed| run(chaos, seed)).map(|verdict| verdict.fired.into_keys().collect()).collect();
    assert!(drawn.len() > 10, "{drawn:?}");
}

#[test]
fn a_scenario_whose_fault_has_no_effect_fails() {
    let idle = Scenario {
        name: "idle",
        about: "",
        faults: &[Fault::FalseList],
        // Whoever has the seed asks for no other list.
        draw: |setup, _| setup.faults = vec![Fault::FalseList],
        prepare: |_| {},
        check: |_| Ok(()),
    };
    let verdict = run(&idle, 1);
    assert!(verdict.failure.is_some_and(|why| why.contains("false-list never had an effect")));
    assert_eq!(verdict.unfired, [Fault::FalseList]);
}

#[test]
fn whoever_breaks_a_rule_is_noticed() {
    // A node whose file rots is held to what it claims, unless it is marked.
    let rotten = Scenario {
        name: "rotten",
        about: "",
        faults: &[],
        draw: |_, _| {},
        prepare: |stage| {
            let (host, _) = stage.seeders[0];
            stage.world.disk_mut(host).corrupt(scenario::NAME, 0);
        },
        check: |_| Ok(()),
    };
    let failure = run(&rotten, 1).failure.expect("it claims what it hasn't got");
    assert!(failure.contains("seeder0") && failure.contains("claims chunk 0"), "{failure}");
}

#[test]
fn what_can_not_finish_fails_and_says_who() {
    // Nobody has the file any more, and still it is to be got.
    let hopeless = Scenario {
        name: "hopeless",
        about: "",
        faults: &[],
        draw: |setup, _| setup.seeders = 1,
        prepare: |stage| {
            let (host, _) = stage.seeders[0];
            stage.world.disk_mut(host).delete(scenario::NAME);
        },
        check: |_| Ok(()),
    };
    let failure = run(&hopeless, 1).failure.expect("nobody can finish");
    assert!(failure.contains("fails though it could finish"), "{failure}");
}
