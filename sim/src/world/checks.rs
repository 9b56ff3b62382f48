//! Where the rules of [`oracle`](crate::oracle) are looked at: hooks in what hosts send, hear, serve and store.

mod conduct;
mod stored;

use std::sync::Arc;

use samara::downloader::Note;
use samara::wire::Message;
use samara::wire::message::{Entry, Holder, HolderAddr, Query, Rejection, UpdateSet, Updated};
use samara::{FileHash, Link, Seed, Time, node};

use super::World;
use crate::fault::Fault;
use crate::host::{Holding, HostId, Report, Role};
use crate::net::{ConnId, Side};
use crate::oracle::talk::{Asked, Stage};

/// Requests that may wait for one file if they are sent within a [`moment`](samara::seeder::Config::moment).
const QUICK: usize = 72;

impl World {
    /// A rule was broken.
    pub(super) fn mistake(&mut self, host: HostId, what: impl FnOnce() -> String) {
        if let Some(oracle) = &mut self.oracle {
            oracle.add(format!("{} {} {}", self.now, self.hosts[host.0].name, what()));
        }
    }

    /// A list exists.
    pub(super) fn know(&mut self, seed: &Arc<Seed>) {
        if let Some(oracle) = &mut self.oracle {
            oracle.seeds.insert(seed.id(), Arc::clone(seed));
        }
    }

    /// A list is true, and these are the bytes: what hosts hold of it is compared with them, which is quicker than
    /// hashing.
    pub fn trust(&mut self, seed: &Arc<Seed>, bytes: Arc<Vec<u8>>) {
        self.know(seed);
        if let Some(oracle) = &mut self.oracle {
            oracle.truth.insert(seed.id(), bytes);
        }
    }

    /// A message leaves.
    #[expect(clippy::wildcard_enum_match_arm, reason = "rules are about a few messages of many")]
    pub(super) fn check_sent(
        &mut self,
        host: HostId,
        id: ConnId,
        side: Side,
        request: u32,
        message: &Message,
    ) {
        if self.oracle.is_none() {
            return;
        }
        let (now, honest) = (self.now, self.hosts[host.0].is_honest());
        let Some(conn) = self.net.get(id) else { return };
        let dialer = conn.dialer.host;
        let wrong = match side {
            Side::Dialer => conn.talk.ask(now, request, message),
            Side::Acceptor => conn.talk.answer(request, message),
        };
        if !honest {
            return;
        }
        if let Some(wrong) = wrong {
            self.mistake(host, || wrong);
        }
        if side == Side::Acceptor && dialer == host && !matches!(message, Message::Hello(_)) {
            self.mistake(host, || format!("answers #{request} of itself: {message:?}"));
        }
        match message {
            Message::Fetch(_) => {
                self.check_fetch(host, id, request);
                self.check_copies(host, id, request);
            }
            Message::Query(query) => self.check_query(host, id, query),
            Message::Busy { retry_after } | Message::Rejected(Rejection::Busy { retry_after })
                if retry_after.is_zero() =>
            {
                self.mistake(host, || format!("is too busy for #{request} and doesn't say how long"));
            }
            Message::Update(update) => match &update.set {
                UpdateSet::All(entries) | UpdateSet::Delta { added: entries, .. } => {
                    self.check_announced(host, entries);
                }
                UpdateSet::Same => {}
            },
            Message::Updated(updated) => self.acknowledged(host, id, request, updated),
            Message::Holders(holders) => {
                let asked = self.net.get(id).and_then(|conn| conn.talk.asked.get(&request).cloned());
                let Some(Asked { message: Message::Query(query), .. }) = asked else { return };
                self.check_holders(host, id, &query, &holders.holders);
            }
            Message::Have(set) => self.check_claim(host, id, request, Some(set), &[]),
            Message::Gained(indices) => self.check_claim(host, id, request, None, indices),
            _ => {}
        }
    }

    /// A message arrives at `host`, before its machine hears of it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others end a request")]
    pub(super) fn check_heard(&mut self, host: HostId, id: ConnId, request: u32, message: &Message) {
        if self.oracle.is_none() {
            return;
        }
        let (now, local) = (self.now, self.hosts[host.0].time(self.now));
        let Some(conn) = self.net.get(id) else { return };
        if conn.acceptor.is_some_and(|end| end.host == host) {
            conn.talk.arrive(now, request, message);
            let fault = Fault::FalseList;
            if let Message::Test(_) = message
                && self.hosts[host.0].marks.contains(&fault)
            {
                self.fire(fault, &[host]);
            }
            return;
        }
        let talk = &mut conn.talk;
        talk.hear(request, message);
        match message {
            Message::Chunk { .. } | Message::Hello(_) | Message::Gained(_) => {}
            Message::Rejected(Rejection::Busy { retry_after }) => {
                talk.over(request);
                let owes = talk.open().next().is_some();
                talk.quiet_until = (!owes).then_some(local + *retry_after);
            }
            _ => drop(talk.over(request)),
        }
    }

