//! `samara node`: whole folders, for a long time.

use tokio::sync::mpsc;

use super::get::unique;
use super::seed::{CHANGES, items};
use crate::args::{Global, NodeArgs};
use crate::exit::{Failure, Outcome};
use crate::index::Index;
use crate::output::{Event, Out};
use crate::progress::Meter;
use crate::serve::{self, Server};
use crate::signals::Signals;
use crate::{hashing, text, watch};

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &NodeArgs, signals: &mut Signals) -> Outcome {
    let out = Out::new(global.json);
    if let Some(path) = args.folders.iter().find(|path| !path.is_dir()) {
        return Err(Failure::usage(format!("{} is no folder", text::path(path)))
            .next(format!("samara seed {}", text::shell_path(path))));
    }
    let items = if args.watch { Vec::new() } else { signals.or(items(args.folders.clone())).await? };
    let serving = &args.serving;
    let trackers = unique(serving.trackers.iter().map(ToString::to_string).collect());
    let (node, reports) =
        serve::start(&serving.giving, &serving.listen, trackers.clone(), Some(&serving.record)).await?;
    out.event(&Event::Listening { role: "node", addr: node.local_addr() });
    let (changes, receive) = mpsc::channel(CHANGES);
    if args.watch {
        tokio::spawn(watch::run(global.clone(), args.folders.clone(), Index::of_user(), changes));
    } else {
        tokio::spawn(hashing::all(items, Index::of_user(), Meter::new(global, out), changes));
    }
    Server::new(global, out, node, reports, trackers).run(Some(receive), signals, None).await
}
