//! Connections at work: dialling, messages, chunks' bytes, the end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use samara::wire::{Decoded, Frame, Message, codec};
use samara::{Hashed, Link, Sha2, Step, Time, node, tracker};

use super::{What, World};
use crate::host::{Heard, HostId, Life};
use crate::net::{Conn, ConnId, End, EndState, Health, Lane, Parcel, Side, Way};
use crate::trace::Detail;

impl World {
    /// Dials `to`; nobody is there if it is none.
    pub(super) fn open(&mut self, host: HostId, link: Link, to: Option<SocketAddr>) {
        let caller = &mut self.hosts[host.0];
        caller.dialled = caller.dialled.wrapping_add(1);
        let from = SocketAddr::new(caller.addr.ip(), 49_152 + caller.dialled % 16_384);
        let conn = self.net.add(Conn::new(self.now, host, link, from, to.unwrap_or(NOWHERE)));
        self.hosts[host.0].links.insert(link, (conn, Side::Dialer));
        let at = self.now + self.distance_to(host, to.unwrap_or(NOWHERE));
        self.plan(at, What::Dialled { conn });
    }

    /// A dial reaches its goal: somebody listens there, or the dialer learns that nobody does.
    pub(super) fn dialled(&mut self, id: ConnId) {
        let Some(conn) = self.net.get(id) else { return };
        let (dialer, from, local) = (conn.dialer.host, conn.from, conn.to);
        let back = self.now + self.distance_to(dialer, local);
        let Some(goal) = self.addrs.get(&local).copied() else {
            self.called_nobody(dialer);
            // Some networks say that nobody is there; others say nothing.
            let says = local == NOWHERE || local.ip().is_loopback() || is_told(local);
            if says {
                self.plan(back, What::Refused { conn: id });
            }
            return;
        };
        let cut = self.net.cut_between(dialer, goal).or_else(|| self.net.cut_between(goal, dialer));
        if let Some(fault) = cut {
            // The dialer's system tries again, for as long as the dialer waits.
            self.fire(fault, &[dialer, goal]);
            return self.plan(self.now + RETRY, What::Dialled { conn: id });
        }
        if !self.hosts[goal.0].is_up() {
            return self.plan(back, What::Refused { conn: id });
        }
        let link = self.hosts[goal.0].name_link();
        self.hosts[goal.0].links.insert(link, (id, Side::Acceptor));
        if let Some(conn) = self.net.get(id) {
            conn.acceptor = Some(End { host: goal, link, state: EndState::Open });
            conn.since = self.now;
        }
        self.plan(back, What::Opened { conn: id });
        match self.hosts[goal.0].life {
            Life::Node(_) => self.tell(goal, node::Event::Accepted { link, from }),
            Life::Tracker(_) => self.tell_tracker(goal, tracker::Event::Accepted { link, from, local }),
            Life::Actor(_) | Life::Probe | Life::Down => {}
        }
    }

    pub(super) fn refused(&mut self, id: ConnId) {
        if let Some(dialer) = self.net.get(id).map(|conn| conn.dialer) {
            let run = self.hosts[dialer.host.0].run;
            self.ended(dialer.host, run, dialer.link);
        }
    }

    pub(super) fn opened(&mut self, id: ConnId) {
        let Some(conn) = self.net.get(id) else { return };
        if conn.dialer.state != EndState::Dialling {
            return;
        }
        conn.dialer.state = EndState::Open;
        let (End { host, link, .. }, peer) = (conn.dialer, conn.to);
        match self.hosts[host.0].life {
            Life::Probe | Life::Actor(_) => self.hear(host, link, Heard::Opened),
            Life::Node(_) | Life::Tracker(_) | Life::Down => {
                self.tell(host, node::Event::Opened { link, peer })
            }
        }
    }

    /// Sends a message: what arrives is what its bytes say.
    pub(super) fn send(&mut self, host: HostId, link: Link, request: u32, message: Message) {
        let Some((id, side)) = self.hosts[host.0].links.get(&link).copied() else {
            return self.mistake(host, || format!("sent over {link:?}, which is closed: {message:?}"));
        };
        self.trace_message(host, id, side, request, &message);
        self.buffer.clear();
        codec::encode(request, &message, &mut self.buffer);
        self.digest.add(host.0, &self.buffer);
        self.spread.control += self.buffer.len() as u64;
        if self.oracle.is_none() {
            // That it is read as it was written is the watched worlds' business.
            let size = self.buffer.len() as u64;
            self.put(host, id, side.other(), Parcel::Message { request, message }, size);
            return;
        }
        match codec::decode(&self.buffer) {
            Ok(Decoded::Frame { frame: Frame::Message { request, message }, used }) => {
                self.check_sent(host, id, side, request, &message);
                self.put(host, id, side.other(), Parcel::Message { request, message }, used as u64);
            }
            other => self.mistake(host, || format!("sent {message:?}, which is read as {other:?}")),
        }
    }

