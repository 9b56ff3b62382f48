//! The commands. Each says if all was well; an error is a wrong use of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use samara_sim::fault::Fault;
use samara_sim::report::{self, Header};
use samara_sim::scenario::{self, Options, Scenario, Verdict};
use samara_sim::sweep::Coverage;
use samara_sim::trace::Detail;
use samara_sim::{minimise as smaller, sweep as many};
use serde_json::json;

use super::Which;
use super::say::{self, Stopwatch};

/// Was all well, or was the command used wrongly?
pub(super) type Done = Result<bool, String>;

impl Which {
    fn find(&self) -> Result<(&'static Scenario, Options), String> {
        let nodes = self.nodes.map(|nodes| nodes as usize);
        let options = Options { nodes, without: self.without.clone(), ..Options::new(self.seed) };
        Ok((scenario::find(&self.scenario)?, options))
    }
}

/// Names the scenarios.
pub(super) fn list(json: bool) -> Done {
    for scenario in scenario::all() {
        let faults: Vec<_> = scenario.faults.iter().map(|fault| fault.name()).collect();
        if json {
            say::object(&json!({ "scenario": scenario.name, "about": scenario.about, "faults": faults }));
        } else {
            let faults = if faults.is_empty() { "any of all".to_owned() } else { faults.join(", ") };
            say::line(&format!("{:<18} {}\n{:<18} faults: {faults}", scenario.name, scenario.about, ""));
        }
    }
    Ok(true)
}

/// Runs a scenario once.
pub(super) fn run(which: &Which, trace: bool, json: bool) -> Done {
    let (scenario, mut options) = which.find()?;
    options.detail = if trace { Detail::All } else { Detail::Nothing };
    let verdict = many::run(scenario, &options);
    if trace && !json {
        say::line(verdict.trace.trim_end());
    }
    if json {
        say::object(&say::verdict(&verdict));
    } else {
        tell(&verdict);
    }
    if !verdict.is_ok() {
        say::again(&verdict, json);
    }
    Ok(verdict.is_ok())
}

/// A verdict in some lines.
fn tell(verdict: &Verdict) {
    let result = if verdict.is_ok() { "ok" } else { "FAILED" };
    let seconds = verdict.simulated.as_secs_f64();
    say::line(&format!(
        "{} seed {}: {result}  trace {}  {seconds:.3} s simulated, {} events, {} downloaders, {} chunks",
        verdict.scenario,
        verdict.options.seed,
        say::hash(verdict),
        verdict.events,
        verdict.nodes,
        verdict.chunks,
    ));
    say::line(&format!("  faults: {}", counts(&verdict.fired)));
    if !verdict.unfired.is_empty() {
        let names: Vec<_> = verdict.unfired.iter().map(|fault| fault.name()).collect();
        say::line(&format!("  without effect: {}", names.join(", ")));
    }
    if let Some(failure) = &verdict.failure {
        say::line(&format!("  {failure}"));
    }
}

fn counts(fired: &BTreeMap<Fault, u64>) -> String {
    if fired.is_empty() {
        return "none".to_owned();
    }
    fired.iter().map(|(fault, count)| format!("{fault} {count}")).collect::<Vec<_>>().join(", ")
}

/// What a sweep of one scenario came to.
#[derive(Default)]
struct Sum {
    runs: u64,
    failed: u64,
    events: u64,
    simulated: Duration,
    fired: BTreeMap<Fault, u64>,
    coverage: Coverage,
    first_failure: Option<Verdict>,
}

impl Sum {
    fn add(&mut self, verdict: Verdict) {
        self.runs += 1;
        self.events += verdict.events;
        self.simulated += verdict.simulated;
        for (fault, count) in &verdict.fired {
            *self.fired.entry(*fault).or_default() += count;
        }
        self.coverage.add(&verdict);
        if !verdict.is_ok() {
            self.failed += 1;
            self.first_failure.get_or_insert(verdict);
        }
    }
}

