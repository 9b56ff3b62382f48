//! `samara completions`: for a shell to read.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Code;

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> Code {
    clap_complete::generate(args.shell, &mut Cli::command(), "samara", &mut std::io::stdout());
    Code::Ok
}
