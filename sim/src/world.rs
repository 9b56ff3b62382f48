//! The world: hosts, what lies between them, and a queue of what happens next.

mod actions;
mod carry;
mod orders;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use samara::seeder::FileId;
use samara::{Entropy, Link, Machine, Time, node, tracker};

use crate::disk::Disk;
use crate::host::{Heard, Host, HostId, Life, Report, Role};
use crate::net::{ConnId, Net, Place, Side};
use crate::trace::{Detail, Trace};

/// Trackers and nodes in simulated time. The same number gives the same world, to the last line of its trace.
#[expect(missing_debug_implementations, reason = "its trace is what it has to say")]
pub struct World {
    now: Time,
    queue: BinaryHeap<Reverse<Entry>>,
    entries: u64,
    hosts: Vec<Host>,
    addrs: BTreeMap<SocketAddr, HostId>,
    net: Net,
    entropy: Entropy,
    trace: Trace,
    buffer: Vec<u8>,
    mistakes: Vec<String>,
}

/// Bytes per second of a host's line, if a test doesn't say otherwise: 100 Mbit/s.
const RATE: u64 = 12_500_000;

/// Something that happens at its time; among equals, in the order in which it was planned.
#[derive(Debug)]
struct Entry {
    at: Time,
    number: u64,
    what: What,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Entry {}

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
    /// The next parcel reaches `side`.
    Arrived { conn: ConnId, side: Side },
    /// A chunk's next bytes can go out.
    Pump { conn: ConnId, request: u32 },
    /// The oldest disk operation is through.
    Disk { host: HostId, run: u32 },
    /// The host answers its machine.
    Local { host: HostId, run: u32, event: Box<node::Event> },
}