/// Runs a scenario, or all, with many seeds.
pub(super) fn sweep(name: &str, seeds: Range<u64>, jobs: Option<usize>, json: bool) -> Done {
    let scenarios: Vec<_> =
        if name == "all" { scenario::all().collect() } else { vec![scenario::find(name)?] };
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let (begun, mut failures, mut gaps) = (Stopwatch::start(), Vec::new(), Vec::new());
    for scenario in scenarios {
        let (start, mut sum) = (Stopwatch::start(), Sum::default());
        many::sweep(scenario, seeds.clone(), jobs, &mut |verdict| {
            if json {
                say::object(&say::verdict(&verdict));
            } else if let Some(failure) = &verdict.failure {
                say::line(&format!("{} seed {}: FAILED  {failure}", scenario.name, verdict.options.seed));
            }
            sum.add(verdict);
        });
        // Whoever draws its faults has to have had each, again and again.
        let gap = sum.coverage.gap().filter(|_| scenario.faults.is_empty());
        summarise(scenario, &sum, start.seconds(), json);
        if let Some((first, fault)) = gap {
            let first = seeds.start + first as u64;
            gaps.push(format!(
                "{}: the fault {fault} never fired in seeds {first}..{}",
                scenario.name,
                first + 100
            ));
        }
        failures.extend(sum.first_failure);
    }
    for gap in &gaps {
        if json { say::complain(gap) } else { say::line(gap) }
    }
    if !json {
        let seconds = begun.seconds();
        say::line(&format!("seeds {}..{} on {jobs} threads: {seconds:.1} s", seeds.start, seeds.end));
    }
    if let Some(first) = failures.first() {
        say::again(first, json);
    }
    Ok(failures.is_empty() && gaps.is_empty())
}

fn summarise(scenario: &Scenario, sum: &Sum, wall: f64, json: bool) {
    let simulated = sum.simulated.as_secs_f64();
    if json {
        let faults: serde_json::Map<_, _> =
            sum.fired.iter().map(|(fault, count)| (fault.name().to_owned(), json!(count))).collect();
        return say::object(&json!({ "summary": {
            "scenario": scenario.name, "runs": sum.runs, "failed": sum.failed, "events": sum.events,
            "simulated_s": simulated, "wall_s": wall, "faults": faults,
        }}));
    }
    say::line(&format!(
        "{:<18} {:>6} runs {:>4} failed {simulated:>9.0} s simulated {:>12} events {wall:>6.1} s  {}",
        scenario.name,
        sum.runs,
        sum.failed,
        sum.events,
        counts(&sum.fired),
    ));
}

/// Makes a failing run small.
pub(super) fn minimise(which: &Which) -> Done {
    let (scenario, options) = which.find()?;
    let smallest = smaller::minimise(scenario, &options, &mut |verdict| {
        let result = if verdict.is_ok() { "ok" } else { "still fails" };
        say::line(&format!("{}: {result}", verdict.arguments()));
    });
    let Some(verdict) = smallest else {
        return Err(format!(
            "{} with seed {} does not fail: nothing to make smaller",
            which.scenario, which.seed
        ));
    };
    tell(&verdict);
    say::again(&verdict, false);
    Ok(false)
}

/// Draws a run as a page.
pub(super) fn report(which: &Which, output: &Path) -> Done {
    let (scenario, mut options) = which.find()?;
    options.take_down = true;
    let verdict = many::run(scenario, &options);
    let header = Header {
        scenario: verdict.scenario.to_owned(),
        seed: verdict.options.seed,
        failure: verdict.failure.clone(),
        replay: format!("samara-sim {}", verdict.arguments()),
        trace_hash: say::hash(&verdict),
        events: verdict.events,
        faults: verdict.fired.iter().map(|(fault, count)| (fault.name(), *count)).collect(),
        unfired: verdict.unfired.iter().map(ToString::to_string).collect(),
    };
    let page = report::html(&verdict.history.clone().unwrap_or_default(), &header);
    std::fs::write(output, page).map_err(|error| format!("cannot write {}: {error}", output.display()))?;
    tell(&verdict);
    say::line(&format!("  report: {}", output.display()));
    Ok(verdict.is_ok())
}
