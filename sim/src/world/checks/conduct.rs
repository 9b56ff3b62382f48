//! Rules about manners: whom a host speaks to, how much, and how long it lets others wait.

use std::net::SocketAddr;
use std::time::Duration;

use samara::downloader::{Note, Pin};
use samara::seeder::FileId;
use samara::wire::Message;
use samara::wire::message::Query;
use samara::{FileHash, node};

use crate::host::{Holding, HostId, Life, Role};
use crate::net::{Conn, ConnId, EndState, Side};
use crate::oracle::leases::Leases;
use crate::oracle::talk::Asked;
use crate::world::{TRACKER_PORT, World};

/// How often the same chunk may be asked for at a time: the second time in the endgame.
const COPIES: usize = 2;
/// How long a dial may take, or a connection be open without a Hello. (Limits are 10 s; clocks may be set back.)
const BORNE: Duration = Duration::from_secs(40);
/// How long a tracker may go by what is withdrawn, if it can be told.
const HEARD: Duration = Duration::from_secs(5);
/// Announcements of a file that is gone: the first is what makes the node look, one more may be under way.
const RENEWALS: u32 = 2;

impl World {
    /// A host's file is gone or changed: its announcements are counted from now on.
    pub fn spoiled(&mut self, host: HostId) {
        if let Some(oracle) = &mut self.oracle {
            oracle.spoiled.entry(host).or_default();
        }
    }

    /// A tracker took an announcement of `node`.
    pub(super) fn check_renewed(&mut self, tracker: HostId, node: HostId, addr: SocketAddr) {
        let hash = self.hosts[node.0].library.values().find_map(|holding| match holding {
            Holding::Shared { seed, .. } => Some(seed.file_hash()),
            Holding::Download(_) => None,
        });
        let (Some(hash), Some(oracle)) = (hash, &mut self.oracle) else { return };
        let known = oracle.leases.get(&tracker).is_some_and(|leases| leases.knows(addr, hash, true));
        let Some(taken) = oracle.spoiled.get_mut(&node).filter(|_| known) else { return };
        let count = taken.entry(tracker).or_default();
        *count += 1;
        if *count > RENEWALS {
            self.mistake(node, || "announces a file that is gone, again and again".to_owned());
        }
    }

    /// A node asks a tracker for holders.
    pub(super) fn check_query(&mut self, host: HostId, id: ConnId, query: &Query) {
        let now = self.now;
        let since = self.net.get(id).and_then(|conn| conn.talk.begun).unwrap_or(now);
        let learned = self.oracle.as_ref().and_then(|oracle| oracle.learned.get(&host));
        let asks_for_it = self.only_download(host).is_some_and(|(_, hash)| hash == query.file_hash);
        if let Some(wrong) = learned.filter(|_| asks_for_it).and_then(|it| it.judge(now, since, query)) {
            self.mistake(host, || wrong);
        }
    }

    /// A node dials a peer.
    pub(in crate::world) fn check_dial(&mut self, host: HostId, addr: SocketAddr) {
        let learned = self.oracle.as_ref().and_then(|oracle| oracle.learned.get(&host));
        if self.only_download(host).is_some() && learned.is_some_and(|learned| learned.is_banned(addr)) {
            self.mistake(host, || format!("dials {addr} again, which it banned"));
        }
    }

    /// A node asks for a chunk: not too many for the same.
    pub(super) fn check_copies(&mut self, host: HostId, id: ConnId, request: u32) {
        let Some(conn) = self.net.get(id) else { return };
        let Some(Asked { message: Message::Fetch(fetch), .. }) = conn.talk.asked.get(&request).cloned()
        else {
            return;
        };
        let key = conn.talk.tests.get(&fetch.t).copied();
        let (&[index], Some(seed)) = (fetch.any_of.as_slice(), key.and_then(|key| self.list(key))) else {
            return;
        };
        let conns: Vec<_> = self.hosts[host.0].links.values().map(|(conn, _)| *conn).collect();
        let mut copies = 0;
        for id in conns {
            let Some(conn) = self.net.get(id).filter(|conn| conn.dialer.host == host) else { continue };
            let same = |asked: &&Asked| {
                matches!(&asked.message, Message::Fetch(other) if other.any_of == [index]) && !asked.cancelled
            };
            let of = conn.talk.open().filter(|(_, asked, _)| same(asked));
            let keys: Vec<_> = of.map(|(.., key)| key).collect();
            let step = |key| self.list(key).and_then(|seed| seed.step(index));
            copies += keys.into_iter().filter(|key| step(*key) == seed.step(index)).count();
        }
        if copies > COPIES {
            self.mistake(host, || format!("asks {copies} peers for chunk {index} at a time"));
        }
    }

