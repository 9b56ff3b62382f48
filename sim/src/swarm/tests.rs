//! Small crowds of every kind: everybody gets the file, and what makes the kind has happened.

use clap::ValueEnum as _;

use super::{Crowd, Outcome, Profile, RATE};

fn crowd(profile: Profile) -> Crowd {
    Crowd { nodes: 20, chunks: 32, rate: RATE, fifo: false, profile, seed: 1 }
}

/// A run without its curve, in which everything that has to hold held.
fn run(profile: Profile) -> Outcome {
    let mut outcome = crowd(profile).run();
    let curve = std::mem::take(&mut outcome.curve);
    assert!(outcome.is_ok(), "{profile}: {outcome:?}");
    assert!(outcome.last_over_fluid >= 1.0, "{profile} beats the bound: {outcome:?}");
    assert!(outcome.mean_over_bound < 2.0, "{profile} is slow: {outcome:?}");
    assert_eq!((curve.nodes, curve.done.len()), (20, 20), "{profile}");
    assert_eq!(curve.held.first().copied().zip(curve.held.last().copied()), Some((0.0, 1.0)), "{profile}");
    assert!(curve.held.is_sorted(), "{profile}: from its last start on nobody loses anything");
    outcome
}

#[test]
fn a_crowd_of_equals_has_nothing_befall_it() {
    let outcome = run(Profile::Homogeneous);
    assert_eq!((outcome.bad_chunks, outcome.crashed, outcome.left), (0, 0, 0));
}

#[test]
fn uplinks_are_of_three_classes() {
    run(Profile::ThreeClass);
    let uplinks: Vec<_> = (0..20).map(|node| Profile::ThreeClass.uplink(node, 100)).collect();
    let of = |rate: u64| uplinks.iter().filter(|uplink| **uplink == rate).count();
    assert_eq!([of(400), of(100), of(25)], [4, 8, 8]);
}

#[test]
fn tarpits_finish_too() {
    run(Profile::Tarpits);
    let bounds = [Profile::Homogeneous, Profile::Tarpits].map(|profile| crowd(profile).fluid());
    // Of 21 uplinks 19 are left, for 20 files.
    assert!((bounds[1] / bounds[0] - 20.0 / 19.04).abs() < 1e-6, "{bounds:?}");
}

#[test]
fn poisoners_get_one_bad_chunk_into_each() {
    let outcome = run(Profile::Poisoners);
    assert_eq!(outcome.bad_per_pair, 1);
    assert!((1..=40).contains(&outcome.bad_chunks), "{}", outcome.bad_chunks);
}

#[test]
fn those_who_crashed_begin_anew() {
    let outcome = run(Profile::Churn);
    assert_eq!((outcome.crashed, outcome.left), (6, 0));
}

#[test]
fn whoever_is_done_is_gone() {
    let outcome = run(Profile::LeaveOnCompletion);
    assert!(outcome.left > 10, "only the last may still be about to leave: {}", outcome.left);
}

#[test]
fn the_first_seeder_is_gone() {
    let outcome = run(Profile::SeederLeaves);
    assert_eq!(outcome.left, 1);
    // What was on the line already still arrived.
    assert!(outcome.seeder_copies < 1.1 + 1.0 / 32.0, "{outcome:?}");
}

#[test]
fn the_last_comes_when_the_first_is_long_done() {
    let outcome = run(Profile::Staggered);
    let crowd = crowd(Profile::Staggered);
    assert!(outcome.simulated > crowd.chunk_time() * (19 * 5 + crowd.chunks), "{outcome:?}");
}

#[test]
fn distance_costs_time() {
    let (far, near) = (run(Profile::HighRtt), run(Profile::Homogeneous));
    assert!(far.last_over_fluid > near.last_over_fluid);
}

#[test]
fn a_run_follows_from_its_seed() {
    for profile in Profile::value_variants() {
        let hash = |seed| Crowd { nodes: 10, seed, ..crowd(*profile) }.run().trace_hash;
        assert_eq!(hash(1), hash(1), "{profile}");
        assert_ne!(hash(1), hash(2), "{profile}");
    }
}
