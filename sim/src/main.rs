//! `samara-sim`: samara's machines in simulated time, from the command line.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
