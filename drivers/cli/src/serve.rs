//! A running node as `seed`, `share`, `node` and a finished `get` have it: files come and go, trackers acknowledge
//! them, bytes are sent, until a signal stops it in order.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use samara::link::{MAX_TRACKERS, ShareLink};
use samara::node::Note;
use samara::seeder::{self, FileId, TrackerId};
use samara_tokio::{NodeHandle, NodeOptions, Recording, Report, Reports, Tokio, Tuned};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until, timeout};

use crate::args::{Giving, Global, HostPort, Record};
use crate::exit::{Code, Failure, Outcome};
use crate::hashing::{Change, Ready};
use crate::output::{Event, Out, json_path};
use crate::shelf::{Shares, Shelf};
use crate::signals::{Signals, stopped};
use crate::turned_away::TurnedAway;
use crate::uploads::Uploads;
use crate::{log, net, reach, seeds, text};

/// How often uploads are told, at most.
const TICK: Duration = Duration::from_millis(500);
/// How long trackers may stay silent before the user is warned.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that an orderly stop may take: leaving the trackers and flushing the journals are bounded below it.
const STOPPING: Duration = Duration::from_secs(15);

/// Starts a node that listens and knows its trackers.
pub(crate) async fn start(
    giving: &Giving,
    listen: &HostPort,
    trackers: Vec<String>,
    record: Option<&Record>,
) -> Result<(NodeHandle, Reports), Failure> {
    let mut seeder = seeder::Config {
        limit_up: giving.limit_up,
        advertise: giving.advertise,
        ..seeder::Config::default()
    };
    giving.limits.apply(&mut seeder);
    let config = samara::node::Config { seeder, ..samara::node::Config::default() };
    let entropy = net::entropy()?;
    let options = NodeOptions { listen: net::resolve(listen).await?, trackers, config, entropy };
    let recording = record.map_or(Ok(None), recording)?;
    let started = match &giving.congestion {
        None => NodeHandle::start_recorded(Tokio, options, recording).await,
        Some(name) => NodeHandle::start_recorded(Tuned::new(name), options, recording).await,
    };
    started.map_err(|error| {
        record.into_iter().for_each(discard);
        if giving.congestion.is_some() && error.kind() == ErrorKind::InvalidInput {
            return Failure::new(Code::Usage, error.to_string())
                .next("cat /proc/sys/net/ipv4/tcp_allowed_congestion_control lists them");
        }
        Failure::listen(listen, &error)
    })
}

/// The file into which a machine is recorded, if the user wants that.
pub(crate) fn recording(record: &Record) -> Result<Option<Recording>, Failure> {
    let Some(path) = &record.path else { return Ok(None) };
    match Recording::create(path) {
        Ok(recording) => Ok(Some(recording)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("cannot record into {}: it exists", text::path(path));
            Err(Failure::new(Code::Differs, message).next("--record with another name"))
        }
        Err(error) => Err(Failure::disk("record into", path, &error)),
    }
}

/// Nothing was recorded: the same command is to find the name free.
pub(crate) fn discard(record: &Record) {
    if let Some(path) = &record.path {
        let _ = std::fs::remove_file(path);
    }
}

/// Stops a node in order; a second signal ends it at once.
pub(crate) async fn stop(node: &NodeHandle, reports: &mut Reports, signals: &mut Signals) {
    node.stop();
    let quiet = async {
        while let Some(report) = reports.next().await {
            if matches!(report, Report::Stopped) {
                break;
            }
        }
    };
    tokio::select! {
        _ = timeout(STOPPING, quiet) => {}
        _ = signals.next() => {}
    }
}

impl Shares for NodeHandle {
    fn share(&self, ready: &Ready) -> FileId {
        Self::share(self, ready.path.clone(), ready.seed.clone(), ready.identity)
    }

    fn unshare(&self, file: FileId) {
        Self::unshare(self, file);
    }
}