    /// A node begins to send so many bytes of a chunk: it keeps to its limit.
    pub(in crate::world) fn check_limit(&mut self, host: HostId, bytes: u64) {
        let now = self.now;
        let state = &mut self.hosts[host.0];
        let Role::Node { config: node::Config { seeder, .. }, .. } = &state.role else { return };
        let limit = seeder.limit_up;
        state.read_clock(now);
        let pace = &mut state.pace;
        let micros = u64::try_from(pace.now.since(pace.start).as_micros()).unwrap_or(u64::MAX);
        // It may begin a tenth of a second ahead, and a chunk as soon as nothing is owed for those before.
        let most = limit.saturating_mul(micros) / 1_000_000 + limit / 10 + 1;
        let sent = pace.bytes;
        pace.bytes += bytes;
        if limit > 0 && sent > most {
            self.mistake(host, || format!("has sent {sent} B, and its limit allows {most} B"));
        }
    }

    /// A download says something.
    pub(super) fn check_note(&mut self, host: HostId, file: FileId, note: &Note) {
        let now = self.now;
        let pinned = match self.hosts[host.0].library.get(&file) {
            Some(Holding::Download(order)) => matches!(order.target.pin, Pin::Seed(_)),
            Some(Holding::Shared { .. }) | None => false,
        };
        let Some(oracle) = &mut self.oracle else { return };
        let wrong = oracle.learned.entry(host).or_default().noted(now, note);
        if let Note::Verified { index, .. } = note
            && oracle.safe.get(&(host, file)).is_some_and(|safe| pinned && safe.contains(*index))
        {
            self.mistake(host, || format!("fetches chunk {index} again, which was safe on its disk"));
        }
        if let Some(wrong) = wrong.filter(|_| self.only_download(host).is_some()) {
            self.mistake(host, || wrong);
        }
    }

    /// A node that stops in order closes a connection: a tracker that knows it has heard so.
    pub(in crate::world) fn check_farewell(&mut self, host: HostId, id: ConnId) {
        let Some(conn) = self.net.get(id).filter(|conn| conn.dialer.host == host) else { return };
        if conn.talk.owns && !conn.talk.left {
            let to = conn.to;
            self.mistake(host, || format!("stops without a word to the tracker at {to}"));
        }
    }

    /// A node was told to share a file no longer: trackers have to hear of it soon.
    pub(in crate::world) fn check_withdrawal(&mut self, host: HostId, hash: FileHash) {
        let now = self.now;
        if let Some(oracle) = &mut self.oracle {
            oracle.withdrawn.insert(host, (now, hash));
        }
    }

    /// Does the tracker at the other end of a connection still go by what a node has long withdrawn?
    fn is_misled(&self, conn: &Conn) -> bool {
        let (node, Some(tracker)) = (conn.dialer.host, conn.acceptor.map(|acceptor| acceptor.host)) else {
            return false;
        };
        let Some((oracle, (at, hash))) =
            self.oracle.as_ref().and_then(|oracle| Some((oracle, *oracle.withdrawn.get(&node)?)))
        else {
            return false;
        };
        let addr = SocketAddr::new(conn.from.ip(), conn.talk.port);
        let known = |leases: &Leases| [true, false].iter().any(|all| leases.knows(addr, hash, *all));
        let is_cut =
            [(node, tracker), (tracker, node)].iter().any(|(a, b)| self.net.cut_between(*a, *b).is_some());
        self.now.since(at) > HEARD
            && conn.talk.owns
            && !is_cut
            && oracle.leases.get(&tracker).is_some_and(known)
    }

