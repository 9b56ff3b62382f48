//! The download itself: from the first question to the file in place.

use std::net::SocketAddr;

use samara::FileHash;
use samara::downloader::{self, DownloadError};
use samara::node::Note;
use samara::seeder;
use samara::store::DiskErrorKind;
use samara_tokio::{NodeHandle, Order, Report, Reports};
use tokio::time::{Instant, interval};

use super::{Finished, Job, Seeding};
use crate::exit::{Code, Failure, Outcome};
use crate::hashing::Ready;
use crate::output::Event;
use crate::progress::{Meter, TICK};
use crate::serve::{self, Server, interrupted};
use crate::signals::Signals;
use crate::tally::Tally;
use crate::uploads::Uploads;
use crate::{net, text};

/// Runs the download.
pub(super) async fn run(job: &Job<'_>, signals: &mut Signals) -> Outcome {
    if job.trackers.is_empty()
        && job.args.peers.is_empty()
        && job.wanted.target.file_hash != FileHash::of_nothing()
    {
        return Err(Failure::usage("nobody to ask: neither a tracker nor a peer is given")
            .next("--tracker HOST:PORT or --peer HOST:PORT"));
    }
    let peers = signals.or(peers(job)).await?;
    let serving = &job.args.serving;
    let (node, reports) =
        serve::start(&serving.giving, &serving.listen, job.trackers.clone(), Some(&serving.record)).await?;
    job.out.event(&Event::Listening { role: "node", addr: node.local_addr() });
    node.download(order(job, peers));
    let name = job.path.file_name().map_or_else(String::new, |name| text::escape(&name.to_string_lossy()));
    let (tally, meter) = (Tally::new(job.wanted.length), job.meter());
    Fetch { job, node, reports, tally, meter, uploads: Uploads::default(), name }.run(signals).await
}

/// The peers that the user gave, looked up.
async fn peers(job: &Job<'_>) -> Result<Vec<SocketAddr>, Failure> {
    let mut found = Vec::new();
    for peer in &job.args.peers {
        match net::lookup(peer.as_str()).await {
            Ok(addrs) => found.extend(addrs),
            Err(error) => tracing::warn!("peer {peer}: {}", text::os(&error)),
        }
    }
    Ok(found)
}

fn order(job: &Job<'_>, peers: Vec<SocketAddr>) -> Order {
    let args = job.args;
    let config = downloader::Config {
        limit: args.limit,
        timeout: args.timeout,
        stall_timeout: args.stall_timeout,
        neighbours: if args.max_neighbours == 0 { u16::MAX } else { args.max_neighbours },
        budget: if args.max_in_flight == 0 { u64::MAX } else { args.max_in_flight },
        ..downloader::Config::default()
    };
    Order {
        target: job.wanted.target.clone(),
        path: job.path.clone(),
        peers,
        overwrite: args.overwrite,
        config,
    }
}

/// A download under way.
struct Fetch<'a> {
    job: &'a Job<'a>,
    node: NodeHandle,
    reports: Reports,
    tally: Tally,
    meter: Meter,
    uploads: Uploads,
    /// The file's name, ready to be printed.
    name: String,
}

/// How it ended.
enum End {
    Done(Ready),
    Failed(Box<DownloadError>),
}

