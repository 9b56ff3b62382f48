//! `samara-sim swarm`: crowds, a line each, and what they come to.

use std::ops::Range;

use samara_sim::swarm::{Crowd, Outcome};
use serde_json::{Value, json};

use super::commands::Done;
use super::say::{self, Stopwatch};

/// What is measured of a run, and what it is called.
type Figure = (&'static str, fn(&Outcome) -> f64);

/// What is measured of each run.
const FIGURES: [Figure; 7] = [
    ("last_over_fluid", |outcome| outcome.last_over_fluid),
    ("last_over_chunked", |outcome| outcome.last_over_chunked),
    ("p99_over_p50", |outcome| outcome.p99_over_p50),
    ("mean_over_bound", |outcome| outcome.mean_over_bound),
    ("seeder_copies", |outcome| outcome.seeder_copies),
    ("duplicate_ratio", |outcome| outcome.duplicate_ratio),
    ("control_bytes_ratio", |outcome| outcome.control_bytes_ratio),
];

/// Lets crowds have a file.
pub(super) fn swarm(crowd: Crowd, seeds: Range<u64>, json: bool) -> Done {
    let mut runs = Vec::new();
    for seed in seeds {
        let start = Stopwatch::start();
        let outcome = Crowd { seed, ..crowd }.run();
        let wall = start.seconds();
        if json {
            say::object(&object(&crowd, seed, &outcome, wall));
        } else {
            say::line(&format!("{}, {wall:.1} s", line(&crowd, seed, &outcome)));
        }
        runs.push((outcome, wall));
    }
    if json {
        say::object(&json!({ "summary": summary(&crowd, &runs) }));
    } else {
        for (name, choose) in [("median", median as fn(Vec<f64>) -> f64), ("max", max)] {
            let figures =
                FIGURES.map(|(_, figure)| choose(runs.iter().map(|(run, _)| figure(run)).collect()));
            say::line(&format!("{name:<7} {}", told(&figures)));
        }
    }
    Ok(runs.iter().all(|(outcome, _)| outcome.stranded == 0))
}

fn line(crowd: &Crowd, seed: u64, outcome: &Outcome) -> String {
    format!(
        "{} nodes, {} chunks, seed {seed}: {}, {} stranded, {} events, trace {:016x}, {:.1} s simulated",
        crowd.nodes,
        crowd.chunks,
        told(&FIGURES.map(|(_, figure)| figure(outcome))),
        outcome.stranded,
        outcome.events,
        outcome.trace_hash,
        outcome.simulated.as_secs_f64(),
    )
}

fn told(figures: &[f64; 7]) -> String {
    let [fluid, chunked, tail, mean, copies, duplicates, control] = figures;
    format!(
        "last/fluid {fluid:.3}, last/chunked {chunked:.3}, p99/p50 {tail:.3}, mean {mean:.3}, copies {copies:.3}, \
         duplicates {:.2} %, control {:.2} %",
        duplicates * 100.0,
        control * 100.0,
    )
}

fn object(crowd: &Crowd, seed: u64, outcome: &Outcome, wall: f64) -> Value {
    let mut object = json!({
        "seed": seed, "nodes": crowd.nodes, "chunks": crowd.chunks, "rate": crowd.rate, "profile": "homogeneous",
        "stranded": outcome.stranded, "events": outcome.events, "wall_s": wall,
        "simulated_s": outcome.simulated.as_secs_f64(), "trace_hash": format!("{:016x}", outcome.trace_hash),
    });
    for (name, figure) in FIGURES {
        object[name] = json!(figure(outcome));
    }
    object
}

fn summary(crowd: &Crowd, runs: &[(Outcome, f64)]) -> Value {
    let all = |figure: &dyn Fn(&(Outcome, f64)) -> f64| -> Value {
        let figures: Vec<_> = runs.iter().map(figure).collect();
        json!({ "median": median(figures.clone()), "max": max(figures) })
    };
    let mut object = json!({
        "nodes": crowd.nodes, "chunks": crowd.chunks, "rate": crowd.rate, "profile": "homogeneous",
        "runs": runs.len(), "stranded": all(&|(run, _)| run.stranded as f64),
        "events": all(&|(run, _)| run.events as f64), "wall_s": all(&|(_, wall)| *wall),
    });
    for (name, figure) in FIGURES {
        object[name] = all(&|(run, _)| figure(run));
    }
    object
}

/// The middle one, or the mean of the two in the middle.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    let middle = figures.get(figures.len().saturating_sub(1) / 2..=half).unwrap_or_default();
    middle.iter().sum::<f64>() / middle.len().max(1) as f64
}

fn max(figures: Vec<f64>) -> f64 {
    figures.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!((max(vec![4.0, 1.0]) - 4.0).abs() < 1e-9);
    }
}