    /// Puts a parcel that weighs `size` bytes on its way from a host to `side`; gives when the host's line is free again.
    pub(super) fn put(&mut self, from: HostId, id: ConnId, side: Side, parcel: Parcel, size: u64) -> Time {
        let lane = match parcel {
            Parcel::Message { .. } | Parcel::Fin if self.weight.express => Lane::Express,
            Parcel::Message { .. } | Parcel::Fin | Parcel::Data { .. } => Lane::Queue,
        };
        let way = self.net.carry(self.now, from, id, side, size, lane);
        let Some(Way { left, at, loss }) = way else { return self.now };
        self.net.put(id, side, parcel);
        if loss > 0 && self.luck.below(1_000_000) < loss as usize {
            self.lose(id, at);
        } else {
            self.plan(at, What::Arrived { conn: id, side });
        }
        left
    }

    pub(super) fn arrived(&mut self, id: ConnId, side: Side) {
        if let Some((fault, hosts)) = self.net.hold_up(id, side) {
            return self.fire(fault, &hosts);
        }
        let parcel = self.net.next(id, side);
        let Some(conn) = self.net.get(id) else { return };
        let health = conn.health;
        let Some(parcel) = parcel.filter(|_| health != Health::Broken) else { return };
        let Some(end) = conn.open_end(side) else {
            if let Some(end) = conn.end(side).copied().filter(|_| health == Health::HalfOpen) {
                self.reaches_nobody(id, end.host);
            }
            return;
        };
        match parcel {
            Parcel::Message { request, message } => self.message(id, end, request, message),
            Parcel::Data { request, bytes } => self.data(id, end, request, &bytes),
            Parcel::Fin => {
                self.hosts[end.host.0].unlink(end.link);
                self.net.close(id, side);
                self.closed(end.host, end.link);
            }
        }
    }

    fn message(&mut self, id: ConnId, end: End, request: u32, message: Message) {
        let (host, link) = (end.host, end.link);
        let chunk = matches!(message, Message::Chunk { .. });
        let fetch = matches!(message, Message::Fetch(_));
        if let (Message::Rejected(_), Some(conn)) = (&message, self.net.get(id)) {
            conn.receiving.remove(request);
        }
        self.check_heard(host, id, request, &message);
        match self.hosts[host.0].life {
            Life::Node(_) => self.tell(host, node::Event::Message { link, request, message }),
            Life::Tracker(_) => self.tell_tracker(host, tracker::Event::Message { link, request, message }),
            Life::Actor(_) | Life::Probe => {
                return self.hear(host, link, Heard::Message { request, message });
            }
            Life::Down => {}
        }
        let awaited =
            |conn: &Conn| conn.dialer.state == EndState::Closed || conn.receiving.get(request).is_some();
        if chunk && !self.net.get(id).is_none_or(|conn| awaited(conn)) {
            self.mistake(host, || format!("neither takes nor refuses a chunk of {link:?}"));
        }
        if fetch {
            self.check_queue(host);
        }
    }

    fn data(&mut self, id: ConnId, end: End, request: u32, bytes: &bytes::Bytes) {
        let (host, link) = (end.host, end.link);
        if matches!(self.hosts[host.0].life, Life::Probe | Life::Actor(_)) {
            return self.hear(host, link, Heard::Data { request, bytes: bytes.clone() });
        }
        let Some(conn) = self.net.get(id) else { return };
        let Some(receiving) = conn.receiving.get_mut(request) else { return };
        let whole = bytes.len() == receiving.step.len as usize;
        if !whole {
            receiving.bytes.extend_from_slice(bytes);
        }
        if !whole && receiving.bytes.len() < receiving.step.len as usize {
            return;
        }
        let Some(done) = conn.receiving.remove(request) else { return };
        let bytes = if whole { bytes.clone() } else { done.bytes.into() };
        let hashed = Hashed::new::<Sha2>(done.step.start, done.step.last, bytes);
        let chunk = (id, link, request, done.step, hashed);
        if self.is_late(8) {
            // The hashing thread takes its time: other events, the connection's end too, may come first.
            let (at, run) = (self.soon(), self.hosts[host.0].run);
            self.plan(at, What::Hashed { host, run, chunk: Box::new(chunk) });
        } else {
            self.hashed(host, chunk);
        }
    }

