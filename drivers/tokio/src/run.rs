//! The run loop, for any machine: whoever has an event takes the lock, hands it in, and carries out what follows by
//! putting it into queues. Nothing is read, written or waited for under the lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samara::{Link, Machine, Time};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::connection;
use crate::disk::Job;
use crate::env::{Env, Incoming};
use crate::hashing::Hashing;
use crate::line::Line;
use crate::lock;
use crate::pool::Pool;
use crate::record::Recorder;
use crate::role::{Command, Input, Role, Whom};

/// A running machine.
pub(crate) struct Driver<E: Env, R: Role> {
    pub(crate) env: E,
    state: Mutex<State<R>>,
    /// The deadline has come nearer.
    nearer: Notify,
    tasks: Tasks,
    pub(crate) meters: Arc<Meters>,
    pub(crate) pool: Pool,
    pub(crate) hashing: Hashing,
}

/// What the lock protects.
pub(crate) struct State<R: Role> {
    pub(crate) machine: R::Machine,
    /// What the driver keeps beside the machine.
    pub(crate) role: R,
    links: Links,
    recorder: Option<Recorder>,
    /// When the timer's task wakes up.
    alarm: Option<Time>,
}

/// Counts of what went over the network.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    /// Connections that are open.
    pub(crate) open: AtomicU64,
    /// Connections that were accepted.
    pub(crate) accepted: AtomicU64,
    /// Messages that came over accepted connections.
    pub(crate) requests: AtomicU64,
    /// Bytes read.
    pub(crate) read: AtomicU64,
    /// Bytes written.
    pub(crate) written: AtomicU64,
    /// Bytes of chunks read.
    pub(crate) received: AtomicU64,
    /// Bytes of chunks written.
    pub(crate) sent: AtomicU64,
    /// Microseconds that syncs took.
    pub(crate) syncing: AtomicU64,
}

/// A driver of whatever kind, to be ended.
pub(crate) trait ShutDown: Send + Sync {
    /// Ends all tasks, and with them all connections, and the recording.
    fn shut_down(&self);
}

impl<E: Env, R: Role> ShutDown for Driver<E, R> {
    fn shut_down(&self) {
        // First, and not under the lock: it waits until everything is written.
        let recorder = lock(&self.state).recorder.take();
        drop(recorder);
        drop(lock(&self.tasks.set).take());
    }
}

/// Adds to a count.
pub(crate) fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}

impl<E: Env, R: Role> Driver<E, R> {
    /// Runs `machine` from now on, and takes down what happens to it, if that is wanted.
    pub(crate) fn start(
        env: E,
        machine: R::Machine,
        role: R,
        listener: E::Listener,
        recorder: Option<Recorder>,
    ) -> Arc<Self> {
        let processors = env.processors();
        let state = State { machine, role, links: Links::default(), recorder, alarm: None };
        let driver = Arc::new(Self {
            env,
            state: Mutex::new(state),
            nearer: Notify::new(),
            tasks: Tasks { set: Mutex::new(Some(JoinSet::new())), runtime: Handle::current() },
            meters: Arc::default(),
            pool: Pool::default(),
            hashing: Hashing::new(processors),
        });
        driver.spawn(keep_time(driver.clone()));
        driver.spawn(accept(driver.clone(), listener));
        driver
    }

    /// Hands in what happened on the network.
    pub(crate) fn input(self: &Arc<Self>, input: Input) {
        self.turn(|state, now| state.input(now, input));
    }

    /// Takes the lock for `f`, then wakes whom it concerns, and has what is to be done on the disk done elsewhere.
    pub(crate) fn turn<T>(self: &Arc<Self>, f: impl FnOnce(&mut State<R>, Time) -> T) -> T {
        let (result, jobs) = self.turn_for_jobs(f);
        jobs.into_iter().for_each(|job| self.work_elsewhere(job));
        result
    }

    /// The same, but hands out what is to be done on the disk.
    pub(crate) fn turn_for_jobs<T>(
        self: &Arc<Self>,
        f: impl FnOnce(&mut State<R>, Time) -> T,
    ) -> (T, Vec<Job>) {
        let mut state = lock(&self.state);
        let result = f(&mut state, self.env.now());
        let jobs = state.role.jobs();
        let dirty = std::mem::take(&mut state.links.dirty);
        let dials = std::mem::take(&mut state.links.dials);
        let nearer = state.deadline_moved_nearer();
        drop(state);

        dirty.iter().for_each(|line| line.wake());
        for (link, line, to) in dials {
            self.spawn(connection::dial(self.clone(), link, line, to));
        }
        if nearer {
            self.nearer.notify_one();
        }
        (result, jobs)
    }

    /// Has `work` done on another thread, if there are such in this world.
    pub(crate) fn elsewhere(&self, work: impl FnOnce() + Send + 'static) {
        self.env.elsewhere(&self.tasks.runtime, work);
    }

    /// Runs `task` until it ends or the driver is shut down.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }
}

impl<R: Role> State<R> {
    /// Hands in an event and carries out what follows from it.
    pub(crate) fn handle(&mut self, now: Time, event: <R::Machine as Machine>::Event) {
        if let Some(recorder) = &mut self.recorder {
            recorder.event(now, &event);
        }
        self.machine.handle(now, event);
        while let Some(action) = self.machine.poll() {
            if let Some(recorder) = &mut self.recorder {
                recorder.action(&action);
            }
            if let Some(command) = self.role.carry_out(action) {
                self.links.carry_out(command);
            }
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.write();
        }
    }