impl Fetch<'_> {
    async fn run(mut self, signals: &mut Signals) -> Outcome {
        let mut tick = interval(TICK);
        let end = loop {
            tokio::select! {
                code = signals.next() => {
                    serve::stop(&self.node, &mut self.reports, signals).await;
                    return Err(interrupted(code));
                }
                report = self.reports.next() => match report {
                    Some(report) => if let Some(end) = self.report(report) { break end },
                    None => return Err(Failure::new(Code::Other, "the node has ended")),
                },
                now = tick.tick() => self.tick(now),
            }
        };
        self.meter.finish(Instant::now(), &self.tally.snapshot(&self.name));
        match end {
            End::Done(ready) => self.done(&ready, signals).await,
            End::Failed(error) => {
                serve::stop(&self.node, &mut self.reports, signals).await;
                Err(self.failed(&error))
            }
        }
    }

    fn report(&mut self, report: Report) -> Option<End> {
        let out = self.job.out;
        match report {
            Report::Done { path, seed, identity, .. } => {
                Some(End::Done(Ready { path, seed, identity, known: false }))
            }
            Report::Failed { error, .. } => Some(End::Failed(error)),
            Report::Note(Note::Download { note, .. }) => {
                self.tally.take(&note, |event| {
                    out.event(event);
                    warn(event);
                });
                None
            }
            Report::Note(Note::Seeder(seeder::Note::Uploaded { to, .. })) => {
                self.uploads.sent(Instant::now(), to);
                None
            }
            Report::Note(Note::Seeder(_)) | Report::Announced { .. } | Report::Stopped => None,
        }
    }

    fn tick(&mut self, now: Instant) {
        self.meter.show(now, &self.tally.snapshot(&self.name));
        if let Some(event) = self.uploads.event(now, self.node.traffic().sent) {
            self.job.out.event(&event);
        }
    }

    async fn done(mut self, ready: &Ready, signals: &mut Signals) -> Outcome {
        let job = self.job;
        job.index.remember(&ready.path, &ready.identity, &ready.seed);
        let tally = &self.tally;
        job.done(
            ready,
            &Finished {
                already_present: false,
                syncing: self.node.traffic().syncing,
                resumed: tally.resumed(),
                fetched: tally.fetched(),
                stale: tally.stale(),
                banned: tally.banned(),
                sources: tally.sources(),
            },
        );
        match job.until() {
            Seeding::No => {
                serve::stop(&self.node, &mut self.reports, signals).await;
                Ok(Code::Ok)
            }
            Seeding::Until(until) => {
                drop(self.meter);
                let server = Server::new(job.global, job.out, self.node, self.reports, job.trackers.clone());
                server.run(None, signals, until).await
            }
        }
    }

    /// The failure, and what to type next.
    fn failed(&self, error: &DownloadError) -> Failure {
        let job = self.job;
        let failure = Failure::download(error, &job.trackers);
        let tracker =
            job.trackers.first().map_or_else(String::new, |tracker| format!(" --tracker {tracker}"));
        let hash = format!("sha256:{}", job.wanted.target.file_hash);
        let next = match failure.code {
            Code::Unknown => {
                format!("samara seed FILE{tracker} where the file is; samara ls{tracker} lists what is known")
            }
            Code::NoHolder | Code::Integrity => format!("samara peers {hash}{tracker} --test"),
            Code::NoTracker => "--tracker with one that runs; 'samara tracker' starts one".to_owned(),
            Code::Stalled => "the same command goes on where this one stopped".to_owned(),
            Code::Disk => self.disk(&error.why),
            Code::Differs => "--overwrite replaces it; -o takes another name".to_owned(),
            Code::Denied | Code::Other | Code::Ok | Code::Usage | Code::Interrupted | Code::Terminated => {
                format!("samara ls{tracker}")
            }
        };
        let failure = failure.next(next);
        if matches!(error.why, downloader::Failure::Disk(_)) { failure.writing(&job.path) } else { failure }
    }
}

impl Fetch<'_> {
    /// What to do about a disk.
    fn disk(&self, why: &downloader::Failure) -> String {
        let path = text::shell_path(&self.job.path);
        let kind = if let downloader::Failure::Disk(error) = why { error.kind } else { DiskErrorKind::Other };
        match kind {
            DiskErrorKind::Full => "make room (or raise the limit), then the same command goes on".to_owned(),
            DiskErrorKind::Denied | DiskErrorKind::NoFolder => {
                "-o with a folder that you may write to".to_owned()
            }
            DiskErrorKind::Locked => "wait for the other one, or -o with another name".to_owned(),
            DiskErrorKind::NotPlain | DiskErrorKind::Foreign => {
                format!(
                    "-o with another name; or, if nobody needs them: rm -r {path}.part {path}.part.journal"
                )
            }
            DiskErrorKind::Exists | DiskErrorKind::Other => {
                "the same command, once the disk works".to_owned()
            }
        }
    }
}

/// The same for people.
fn warn(event: &Event<'_>) {
    if let Event::Stale { addr, why } = event {
        tracing::warn!("stale: {addr} {why}");
    } else if let Event::Banned { addr, why } = event {
        tracing::warn!("banned: {addr} {why}");
    }
}
