//! What befalls a world: hosts that go, lines that break, clocks that jump.

use std::time::Duration;

use samara::downloader::{Note, Stale};
use samara::wire::session;
use samara::{Time, node};

use super::{What, World};
use crate::fault::Fault;
use crate::history::{Kind, Moment};
use crate::host::{HostId, Life, Report};
use crate::net::{ConnId, EndState, Health, Parcel, Side};

impl World {
    /// Ends a host's process at once: what it wrote stays, its connections end.
    pub fn kill(&mut self, host: HostId) {
        self.note(host, || "is killed");
        self.gone(host, "killed");
        self.down(host);
    }

    /// Cuts a host's power, as its peers see it when it is back: they notice at once, unsynced writes are lost.
    pub fn crash(&mut self, host: HostId) {
        self.note(host, || "crashes");
        self.gone(host, "crashed");
        self.down(host);
        self.lose_writes(host);
    }

    /// Cuts a host's power, and nobody is told: its peers wait on connections that are open at their end only, until
    /// they send something and the host is up again. Unsynced writes are lost.
    pub fn vanish(&mut self, host: HostId) {
        self.note(host, || "vanishes");
        self.gone(host, "vanished");
        let links = std::mem::take(&mut self.hosts[host.0].links);
        for (id, side) in links.into_values() {
            if let Some(conn) = self.net.get(id) {
                conn.health = Health::HalfOpen;
            }
            self.net.close(id, side);
        }
        self.hosts[host.0].end();
        self.lose_writes(host);
    }

    /// Cuts the power of a host whose process is gone: unsynced writes are lost.
    pub fn power_cut(&mut self, host: HostId) {
        if !self.hosts[host.0].is_up() {
            self.note(host, || "loses its power");
            self.lose_writes(host);
        }
    }

    fn lose_writes(&mut self, host: HostId) {
        let mut entropy = self.entropy.fork();
        if self.hosts[host.0].disk.crash(&mut entropy) {
            self.fire(Fault::UnsyncedLost, &[host]);
        }
    }

    /// From now on nothing passes between two hosts; neither is told.
    pub fn cut(&mut self, a: HostId, b: HostId) {
        self.net.cut(a, b, Fault::Partition);
        self.net.cut(b, a, Fault::Partition);
    }

    /// From now on nothing passes from one host to another; what goes the other way does.
    pub fn cut_one_way(&mut self, from: HostId, to: HostId) {
        self.net.cut(from, to, Fault::OneWay);
    }

    /// Everything passes between them again, what waited first.
    pub fn heal(&mut self, a: HostId, b: HostId) {
        let at = self.now + self.distance(a, b);
        for (conn, side, held) in self.net.heal(a, b) {
            (0..held).for_each(|_| self.plan(at, What::Arrived { conn, side }));
        }
    }

    /// Heals every cut.
    pub fn heal_all(&mut self) {
        for (a, b) in self.net.all_cuts() {
            self.heal(a, b);
        }
    }

    /// Breaks all open connections of a host: what is on its way over them is lost, both ends are told.
    pub fn reset(&mut self, host: HostId) {
        let conns: Vec<_> = self.hosts[host.0].links.values().map(|(conn, _)| *conn).collect();
        conns.into_iter().for_each(|conn| self.lose(conn, self.now));
    }

    /// Sets a host's clock ahead: it was suspended, or its clock was wrong.
    pub fn clock_ahead(&mut self, host: HostId, by: Duration) {
        let now = self.now;
        self.hosts[host.0].clock.advance(now, by);
        self.clock_changed(host, Fault::ClockAhead);
    }

    /// Sets a host's clock back.
    pub fn clock_back(&mut self, host: HostId, by: Duration) {
        let now = self.now;
        self.hosts[host.0].clock.set_back(now, by);
        self.clock_changed(host, Fault::ClockBack);
    }

    /// From now on a host's clock runs `millionths` too fast (negative: too slowly).
    pub fn clock_drift(&mut self, host: HostId, millionths: i32) {
        let now = self.now;
        self.hosts[host.0].clock.drift(now, millionths);
        self.clock_changed(host, Fault::ClockDrift);
    }

    fn clock_changed(&mut self, host: HostId, fault: Fault) {
        self.note(host, || format!("has its clock changed: {fault}"));
        if self.hosts[host.0].is_up() {
            self.fire(fault, &[host]);
        }
        // What was planned by the old clock is void.
        self.hosts[host.0].wake = None;
        self.plan_wake(host);
    }

