//! `samara-sim swarm`: crowds, a line each, and what they come to.

use std::ops::Range;
use std::path::Path;

use samara_sim::report;
use samara_sim::swarm::figures::{COUNTS, RATIOS, max, median};
use samara_sim::swarm::{Crowd, Outcome};
use serde_json::{Value, json};

use super::commands::Done;
use super::say::{self, Stopwatch};

/// A run, and how many seconds it took.
type Run = (Outcome, f64);

/// Lets crowds have a file.
pub(super) fn swarm(crowd: Crowd, seeds: Range<u64>, json: bool, svg: Option<&Path>) -> Done {
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
            let figures = RATIOS.map(|(_, figure)| choose(runs.iter().map(|(run, _)| figure(run)).collect()));
            say::line(&format!("{name:<7} {}", told(&figures)));
        }
    }
    let all_well = runs.iter().all(|(outcome, _)| outcome.is_ok());
    if let Some(path) = svg {
        let outcomes: Vec<_> = runs.into_iter().map(|(outcome, _)| outcome).collect();
        std::fs::write(path, report::crowd(&crowd, &outcomes))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(all_well)
}

fn line(crowd: &Crowd, seed: u64, outcome: &Outcome) -> String {
    let befell = COUNTS.map(|(name, count)| (name.replace('_', " "), count(outcome)));
    // What is always there has its place; of the rest only what happened is told.
    let befell =
        befell.into_iter().filter(|(name, count)| *count > 0 && name != "stranded" && name != "events");
    let befell: String = befell.map(|(name, count)| format!(", {name} {count}")).collect();
    format!(
        "{}, {} nodes, {} chunks, seed {seed}: {}, {} stranded{befell}, {} events, trace {:016x}, {:.1} s simulated",
        crowd.profile,
        crowd.nodes,
        crowd.chunks,
        told(&RATIOS.map(|(_, figure)| figure(outcome))),
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
        "seed": seed, "nodes": crowd.nodes, "chunks": crowd.chunks, "rate": crowd.rate,
        "profile": crowd.profile.to_string(), "wall_s": wall, "simulated_s": outcome.simulated.as_secs_f64(),
        "trace_hash": format!("{:016x}", outcome.trace_hash),
    });
    for (name, figure) in RATIOS {
        object[name] = json!(figure(outcome));
    }
    for (name, count) in COUNTS {
        object[name] = json!(count(outcome));
    }
    object
}

fn summary(crowd: &Crowd, runs: &[Run]) -> Value {
    let all = |figure: &dyn Fn(&Run) -> f64| -> Value {
        let figures: Vec<_> = runs.iter().map(figure).collect();
        json!({ "median": median(figures.clone()), "max": max(figures) })
    };
    let mut object = json!({
        "nodes": crowd.nodes, "chunks": crowd.chunks, "rate": crowd.rate, "profile": crowd.profile.to_string(),
        "runs": runs.len(), "failed": runs.iter().filter(|(run, _)| !run.is_ok()).count(),
        "wall_s": all(&|(_, wall)| *wall),
    });
    for (name, figure) in RATIOS {
        object[name] = all(&|(run, _)| figure(run));
    }
    for (name, count) in COUNTS {
        object[name] = all(&|(run, _)| count(run) as f64);
    }
    object
}
