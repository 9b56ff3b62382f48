//! Many runs of a scenario, on several threads; the results are the same whatever the threads do.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::fault::Fault;
use crate::scenario::{self, Options, Scenario, Verdict};

/// Runs a scenario once; a panic of a machine is a failure like any other.
pub fn run(scenario: &'static Scenario, options: &Options) -> Verdict {
    catch_unwind(AssertUnwindSafe(|| scenario::run(scenario, options))).unwrap_or_else(|panic| {
        let said =
            panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        Verdict {
            scenario: scenario.name,
            options: options.clone(),
            failure: Some(format!("panic: {}", said.unwrap_or("of an unknown kind"))),
            trace_hash: 0,
            simulated: Duration::ZERO,
            events: 0,
            fired: BTreeMap::new(),
            unfired: Vec::new(),
            nodes: 0,
            chunks: 0,
            trace: String::new(),
            history: None,
        }
    })
}

/// Runs a scenario with each seed of a range (its end excluded), on `jobs` threads. `done` hears of each verdict in the
/// order of the seeds.
pub fn sweep(
    scenario: &'static Scenario,
    seeds: Range<u64>,
    jobs: usize,
    done: &mut (dyn FnMut(Verdict) + Send),
) {
    let next = AtomicU64::new(seeds.start);
    let queue = Mutex::new(Queue { waiting: BTreeMap::new(), next: seeds.start, done });
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let verdict = run(scenario, &Options::new(seed));
                    if let Ok(mut queue) = queue.lock() {
                        queue.add(verdict);
                    }
                }
            });
        }
    });
}

/// Verdicts that came before one of a smaller seed.
struct Queue<'a> {
    waiting: BTreeMap<u64, Verdict>,
    next: u64,
    done: &'a mut (dyn FnMut(Verdict) + Send),
}

impl Queue<'_> {
    fn add(&mut self, verdict: Verdict) {
        self.waiting.insert(verdict.options.seed, verdict);
        while let Some(verdict) = self.waiting.remove(&self.next) {
            self.next += 1;
            (self.done)(verdict);
        }
    }
}

/// Which faults a scenario that draws its own has had: over any hundred seeds it must have had each.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    runs: Vec<BTreeSet<Fault>>,
}

/// Over so many seeds in a row.
const WINDOW: usize = 100;

impl Coverage {
    /// Another run, the next seed's.
    pub fn add(&mut self, verdict: &Verdict) {
        self.runs.push(verdict.fired.keys().copied().collect());
    }

    /// The first hundred runs in a row, by the place of their first, in which a fault never fired. None, too, if
    /// there were fewer.
    pub fn gap(&self) -> Option<(usize, Fault)> {
        self.runs.windows(WINDOW).enumerate().find_map(|(first, runs)| {
            let missing = |fault: &Fault| !runs.iter().any(|run| run.contains(fault));
            Fault::ALL.iter().map(|(fault, _)| *fault).find(missing).map(|fault| (first, fault))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_come_in_the_order_of_their_seeds_whatever_the_threads_do() {
        let scenario = scenario::find("ttl-expiry").expect("it is one of them");
        let gather = |jobs| {
            let mut verdicts = Vec::new();
            sweep(scenario, 3..9, jobs, &mut |verdict| {
                verdicts.push((verdict.options.seed, verdict.trace_hash))
            });
            verdicts
        };
        let alone = gather(1);
        assert!(alone.iter().map(|(seed, _)| *seed).eq(3..9));
        assert_eq!(alone, gather(3));
    }

    #[test]
    fn a_hundred_runs_without_a_fault_are_noticed() {
        let all: BTreeSet<_> = Fault::ALL.iter().map(|(fault, _)| *fault).collect();
        let mut coverage = Coverage { runs: vec![all.clone(); 150] };
        assert_eq!(coverage.gap(), None);
        let mut rest = all.clone();
        rest.remove(&Fault::HalfOpen);
        coverage.runs = vec![rest; 150];
        coverage.runs[10] = all;
        assert_eq!(coverage.gap(), Some((11, Fault::HalfOpen)));
    }
}
