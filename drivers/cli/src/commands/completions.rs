//! `samara completions`: for a shell to read.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Code;
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "samara", &mut script);
    output::raw(&script);
    Code::Ok
}
