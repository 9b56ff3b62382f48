//! A node, as the run loop sees it.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use samara::node::{Action, Endpoint, Event};
use samara::seeder::{FileId, TrackerId};
use samara::store::Op;
use samara::{Link, Machine};
use tokio::sync::mpsc::UnboundedSender;

use super::Report;
use super::reports::Sender;
use crate::disk::{Job, Queue};
use crate::env::Part;
use crate::role::{Command, Input, Origin, Role, Serve, Whom};

/// What the driver keeps beside a node.
pub(crate) struct NodeRole<M> {
    trackers: Vec<Tracker>,
    /// Links to trackers.
    dialled: BTreeMap<Link, TrackerId>,
    library: BTreeMap<FileId, Entry>,
    /// Downloads with operations that may be able to begin.
    busy: Vec<FileId>,
    reports: Sender,
    looks: UnboundedSender<Look>,
    machine: PhantomData<fn() -> M>,
}

struct Tracker {
    name: Arc<str>,
    /// Where it was reached last.
    addr: Option<SocketAddr>,
}

/// A file of the library.
struct Entry {
    path: Arc<Path>,
    /// While it is being downloaded.
    store: Option<Store>,
}

/// A download's files, and what is to be done on them.
struct Store {
    part: Arc<dyn Part>,
    queue: Queue,
    /// No operation follows. When the last has ended, the files are to be closed, and then these dropped.
    end: Vec<Arc<Farewell>>,
}

/// A report that is made when the last who holds this drops it.
struct Farewell {
    report: Option<Report>,
    reports: Sender,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            self.reports.send(report);
        }
    }
}

/// A file to look at; without a path, there is nothing to see.
pub(crate) struct Look {
    pub(crate) file: FileId,
    pub(crate) path: Option<Arc<Path>>,
}

impl<M> NodeRole<M> {
    pub(crate) fn new(trackers: Vec<String>, reports: Sender, looks: UnboundedSender<Look>) -> Self {
        let trackers = trackers.into_iter().map(|name| Tracker { name: name.into(), addr: None }).collect();
        Self {
            trackers,
            dialled: BTreeMap::new(),
            library: BTreeMap::new(),
            busy: Vec::new(),
            reports,
            looks,
            machine: PhantomData,
        }
    }

    /// Takes a finished file into the library.
    pub(crate) fn add(&mut self, file: FileId, path: Arc<Path>) {
        self.library.insert(file, Entry { path, store: None });
    }

    /// Takes a download into the library.
    pub(crate) fn add_download(&mut self, file: FileId, path: Arc<Path>, part: Arc<dyn Part>) {
        let store = Store { part, queue: Queue::default(), end: Vec::new() };
        self.library.insert(file, Entry { path, store: Some(store) });
    }

    /// Forgets a finished file.
    pub(crate) fn remove(&mut self, file: FileId) {
        if self.library.get(&file).is_some_and(|entry| entry.store.is_none()) {
            self.library.remove(&file);
        }
    }

    /// Where a tracker was reached last.
    pub(crate) fn tracker_addr(&self, tracker: TrackerId) -> Option<SocketAddr> {
        self.trackers.get(usize::from(tracker.0))?.addr
    }

    fn dial(&mut self, link: Link, to: Endpoint) -> Command {
        let to = match to {
            Endpoint::Peer(addr) => Whom::Addr(addr),
            Endpoint::Tracker(tracker) => {
                self.dialled.insert(link, tracker);
                let known = self.trackers.get(usize::from(tracker.0));
                Whom::Name(known.map_or_else(|| "".into(), |tracker| tracker.name.clone()))
            }
        };
        Command::Dial { link, to }
    }

    /// Where the bytes of a chunk are. A file with an identity is in place under its name.
    fn origin(&self, file: FileId, in_place: bool) -> Origin {
        match self.library.get(&file) {
            Some(entry) if in_place => Origin::Path(entry.path.clone()),
            Some(Entry { store: Some(store), .. }) => Origin::Part(store.part.clone()),
            Some(Entry { store: None, .. }) | None => Origin::Gone,
        }
    }

    fn store(&mut self, file: FileId) -> Option<&mut Store> {
        self.library.get_mut(&file).and_then(|entry| entry.store.as_mut())
    }

