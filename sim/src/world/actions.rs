//! What machines want done.

use std::ops::Range;

use bytes::Bytes;
use samara::node::Endpoint;
use samara::seeder::{FileId, Served};
use samara::store::Op;
use samara::wire::Message;
use samara::wire::limits::HEADER;
use samara::wire::session;
use samara::{Link, Time, node, tracker};

use super::{What, World};
use crate::disk::doing;
use crate::fault::Fault;
use crate::host::{Holding, HostId, Job, Report, Role, Then};
use crate::net::{ConnId, Lane, Parcel, Receiving, Serving, Side, Wish};
use crate::trace::Detail;

impl World {
    pub(super) fn act(&mut self, host: HostId, action: node::Action) {
        match action {
            node::Action::Dial { link, to } => self.dial_endpoint(host, link, to),
            node::Action::Send { link, request, message } => self.send(host, link, request, message),
            node::Action::Receive { link, request, step } => {
                let receiving = Receiving { step, bytes: Vec::new() };
                match self.conn_of(host, link).and_then(|id| self.net.get(id)) {
                    Some(conn) => conn.receiving.insert(request, receiving),
                    None => self.mistake(host, || format!("takes a chunk of {link:?}, which is closed")),
                }
            }
            node::Action::Serve { link, request, file, identity, index, range } => {
                self.serve(
                    host,
                    link,
                    request,
                    index,
                    Serving { file, identity, begin: range.start, range, wish: Wish::Send },
                );
            }
            node::Action::Stop { link, request } => {
                if let Some(conn) = self.conn_of(host, link).and_then(|id| self.net.get(id))
                    && let Some(serving) = conn.serving.get_mut(request)
                {
                    serving.wish = Wish::Stop;
                }
            }
            node::Action::Close { link, fault } => self.close_for(host, link, fault),
            node::Action::Look { file } => {
                let identity = self.identity(host, file);
                self.answer(host, node::Event::Looked { file, identity });
            }
            node::Action::Disk { file, job, op } => self.disk_job(host, Job { file, number: job, op }),
            node::Action::Announced { file, tracker } => {
                self.report(host, Report::Announced { file, tracker })
            }
            node::Action::Done { file, seed, identity } => {
                let mut then = Then::Stay;
                if let Some(Holding::Download(order)) = self.hosts[host.0].library.get(&file) {
                    then = order.then;
                    let shared = Holding::Shared { name: order.name.clone(), seed, identity };
                    self.hosts[host.0].library.insert(file, shared);
                }
                self.check_done(host, file);
                self.report(host, Report::Done { file });
                if then == Then::Leave {
                    self.answer(host, node::Event::Stop);
                }
            }
            node::Action::Failed { file, error } => self.report(host, Report::Failed { file, error }),
            node::Action::Stopped => {
                self.report(host, Report::Stopped);
                self.gone(host, "stopped");
                self.down(host);
            }
            node::Action::Note(note) => self.report(host, Report::Node(note)),
        }
    }

    pub(super) fn act_tracker(&mut self, host: HostId, action: tracker::Action) {
        match action {
            tracker::Action::Send { link, request, message } => self.send(host, link, request, message),
            tracker::Action::Close { link, fault } => self.close_for(host, link, fault),
            tracker::Action::Note(note) => self.report(host, Report::Tracker(note)),
        }
    }

    pub(super) fn disk_done(&mut self, host: HostId, run: u32) {
        let now = self.now;
        let state = &mut self.hosts[host.0];
        if state.run != run {
            return;
        }
        let Some(Job { file, number: job, op }) = state.jobs.pop_front() else { return };
        let stem = match state.library.get(&file) {
            Some(Holding::Download(order)) => &order.name,
            Some(Holding::Shared { name, .. }) => name,
            None => return,
        };
        let (outcome, fault) = state.disk.perform(stem, op.clone(), now);
        if let Some(fault) = fault {
            self.fire(fault, &[host]);
        }
        self.check_stored(host, file, &op, &outcome);
        if self.hosts[host.0].disk.harm.cuts == Some(doing(&op)) {
            self.fire(Fault::Crash, &[host]);
            return self.crash(host);
        }
        self.tell(host, node::Event::Disk { file, job, outcome });
    }

