//! The world: hosts, what lies between them, and a queue of what happens next.

mod actions;
mod carry;
mod cast;
mod checks;
mod harm;
mod look;
mod moments;
mod orders;
mod queue;
mod spread;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use samara::{Entropy, Hashed, Link, Machine, Step, Time, node, tracker};

use crate::actor::Actor;
use crate::disk::Disk;
use crate::fault::Fault;
use crate::history::{History, Kind};
use crate::host::{Host, HostId, Life, Role};
use crate::net::{Access, ConnId, Net, Place, Side};
use crate::oracle::Oracle;
use crate::trace::{Detail, Digest, Trace};
use queue::Queue;
pub use spread::Spread;

/// Trackers and nodes in simulated time. The same number gives the same world, to the last line of its trace.
#[expect(missing_debug_implementations, reason = "its trace is what it has to say")]
pub struct World {
    now: Time,
    queue: Queue<What>,
    hosts: Vec<Host>,
    addrs: BTreeMap<SocketAddr, HostId>,
    net: Net,
    entropy: Entropy,
    /// Decides what is lost and what comes late; a stream of its own.
    luck: Entropy,
    trace: Trace,
    digest: Digest,
    buffer: Vec<u8>,
    /// Watches the rules; none in a world that is only measured.
    oracle: Option<Oracle>,
    history: Option<History>,
    fired: BTreeMap<Fault, u64>,
    weight: Weight,
    spread: Spread,
}

/// What chunks weigh on the lines: they can be small in memory and large in modelled transfer time.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    /// As how many bytes each byte of a chunk counts.
    pub factor: u64,
    /// Bytes of a chunk that go out at once, before anything else may: at most 256 KiB.
    pub slice: u64,
    /// Do messages pass before chunks' bytes that are on the line already, as where each connection has its turn
    /// (fq_codel, which Linux uses by default)? They take up the line all the same.
    pub express: bool,
}

impl Default for Weight {
    fn default() -> Self {
        Self { factor: 1, slice: samara::wire::limits::MAX_DATA as u64, express: false }
    }
}

/// Bytes per second of a host's line, if a test doesn't say otherwise: 100 Mbit/s.
const RATE: u64 = 12_500_000;

/// What can happen.
#[derive(Debug)]
enum What {
    /// A machine's deadline comes.
    Wake { host: HostId, run: u32 },
    /// A dial reaches its goal.
    Dialled { conn: ConnId },
    /// The dialer learns that its connection is open.
    Opened { conn: ConnId },
    /// The dialer learns that nobody is there.
    Refused { conn: ConnId },
    /// One end of a connection learns that it is over.
    Ended { host: HostId, run: u32, link: Link },
    /// One end of a connection learns that it broke; what was on its way is lost.
    Broken { conn: ConnId, side: Side },
    /// The next parcel reaches `side`.
    Arrived { conn: ConnId, side: Side },
    /// A chunk's next bytes can go out.
    Pump { conn: ConnId, request: u32 },
    /// The oldest disk operation is through.
    Disk { host: HostId, run: u32 },
    /// The host answers its machine.
    Local { host: HostId, run: u32, event: Box<node::Event> },
    /// A chunk is read and hashed.
    Hashed { host: HostId, run: u32, chunk: Box<(ConnId, Link, u32, Step, Hashed)> },
    /// A driver hands in late what it had in its queues for a connection that is closed.
    Late { host: HostId, run: u32, event: Box<node::Event> },
    /// An actor wants to be woken.
    Cue { host: HostId, run: u32 },
}

impl World {
    /// An empty world that follows from `seed`, and in which every rule is watched.
    pub fn new(seed: u64, detail: Detail) -> Self {
        let mut entropy = Entropy::new(seed);
        Self {
            now: Time::ZERO,
            queue: Queue::new(),
            hosts: Vec::new(),
            addrs: BTreeMap::new(),
            net: Net::default(),
            luck: entropy.fork(),
            entropy,
            trace: Trace::new(detail),
            digest: Digest::default(),
            buffer: Vec::new(),
            oracle: Some(Oracle::default()),
            history: None,
            fired: BTreeMap::new(),
            weight: Weight::default(),
            spread: Spread::default(),
        }
    }