/// A seed file to write as soon as the seed is known.
#[derive(Debug)]
pub(crate) struct Save {
    pub(crate) path: PathBuf,
    pub(crate) overwrite: bool,
}

/// A node and what it serves.
pub(crate) struct Server<'a> {
    global: &'a Global,
    out: Out,
    node: NodeHandle,
    reports: Reports,
    /// As the user named them: what links say.
    trackers: Vec<String>,
    shelf: Shelf,
    uploads: Uploads,
    turned_away: TurnedAway,
    save: Option<Save>,
    silence: Silence,
}

/// Have the trackers been heard of?
enum Silence {
    /// Nothing was announced yet.
    Nothing,
    /// Something was, but nobody has answered until now.
    Since(Instant),
    /// Somebody has, or the user was told that nobody does.
    Over,
}

impl<'a> Server<'a> {
    /// For a node that was started.
    pub(crate) fn new(
        global: &'a Global,
        out: Out,
        node: NodeHandle,
        reports: Reports,
        trackers: Vec<String>,
    ) -> Self {
        let silence = if trackers.is_empty() { Silence::Over } else { Silence::Nothing };
        let (shelf, uploads, turned_away) = (Shelf::default(), Uploads::default(), TurnedAway::default());
        Self { global, out, node, reports, trackers, shelf, uploads, turned_away, save: None, silence }
    }

    /// Also writes a seed file.
    pub(crate) fn saving(mut self, save: Option<Save>) -> Self {
        self.save = save;
        self
    }

    /// Serves what `changes` brings until a signal comes, or `until`.
    pub(crate) async fn run(
        mut self,
        mut changes: Option<mpsc::Receiver<Change>>,
        signals: &mut Signals,
        until: Option<Instant>,
    ) -> Outcome {
        let mut tick = interval(TICK);
        loop {
            tokio::select! {
                code = signals.next() => return Ok(self.stop(code, signals).await),
                () = reached(until) => return Ok(self.stop(Code::Ok, signals).await),
                change = next(&mut changes) => match change {
                    Some(change) => self.change(change)?,
                    None if self.shelf.is_empty() => return Err(self.nothing(signals).await),
                    None => changes = None,
                },
                report = self.reports.next() => match report {
                    Some(report) => self.report(report),
                    None => return Err(Failure::new(Code::Other, "the node has ended")),
                },
                now = tick.tick() => self.tick(now),
            }
        }
    }

    async fn stop(mut self, code: Code, signals: &mut Signals) -> Code {
        stop(&self.node, &mut self.reports, signals).await;
        self.tick(Instant::now());
        code
    }

    async fn nothing(&mut self, signals: &mut Signals) -> Failure {
        stop(&self.node, &mut self.reports, signals).await;
        Failure::new(Code::Disk, "there is nothing to seed: no file could be read")
            .next("the same command, once you may read one of them")
    }