impl World {
    /// An empty world that follows from `seed`.
    pub fn new(seed: u64, detail: Detail) -> Self {
        Self {
            now: Time::ZERO,
            queue: BinaryHeap::new(),
            entries: 0,
            hosts: Vec::new(),
            addrs: BTreeMap::new(),
            net: Net::default(),
            entropy: Entropy::new(seed),
            trace: Trace::new(detail),
            buffer: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Adds a tracker and starts it.
    pub fn tracker(&mut self, name: &str, config: tracker::Config) -> HostId {
        self.add(name, 7070, Role::Tracker(config))
    }

    /// Adds a node that announces to and asks `trackers`, and starts it.
    pub fn node(&mut self, name: &str, trackers: &[HostId], mut config: node::Config) -> HostId {
        config.trackers = u16::try_from(trackers.len()).expect("a handful of trackers");
        config.seeder.port = 7000;
        let trackers = trackers.iter().map(|tracker| self.addr(*tracker)).collect();
        self.add(name, 7000, Role::Node { config, trackers })
    }

    /// Adds a host through which a test speaks: see [`dial`](Self::dial).
    pub fn probe(&mut self, name: &str) -> HostId {
        self.add(name, 7000, Role::Probe)
    }

    /// What time it is.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Lets everything happen that happens until `at`, that moment included.
    pub fn run_until(&mut self, at: Time) {
        while self.queue.peek().is_some_and(|Reverse(next)| next.at <= at) {
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
            if self.queue.peek().is_none_or(|Reverse(next)| next.at > end) {
                self.now = end;
                return done(self);
            }
            self.step();
        }
        true
    }

    /// Lets the next thing happen; says if there was one.
    pub fn step(&mut self) -> bool {
        let Some(Reverse(Entry { at, what, .. })) = self.queue.pop() else { return false };
        self.now = at;
        match what {
            What::Wake { host, run } => self.wake(host, run),
            What::Dialled { conn } => self.dialled(conn),
            What::Opened { conn } => self.opened(conn),
            What::Refused { conn } => self.refused(conn),
            What::Ended { host, run, link } => self.ended(host, run, link),
            What::Arrived { conn, side } => self.arrived(conn, side),
            What::Pump { conn, request } => self.pump(conn, request),
            What::Disk { host, run } => self.disk_done(host, run),
            What::Local { host, run, event } if self.hosts[host.0].run == run => self.tell(host, *event),
            What::Local { .. } => {}
        }
        true
    }

    /// Where a host listens.
    pub fn addr(&self, host: HostId) -> SocketAddr {
        self.hosts[host.0].place.addr
    }

    /// A host's place in the network, to change its latency or bandwidth.
    pub fn place(&mut self, host: HostId) -> &mut Place {
        &mut self.hosts[host.0].place
    }

    /// A host's disk.
    pub fn disk(&self, host: HostId) -> &Disk {
        &self.hosts[host.0].disk
    }

    /// A host's disk, to do harm to.
    pub fn disk_mut(&mut self, host: HostId) -> &mut Disk {
        &mut self.hosts[host.0].disk
    }

    /// What a host's machine told its user, and when; over all its runs.
    pub fn reports(&self, host: HostId) -> &[(Time, Report)] {
        &self.hosts[host.0].reports
    }

    /// What a probe heard, when, and over which connection.
    pub fn heard(&self, probe: HostId) -> &[(Time, Link, Heard)] {
        &self.hosts[probe.0].heard
    }

    /// How a download ended, if it has: the report is [`Report::Done`] or [`Report::Failed`].
    pub fn outcome(&self, host: HostId, file: FileId) -> Option<&Report> {
        self.hosts[host.0].reports.iter().rev().map(|(_, report)| report).find(|report| match report {
            Report::Done { file: other } | Report::Failed { file: other, .. } => *other == file,
            Report::Announced { .. } | Report::Stopped | Report::Node(_) | Report::Tracker(_) => false,
        })
    }

    /// The trace so far.
    pub fn trace(&self) -> &str {
        self.trace.text()
    }

    /// Rules of the interface that machines broke: nobody may send over a connection that is closed, and a chunk's
    /// announcement has to be followed by `Receive` or `Close`.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    fn add(&mut self, name: &str, port: u16, role: Role) -> HostId {
        let id = HostId(self.hosts.len());
        let [.., high, low] = (id.0 + 1).to_be_bytes();
        let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, high, low, 1)), port);
        let place = Place { addr, latency: Duration::from_millis(5), up: RATE, down: RATE };
        self.trace.call(addr.ip(), name);
        self.hosts.push(Host::new(name, id.0 as u64, place, role));
        self.addrs.insert(addr, id);
        self.start(id);
        id
    }

    fn plan(&mut self, at: Time, what: What) {
        self.entries += 1;
        self.queue.push(Reverse(Entry { at: at.max(self.now), number: self.entries, what }));
    }

    fn wake(&mut self, host: HostId, run: u32) {
        let now = self.now;
        let state = &mut self.hosts[host.0];
        if state.run != run || state.wake != Some(now) {
            return;
        }
        state.wake = None;
        match &mut state.life {
            Life::Node(node) => node.handle(now, node::Event::Wake),
            Life::Tracker(tracker) => tracker.handle(now, tracker::Event::Wake),
            Life::Down | Life::Probe => {}
        }
        self.drain(host);
    }

    /// Hands an event to a node, and does what follows.
    fn tell(&mut self, host: HostId, event: node::Event) {
        let now = self.now;
        if let Life::Node(node) = &mut self.hosts[host.0].life {
            node.handle(now, event);
            self.drain(host);
        }
    }

    /// Hands an event to a tracker, and does what follows.
    fn tell_tracker(&mut self, host: HostId, event: tracker::Event) {
        let now = self.now;
        if let Life::Tracker(tracker) = &mut self.hosts[host.0].life {
            tracker.handle(now, event);
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
                Life::Down | Life::Probe => return,
            }
        }
        self.plan_wake(host);
    }

    fn mistake(&mut self, host: HostId, what: impl FnOnce() -> String) {
        self.mistakes.push(format!("{} {} {}", self.now, self.hosts[host.0].name, what()));
    }

    fn plan_wake(&mut self, host: HostId) {
        let now = self.now;
        let state = &mut self.hosts[host.0];
        let deadline = match &state.life {
            Life::Node(node) => node.deadline(),
            Life::Tracker(tracker) => tracker.deadline(),
            Life::Down | Life::Probe => None,
        };
        let Some(deadline) = deadline else { return };
        let at = deadline.at.max(now);
        state.spins = if at == now { state.spins + 1 } else { 0 };
        assert!(state.spins < 10_000, "{} spins at {now}: timer {}", state.name, deadline.timer);
        if state.wake.is_none_or(|wake| at < wake) {
            state.wake = Some(at);
            let run = state.run;
            self.plan(at, What::Wake { host, run });
        }
    }
}