    /// The same, but the rules are not watched: for measuring large worlds.
    pub fn unwatched(seed: u64, detail: Detail) -> Self {
        Self { oracle: None, ..Self::new(seed, detail) }
    }

    /// From now on chunks weigh this on the lines.
    pub const fn weigh(&mut self, weight: Weight) {
        self.weight = weight;
    }

    /// From now on what happens is taken down for a report, of a file of so many chunks.
    pub fn take_down(&mut self, chunks: u32) {
        self.history = Some(History::new(chunks));
    }

    /// Adds a tracker and starts it.
    pub fn tracker(&mut self, name: &str, config: tracker::Config) -> HostId {
        self.add(name, TRACKER_PORT, Role::Tracker(config))
    }

    /// Adds a node that announces to and asks `trackers`, and starts it.
    pub fn node(&mut self, name: &str, trackers: &[HostId], mut config: node::Config) -> HostId {
        config.trackers = u16::try_from(trackers.len()).expect("a handful of trackers");
        config.seeder.port = PORT;
        let trackers = trackers.iter().map(|tracker| self.addr(*tracker)).collect();
        self.add(name, PORT, Role::Node { config, trackers })
    }

    /// Adds a host that follows a script, and starts it; it listens where a tracker or where a node would.
    pub fn actor(&mut self, name: &str, tracker: bool, actor: Box<dyn Actor>) -> HostId {
        self.add(name, if tracker { TRACKER_PORT } else { PORT }, Role::Actor(actor))
    }

    /// Adds a host through which a test speaks: see [`dial`](Self::dial).
    pub fn probe(&mut self, name: &str) -> HostId {
        self.add(name, PORT, Role::Probe)
    }

    /// What time it is.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// When the next thing happens, if anything does.
    pub fn next_at(&self) -> Option<Time> {
        self.queue.next()
    }

    /// Lets everything happen that happens until `at`, that moment included.
    pub fn run_until(&mut self, at: Time) {
        while self.queue.next().is_some_and(|next| next <= at) {
            self.step();
        }
        self.now = self.now.max(at);
    }

    /// Lets everything happen that happens within `span`.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    /// Goes on until `done` or until `span` is over; says if it was done.
    pub fn run_while_not(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        while !done(self) {
            if self.queue.next().is_none_or(|next| next > end) {
                self.now = end;
                return done(self);
            }
            self.step();
        }
        true
    }

    /// Lets the next thing happen; says if there was one.
    pub fn step(&mut self) -> bool {
        let Some((at, what)) = self.queue.pop() else { return false };
        self.now = at;
        self.digest.step(at);
        match what {
            What::Wake { host, run } => self.wake(host, run),
            What::Dialled { conn } => self.dialled(conn),
            What::Opened { conn } => self.opened(conn),
            What::Refused { conn } => self.refused(conn),
            What::Ended { host, run, link } => self.ended(host, run, link),
            What::Broken { conn, side } => self.broken(conn, side),
            What::Arrived { conn, side } => self.arrived(conn, side),
            What::Pump { conn, request } => self.pump(conn, request),
            What::Disk { host, run } => self.disk_done(host, run),
            What::Local { host, run, event } if self.hosts[host.0].run == run => self.tell(host, *event),
            What::Local { .. } => {}
            What::Hashed { host, run, chunk } if self.hosts[host.0].run == run => self.hashed(host, *chunk),
            What::Hashed { .. } => {}
            What::Late { host, run, event } if self.hosts[host.0].run == run => self.tell(host, *event),
            What::Late { .. } => {}
            What::Cue { host, run } => self.cue(host, run),
        }
        true
    }

    /// Where a host listens.
    pub fn addr(&self, host: HostId) -> SocketAddr {
        self.hosts[host.0].addr
    }

    /// A host's place in the network, to change its latency or bandwidth.
    pub fn place(&mut self, host: HostId) -> &mut Place {
        &mut self.net.access[host.0].place
    }

    /// A host's disk.
    pub fn disk(&self, host: HostId) -> &Disk {
        &self.hosts[host.0].disk
    }

    /// A host's disk, to do harm to.
    pub fn disk_mut(&mut self, host: HostId) -> &mut Disk {
        &mut self.hosts[host.0].disk
    }

