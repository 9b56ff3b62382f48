//! samara's node on blocking threads: the driver to read first.
//!
//! No runtime and no cleverness: a lock around the machine, and one thread for each thing that may wait.
//!
//! ```text
//!   accept ──┐                                   ┌──▶ a queue for each connection ──▶ writer
//!   reader ──┤  event    ┌─────────┐   actions   │
//!   timer  ──┼─────────▶ │ machine │ ────────────┼──▶ a queue for the disk ──▶ worker
//!   worker ──┤           └─────────┘             │
//!   user   ──┘         under one lock            └──▶ a channel to the user
//! ```
//!
//! Whoever has an event takes the lock, hands it in, and carries out the actions that follow by putting them into
//! queues (`carry_out`). That is all that a driver does; the rest of this crate reads sockets, writes sockets, and
//! works on files. It is a complete peer, if a plain one: `samara-tokio` sends files without copying them, hashes on
//! several threads, and trusts the folder that it writes to less.

mod disk;
mod link;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use samara::downloader::{self, Target};
use samara::node::{self, Action, Config, Download, Endpoint, Event};
use samara::seeder::FileId;
use samara::store::{self, Identity};
use samara::{Link, Machine, Seed, Time};

use disk::Files;
pub use disk::identity;
use link::{Line, Out};

/// How long connecting may take, if the machine's patience doesn't end before.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the accept loop waits after an error.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running node; its threads end when this is dropped.
#[derive(Debug)]
pub struct Node {
    shared: Arc<Shared>,
    local: SocketAddr,
    next: AtomicU32,
}

impl Node {
    /// Starts a node that serves at `listen` (port 0: any free one) and knows these trackers (`HOST:PORT`). The
    /// receiver gets what is meant for the user: `Announced`, `Done`, `Failed`, `Stopped` and notes.
    ///
    /// # Errors
    /// The address can't be listened at.
    pub fn start(
        listen: SocketAddr,
        trackers: Vec<String>,
        mut config: Config,
        entropy: u64,
    ) -> io::Result<(Self, Receiver<Action>)> {
        let listener = TcpListener::bind(listen)?;
        let local = listener.local_addr()?;
        config.seeder.port = local.port();
        config.trackers = u16::try_from(trackers.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let (user, reports) = channel();
        let (disk, jobs) = channel();
        let state = State {
            machine: node::Node::new(config, entropy, Time::ZERO),
            lines: BTreeMap::new(),
            accepted: 0,
            files: BTreeMap::new(),
            disk: Some(disk),
            user,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), start: now(), trackers });
        run(&shared, |shared| keep_time(&shared));
        run(&shared, move |shared| accept(&shared, &listener));
        run(&shared, move |shared| disk::work(&shared, &jobs));
        Ok((Self { shared, local, next: AtomicU32::new(0) }, reports))
    }

    /// Where it serves.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Seeds the file at `path`, which looked like `identity` when its seed was made.
    pub fn share(&self, path: PathBuf, seed: Arc<Seed>, identity: Identity) -> FileId {
        self.begin(path, |file| Event::Share { file, seed, identity })
    }

    /// Downloads to `path`, from peers that trackers name and from these.
    pub fn download(&self, target: Target, path: PathBuf, peers: Vec<SocketAddr>) -> FileId {
        let (config, store) = (downloader::Config::default(), store::Config::new(target.file_hash));
        self.begin(path, |file| Event::Download(Box::new(Download { file, target, peers, config, store })))
    }

    /// Stops in order; answered by `Action::Stopped`.
    pub fn stop(&self) {
        self.shared.handle(Event::Stop);
    }

    fn begin(&self, path: PathBuf, event: impl FnOnce(FileId) -> Event) -> FileId {
        let file = FileId(self.next.fetch_add(1, Ordering::Relaxed));
        self.shared.state().files.insert(file, Arc::new(Files::new(path)));
        self.shared.handle(event(file));
        file
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.disk = None;
        state.lines.values().for_each(|line| line.break_off());
        drop(state);
        self.shared.changed.notify_all();
        // The accept loop sees that it is over when somebody comes.
        let _ = TcpStream::connect_timeout(&self.local, ACCEPT_PAUSE);
    }
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// The deadline may have moved, or all is over.
    changed: Condvar,
    start: Instant,
    trackers: Vec<String>,
}

#[derive(Debug)]
struct State {
    machine: node::Node,
    lines: BTreeMap<Link, Arc<Line>>,
    /// How many connections were accepted so far.
    accepted: u64,
    files: BTreeMap<FileId, Arc<Files>>,
    /// None when all is over.
    disk: Option<Sender<disk::Job>>,
    user: Sender<Action>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole run loop.
    fn handle(self: &Arc<Self>, event: Event) {
        let mut state = self.state();
        let now = self.now();
        state.machine.handle(now, event);
        while let Some(action) = state.machine.poll() {
            self.carry_out(&mut state, action);
        }
        self.changed.notify_all();
    }

