//! `samara get`: a file by its SHA-256, from whoever has it.

mod existing;
mod fetch;

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::args::{GetArgs, Global, SeedFor};
use crate::exit::{Code, Failure, Outcome};
use crate::hashing::{Change, Ready};
use crate::index::Index;
use crate::output::{Event, Out, json_path};
use crate::progress::Meter;
use crate::serve::{self, Server};
use crate::signals::Signals;
use crate::target::Wanted;
use crate::text;
use existing::Existing;

/// Everything about one `get`.
struct Job<'a> {
    global: &'a Global,
    out: Out,
    args: &'a GetArgs,
    wanted: Wanted,
    /// Where the file goes.
    path: PathBuf,
    /// Those of the link, then those of the options, each once.
    trackers: Vec<String>,
    index: Index,
    started: Instant,
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &GetArgs, signals: &mut Signals) -> Outcome {
    let (out, started) = (Out::new(global.json), Instant::now());
    let wanted = signals.or(Wanted::read(&args.target)).await?;
    let path = existing::destination(args.output.as_deref(), &wanted)?;
    let mut trackers = wanted.trackers.clone();
    trackers.extend(args.serving.trackers.iter().map(ToString::to_string));
    let trackers = unique(trackers);
    let job = Job { global, out, args, wanted, path, trackers, index: Index::of_user(), started };
    match signals.or(existing::look(&job)).await? {
        Existing::Present(ready) => present(&job, ready, signals).await,
        Existing::Absent => fetch::run(&job, signals).await,
    }
}

/// The file is there already.
async fn present(job: &Job<'_>, ready: Ready, signals: &mut Signals) -> Outcome {
    job.done(&ready, &Finished { already_present: true, ..Finished::default() });
    let until = match job.until() {
        Seeding::No => return Ok(Code::Ok),
        Seeding::Until(until) => until,
    };
    let serving = &job.args.serving;
    let (node, reports) =
        serve::start(&serving.giving, &serving.listen, job.trackers.clone(), Some(&serving.record)).await?;
    job.out.event(&Event::Listening { role: "node", addr: node.local_addr() });
    let (change, changes) = mpsc::channel(1);
    let sent = change.send(Change::Found(ready)).await;
    sent.map_err(|_| Failure::new(Code::Other, "the node has ended"))?;
    let server = Server::new(job.global, job.out, node, reports, job.trackers.clone());
    server.run(Some(changes), signals, until).await
}

/// How a download went.
#[derive(Default)]
struct Finished {
    already_present: bool,
    /// For how long the disk was syncing.
    syncing: std::time::Duration,
    resumed: u64,
    fetched: u64,
    stale: usize,
    banned: usize,
    sources: Vec<crate::output::Source>,
}

/// Does the process go on seeding, and until when?
enum Seeding {
    No,
    Until(Option<Instant>),
}

impl Job<'_> {
    fn meter(&self) -> Meter {
        Meter::new(self.global, self.out)
    }

    /// To be asked once the file is in place.
    fn until(&self) -> Seeding {
        match self.args.seed_for {
            SeedFor::Never => Seeding::No,
            SeedFor::Time(span) => Seeding::Until(Some(Instant::now() + span)),
            SeedFor::Forever => Seeding::Until(None),
        }
    }

    /// The file is in place under its name: says so.
    fn done(&self, ready: &Ready, finished: &Finished) {
        let (seed, took) = (&ready.seed, self.started.elapsed());
        self.out.event(&Event::Done {
            path: &json_path(&self.path),
            file_hash: seed.file_hash(),
            length: seed.length(),
            seconds: took.as_secs_f64(),
            sync_s: finished.syncing.as_secs_f64(),
            resumed_bytes: finished.resumed,
            fetched_bytes: finished.fetched,
            stale: finished.stale,
            banned: finished.banned,
            sources: &finished.sources,
            already_present: finished.already_present,
        });
        self.out.line(&format!("{}  sha256:{}", text::path(&self.path), seed.file_hash()));
        let words = if finished.already_present {
            format!("already present: {}, {}", text::path(&self.path), text::size(seed.length()))
        } else {
            finished.words(seed.length(), took)
        };
        crate::log::say(self.global, &words);
    }
}

impl Finished {
    fn words(&self, length: u64, took: std::time::Duration) -> String {
        let rate = u64::try_from(u128::from(self.fetched) * 1_000 / took.as_millis().max(1)).unwrap_or(0);
        let mut words = format!(
            "done: {} in {:.1} s ({}) from {}",
            text::size(length),
            took.as_secs_f64(),
            text::rate(rate),
            text::plural(self.sources.len() as u64, "peer")
        );
        for (number, what) in [(self.stale, "stale"), (self.banned, "banned")] {
            if number > 0 {
                words.push_str(&format!(", {number} {what}"));
            }
        }
        if self.resumed > 0 {
            words.push_str(&format!(", {} were there already", text::size(self.resumed)));
        }
        words
    }
}

/// Each once, in order.
pub(crate) fn unique(mut names: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