    /// Marks a host as one with this fault: a hostile one is not held to the rules, and the fault counts as fired
    /// whenever an honest host notices.
    pub fn mark(&mut self, host: HostId, fault: Fault) {
        self.hosts[host.0].marks.push(fault);
        if let Some(lane) = self.history.as_mut().and_then(|history| history.hosts.get_mut(host.0))
            && fault.is_hostile()
        {
            lane.kind = Kind::Hostile;
        }
    }

    /// Is a host marked with this fault?
    pub fn is_marked(&self, host: HostId, fault: Fault) -> bool {
        self.hosts[host.0].marks.contains(&fault)
    }

    /// Counts a fault whose effect is plain: whoever brings it about says so.
    pub fn count(&mut self, fault: Fault, host: HostId) {
        self.fire(fault, &[host]);
    }

    /// A fault had an effect on these hosts.
    pub(super) fn fire(&mut self, fault: Fault, hosts: &[HostId]) {
        let count = self.fired.entry(fault).or_default();
        *count += 1;
        if let Some(history) = self.history.as_mut().filter(|_| *count <= MAX_SHOWN) {
            let hosts = hosts.iter().map(|host| host.0).collect();
            history.add(self.now, Moment::Fault { kind: fault.name(), hosts, until: None });
        }
    }

    /// Ends a host's machine; its peers learn it.
    pub(super) fn down(&mut self, host: HostId) {
        let links = std::mem::take(&mut self.hosts[host.0].links);
        for (conn, side) in links.into_values() {
            let open = self.net.get(conn).and_then(|conn| conn.end(side).copied());
            if open.is_some_and(|end| end.state != EndState::Closed) {
                self.put(host, conn, side.other(), Parcel::Fin, 0);
            }
            self.net.close(conn, side);
        }
        self.hosts[host.0].end();
    }

    pub(super) fn gone(&mut self, host: HostId, how: &'static str) {
        self.check_gone(host);
        if let Some(history) = &mut self.history {
            history.add(self.now, Moment::Down { host: host.0, how });
        }
    }

    /// A connection breaks: what is on its way is lost, and both ends are told, at this time.
    pub(super) fn lose(&mut self, id: ConnId, at: Time) {
        let Some(conn) = self.net.get(id).filter(|conn| conn.health == Health::Sound) else { return };
        conn.health = Health::Broken;
        let hosts: Vec<_> =
            [Some(conn.dialer), conn.acceptor].into_iter().flatten().map(|end| end.host).collect();
        self.fire(Fault::Reset, &hosts);
        for side in [Side::Dialer, Side::Acceptor] {
            self.plan(at, What::Broken { conn: id, side });
        }
    }

    /// Something arrives where nobody knows the connection any more: if the host is up, it says so.
    pub(super) fn reaches_nobody(&mut self, id: ConnId, host: HostId) {
        self.fire(Fault::HalfOpen, &[host]);
        if self.hosts[host.0].is_up() {
            let Some(conn) = self.net.get(id) else { return };
            conn.health = Health::Broken;
            for side in [Side::Dialer, Side::Acceptor] {
                self.plan(self.now, What::Broken { conn: id, side });
            }
        }
    }

    pub(super) fn broken(&mut self, id: ConnId, side: Side) {
        let Some(end) = self.net.get(id).and_then(|conn| conn.end(side).copied()) else { return };
        if end.state != EndState::Closed {
            self.hosts[end.host.0].unlink(end.link);
            self.net.close(id, side);
            self.closed(end.host, end.link);
        }
    }

    /// Somebody dialled an address at which nobody ever was.
    pub(super) fn called_nobody(&mut self, dialer: HostId) {
        if !matches!(self.hosts[dialer.0].life, Life::Probe | Life::Actor(_)) {
            self.fire(Fault::BogusTracker, &[dialer]);
        }
    }

    /// What a host reports about another shows that the other's fault had an effect.
    pub(super) fn noticed(&mut self, host: HostId, report: &Report) {
        let Report::Node(node::Note::Download { note, .. }) = report else { return };
        let (addr, fault) = if let Note::Banned { addr, fault: session::Fault::BadChunk { .. } } = note {
            (addr, Fault::Poisoner)
        } else if let Note::Stale { addr, why: Stale::Gone(_) } = note {
            (addr, Fault::Stale)
        } else {
            return;
        };
        let Some(other) = self.addrs.get(addr).copied() else { return };
        if self.hosts[other.0].marks.contains(&fault) {
            self.fire(fault, &[other, host]);
        }
    }
}

/// Faults of one kind that a report shows.
const MAX_SHOWN: u64 = 500;
