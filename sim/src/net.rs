//! Connections between hosts: latency, bandwidth, order, cuts.

mod line;
mod mail;
mod place;

use std::collections::BTreeMap;
use std::mem::offset_of;
use std::net::SocketAddr;
use std::ops::Range;

use bytes::Bytes;
use samara::seeder::FileId;
use samara::store::Identity;
use samara::wire::Message;
use samara::{Link, Step, Time};

use crate::fault::Fault;
use crate::few::Few;
use crate::host::HostId;
use crate::oracle::talk::Talk;
pub(crate) use line::{Lane, Line};
use mail::{Mail, Row};
pub(crate) use place::Access;
pub use place::Place;

/// A connection, as the world names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnId {
    slot: u32,
    generation: u32,
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Who dialled: asks.
    Dialer,
    /// Who accepted: answers.
    Acceptor,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Dialer => Self::Acceptor,
            Self::Acceptor => Self::Dialer,
        }
    }
}

/// What travels over a connection.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    Message {
        request: u32,
        message: Message,
    },
    Data {
        request: u32,
        bytes: Bytes,
    },
    /// The end: the other side closed, or died.
    Fin,
}

/// An end, as its host knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) host: HostId,
    pub(crate) link: Link,
    pub(crate) state: EndState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndState {
    /// Dialled, and not yet open.
    Dialling,
    Open,
    Closed,
}

/// One direction: parcels in order, one arrival scheduled for each.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    parcels: Row,
    /// When the last of them arrives.
    last: Time,
    /// Arrivals that a cut holds up.
    pub(crate) held: u32,
}

/// A chunk on its way in: what it has to be, and what is there of it.
#[derive(Clone, Debug)]
pub(crate) struct Receiving {
    pub(crate) step: Step,
    pub(crate) bytes: Vec<u8>,
}

/// A chunk on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub(crate) file: FileId,
    pub(crate) identity: Option<Identity>,
    /// Where the chunk begins.
    pub(crate) begin: u64,
    /// What is still to be sent.
    pub(crate) range: Range<u64>,
    pub(crate) wish: Wish,
}

/// What the seeder wants of a chunk on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Send,
    Stop,
}

/// A connection. What every parcel and each answer looks at is in the first line of a processor's cache, and what each
/// request looks at besides begins the second: in a large world, none of it is in the cache when the next parcel comes.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Conn {
    pub(crate) dialer: End,
    towards_dialer: Pipe,
    /// Which use of its place it is: [`Net::add`] says.
    generation: u32,
    pub(crate) health: Health,
    /// When it was dialled; when it was accepted, once it was. (It fills the line.)
    pub(crate) since: Time,
    /// None until the dial arrives.
    pub(crate) acceptor: Option<End>,
    towards_acceptor: Pipe,
    /// At the dialer's end.
    pub(crate) receiving: Few<Receiving>,
    /// At the acceptor's end.
    pub(crate) serving: Few<Serving>,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    /// The oracle's business, so it is out of the way where none watches.
    pub(crate) talk: Box<Talk>,
}

const _: () = assert!(offset_of!(Conn, acceptor) == 64);

/// Does a connection work?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Sound,
    /// It broke: nothing arrives any more, and both ends are told.
    Broken,
    /// One end is gone without a word: the other is told when it sends something and the host is up again.
    HalfOpen,
}

impl Conn {
    pub(crate) fn new(since: Time, host: HostId, link: Link, from: SocketAddr, to: SocketAddr) -> Self {
        Self {
            since,
            from,
            to,
            generation: 0,
            dialer: End { host, link, state: EndState::Dialling },
            acceptor: None,
            towards_dialer: Pipe::default(),
            towards_acceptor: Pipe::default(),
            receiving: Few::default(),
            serving: Few::default(),
            health: Health::Sound,
            talk: Box::default(),
        }
    }

    pub(crate) const fn end(&self, side: Side) -> Option<&End> {
        match side {
            Side::Dialer => Some(&self.dialer),
            Side::Acceptor => self.acceptor.as_ref(),
        }
    }

    pub(crate) const fn end_mut(&mut self, side: Side) -> Option<&mut End> {
        match side {
            Side::Dialer => Some(&mut self.dialer),
            Side::Acceptor => self.acceptor.as_mut(),
        }
    }

    pub(crate) const fn towards(&mut self, side: Side) -> &mut Pipe {
        match side {
            Side::Dialer => &mut self.towards_dialer,
            Side::Acceptor => &mut self.towards_acceptor,
        }
    }

    /// The open end at `side`.
    pub(crate) fn open_end(&self, side: Side) -> Option<End> {
        self.end(side).copied().filter(|end| end.state == EndState::Open)
    }

    /// Who is at the other end of `host`'s connection.
    pub(crate) fn other_than(&self, host: HostId) -> Option<HostId> {
        let ends = [Some(self.dialer), self.acceptor];
        ends.into_iter().flatten().map(|end| end.host).find(|other| *other != host)
    }

    /// Is it open at both ends?
    pub(crate) fn is_sound(&self) -> bool {
        let open = |end: &End| end.state == EndState::Open;
        self.health == Health::Sound && open(&self.dialer) && self.acceptor.as_ref().is_some_and(open)
    }

    fn is_over(&self) -> bool {
        let closed = |end: &End| end.state == EndState::Closed;
        closed(&self.dialer) && self.acceptor.as_ref().is_none_or(closed)
    }
}

/// When something on its way is through, and how likely it is lost, in millionths.
pub(crate) struct Way {
    /// The sender's line is free again.
    pub(crate) left: Time,
    /// It arrives.
    pub(crate) at: Time,
    pub(crate) loss: u32,
}