    /// Requests that wait at a seeder are bounded, for each file.
    pub(super) fn check_queue(&mut self, host: HostId) {
        let Role::Node { config, .. } = &self.hosts[host.0].role else { return };
        let set = usize::from(config.seeder.slots) + usize::from(config.seeder.queue);
        let bound = if config.seeder.moment.is_zero() || set == 0 { set } else { set.max(QUICK) };
        if self.oracle.is_none() || !self.hosts[host.0].is_up() || bound == 0 {
            return;
        }
        let accepted = self.hosts[host.0].links.iter().filter(|(link, _)| link.space == Link::ACCEPTED);
        let conns: Vec<_> = accepted.map(|(_, (conn, _))| *conn).collect();
        let mut waiting: Vec<FileHash> = Vec::new();
        for conn in conns {
            if let Some(conn) = self.net.get(conn) {
                waiting.extend(conn.talk.waiting().map(|key| key.file_hash));
            }
        }
        waiting.sort();
        if let Some(most) = waiting.chunk_by(|a, b| a == b).map(<[_]>::len).max().filter(|most| *most > bound)
        {
            self.mistake(host, || format!("lets {most} requests wait for one file, more than {bound}"));
        }
    }

    /// A request for a chunk: not too soon, and not more than the budget allows.
    fn check_fetch(&mut self, host: HostId, id: ConnId, request: u32) {
        let local = self.hosts[host.0].time(self.now);
        let Some(conn) = self.net.get(id) else { return };
        let early = conn.talk.quiet_until.take().filter(|until| local < *until);
        let key = conn.talk.asked.get(&request).and_then(|asked| conn.talk.key(asked));
        let Some(key) = key else {
            return self.mistake(host, || format!("fetches #{request} by no Test"));
        };
        if let Some(until) = early {
            self.mistake(host, || format!("asks a busy peer before {until}"));
        }
        let budget = self.hosts[host.0].library.values().find_map(|holding| match holding {
            Holding::Download(order) if order.target.file_hash == key.file_hash => Some(order.config.budget),
            Holding::Download(_) | Holding::Shared { .. } => None,
        });
        let (Some(seed), Some(budget)) = (self.list(key), budget) else { return };
        let most = budget.max(4 * u64::from(seed.chunk_size()));
        let dialled: Vec<_> = self.hosts[host.0].links.values().map(|(conn, _)| *conn).collect();
        let mut asked_for = Vec::new();
        for conn in dialled {
            let Some(conn) = self.net.get(conn).filter(|conn| conn.dialer.host == host) else { continue };
            for (_, asked, other) in conn.talk.open().filter(|(.., other)| other.file_hash == key.file_hash) {
                if let (Message::Fetch(fetch), false) = (&asked.message, asked.cancelled) {
                    asked_for.push((other, fetch.any_of.clone()));
                }
            }
        }
        // Lists of one file can differ in the length of their last chunk.
        let length = |seed: &Seed, index: u32| seed.range(index).map_or(0, |range| range.end - range.start);
        let least = |(key, any_of): (_, Vec<u32>)| {
            let seed = self.list(key)?;
            any_of.into_iter().map(|index| length(&seed, index)).min()
        };
        let open: u64 = asked_for.into_iter().filter_map(least).sum();
        if open > most {
            self.mistake(host, || format!("has {open} B under way, more than {most} B"));
        }
    }

