//! The command line: what it takes, and where it goes from there.

mod commands;
mod say;
mod swarm;

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use samara_sim::fault::Fault;
use samara_sim::replay;
use samara_sim::swarm::{Crowd, Profile, RATE};

/// samara's machines in simulated time: scenarios, sweeps, and what happened in them. Everything follows from a seed.
#[derive(Debug, Parser)]
#[command(name = "samara-sim", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name the scenarios, and the faults of each.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Run a scenario once. Exit code 1 if something went wrong.
    Run {
        #[command(flatten)]
        which: Which,
        /// Tell what happened, a line each.
        #[arg(long)]
        trace: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Run a scenario, or all of them, with many seeds. Exit code 1 if something went wrong.
    Sweep {
        /// A scenario's name, or `all`.
        scenario: String,
        /// From the first to before the second.
        #[arg(long, value_name = "A..B", value_parser = seeds)]
        seeds: Range<u64>,
        /// Runs at a time [default: one for each core].
        #[arg(long, value_name = "J")]
        jobs: Option<usize>,
        /// One JSON object a run.
        #[arg(long)]
        json: bool,
    },
    /// Make a failing run small: drop faults, then halve the nodes, as long as it still fails.
    Minimise {
        #[command(flatten)]
        which: Which,
    },
    /// Draw a run as a page: chunks over time, who sent to whom, faults, bans.
    Report {
        #[command(flatten)]
        which: Which,
        /// The page.
        #[arg(short, long, value_name = "FILE.html")]
        output: PathBuf,
    },
    /// Let a crowd have a new file, and measure it against the bound that no protocol can beat. Exit code 1 if somebody
    /// never got it, or took two bad chunks from the same host.
    Swarm {
        /// How many want it.
        #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
        nodes: u32,
        /// Of how many chunks it is.
        #[arg(long, value_name = "M", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536))]
        chunks: u32,
        /// Bytes per second of each line, both ways; a chunk is a mebibyte. By default 100 Mbit/s.
        #[arg(long, value_name = "B/S", value_parser = clap::value_parser!(u64).range(65_536..=12_500_000_000), default_value_t = RATE)]
        rate: u64,
        /// Messages wait behind chunks' bytes on the lines. By default they pass them, as where each connection has its
        /// turn (fq_codel).
        #[arg(long)]
        fifo: bool,
        /// From the first to before the second.
        #[arg(long, value_name = "A..B", value_parser = seeds, default_value = "0..1")]
        seeds: Range<u64>,
        /// Who they are, and what befalls them.
        #[arg(long, value_enum, default_value_t)]
        profile: Profile,
        /// Draw how many were done, and how much they held, over time.
        #[arg(long, value_name = "FILE.svg")]
        svg: Option<PathBuf>,
        /// One JSON object a run, and then one with medians and maxima.
        #[arg(long)]
        json: bool,
    },
    /// Run what `samara get|seed|node|tracker --record` wrote down once more: the same actions have to come out. Exit
    /// code 1 if others do, 2 if it can't be done.
    Replay {
        /// The recording.
        file: PathBuf,
        /// The file that it is about: its chunks are hashed again.
        #[arg(long, value_name = "PATH")]
        data: Option<PathBuf>,
        /// One JSON object an event.
        #[arg(long)]
        json: bool,
    },
}

/// One run.
#[derive(Debug, clap::Args)]
struct Which {
    /// The scenario's name.
    scenario: String,
    /// Everything follows from it.
    #[arg(long, value_name = "N")]
    seed: u64,
    /// So many downloaders, instead of what the seed draws.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    nodes: Option<u32>,
    /// This fault stays off; may be given several times.
    #[arg(long, value_name = "FAULT")]
    without: Vec<Fault>,
}

/// A range of seeds.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is not a range of seeds: try 0..100");
    let (first, end) = text.split_once("..").ok_or_else(wrong)?;
    let range = first.parse().map_err(|_| wrong())?..end.parse().map_err(|_| wrong())?;
    if range.is_empty() {
        Err(format!("{text:?} is empty: the second number is excluded"))
    } else {
        Ok(range)
    }
}

pub(crate) fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Replay { file, data, json } => {
            let (mut out, mut errors) = (io::stdout().lock(), io::stderr().lock());
            let code = replay::command(&file, data.as_deref(), json, &mut out, &mut errors);
            return ExitCode::from(code);
        }
        Command::List { json } => commands::list(json),
        Command::Run { which, trace, json } => commands::run(&which, trace, json),
        Command::Sweep { scenario, seeds, jobs, json } => commands::sweep(&scenario, seeds, jobs, json),
        Command::Swarm { nodes, chunks, rate, fifo, seeds, profile, svg, json } => {
            let crowd = Crowd { nodes: nodes as usize, chunks, rate, fifo, profile, seed: 0 };
            swarm::swarm(crowd, seeds, json, svg.as_deref())
        }
        Command::Minimise { which } => commands::minimise(&which),
        Command::Report { which, output } => commands::report(&which, &output),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            say::complain(&why);
            ExitCode::from(2)
        }
    }
}
