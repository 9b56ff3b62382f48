//! One file per command.

mod bench;
mod completions;
mod create;
mod demo;
mod get;
mod ls;
mod node;
mod peers;
mod seed;
mod share;
mod show;
mod tracker;
mod verify;

use crate::args::{Command, Global};
use crate::exit::Outcome;
use crate::signals::Signals;

/// Runs a command.
pub(crate) async fn run(global: &Global, command: &Command) -> Outcome {
    let mut signals = Signals::listen()?;
    let signals = &mut signals;
    match command {
        Command::Tracker(args) => tracker::run(global, args, signals).await,
        Command::Seed(args) => seed::run(global, args, signals).await,
        Command::Share(args) => share::run(global, args, signals).await,
        Command::Get(args) => get::run(global, args, signals).await,
        Command::Node(args) => node::run(global, args, signals).await,
        Command::Create(args) => signals.or(create::run(global, args)).await,
        Command::Show(args) => signals.or(show::run(global, args)).await,
        Command::Verify(args) => signals.or(verify::run(global, args)).await,
        Command::Ls(args) => signals.or(ls::run(global, args)).await,
        Command::Peers(args) => signals.or(peers::run(global, args)).await,
        Command::Demo(args) => signals.or(demo::run(global, args)).await,
        Command::Bench(args) => signals.or(bench::run(global, args)).await,
        Command::Completions(args) => Ok(completions::run(args)),
    }
}

/// Do this command's results on stdout have the key `event`? (If not, its errors are on stderr only.)
pub(crate) const fn has_events(command: &Command) -> bool {
    match command {
        Command::Tracker(_)
        | Command::Seed(_)
        | Command::Share(_)
        | Command::Get(_)
        | Command::Node(_)
        | Command::Create(_)
        | Command::Demo(_)
        | Command::Bench(_) => true,
        Command::Show(_)
        | Command::Verify(_)
        | Command::Ls(_)
        | Command::Peers(_)
        | Command::Completions(_) => false,
    }
}