    /// The next bytes of a chunk go out, or its end is reached.
    pub(super) fn pump(&mut self, id: ConnId, request: u32) {
        let Some(conn) = self.net.get(id) else { return };
        let (Some(end), Some(serving)) = (conn.open_end(Side::Acceptor), conn.serving.get(request).cloned())
        else {
            return;
        };
        let host = end.host;
        let slice = serving.range.start..serving.range.end.min(serving.range.start + self.weight.slice);
        let outcome = if slice.is_empty() && self.looks_right(host, &serving) {
            Served::Whole
        } else if slice.is_empty() {
            Served::Changed { sent: true }
        } else if serving.wish == Wish::Stop {
            Served::Stopped
        } else if slice.end == serving.range.end && !self.looks_right(host, &serving) {
            // As every driver has to: the end of a chunk is held back until the file was looked at again.
            Served::Changed { sent: false }
        } else if self.oracle.is_none() && slice.end < serving.range.end {
            return self.pass(host, id, request, slice);
        } else if let Some(bytes) = self.read(host, &serving, self.parcelled(&serving, &slice)) {
            return self.pour(host, id, request, slice, bytes);
        } else {
            Served::Changed { sent: false }
        };
        if let Some(conn) = self.net.get(id) {
            conn.serving.remove(request);
        }
        if matches!(outcome, Served::Whole) {
            self.check_whole(id, request);
        }
        self.tell(host, node::Event::Served { link: end.link, request, outcome });
    }

    /// In a world that is only measured, what arrives of a chunk before its end is nobody's business: the slices
    /// take up the lines, and the bytes come with the last of them.
    fn pass(&mut self, from: HostId, id: ConnId, request: u32, slice: Range<u64>) {
        let size = (slice.end - slice.start) * self.weight.factor + HEADER as u64;
        let way = self.net.carry(self.now, from, id, Side::Dialer, size, Lane::Queue);
        let left = way.map_or(self.now, |way| way.left);
        self.poured(from, id, request, slice, left);
    }

    /// Which bytes go into the parcel with this slice.
    fn parcelled(&self, serving: &Serving, slice: &Range<u64>) -> Range<u64> {
        if self.oracle.is_none() { serving.begin..slice.end } else { slice.clone() }
    }

    fn pour(&mut self, from: HostId, id: ConnId, request: u32, slice: Range<u64>, bytes: Bytes) {
        let size = (slice.end - slice.start) * self.weight.factor + HEADER as u64;
        self.trace_data(id, request, bytes.len());
        let left = self.put(from, id, Side::Dialer, Parcel::Data { request, bytes }, size);
        self.poured(from, id, request, slice, left);
    }

    /// A slice is on its way; the next one goes when the line is free.
    fn poured(&mut self, from: HostId, id: ConnId, request: u32, slice: Range<u64>, left: Time) {
        self.spread.control += HEADER as u64;
        self.spread.sent += (slice.end - slice.start) * self.weight.factor;
        self.hosts[from.0].uploaded += slice.end - slice.start;
        if let Some(serving) = self.net.get(id).and_then(|conn| conn.serving.get_mut(request)) {
            serving.range.start = slice.end;
        }
        self.plan(left, What::Pump { conn: id, request });
    }

    fn serve(&mut self, host: HostId, link: Link, request: u32, index: u32, serving: Serving) {
        let Some(id) = self.conn_of(host, link) else {
            return self.mistake(host, || format!("serves over {link:?}, which is closed"));
        };
        if !self.looks_right(host, &serving) {
            let outcome = Served::Changed { sent: false };
            return self.answer(host, node::Event::Served { link, request, outcome });
        }
        self.check_served(host, id, request, index, &serving);
        self.check_limit(host, serving.range.end - serving.range.start);
        if self.hosts[host.0].marks.contains(&Fault::SlowLine) {
            self.fire(Fault::SlowLine, &[host]);
        }
        let len = u32::try_from(serving.range.end - serving.range.start).expect("a chunk is at most 16 MiB");
        self.send(host, link, request, Message::Chunk { index, len });
        if let Some(conn) = self.net.get(id) {
            conn.serving.insert(request, serving);
        }
        self.plan(self.now, What::Pump { conn: id, request });
    }

