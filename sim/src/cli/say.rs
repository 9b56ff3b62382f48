//! Results on stdout, everything else on stderr.

use std::io::{self, Write};
use std::time::Instant;

use samara_sim::scenario::Verdict;
use serde_json::{Value, json};

/// A line of a result. Whoever reads may go at any time.
pub(super) fn line(line: &str) {
    let _gone = writeln!(io::stdout().lock(), "{line}");
}

/// A result as an object.
pub(super) fn object(object: &Value) {
    line(&object.to_string());
}

/// What went wrong with the command itself.
pub(super) fn complain(why: &str) {
    let _gone = writeln!(io::stderr().lock(), "samara-sim: {why}");
}

/// The last line of a failure: what runs it again.
pub(super) fn again(verdict: &Verdict, json: bool) {
    let again = format!("replay: {}", replay(verdict));
    if json {
        let _gone = writeln!(io::stderr().lock(), "{again}");
    } else {
        line(&again);
    }
}

/// Measures real time, which no result depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a sweep took is told, and nothing else follows from it"
    )]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since.
    pub(super) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// The command that runs it again, as this program was called.
pub(super) fn replay(verdict: &Verdict) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "samara-sim".to_owned());
    format!("{program} {}", verdict.arguments())
}

/// A verdict as an object.
pub(super) fn verdict(verdict: &Verdict) -> Value {
    let faults: serde_json::Map<_, _> =
        verdict.fired.iter().map(|(fault, count)| (fault.name().to_owned(), json!(count))).collect();
    json!({
        "scenario": verdict.scenario,
        "seed": verdict.options.seed,
        "ok": verdict.is_ok(),
        "trace_hash": hash(verdict),
        "simulated_s": verdict.simulated.as_secs_f64(),
        "events": verdict.events,
        "nodes": verdict.nodes,
        "chunks": verdict.chunks,
        "faults": faults,
        "unfired": verdict.unfired.iter().map(|fault| fault.name()).collect::<Vec<_>>(),
        "failure": verdict.failure,
        "replay": (!verdict.is_ok()).then(|| replay(verdict)),
    })
}

/// A verdict's hash, as everywhere.
pub(super) fn hash(verdict: &Verdict) -> String {
    format!("{:016x}", verdict.trace_hash)
}