    /// Looks for nodes that have been done for a while and that a tracker, with which they have a connection, doesn't
    /// know as complete holders. To be called when nothing has been wrong for some time.
    pub fn check_known(&mut self) {
        let mut unknown = Vec::new();
        for conn in self.net.all().filter(|conn| conn.is_sound() && conn.talk.owns) {
            let (node, Some(tracker)) = (conn.dialer.host, conn.acceptor.map(|acceptor| acceptor.host))
            else {
                continue;
            };
            let Some(oracle) = self.oracle.as_ref().filter(|oracle| !oracle.spoiled.contains_key(&node))
            else {
                continue;
            };
            let addr = SocketAddr::new(conn.from.ip(), conn.talk.port);
            let Some(leases) = oracle.leases.get(&tracker).filter(|leases| leases.is_alive(addr)) else {
                continue;
            };
            for holding in self.hosts[node.0].library.values() {
                let Holding::Shared { seed, .. } = holding else { continue };
                if !leases.knows(addr, seed.file_hash(), true) {
                    unknown.push((
                        node,
                        format!("never tells {} that it is complete", self.hosts[tracker.0].name),
                    ));
                }
            }
        }
        for (host, wrong) in unknown {
            if self.hosts[host.0].is_honest() {
                self.mistake(host, || wrong);
            }
        }
    }

    /// Looks for honest hosts that owe an answer for too long, or wait for ever for a dial, an answer or a Hello.
    pub fn check_silence(&mut self) {
        let mut silent = Vec::new();
        for conn in self.net.all() {
            let begun = conn.since;
            if conn.dialer.state == EndState::Dialling && self.now.since(begun) > BORNE {
                silent.push((conn.dialer.host, format!("waits for ever for {} to accept", conn.to)));
            }
            let unanswered = conn.talk.asked.values().any(|asked| self.now.since(asked.at) > BORNE);
            let dialer = conn.open_end(Side::Dialer).filter(|_| conn.to.port() == TRACKER_PORT && unanswered);
            if let Some(dialer) = dialer {
                silent.push((dialer.host, format!("waits for ever for an answer of {}", conn.to)));
            }
            let Some(acceptor) = conn.open_end(Side::Acceptor).filter(|_| conn.is_sound()) else { continue };
            if self.is_misled(conn) {
                silent.push((conn.dialer.host, format!("doesn't tell {} what it withdrew", conn.to)));
            }
            let host = &self.hosts[acceptor.host.0];
            let holds = |hash| host.holding(hash).next().is_some();
            if let Some((request, asked)) = conn.talk.overdue(self.now, holds) {
                silent.push((acceptor.host, format!("never answers #{request}: {:?}", asked.message)));
            }
            if let Some(key) = conn.talk.untold(holds) {
                silent.push((acceptor.host, format!("doesn't say that {:?} is gone", key.file_hash)));
            }
            if conn.talk.token.is_none() && self.now.since(begun) > BORNE {
                silent.push((acceptor.host, format!("bears with {}, who says no Hello", conn.from)));
            }
        }
        for (host, wrong) in silent {
            let state = &self.hosts[host.0];
            if state.is_honest() && matches!(state.life, Life::Node(_) | Life::Tracker(_)) {
                self.mistake(host, || wrong);
            }
        }
    }

    /// What a host downloads, if that is one file: then everything that it says of downloads is about it.
    fn only_download(&self, host: HostId) -> Option<(FileId, FileHash)> {
        let mut all = self.hosts[host.0].library.iter().filter_map(|(file, holding)| match holding {
            Holding::Download(order) if order.peers.is_empty() => Some((*file, order.target.file_hash)),
            Holding::Download(_) | Holding::Shared { .. } => None,
        });
        all.next().filter(|_| all.next().is_none())
    }
}
