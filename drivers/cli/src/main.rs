//! `samara`: put a file on every machine, by its SHA-256.

mod args;
mod ask;
mod commands;
mod exit;
mod hashing;
mod index;
mod log;
mod metrics;
mod net;
mod output;
mod progress;
mod reach;
mod seeds;
mod serve;
mod shelf;
mod signals;
mod tally;
mod target;
mod text;
mod turned_away;
mod uploads;
mod walk;
mod watch;

use clap::Parser;
use tokio::runtime::Builder;

use exit::{Code, Failure, Outcome};

fn main() -> ! {
    let cli = args::Cli::parse();
    log::start(&cli.global);
    let outcome = run(&cli).and_then(|code| output::check().map(|()| code));
    let code = match outcome {
        Ok(code) => code,
        Err(failure) => {
            log::failure(&cli.global, &failure, commands::has_events(&cli.command));
            failure.code
        }
    };
    // Not by returning: threads that still hash for a command that was stopped are not waited for.
    std::process::exit(i32::from(code as u8))
}

fn run(cli: &args::Cli) -> Outcome {
    // A tracker is one machine under one lock: a thread of its own does more requests than several that wait for one
    // another.
    let alone = matches!(cli.command, args::Command::Tracker(_));
    let mut builder = if alone { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Other, format!("cannot start: {}", text::os(&error))))?;
    let outcome = runtime.block_on(commands::run(&cli.global, &cli.command));
    runtime.shutdown_background();
    outcome
}