    /// What is announced as complete is complete.
    fn check_announced(&mut self, host: HostId, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.complete) {
            let unfinished = self.hosts[host.0].library.values().any(|holding| match holding {
                Holding::Download(order) => order.target.file_hash == entry.key.file_hash,
                Holding::Shared { .. } => false,
            });
            if unfinished {
                self.mistake(host, || format!("announces {:?} as complete", entry.key.file_hash));
            }
        }
    }

    /// A tracker acknowledges something.
    fn acknowledged(&mut self, host: HostId, id: ConnId, request: u32, updated: &Updated) {
        let Role::Tracker(config) = &self.hosts[host.0].role else { return };
        let ttl = config.ttl;
        let Some(conn) = self.net.get(id) else { return };
        let (from, asked) = (conn.from.ip(), conn.talk.asked.get(&request).cloned());
        let (dialer, token) = (conn.dialer.host, conn.talk.token.unwrap_or(0));
        if let Some(Asked { message: Message::Update(update), .. }) = &asked {
            conn.talk.port = update.port;
            conn.talk.owns = !updated.resend;
        }
        let addr = std::net::SocketAddr::new(from, conn.talk.port);
        let Some(leases) = self.oracle.as_mut().map(|oracle| oracle.leases.entry(host).or_default()) else {
            return;
        };
        match asked.map(|asked| asked.message) {
            Some(Message::Update(update)) if !updated.resend => {
                if let Some(wrong) = leases.updated(addr, token, update, ttl) {
                    self.mistake(host, || wrong);
                }
                self.check_renewed(host, dialer, addr);
            }
            Some(Message::Withdraw(keys)) if !updated.resend => leases.withdrawn(addr, &keys),
            Some(Message::Leave) => leases.left(addr),
            _ => {}
        }
    }

    /// A tracker names holders.
    fn check_holders(&mut self, host: HostId, id: ConnId, query: &Query, holders: &[Holder]) {
        let asker = self
            .net
            .get(id)
            .map(|conn| (std::net::SocketAddr::new(conn.from.ip(), conn.talk.port), conn.talk.owns));
        let Role::Tracker(config) = &self.hosts[host.0].role else { return };
        let most = usize::from(config.sample);
        let Some(leases) = self.oracle.as_mut().map(|oracle| oracle.leases.entry(host).or_default()) else {
            return;
        };
        let wrong: Vec<_> =
            holders.iter().filter_map(|holder| leases.judge(query.file_hash, holder)).collect();
        for wrong in wrong {
            self.mistake(host, || format!("names {wrong}"));
        }
        let unwanted = |holder: &&Holder| {
            query.stale.contains(&holder.addr)
                || query.refuted.contains(&holder.seed_id)
                || query.seed_id.is_some_and(|id| id != holder.seed_id)
                || asker.is_some_and(|(addr, owns)| owns && holder.addr == HolderAddr::At(addr))
        };
        if let Some(holder) = holders.iter().find(unwanted) {
            self.mistake(host, || format!("names {holder:?}, which is no use to who asks"));
        }
        if holders.len() > most {
            self.mistake(host, || format!("names {} holders, more than {most}", holders.len()));
        }
    }

    /// A chunk has verified: requests for the same one are superfluous.
    pub(super) fn check_report(&mut self, host: HostId, report: &Report) {
        let Report::Node(node::Note::Download { file, note }) = report else { return };
        self.check_note(host, *file, note);
        let Note::Verified { index, .. } = note else { return };
        let hash = match self.hosts[host.0].library.get(file) {
            Some(Holding::Download(order)) => order.target.file_hash,
            Some(Holding::Shared { .. }) | None => return,
        };
        let conns: Vec<_> = self.hosts[host.0].links.values().map(|(conn, _)| *conn).collect();
        let mut superfluous = Vec::new();
        for id in conns {
            let Some(conn) = self.net.get(id).filter(|conn| conn.dialer.host == host) else { continue };
            for (request, asked, key) in conn.talk.open() {
                let Message::Fetch(fetch) = &asked.message else { continue };
                if key.file_hash == hash && fetch.any_of == [*index] && asked.stage != Stage::Answered {
                    superfluous.push((id, request));
                }
            }
        }
        if let Some(oracle) = &mut self.oracle {
            oracle.superfluous.extend(superfluous);
        }
    }

    /// A machine is drained: what is superfluous was cancelled.
    pub(super) fn check_drained(&mut self, host: HostId) {
        let superfluous = match &mut self.oracle {
            Some(oracle) => std::mem::take(&mut oracle.superfluous),
            None => return,
        };
        for (id, request) in superfluous {
            let asked = self.net.get(id).and_then(|conn| conn.talk.asked.get(&request));
            if asked.is_some_and(|asked| !asked.cancelled) {
                self.mistake(host, || {
                    format!("doesn't cancel #{request}, whose chunk has come by another way")
                });
            }
        }
    }

    /// A tracker sees what time it is.
    pub(super) fn check_time(&mut self, host: HostId, now: Time) {
        if let Some(oracle) = &mut self.oracle {
            oracle.leases.entry(host).or_default().pass(now);
        }
    }

    /// A host is gone, and what it kept in memory.
    pub(super) fn check_gone(&mut self, host: HostId) {
        if let Some(oracle) = &mut self.oracle {
            oracle.leases.remove(&host);
            oracle.bad.retain(|(victim, _), _| *victim != host);
            oracle.learned.remove(&host);
            oracle.safe.iter_mut().filter(|((owner, _), _)| *owner == host).for_each(|(_, safe)| safe.cut());
            oracle.spoiled.get_mut(&host).into_iter().for_each(|taken| taken.clear());
        }
    }
}