    fn disk(&mut self, file: FileId, job: u32, op: Op) {
        if let Some(store) = self.store(file) {
            store.queue.push(job, op);
            self.busy.push(file);
        }
    }

    /// An operation has ended.
    fn done(&mut self, file: FileId, job: u32) {
        if let Some(store) = self.store(file) {
            store.queue.done(job);
            self.busy.push(file);
        }
    }

    fn look(&self, file: FileId) {
        let path = self.library.get(&file).map(|entry| entry.path.clone());
        let _ = self.looks.send(Look { file, path });
    }

    /// A download has ended, which is reported when its files are closed.
    fn ended(&mut self, file: FileId, report: impl FnOnce(&Path) -> Report) {
        let Some(entry) = self.library.get_mut(&file) else { return };
        let farewell =
            Arc::new(Farewell { report: Some(report(&entry.path)), reports: self.reports.clone() });
        if let Some(store) = &mut entry.store {
            store.end.push(farewell);
            self.busy.push(file);
        }
    }

    /// All has ended, which is reported when all files are closed.
    fn stopped(&mut self) {
        let farewell = Arc::new(Farewell { report: Some(Report::Stopped), reports: self.reports.clone() });
        for (file, entry) in &mut self.library {
            if let Some(store) = &mut entry.store {
                store.end.push(farewell.clone());
                self.busy.push(*file);
            }
        }
    }

    fn report(&self, report: Report) {
        self.reports.send(report);
    }
}

impl<M: Machine<Event = Event, Action = Action> + Send + 'static> Role for NodeRole<M> {
    type Machine = M;

    fn event(&mut self, input: Input) -> Option<Event> {
        Some(match input {
            Input::Wake => Event::Wake,
            Input::Accepted { link, from, local: _ } => Event::Accepted { link, from },
            Input::Opened { link, peer } => {
                let tracker = self.dialled.get(&link).and_then(|id| self.trackers.get_mut(usize::from(id.0)));
                if let Some(tracker) = tracker {
                    tracker.addr = Some(peer);
                }
                Event::Opened { link, peer }
            }
            Input::Message { link, request, message } => Event::Message { link, request, message },
            Input::UnknownRequest { link, request } => Event::UnknownRequest { link, request },
            Input::Malformed { link, error } => Event::Malformed { link, error },
            Input::Chunk { link, request, hashed } => Event::Chunk { link, request, hashed },
            Input::Served { link, request, outcome } => Event::Served { link, request, outcome },
            Input::Disk { file, job, outcome } => {
                self.done(file, job);
                Event::Disk { file, job, outcome }
            }
            Input::Closed { link } => {
                self.dialled.remove(&link);
                Event::Closed { link }
            }
        })
    }

    fn jobs(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for file in std::mem::take(&mut self.busy) {
            let Some(store) = self.store(file) else { continue };
            while let Some((job, op)) = store.queue.next() {
                jobs.push(Job::new(store.part.clone(), file, job, op));
            }
            if store.queue.is_empty() && !store.end.is_empty() {
                jobs.push(Job::close(store.part.clone(), std::mem::take(&mut store.end)));
            }
        }
        jobs
    }

    fn carry_out(&mut self, action: Action) -> Option<Command> {
        match action {
            Action::Dial { link, to } => return Some(self.dial(link, to)),
            Action::Send { link, request, message } => return Some(Command::Send { link, request, message }),
            Action::Receive { link, request, step } => return Some(Command::Receive { link, request, step }),
            Action::Serve { link, request, file, identity, index, range } => {
                let origin = self.origin(file, identity.is_some());
                return Some(Command::Serve {
                    link,
                    serve: Serve { request, origin, identity, index, range },
                });
            }
            Action::Stop { link, request } => return Some(Command::Stop { link, request }),
            Action::Close { link, fault } => return Some(Command::Close { link, fault }),
            Action::Look { file } => self.look(file),
            Action::Disk { file, job, op } => self.disk(file, job, op),
            Action::Announced { file, tracker } => self.report(Report::Announced { file, tracker }),
            Action::Done { file, seed, identity } => {
                self.ended(file, |path| Report::Done { file, path: path.to_owned(), seed, identity });
            }
            Action::Failed { file, error } => self.ended(file, |_| Report::Failed { file, error }),
            Action::Stopped => self.stopped(),
            Action::Note(note) => self.report(Report::Note(note)),
        }
        None
    }
}