/// All connections, and what lies between hosts.
#[derive(Debug, Default)]
pub(crate) struct Net {
    conns: Vec<Option<Conn>>,
    /// Places of `conns` that are free, and which generation comes next there.
    free: Vec<ConnId>,
    /// By host.
    pub(crate) access: Vec<Access>,
    mail: Mail,
    /// From whom to whom nothing passes, and by which fault.
    cuts: BTreeMap<(HostId, HostId), Fault>,
}

impl Net {
    pub(crate) fn add(&mut self, mut conn: Conn) -> ConnId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.conns.push(None);
            let slot = u32::try_from(self.conns.len() - 1).expect("fewer than four billion connections");
            ConnId { slot, generation: 0 }
        });
        conn.generation = id.generation;
        self.conns[id.slot as usize] = Some(conn);
        id
    }

    pub(crate) fn get(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.parts(id).map(|(conn, ..)| conn)
    }

    /// A connection, and apart from it what all share.
    fn parts(&mut self, id: ConnId) -> Option<(&mut Conn, &mut Mail, &mut [Access])> {
        let conn = self.conns.get_mut(id.slot as usize)?.as_mut();
        let conn = conn.filter(|conn| conn.generation == id.generation)?;
        Some((conn, &mut self.mail, &mut self.access))
    }

    /// Puts `size` bytes on both hosts' lines at `now`, from a host towards `side`. The host is named, for the
    /// connection's other end is in no cache.
    pub(crate) fn carry(
        &mut self,
        now: Time,
        from: HostId,
        id: ConnId,
        side: Side,
        size: u64,
        lane: Lane,
    ) -> Option<Way> {
        let (conn, _, access) = self.parts(id)?;
        let to = conn.end(side)?.host;
        debug_assert_eq!(conn.end(side.other()).map(|end| end.host), Some(from));
        let sender = &mut access[from.0];
        let left = sender.send(now, size, lane);
        let (latency, loss) = (sender.place.latency, sender.place.loss);
        let receiver = &mut access[to.0];
        let through = receiver.receive(now, size, lane);
        let (distance, loss) = (latency + receiver.place.latency, loss.max(receiver.place.loss));
        let pipe = conn.towards(side);
        pipe.last = pipe.last.max(left + distance).max(through + distance);
        Some(Way { left, at: pipe.last, loss })
    }

    /// A parcel is on its way to `side`.
    pub(crate) fn put(&mut self, id: ConnId, side: Side, parcel: Parcel) {
        if let Some((conn, mail, _)) = self.parts(id) {
            mail.push(&mut conn.towards(side).parcels, parcel);
        }
    }

    /// Takes what arrives next at `side`.
    pub(crate) fn next(&mut self, id: ConnId, side: Side) -> Option<Parcel> {
        let (conn, mail, _) = self.parts(id)?;
        mail.pop(&mut conn.towards(side).parcels)
    }

    /// If nothing passes to `side`, what arrives there is held up: says by which fault, and between which hosts.
    pub(crate) fn hold_up(&mut self, id: ConnId, side: Side) -> Option<(Fault, [HostId; 2])> {
        // Mostly there is none, and the connection's other end is in no cache.
        if self.cuts.is_empty() {
            return None;
        }
        let conn = self.get(id)?;
        let (from, to) = (conn.end(side.other())?.host, conn.end(side)?.host);
        let fault = self.cut_between(from, to)?;
        self.get(id)?.towards(side).held += 1;
        Some((fault, [from, to]))
    }

    /// Closes one end; forgets the connection once both are closed.
    pub(crate) fn close(&mut self, id: ConnId, side: Side) {
        let Some((conn, mail, _)) = self.parts(id) else { return };
        if let Some(end) = conn.end_mut(side) {
            end.state = EndState::Closed;
        }
        match side {
            Side::Dialer => conn.receiving.clear(),
            Side::Acceptor => conn.serving.clear(),
        }
        if conn.is_over() {
            for side in [Side::Dialer, Side::Acceptor] {
                while mail.pop(&mut conn.towards(side).parcels).is_some() {}
            }
            self.conns[id.slot as usize] = None;
            self.free.push(ConnId { generation: id.generation + 1, ..id });
        }
    }

    /// From now on nothing passes from one to the other; it waits.
    pub(crate) fn cut(&mut self, from: HostId, to: HostId, fault: Fault) {
        self.cuts.insert((from, to), fault);
    }

    /// Everything passes again, both ways. Gives what waited: each connection, the side it goes to, and how many
    /// parcels.
    pub(crate) fn heal(&mut self, a: HostId, b: HostId) -> Vec<(ConnId, Side, u32)> {
        self.cuts.remove(&(a, b));
        self.cuts.remove(&(b, a));
        let mut waiting = Vec::new();
        for (slot, conn) in (0..).zip(&mut self.conns) {
            let Some(conn) = conn else { continue };
            let Some(acceptor) = conn.acceptor else { continue };
            let ends = (acceptor.host, conn.dialer.host);
            if ends != (a, b) && ends != (b, a) {
                continue;
            }
            let id = ConnId { slot, generation: conn.generation };
            for side in [Side::Dialer, Side::Acceptor] {
                let held = std::mem::take(&mut conn.towards(side).held);
                waiting.push((id, side, held));
            }
        }
        waiting
    }

    /// All connections.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Conn> {
        self.conns.iter().flatten()
    }

    /// The pairs of hosts between which something is cut.
    pub(crate) fn all_cuts(&self) -> Vec<(HostId, HostId)> {
        self.cuts.keys().copied().collect()
    }

    /// By which fault nothing passes from one to the other, if so.
    pub(crate) fn cut_between(&self, from: HostId, to: HostId) -> Option<Fault> {
        self.cuts.get(&(from, to)).copied()
    }
}