    /// Puts an action where it belongs. What concerns a link that is gone already is dropped.
    fn carry_out(self: &Arc<Self>, state: &mut State, action: Action) {
        let put = |link: Link, out: Out| {
            if let Some(line) = state.lines.get(&link) {
                line.put(out);
            }
        };
        match action {
            Action::Dial { link, to } => {
                let line = Arc::<Line>::default();
                state.lines.insert(link, line.clone());
                run(self, move |shared| dial(&shared, link, &line, to));
            }
            Action::Send { link, request, message } => put(link, Out::message(request, &message)),
            Action::Receive { link, request, step } => {
                if let Some(line) = state.lines.get(&link) {
                    line.welcome(request, step);
                }
            }
            Action::Serve { link, request, file, identity, index, range } => {
                let files = state.files.get(&file).cloned();
                put(link, Out::Serve { request, files, identity, index, range });
            }
            // What is being served is sent whole: the machine takes that as well.
            Action::Stop { .. } => {}
            Action::Close { link, .. } => put(link, Out::Close),
            Action::Look { file } => state.job(file, disk::Task::Look),
            Action::Disk { file, job, op } => state.job(file, disk::Task::Do(job, op)),
            Action::Done { file, .. } | Action::Failed { file, .. } => {
                state.files.get(&file).into_iter().for_each(|files| files.close());
                let _ = state.user.send(action);
            }
            Action::Stopped => {
                state.files.values().for_each(|files| files.close());
                let _ = state.user.send(action);
            }
            Action::Announced { .. } | Action::Note(_) => drop(state.user.send(action)),
        }
    }

    fn now(&self) -> Time {
        let micros = now().duration_since(self.start).as_micros();
        Time::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn is_over(&self) -> bool {
        self.state().disk.is_none()
    }
}

impl State {
    fn job(&self, file: FileId, task: disk::Task) {
        if let (Some(disk), files) = (&self.disk, self.files.get(&file).cloned()) {
            let _ = disk.send(disk::Job { file, files, task });
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn now() -> Instant {
    Instant::now()
}

/// A thread for something that may wait.
fn run(shared: &Arc<Shared>, work: impl FnOnce(Arc<Shared>) + Send + 'static) {
    let shared = shared.clone();
    thread::spawn(move || work(shared));
}

/// Wakes the machine at its deadlines.
fn keep_time(shared: &Arc<Shared>) {
    let mut state = shared.state();
    while state.disk.is_some() {
        let wait = state.machine.deadline().map_or(CONNECT, |deadline| deadline.at.since(shared.now()));
        if wait.is_zero() {
            drop(state);
            shared.handle(Event::Wake);
            state = shared.state();
        } else {
            let woken = shared.changed.wait_timeout(state, wait);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    loop {
        let accepted = listener.accept();
        if shared.is_over() {
            return;
        }
        let Ok((stream, from)) = accepted else {
            // Perhaps there are no file descriptors left; soon there will be.
            thread::park_timeout(ACCEPT_PAUSE);
            continue;
        };
        let line = Arc::<Line>::default();
        let mut state = shared.state();
        let (slot, generation) = (state.accepted % (1 << 16), state.accepted >> 16);
        state.accepted += 1;
        let (Ok(slot), Ok(generation)) = (u16::try_from(slot), u32::try_from(generation)) else { return };
        let link = Link { space: Link::ACCEPTED, slot, generation };
        state.lines.insert(link, line.clone());
        drop(state);
        shared.handle(Event::Accepted { link, from });
        run(shared, move |shared| link::run(&shared, link, &line, stream));
    }
}

fn dial(shared: &Arc<Shared>, link: Link, line: &Arc<Line>, to: Endpoint) {
    let stream = match to {
        Endpoint::Peer(addr) => TcpStream::connect_timeout(&addr, CONNECT),
        Endpoint::Tracker(tracker) => {
            let name = shared.trackers.get(usize::from(tracker.0)).map_or("", String::as_str);
            connect(name)
        }
    };
    match stream.and_then(|stream| Ok((stream.peer_addr()?, stream))) {
        Ok((peer, stream)) => {
            shared.handle(Event::Opened { link, peer });
            link::run(shared, link, line, stream);
        }
        Err(_) => link::closed(shared, link),
    }
}

/// Looks `name` up, and tries its addresses one after the other.
fn connect(name: &str) -> io::Result<TcpStream> {
    let mut last = io::ErrorKind::NotFound.into();
    for addr in name.to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
