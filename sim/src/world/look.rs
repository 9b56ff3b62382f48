//! What can be seen of a world.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use samara::seeder::FileId;
use samara::{Link, Time, tracker};

use super::World;
use crate::fault::Fault;
use crate::history::History;
use crate::host::{Heard, HostId, Report};

impl World {
    /// How many hosts there are.
    pub const fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// What a host is called.
    pub fn name(&self, host: HostId) -> &str {
        &self.hosts[host.0].name
    }

    /// The host that listens at `addr`, if there is one.
    pub fn host_at(&self, addr: SocketAddr) -> Option<HostId> {
        self.addrs.get(&addr).copied()
    }

    /// Is a host up?
    pub fn is_up(&self, host: HostId) -> bool {
        self.hosts[host.0].is_up()
    }

    /// Is a host one of the machines, and not marked as hostile?
    pub fn is_honest(&self, host: HostId) -> bool {
        self.hosts[host.0].is_honest()
    }

    /// When the clock of each host that is up shows at least what the host has seen. One that was set back makes time stand
    /// still for its host until then, and whatever the host wants to do in a while it does that much later.
    pub fn clocks_caught_up(&self) -> Time {
        let up = self.hosts.iter().filter(|state| state.is_up());
        let caught_up = up.map(|state| state.clock.when(state.pace.now));
        caught_up.max().unwrap_or(self.now).max(self.now)
    }

    /// Whom a host has a connection with.
    pub fn peers(&mut self, host: HostId) -> Vec<HostId> {
        let conns: Vec<_> = self.hosts[host.0].links.values().map(|(conn, _)| *conn).collect();
        conns.into_iter().filter_map(|conn| self.net.get(conn)?.other_than(host)).collect()
    }

    /// What a host's machine told its user, and when; over all its runs. In a world that isn't watched, only how
    /// downloads ended is kept: see [`outcome`](Self::outcome).
    pub fn reports(&self, host: HostId) -> &[(Time, Report)] {
        &self.hosts[host.0].reports
    }

    /// What a probe heard, when, and over which connection.
    pub fn heard(&self, probe: HostId) -> &[(Time, Link, Heard)] {
        &self.hosts[probe.0].heard
    }

    /// How a download ended, if it has: the report is [`Report::Done`] or [`Report::Failed`].
    pub fn outcome(&self, host: HostId, file: FileId) -> Option<&Report> {
        self.hosts[host.0].outcomes.get(&file).map(|(_, report)| report)
    }

    /// Has a download failed?
    pub fn has_failed(&self, host: HostId, file: FileId) -> bool {
        matches!(self.outcome(host, file), Some(Report::Failed { .. }))
    }

    /// Is a download neither done nor failed, and its host up?
    pub fn is_under_way(&self, host: HostId, file: FileId) -> bool {
        self.is_up(host) && self.outcome(host, file).is_none()
    }

    /// Has a tracker ever forgotten somebody whose TTL was over?
    pub fn has_expired(&self, tracker: HostId) -> bool {
        let expired = |report: &Report| matches!(report, Report::Tracker(tracker::Note::Expired { .. }));
        self.reports(tracker).iter().any(|(_, report)| expired(report))
    }

    /// Bytes of chunks that a host has sent, whole or not.
    pub fn uploaded(&self, host: HostId) -> u64 {
        self.hosts[host.0].uploaded
    }

    /// Chunks that a host's downloads hold, as they said since it started.
    pub fn held(&self, host: HostId) -> u32 {
        self.hosts[host.0].held
    }

    /// When a download ended, if it has.
    pub fn ended_at(&self, host: HostId, file: FileId) -> Option<Time> {
        self.hosts[host.0].outcomes.get(&file).map(|(at, _)| *at)
    }

    /// The trace so far.
    pub fn trace(&self) -> &str {
        self.trace.text()
    }

    /// Rules that machines broke: of the interface, of the protocol, and of what may be on a disk. See
    /// [`oracle`](crate::oracle).
    pub fn mistakes(&self) -> &[String] {
        self.oracle.as_ref().map_or(&[], |oracle| oracle.mistakes())
    }

    /// How often each kind of fault had an effect.
    pub const fn fired(&self) -> &BTreeMap<Fault, u64> {
        &self.fired
    }

    /// A number that follows from all that happened so far, in its order: equal for equal runs, on every machine and
    /// in every build.
    pub fn trace_hash(&self) -> u64 {
        self.digest.value()
    }

    /// How much has happened: steps so far.
    pub const fn steps(&self) -> u64 {
        self.digest.steps()
    }

    /// What was taken down for a report.
    pub const fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }
}
