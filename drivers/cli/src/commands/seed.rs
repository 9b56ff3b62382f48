//! `samara seed`: hash, announce, serve.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::args::{Global, SeedArgs};
use crate::exit::{Failure, Outcome};
use crate::hashing;
use crate::index::Index;
use crate::output::{Event, Out};
use crate::progress::Meter;
use crate::serve::{self, Save, Server};
use crate::signals::Signals;
use crate::walk::{self, Item};
use crate::{commands::get, text};

/// Changes that wait to be served.
pub(crate) const CHANGES: usize = 256;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &SeedArgs, signals: &mut Signals) -> Outcome {
    let out = Out::new(global.json);
    let items = signals.or(items(args.paths.clone())).await?;
    let save = save(args.output.as_deref(), args.overwrite, &items)?;
    let serving = &args.serving;
    let trackers = get::unique(serving.trackers.iter().map(ToString::to_string).collect());
    let (node, reports) =
        serve::start(&serving.giving, &serving.listen, trackers.clone(), Some(&serving.record)).await?;
    out.event(&Event::Listening { role: "node", addr: node.local_addr() });
    let (changes, receive) = mpsc::channel(CHANGES);
    tokio::spawn(hashing::all(items, Index::of_user(), Meter::new(global, out), changes));
    let server = Server::new(global, out, node, reports, trackers).saving(save);
    server.run(Some(receive), signals, None).await
}

/// The files that are meant, with a warning for each that is left out.
pub(crate) async fn items(paths: Vec<PathBuf>) -> Result<Vec<Item>, Failure> {
    let walked = tokio::task::spawn_blocking(move || walk::files(&paths)).await;
    let found = walked.map_err(|_| Failure::usage("cannot list the files"))??;
    for (path, why) in &found.skipped {
        tracing::warn!("left out {}: {why}", text::path(path));
    }
    if found.items.is_empty() {
        return Err(Failure::usage("there is nothing to seed: no regular file with a usable name")
            .next("name a file, or a folder with files, and rename what was left out"));
    }
    Ok(found.items)
}

fn save(output: Option<&Path>, overwrite: bool, items: &[Item]) -> Result<Option<Save>, Failure> {
    let Some(path) = output else { return Ok(None) };
    if items.len() > 1 {
        return Err(Failure::usage("-o writes one seed file, but there are several files")
            .next("samara create PATH, once for each"));
    }
    Ok(Some(Save { path: path.to_owned(), overwrite }))
}
