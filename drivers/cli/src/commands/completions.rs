//! `samara completions`: for a shell to read.

use std::io::Write;

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Code;

/// Runs the command. A reader that has gone is no failure of ours.
pub(crate) fn run(args: &CompletionsArgs) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "samara", &mut script);
    let _gone = std::io::stdout().write_all(&script);
    Code::Ok
}
