//! Scenarios: named worlds, drawn from a seed, in which certain faults strike and everything has to come out right.
//!
//! A scenario is a name, the faults that make it, and three functions: one draws the [`Setup`], one may prepare the
//! [`Stage`], one checks at the end what only this scenario promises. Everything else, the faults themselves, the
//! rules and the liveness of what can finish, is the same for all: [`run`].

mod blows;
mod bytes;
mod disks;
mod everything;
mod network;
mod run;
mod seeders;
mod setup;
mod stage;
mod trackers;

pub use blows::Blow;
pub use run::{play, run};
pub use setup::Setup;
pub use stage::{Download, NAME, Stage};

use std::collections::BTreeMap;
use std::time::Duration;

use samara::Entropy;

use crate::fault::Fault;
use crate::history::History;
use crate::trace::Detail;

/// A named world.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, as commands have it.
    pub name: &'static str,
    /// What it shows, in a line.
    pub about: &'static str,
    /// The faults that make it: a run in which one of them had no effect proves nothing, and fails.
    pub faults: &'static [Fault],
    /// Draws the configuration. It starts from a small swarm.
    pub draw: fn(&mut Setup, &mut Entropy),
    /// Changes the stage before the first download begins.
    pub prepare: fn(&mut Stage),
    /// What must hold at the end, besides what always must.
    pub check: fn(&Stage) -> Result<(), String>,
}

impl Scenario {
    /// A small swarm in which nothing happens: `draw` turns on what is to happen.
    pub const fn new(name: &'static str, about: &'static str, faults: &'static [Fault]) -> Self {
        Self { name, about, faults, draw: |_, _| {}, prepare: |_| {}, check: |_| Ok(()) }
    }
}

/// Every scenario.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    [trackers::ALL, seeders::ALL, bytes::ALL, disks::ALL, network::ALL, everything::ALL].into_iter().flatten()
}

/// The scenario of this name.
///
/// # Errors
/// For a name that no scenario has: says which there are.
pub fn find(name: &str) -> Result<&'static Scenario, String> {
    all().find(|scenario| scenario.name == name).ok_or_else(|| {
        let names: Vec<_> = all().map(|scenario| scenario.name).collect();
        format!("there is no scenario {name:?}; there are: {}", names.join(", "))
    })
}

/// How to run a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// So many downloaders, instead of what is drawn.
    pub nodes: Option<usize>,
    /// These faults stay off.
    pub without: Vec<Fault>,
    /// How much the trace takes down.
    pub detail: Detail,
    /// Is it taken down for a report?
    pub take_down: bool,
}

impl Options {
    /// The run of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, nodes: None, without: Vec::new(), detail: Detail::Nothing, take_down: false }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Of which scenario.
    pub scenario: &'static str,
    /// How it was run.
    pub options: Options,
    /// What went wrong, if something did.
    pub failure: Option<String>,
    /// Equal for equal runs.
    pub trace_hash: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// How much happened.
    pub events: u64,
    /// How often each fault had an effect.
    pub fired: BTreeMap<Fault, u64>,
    /// Faults that were on and had none.
    pub unfired: Vec<Fault>,
    /// Downloaders, as it began.
    pub nodes: usize,
    /// Chunks of the file.
    pub chunks: u32,
    /// What happened, a line each, as far as the options say.
    pub trace: String,
    /// What happened, for a report, if the options say so.
    pub history: Option<History>,
}

impl Verdict {
    /// Did everything come out right?
    pub const fn is_ok(&self) -> bool {
        self.failure.is_none()
    }

    /// The arguments of `samara-sim` that run it again.
    pub fn arguments(&self) -> String {
        let mut arguments = format!("run {} --seed {}", self.scenario, self.options.seed);
        if let Some(nodes) = self.options.nodes {
            arguments += &format!(" --nodes {nodes}");
        }
        for fault in &self.options.without {
            arguments += &format!(" --without {fault}");
        }
        arguments
    }
}