    fn change(&mut self, change: Change) -> Result<(), Failure> {
        match change {
            Change::Found(ready) => {
                if let Some(save) = &self.save {
                    seeds::write(&save.path, &ready.seed, save.overwrite)?;
                }
                let told = self.shelf.add(ready, self.trackers.is_empty(), &self.node);
                told.iter().for_each(|ready| self.seeding(ready));
                if matches!(self.silence, Silence::Nothing) {
                    self.silence = Silence::Since(Instant::now());
                }
            }
            Change::Lost(path) => {
                if let Some(ready) = self.shelf.lost(&path, &self.node) {
                    self.withdrawn(&ready, "it was deleted or changed");
                }
            }
            Change::Failed(path, error) => {
                tracing::warn!("cannot read {}: {}", text::path(&path), text::os(&error));
            }
        }
        Ok(())
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Announced { file, tracker } => {
                self.silence = Silence::Over;
                tracing::debug!("tracker {} has acknowledged file {}", self.tracker(tracker), file.0);
                let told = self.shelf.announced(file);
                told.iter().for_each(|ready| self.seeding(ready));
            }
            Report::Note(Note::Seeder(note)) => self.note(note),
            Report::Note(Note::Download { .. })
            | Report::Done { .. }
            | Report::Failed { .. }
            | Report::Stopped => {}
        }
    }

    fn note(&mut self, note: seeder::Note) {
        match note {
            seeder::Note::Changed { file } => {
                if let Some(ready) = self.shelf.changed(file, &self.node) {
                    self.withdrawn(&ready, "it was deleted or changed");
                }
            }
            seeder::Note::Uploaded { to, .. } => self.uploads.sent(Instant::now(), to),
            seeder::Note::TurnedAway { from, why } => self.turned_away.take(from, why),
            seeder::Note::Unreachable { tracker } => {
                tracing::info!("tracker {} does not answer; trying again", self.tracker(tracker));
            }
            seeder::Note::Refused { tracker, why } => {
                self.silence = Silence::Over;
                tracing::warn!("tracker {} refused: {why:?}", self.tracker(tracker));
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        if let Some(event) = self.uploads.event(now, self.node.traffic().sent) {
            self.out.event(&event);
            if !self.out.json()
                && let Some(line) = self.uploads.line(now, &event)
            {
                log::say(self.global, &line);
            }
        }
        self.turned_away.tell(now);
        if let Silence::Since(start) = self.silence
            && now - start >= PATIENCE
        {
            self.silence = Silence::Over;
            let trackers = self.trackers.join(", ");
            tracing::warn!("no tracker has answered for 5 s, still trying: {trackers}");
        }
    }

    fn tracker(&self, tracker: TrackerId) -> &str {
        self.trackers.get(usize::from(tracker.0)).map_or("?", String::as_str)
    }

    /// A file can be got from now on: says so, and how.
    fn seeding(&self, ready: &Ready) {
        let seed = &ready.seed;
        let link = ShareLink {
            file_hash: seed.file_hash(),
            trackers: self.trackers.iter().take(MAX_TRACKERS).cloned().collect(),
            seed_id: Some(seed.id()),
            name: Some(seed.name().clone()),
            length: Some(seed.length()),
        }
        .to_string();
        self.out.event(&Event::Seeding {
            path: &json_path(&ready.path),
            name: seed.name().as_str(),
            length: seed.length(),
            chunks: seed.chunks(),
            file_hash: seed.file_hash(),
            seed_id: seed.id(),
            link: &link,
            known: ready.known,
        });
        let (size, chunks) = (text::size(seed.length()), text::plural(u64::from(seed.chunks()), "chunk"));
        let what = format!("{}  sha256:{}  {size}, {chunks}", text::path(&ready.path), seed.file_hash());
        self.out.line(&format!("{what}\n  samara get {}{}", text::quote(&link), self.peer_option()));
    }

    /// Without trackers, a link alone leads nowhere.
    fn peer_option(&self) -> String {
        if !self.trackers.is_empty() {
            return String::new();
        }
        let addr = self.node.local_addr();
        format!(" --peer {}", std::net::SocketAddr::new(reach::host(addr), addr.port()))
    }

    fn withdrawn(&self, ready: &Ready, why: &str) {
        let (path, file_hash) = (json_path(&ready.path), ready.seed.file_hash());
        self.out.event(&Event::Withdrawn { path: &path, file_hash, why });
        tracing::warn!("{} is no longer seeded: {why}", text::path(&ready.path));
    }
}

/// The next change; for ever nothing once there are no more.
async fn next(changes: &mut Option<mpsc::Receiver<Change>>) -> Option<Change> {
    match changes {
        Some(changes) => changes.recv().await,
        None => std::future::pending().await,
    }
}

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// A download that a signal stopped.
pub(crate) fn interrupted(code: Code) -> Failure {
    stopped(code).next("the same command goes on where this one stopped")
}