    /// A chunk is read and hashed.
    pub(super) fn hashed(&mut self, host: HostId, chunk: (ConnId, Link, u32, Step, Hashed)) {
        let (id, link, request, step, hashed) = chunk;
        if !step.accepts(&hashed) {
            self.received_bad(id, host);
        }
        if self.oracle.is_some() && self.hosts[host.0].links.contains_key(&link) {
            self.check_received(host, id, request, step, &hashed);
        }
        self.tell(host, node::Event::Chunk { link, request, hashed });
    }

    /// Closes this end; the machine is told, and the other side as soon as it has read what was sent before.
    pub(super) fn close(&mut self, host: HostId, link: Link) {
        let Some((id, side)) = self.hosts[host.0].unlink(link) else { return };
        self.put(host, id, side.other(), Parcel::Fin, 0);
        let run = self.hosts[host.0].run;
        if self.is_late(4)
            && let Some(Parcel::Message { request, message }) = self.net.next(id, side)
        {
            // It was read before the machine spoke, and waited in the driver's queue.
            let (at, event) = (self.soon(), node::Event::Message { link, request, message });
            self.plan(at, What::Late { host, run, event: Box::new(event) });
        }
        self.net.close(id, side);
        self.plan(self.now, What::Ended { host, run, link });
    }

    pub(super) fn ended(&mut self, host: HostId, run: u32, link: Link) {
        if self.hosts[host.0].run != run {
            return;
        }
        if let Some((conn, side)) = self.hosts[host.0].unlink(link) {
            self.net.close(conn, side);
        }
        self.closed(host, link);
    }

    pub(super) fn closed(&mut self, host: HostId, link: Link) {
        match self.hosts[host.0].life {
            Life::Node(_) => self.tell(host, node::Event::Closed { link }),
            Life::Tracker(_) => self.tell_tracker(host, tracker::Event::Closed { link }),
            Life::Actor(_) | Life::Probe => self.hear(host, link, Heard::Closed),
            Life::Down => {}
        }
    }

    /// Does something come late this time, one time in `odds`? Never in a world that is only measured.
    fn is_late(&mut self, odds: usize) -> bool {
        self.oracle.is_some() && self.luck.below(odds) == 0
    }

    fn soon(&mut self) -> Time {
        self.now + Duration::from_micros(self.luck.below(3_000) as u64)
    }

    fn distance_to(&self, host: HostId, addr: SocketAddr) -> Duration {
        let goal = self.addrs.get(&addr).copied().unwrap_or(host);
        self.distance(host, goal)
    }

    pub(super) fn trace_data(&mut self, id: ConnId, request: u32, bytes: usize) {
        if !self.trace.takes(Detail::All) {
            return;
        }
        let Some((from, to)) =
            self.net.get(id).and_then(|conn| Some((conn.acceptor?.host, conn.dialer.host)))
        else {
            return;
        };
        let (from, to) = (&self.hosts[from.0].name, &self.hosts[to.0].name);
        self.trace.line(Detail::All, self.now, |_| format!("{from} -> {to}  #{request} Data: {bytes} B"));
    }

    fn trace_message(&mut self, host: HostId, id: ConnId, side: Side, request: u32, message: &Message) {
        if !self.trace.takes(Detail::Wire) {
            return;
        }
        let other = self.net.get(id).and_then(|conn| conn.end(side.other()).map(|end| end.host));
        let (from, to) = (&self.hosts[host.0].name, other.map(|other| &self.hosts[other.0].name));
        let to = to.map_or("?", String::as_str);
        self.trace.line(Detail::Wire, self.now, |names| {
            format!("{from} -> {to}  #{request} {}", names.message(message))
        });
    }
}

/// An address at which nobody is.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// Does a network say so when nobody is at this address?
const fn is_told(addr: SocketAddr) -> bool {
    match addr {
        SocketAddr::V4(v4) => v4.ip().octets()[3].is_multiple_of(2),
        SocketAddr::V6(_) => true,
    }
}

/// Between the attempts of a dial that a cut holds up.
const RETRY: Duration = Duration::from_millis(500);
