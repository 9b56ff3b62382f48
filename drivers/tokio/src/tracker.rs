//! A tracker on this driver.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use samara::tracker::{Action, Config, Event, Note, Tracker};
use samara::{Machine, record};
use tokio::sync::mpsc;

use crate::disk::Job;
use crate::env::Env;
use crate::record::{Recorder, Recording};
use crate::role::{Command, Input, Role};
use crate::run::{Driver, Meters, ShutDown, count};

/// Notes that wait to be read; more are dropped.
const NOTES: usize = 1_024;

/// A running tracker, which ends when this is dropped.
pub struct TrackerHandle {
    driver: Arc<dyn ShutDown>,
    local: SocketAddr,
    notes: mpsc::Receiver<Note>,
    meters: Arc<Meters>,
    queries: Arc<Queries>,
}

/// Counts of queries: too many to be told of one by one.
#[derive(Default)]
struct Queries {
    answered: AtomicU64,
    named: AtomicU64,
}

/// What a tracker has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that are open now.
    pub connections: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Messages that came.
    pub requests: u64,
    /// Queries answered.
    pub queries: u64,
    /// Holders named in those answers.
    pub named: u64,
    /// Bytes that came.
    pub received: u64,
    /// Bytes that were sent.
    pub sent: u64,
}

impl TrackerHandle {
    /// Starts a tracker that listens at `listen` (port 0: any free one). `entropy` is to be random.
    ///
    /// # Errors
    /// The address can't be listened at.
    pub async fn start<E: Env>(env: E, listen: SocketAddr, config: Config, entropy: u64) -> io::Result<Self> {
        Self::start_recorded(env, listen, config, entropy, None).await
    }

    /// The same, and takes down what happens to it, if that is wanted.
    ///
    /// # Errors
    /// The address can't be listened at.
    pub async fn start_recorded<E: Env>(
        env: E,
        listen: SocketAddr,
        config: Config,
        entropy: u64,
        recording: Option<Recording>,
    ) -> io::Result<Self> {
        let (listener, local) = env.bind(listen).await?;
        let at = env.now();
        let recorder =
            recording.map(|it| Recorder::start(it, at, entropy, record::Machine::Tracker(config.clone())));
        let machine = Tracker::new(config, entropy, at);
        let (sender, notes) = mpsc::channel(NOTES);
        let queries = Arc::<Queries>::default();
        let role = TrackerRole::new(sender, queries.clone());
        let driver = Driver::start(env, machine, role, listener, recorder);
        Ok(Self { meters: driver.meters.clone(), driver, local, notes, queries })
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// What happens next, but for queries: those are only [counted](Self::counters). Notes that nobody reads are
    /// dropped.
    pub async fn note(&mut self) -> Option<Note> {
        self.notes.recv().await
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        let meters = &self.meters;
        Counters {
            connections: meters.open.load(Ordering::Relaxed),
            accepted: meters.accepted.load(Ordering::Relaxed),
            requests: meters.requests.load(Ordering::Relaxed),
            queries: self.queries.answered.load(Ordering::Relaxed),
            named: self.queries.named.load(Ordering::Relaxed),
            received: meters.read.load(Ordering::Relaxed),
            sent: meters.written.load(Ordering::Relaxed),
        }
    }
}

impl Drop for TrackerHandle {
    fn drop(&mut self) {
        self.driver.shut_down();
    }
}

impl fmt::Debug for TrackerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackerHandle").field("local", &self.local).finish_non_exhaustive()
    }
}

/// A tracker, as the run loop sees it.
struct TrackerRole<M> {
    notes: mpsc::Sender<Note>,
    queries: Arc<Queries>,
    machine: PhantomData<fn() -> M>,
}

impl<M> TrackerRole<M> {
    const fn new(notes: mpsc::Sender<Note>, queries: Arc<Queries>) -> Self {
        Self { notes, queries, machine: PhantomData }
    }
}

impl<M: Machine<Event = Event, Action = Action> + Send + 'static> Role for TrackerRole<M> {
    type Machine = M;

    fn event(&mut self, input: Input) -> Option<Event> {
        Some(match input {
            Input::Wake => Event::Wake,
            Input::Accepted { link, from, local } => Event::Accepted { link, from, local },
            Input::Message { link, request, message } => Event::Message { link, request, message },
            Input::UnknownRequest { link, request } => Event::UnknownRequest { link, request },
            Input::Malformed { link, error } => Event::Malformed { link, error },
            Input::Closed { link } => Event::Closed { link },
            // It dials nobody, neither takes nor serves chunks, and has no disk.
            Input::Opened { .. } | Input::Chunk { .. } | Input::Served { .. } | Input::Disk { .. } => {
                return None;
            }
        })
    }

    fn jobs(&mut self) -> Vec<Job> {
        Vec::new()
    }

    fn carry_out(&mut self, action: Action) -> Option<Command> {
        match action {
            Action::Send { link, request, message } => Some(Command::Send { link, request, message }),
            Action::Close { link, fault } => Some(Command::Close { link, fault }),
            Action::Note(Note::Queried { file_hash, holders }) => {
                tracing::debug!("sha256:{file_hash}: {holders} holders named");
                count(&self.queries.answered, 1);
                count(&self.queries.named, holders as usize);
                None
            }
            Action::Note(note) => {
                let _ = self.notes.try_send(note);
                None
            }
        }
    }
}
