//! `samara demo`: the main job on this machine, told as it happens.
//!
//! A tracker, and three nodes that announce one file: a good one, one whose file is then deleted, and one whose file
//! rots under an unchanged size and time. A fourth downloads it over real sockets, knowing only its SHA-256.

mod cast;

use std::path::PathBuf;
use std::time::Duration;

use samara::downloader::{self, Pin, Target};
use samara::node::Note;
use samara_tokio::{NodeHandle, Order, Report, Reports, files};
use tokio::time::{Instant, interval};

use crate::args::{DemoArgs, Global};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{Event, Out, json_path};
use crate::progress::{Meter, TICK};
use crate::tally::Tally;
use crate::text;
use cast::Cast;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &DemoArgs) -> Outcome {
    let out = Out::new(global.json);
    let folder = tempfile::Builder::new().prefix("samara-demo-").tempdir();
    let folder = folder
        .map_err(|error| Failure::new(Code::Disk, format!("no temporary folder: {}", text::os(&error))))?;
    out.line(&format!("samara, on this machine, over real sockets, in {}", text::path(folder.path())));
    let cast = Cast::enter(global, folder.path(), args.file.as_deref()).await?;
    cast.spoil()?;
    out.line(&format!(
        "  the stale node's file is deleted; every chunk at {} now has a wrong byte",
        cast.corrupt.addr()
    ));
    let target = folder.path().join("downloaded");
    let (node, reports) = cast::start(vec![cast.tracker.local_addr().to_string()], 0).await?;
    out.line(&format!("get  sha256:{}", cast.seed.file_hash()));
    let length = cast.seed.length();
    let play = Play { global, out, tally: Tally::new(None), path: target };
    play.run(&cast, node, reports).await?;
    out.line(&format!(
        "{} arrived, and not one wrong byte with it. The folder is removed; nothing is left behind.",
        text::size(length)
    ));
    out.line("Yours: samara share FILE, then the line that it prints, on any other machine.");
    Ok(Code::Ok)
}

/// The download.
struct Play<'a> {
    global: &'a Global,
    out: Out,
    tally: Tally,
    path: PathBuf,
}

impl Play<'_> {
    async fn run(mut self, cast: &Cast, node: NodeHandle, mut reports: Reports) -> Result<(), Failure> {
        let (started, mut tick) = (Instant::now(), interval(TICK));
        let mut meter = Meter::new(self.global, self.out);
        let target = Target { file_hash: cast.seed.file_hash(), pin: Pin::Hash };
        let config = downloader::Config::default();
        node.download(Order { target, path: self.path.clone(), peers: Vec::new(), overwrite: false, config });
        let name = cast.seed.name().to_string();
        loop {
            tokio::select! {
                report = reports.next() => match report {
                    Some(Report::Note(Note::Download { note, .. })) => self.note(cast, &note),
                    Some(Report::Failed { error, .. }) => return Err(Failure::download(&error, &[])),
                    Some(Report::Done { .. }) => break,
                    Some(Report::Note(Note::Seeder(_)) | Report::Announced { .. } | Report::Stopped) => {}
                    None => return Err(Failure::new(Code::Other, "the node has ended")),
                },
                now = tick.tick() => meter.show(now, &self.tally.snapshot(&name)),
            }
        }
        meter.finish(Instant::now(), &self.tally.snapshot(&name));
        self.done(cast, started, node.traffic().syncing)
    }

    fn note(&mut self, cast: &Cast, note: &downloader::Note) {
        let out = self.out;
        self.tally.take(note, |event| {
            out.event(event);
            if let Event::Stale { addr, why } = event {
                out.line(&format!("  stale   {} {addr}: {why}; the others go on", cast.role(*addr)));
            } else if let Event::Banned { addr, why } = event {
                out.line(&format!("  banned  {} {addr}: {why}; no byte of it was kept", cast.role(*addr)));
            }
        });
    }

    fn done(&self, cast: &Cast, started: Instant, syncing: Duration) -> Result<(), Failure> {
        let (seed, took) = (&cast.seed, started.elapsed().as_secs_f64());
        let sources = self.tally.sources();
        self.out.event(&Event::Done {
            path: &json_path(&self.path),
            file_hash: seed.file_hash(),
            length: seed.length(),
            seconds: took,
            sync_s: syncing.as_secs_f64(),
            resumed_bytes: 0,
            fetched_bytes: self.tally.fetched(),
            stale: self.tally.stale(),
            banned: self.tally.banned(),
            sources: &sources,
            already_present: false,
        });
        for source in sources {
            self.out.line(&format!(
                "  {:>9} from {} {}",
                text::size(source.bytes),
                cast.role(source.addr),
                source.addr
            ));
        }
        let there =
            files::sha256(&self.path, &|_| {}).map_err(|error| Failure::disk("read", &self.path, &error))?;
        if there != seed.file_hash() {
            return Err(Failure::new(
                Code::Integrity,
                "the downloaded file is not the one that was asked for",
            ));
        }
        self.out.line(&format!("done in {took:.1} s; its SHA-256, read back from the disk: {there}"));
        Ok(())
    }
}
