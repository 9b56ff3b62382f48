//! Results on stdout, everything else on stderr.

use std::io::{self, Write};

use samara_sim::scenario::Verdict;
use serde_json::{Value, json};

/// What is said to the user. Whoever reads may go at any time.
#[derive(Debug, Default)]
pub(super) struct Say;

impl Say {
    /// A line of a result.
    pub(super) fn line(&mut self, line: &str) {
        let _gone = writeln!(io::stdout().lock(), "{line}");
    }

    /// A result as an object.
    pub(super) fn object(&mut self, object: &Value) {
        self.line(&object.to_string());
    }

    /// What went wrong with the command itself.
    pub(super) fn complain(&mut self, why: &str) {
        let _gone = writeln!(io::stderr().lock(), "samara-sim: {why}");
    }

    /// The last line of a failure: what runs it again.
    pub(super) fn replay(&mut self, verdict: &Verdict, json: bool) {
        let line = format!("replay: {}", replay(verdict));
        let _gone = if json {
            writeln!(io::stderr().lock(), "{line}")
        } else {
            writeln!(io::stdout().lock(), "{line}")
        };
    }
}

/// The command that runs it again, as this program was called.
pub(super) fn replay(verdict: &Verdict) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "samara-sim".to_owned());
    format!("{program} {}", verdict.arguments())
}

/// A verdict as an object.
pub(super) fn object(verdict: &Verdict) -> Value {
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