    fn add(&mut self, name: &str, port: u16, role: Role) -> HostId {
        let id = HostId(self.hosts.len());
        let [.., high, low] = (id.0 + 1).to_be_bytes();
        let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, high, low, 1)), port);
        let place = Place { latency: Duration::from_millis(5), up: RATE, down: RATE, loss: 0 };
        self.trace.call(addr.ip(), name);
        if let Some(history) = &mut self.history {
            let kind = match role {
                Role::Tracker(_) => Kind::Tracker,
                Role::Node { .. } => Kind::Downloader,
                Role::Actor(_) | Role::Probe => Kind::Hostile,
            };
            history.host(name, kind);
        }
        self.hosts.push(Host::new(name, id.0 as u64, addr, role));
        self.net.access.push(Access::new(place));
        self.addrs.insert(addr, id);
        self.start(id);
        id
    }

    fn plan(&mut self, at: Time, what: What) {
        self.queue.push(at.max(self.now), what);
    }

    fn wake(&mut self, host: HostId, run: u32) {
        let now = self.now;
        let state = &mut self.hosts[host.0];
        if state.run != run || state.wake != Some(now) {
            return;
        }
        state.wake = None;
        let local = state.read_clock(now);
        match &mut state.life {
            Life::Node(node) => node.handle(local, node::Event::Wake),
            Life::Tracker(tracker) => tracker.handle(local, tracker::Event::Wake),
            Life::Down | Life::Actor(_) | Life::Probe => {}
        }
        if matches!(self.hosts[host.0].life, Life::Tracker(_)) {
            self.check_time(host, local);
        }
        self.drain(host);
    }

    /// Hands an event to a node, and does what follows.
    fn tell(&mut self, host: HostId, event: node::Event) {
        let state = &mut self.hosts[host.0];
        let now = state.read_clock(self.now);
        if let Life::Node(node) = &mut state.life {
            node.handle(now, event);
            self.drain(host);
        }
    }

    /// Hands an event to a tracker, and does what follows.
    fn tell_tracker(&mut self, host: HostId, event: tracker::Event) {
        let state = &mut self.hosts[host.0];
        let now = state.read_clock(self.now);
        if let Life::Tracker(tracker) = &mut state.life {
            tracker.handle(now, event);
            self.check_time(host, now);
            self.drain(host);
        }
    }

    /// Carries out all that a machine wants done, and plans its wake-up.
    fn drain(&mut self, host: HostId) {
        loop {
            match &mut self.hosts[host.0].life {
                Life::Node(node) => match node.poll() {
                    Some(action) => self.act(host, action),
                    None => break,
                },
                Life::Tracker(tracker) => match tracker.poll() {
                    Some(action) => self.act_tracker(host, action),
                    None => break,
                },
                Life::Down | Life::Actor(_) | Life::Probe => return,
            }
        }
        self.check_drained(host);
        self.plan_wake(host);
    }

    /// Plans the next wake-up of a host, if there is none as early. A machine that wants to be woken at once, again
    /// and again, spins: a mistake.
    fn plan_wake(&mut self, host: HostId) {
        let now = self.now;
        let state = &mut self.hosts[host.0];
        let deadline = match &state.life {
            Life::Node(node) => node.deadline(),
            Life::Tracker(tracker) => tracker.deadline(),
            Life::Down | Life::Actor(_) | Life::Probe => None,
        };
        let Some(deadline) = deadline else { return };
        let at = state.clock.when(deadline.at).max(now);
        state.spins = if at == now { state.spins + 1 } else { 0 };
        if state.spins > MAX_SPINS {
            return self.mistake(host, || {
                format!("wants to be woken at once, again and again: timer {}", deadline.timer)
            });
        }
        if state.wake.is_none_or(|wake| at < wake) {
            state.wake = Some(at);
            let run = state.run;
            self.plan(at, What::Wake { host, run });
        }
    }
}

/// Where trackers listen, and where nodes do.
pub(crate) const TRACKER_PORT: u16 = 7_070;
pub(crate) const PORT: u16 = 7_000;
/// How often in a row a machine may ask to be woken at once: it may leave some of what is due for another time, but its
/// deadline must not stay in the past.
const MAX_SPINS: u32 = 100;
