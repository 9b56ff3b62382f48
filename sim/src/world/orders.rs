//! What a test does to a world: orders for nodes, words for probes, harm for all.

use std::sync::Arc;

use samara::seeder::FileId;
use samara::store::Identity;
use samara::wire::Message;
use samara::{Link, Seed, node};

use super::{What, World};
use crate::host::{Heard, Holding, HostId, Life, Order};
use crate::net::{EndState, Parcel};
use crate::trace::Detail;

impl World {
    /// Puts a file on a node's disk and has it seeded as `seed` (which need not be true).
    pub fn share(&mut self, host: HostId, name: &str, bytes: &[u8], seed: Arc<Seed>) -> FileId {
        let identity = self.hosts[host.0].disk.put(name, bytes, self.now);
        self.share_again(host, name, seed, identity)
    }

    /// Has a file seeded that looked like `identity` when it was hashed; it may have changed or be gone.
    pub fn share_again(&mut self, host: HostId, name: &str, seed: Arc<Seed>, identity: Identity) -> FileId {
        let holding = Holding::Shared { name: name.to_owned(), seed: Arc::clone(&seed), identity };
        let file = self.hold(host, holding);
        self.tell(host, node::Event::Share { file, seed, identity });
        file
    }

    /// Has a node seed a file no longer.
    pub fn unshare(&mut self, host: HostId, file: FileId) {
        self.hosts[host.0].library.remove(&file);
        self.tell(host, node::Event::Unshare { file });
    }

    /// Has a node download something.
    pub fn download(&mut self, host: HostId, order: Order) -> FileId {
        let file = self.hold(host, Holding::Download(Box::new(order)));
        if let Some(event) = self.hosts[host.0].orders().pop() {
            self.tell(host, event);
        }
        file
    }

    /// Stops a node in order; its host goes down when it has.
    pub fn stop(&mut self, host: HostId) {
        self.tell(host, node::Event::Stop);
    }

    /// Ends a host's process at once: what it wrote stays, its connections break.
    pub fn kill(&mut self, host: HostId) {
        self.note(host, || "is killed");
        self.down(host);
    }

    /// Cuts a host's power, as its peers see it when it is back: they notice at once, unsynced writes are lost.
    pub fn crash(&mut self, host: HostId) {
        self.note(host, || "crashes");
        self.down(host);
        let mut entropy = self.entropy.fork();
        self.hosts[host.0].disk.crash(&mut entropy);
    }

    /// Starts a host (again), with the files and orders that it had.
    pub fn start(&mut self, host: HostId) {
        let (entropy, now) = (self.entropy.next(), self.now);
        self.note(host, || "starts");
        self.hosts[host.0].start(entropy, now);
        for event in self.hosts[host.0].orders() {
            self.tell(host, event);
        }
        self.drain(host);
    }

    /// From now on nothing passes between two hosts; neither is told.
    pub fn cut(&mut self, a: HostId, b: HostId) {
        self.net.cut(a, b);
    }

    /// Everything passes between them again, what waited first.
    pub fn heal(&mut self, a: HostId, b: HostId) {
        let at = self.now + self.distance(a, b);
        for (conn, side, held) in self.net.heal(a, b) {
            (0..held).for_each(|_| self.plan(at, What::Arrived { conn, side }));
        }
    }

    /// A wake-up that nobody asked for: harmless.
    pub fn wake_needlessly(&mut self, host: HostId) {
        self.tell(host, node::Event::Wake);
        self.tell_tracker(host, samara::tracker::Event::Wake);
    }

    /// Has a probe open a connection to `to`. What comes of it is in [`heard`](World::heard).
    pub fn dial(&mut self, probe: HostId, to: HostId) -> Link {
        let state = &self.hosts[probe.0];
        assert!(matches!(state.life, Life::Probe), "{} is no probe", state.name);
        let link = Link { space: 1, slot: 0, generation: u32::from(state.dialled) };
        let to = self.addr(to);
        self.open(probe, link, Some(to));
        link
    }

    /// Has a probe say something.
    pub fn say(&mut self, probe: HostId, link: Link, request: u32, message: Message) {
        self.send(probe, link, request, message);
    }

    /// Has a probe close a connection.
    pub fn hang_up(&mut self, probe: HostId, link: Link) {
        self.close(probe, link);
    }

    pub(super) fn hear(&mut self, probe: HostId, link: Link, heard: Heard) {
        let now = self.now;
        self.hosts[probe.0].heard.push((now, link, heard));
    }

    pub(super) fn note<D: std::fmt::Display>(&mut self, host: HostId, what: impl FnOnce() -> D) {
        let name = &self.hosts[host.0].name;
        self.trace.line(Detail::Wire, self.now, |_| format!("{name} {}", what()));
    }

    /// Ends a host's machine; its peers learn it.
    pub(super) fn down(&mut self, host: HostId) {
        let links = std::mem::take(&mut self.hosts[host.0].links);
        for (conn, side) in links.into_values() {
            let open = self.net.get(conn).and_then(|conn| conn.end(side).copied());
            if open.is_some_and(|end| end.state != EndState::Closed) {
                self.put(conn, side.other(), Parcel::Fin, 0);
            }
            self.net.close(conn, side);
        }
        self.hosts[host.0].end();
    }

    fn hold(&mut self, host: HostId, holding: Holding) -> FileId {
        let state = &mut self.hosts[host.0];
        state.files += 1;
        let file = FileId(state.files);
        state.library.insert(file, holding);
        file
    }

    /// When something that is sent now gets from one host to the other, on empty lines.
    pub(super) fn distance(&self, a: HostId, b: HostId) -> std::time::Duration {
        self.hosts[a.0].place.latency + self.hosts[b.0].place.latency
    }
}