    /// Hands in what happened on the network.
    pub(crate) fn input(&mut self, now: Time, input: Input) {
        if let Input::Closed { link } = &input {
            self.links.remove(*link);
        }
        if let Some(event) = self.role.event(input) {
            self.handle(now, event);
        }
    }

    /// Names an accepted connection, if there is room for one more.
    fn name(&mut self) -> Option<(Link, Arc<Line>)> {
        let link = self.links.slots.take()?;
        Some((link, self.links.add(link)))
    }

    /// Does the timer's task have to be told? (If the deadline moved away, it wakes up once for nothing.)
    fn deadline_moved_nearer(&mut self) -> bool {
        let Some(deadline) = self.machine.deadline() else { return false };
        let nearer = self.alarm.is_none_or(|alarm| deadline.at < alarm);
        if nearer {
            self.alarm = Some(deadline.at);
        }
        nearer
    }
}

/// The open connections, and those being dialled.
#[derive(Default)]
struct Links {
    lines: BTreeMap<Link, Arc<Line>>,
    slots: Slots,
    /// To be woken when the lock is released.
    dirty: Vec<Arc<Line>>,
    /// To be dialled then.
    dials: Vec<(Link, Arc<Line>, Whom)>,
}

impl Links {
    fn add(&mut self, link: Link) -> Arc<Line> {
        let line = Arc::<Line>::default();
        self.lines.insert(link, line.clone());
        line
    }

    fn remove(&mut self, link: Link) {
        if self.lines.remove(&link).is_some() && link.space == Link::ACCEPTED {
            self.slots.give(link);
        }
    }

    /// What concerns a link that is gone already is dropped.
    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Dial { link, to } => {
                let line = self.add(link);
                self.dials.push((link, line, to));
            }
            Command::Send { link, request, message } => self.put(link, |line| line.send(request, &message)),
            Command::Serve { link, serve } => self.put(link, |line| line.serve(serve)),
            Command::Stop { link, request } => self.put(link, |line| line.stop(request)),
            Command::Receive { link, request, step } => {
                if let Some(line) = self.lines.get(&link) {
                    line.receive(request, step);
                }
            }
            Command::Close { link, fault } => {
                tracing::debug!(?link, %fault, "closing");
                self.put(link, Line::close);
            }
        }
    }

    fn put(&mut self, link: Link, put: impl FnOnce(&Line) -> bool) {
        if let Some(line) = self.lines.get(&link).filter(|line| put(line)) {
            self.dirty.push(line.clone());
        }
    }
}

/// Names for accepted connections.
#[derive(Default)]
struct Slots {
    generations: Vec<u32>,
    free: Vec<u16>,
}

impl Slots {
    fn take(&mut self) -> Option<Link> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u16::try_from(self.generations.len()).ok()?;
                self.generations.push(0);
                slot
            }
        };
        let generation = self.generations.get_mut(usize::from(slot))?;
        *generation = generation.wrapping_add(1);
        Some(Link { space: Link::ACCEPTED, slot, generation: *generation })
    }

    fn give(&mut self, link: Link) {
        self.free.push(link.slot);
    }
}

/// Tasks that end with the driver.
struct Tasks {
    set: Mutex<Option<JoinSet<()>>>,
    /// Where they run, whichever thread begins them.
    runtime: Handle,
}

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = lock(&self.set).as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn_on(task, &self.runtime);
        }
    }
}

/// Wakes the machine at its deadlines.
async fn keep_time<E: Env, R: Role>(driver: Arc<Driver<E, R>>) {
    loop {
        let (now, alarm) = driver.turn(|state, now| {
            if state.machine.deadline().is_some_and(|deadline| deadline.at <= now) {
                state.input(now, Input::Wake);
            }
            state.alarm = state.machine.deadline().map(|deadline| deadline.at);
            (now, state.alarm)
        });
        // A machine whose deadline doesn't move on is no reason to spin.
        let span = alarm.map_or(Duration::MAX, |at| at.since(now).max(Duration::from_millis(1)));
        tokio::select! {
            biased;
            () = driver.nearer.notified() => {}
            () = sleep(span) => {}
        }
    }
}

/// `tokio::time::sleep`, with a `Duration::MAX` that means forever.
async fn sleep(span: Duration) {
    if span == Duration::MAX { std::future::pending().await } else { tokio::time::sleep(span).await }
}

/// Accepts connections, come what may: with no file descriptors left, it waits for some.
async fn accept<E: Env, R: Role>(driver: Arc<Driver<E, R>>, listener: E::Listener) {
    loop {
        match driver.env.accept(&listener).await {
            Ok(Incoming { stream, from, local }) => {
                let named = driver.turn(|state, now| {
                    let (link, line) = state.name()?;
                    state.input(now, Input::Accepted { link, from, local });
                    Some((link, line))
                });
                let Some((link, line)) = named else { continue };
                count(&driver.meters.accepted, 1);
                driver.spawn(connection::run(driver.clone(), link, line, stream));
            }
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// How long the accept loop waits after an error.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

impl<E: Env, R: Role> std::fmt::Debug for Driver<E, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("meters", &self.meters).finish_non_exhaustive()
    }
}