    fn close_for(&mut self, host: HostId, link: Link, fault: session::Fault) {
        let id = self.conn_of(host, link);
        if id.is_none() {
            self.mistake(host, || format!("closes {link:?}, which is closed"));
        }
        if let (Some(id), session::Fault::Stopping) = (id, fault) {
            self.check_farewell(host, id);
        }
        let other = id.and_then(|id| self.net.get(id)).map(|conn| conn.other_than(host));
        let other = other.flatten().map_or("nobody", |other| self.hosts[other.0].name.as_str());
        let name = &self.hosts[host.0].name;
        self.trace.line(Detail::Wire, self.now, |_| format!("{name} closes to {other}: {fault}"));
        self.close(host, link);
    }

    fn dial_endpoint(&mut self, host: HostId, link: Link, to: Endpoint) {
        let to = match (to, &self.hosts[host.0].role) {
            (Endpoint::Peer(addr), _) => {
                self.check_dial(host, addr);
                Some(addr)
            }
            (Endpoint::Tracker(tracker), Role::Node { trackers, .. }) => {
                trackers.get(usize::from(tracker.0)).copied()
            }
            (Endpoint::Tracker(_), Role::Tracker(_) | Role::Actor(_) | Role::Probe) => None,
        };
        self.open(host, link, to);
    }

    fn disk_job(&mut self, host: HostId, job: Job) {
        let name = &self.hosts[host.0].name;
        self.trace.line(Detail::All, self.now, |_| format!("{name} disk  {}", doing(&job.op)));
        let (now, factor) = (self.now, self.weight.factor);
        let state = &mut self.hosts[host.0];
        let at = state.disk_line.carry(now, 1, DISK) + state.disk.harm.delay;
        let at = if let Op::Check { step, .. } = &job.op {
            state.disk_line.carry(now, u64::from(step.len) * factor, READ).max(at)
        } else {
            at
        };
        if !state.disk.harm.delay.is_zero() {
            self.fire(Fault::DiskSlow, &[host]);
        }
        let state = &mut self.hosts[host.0];
        let at = at.max(state.disk_busy);
        state.disk_busy = at;
        state.jobs.push_back(job);
        let run = state.run;
        self.plan(at, What::Disk { host, run });
    }

    fn looks_right(&self, host: HostId, serving: &Serving) -> bool {
        let identity = self.identity(host, serving.file);
        identity.is_some() && (serving.identity.is_none() || serving.identity == identity)
    }

    fn read(&self, host: HostId, serving: &Serving, range: Range<u64>) -> Option<Bytes> {
        let state = &self.hosts[host.0];
        state.disk.read(state.path(serving.file)?, range)
    }

    fn identity(&self, host: HostId, file: FileId) -> Option<samara::store::Identity> {
        let state = &self.hosts[host.0];
        state.disk.identity(state.path(file)?)
    }

    fn conn_of(&self, host: HostId, link: Link) -> Option<ConnId> {
        self.hosts[host.0].links.get(&link).map(|(conn, _)| *conn)
    }

    /// The host's answer, as an event of its own.
    fn answer(&mut self, host: HostId, event: node::Event) {
        let run = self.hosts[host.0].run;
        self.plan(self.now, What::Local { host, run, event: Box::new(event) });
    }

    pub(super) fn report(&mut self, host: HostId, report: Report) {
        let (now, name) = (self.now, &self.hosts[host.0].name);
        self.trace.line(report.detail(), now, |names| format!("{name} {}", names.report(&report)));
        self.noticed(host, &report);
        self.spreads(host, &report);
        if self.oracle.is_some() {
            self.check_report(host, &report);
        }
        if let Some(moment) = self.moment(host, &report) {
            self.history.iter_mut().for_each(|history| history.add(now, moment.clone()));
        }
        self.hosts[host.0].keep(now, report, self.oracle.is_some());
    }
}

/// Disk operations per second.
const DISK: u64 = 10_000;
/// Bytes per second that are read and hashed.
const READ: u64 = 100_000_000;
