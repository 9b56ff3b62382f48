//! What a test does to a world: orders for nodes, words for probes, harm for all.

use std::sync::Arc;

use samara::downloader::Pin;
use samara::seeder::FileId;
use samara::store::Identity;
use samara::wire::Message;
use samara::{Link, Seed, node};

use super::World;
use crate::file;
use crate::history::{Kind, Moment};
use crate::host::{Heard, Holding, HostId, Life, Order, Report, Role};
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
        self.know(&seed);
        if let Some(lane) = self.history.as_mut().and_then(|history| history.hosts.get_mut(host.0))
            && lane.kind == Kind::Downloader
        {
            lane.kind = Kind::Seeder;
        }
        let file = self.hold(host, holding);
        self.tell(host, node::Event::Share { file, seed, identity });
        file
    }

    /// Has a node seed a file no longer.
    pub fn unshare(&mut self, host: HostId, file: FileId) {
        if let Some(Holding::Shared { seed, .. }) = self.hosts[host.0].library.remove(&file) {
            self.check_withdrawal(host, seed.file_hash());
        }
        self.tell(host, node::Event::Unshare { file });
    }

    /// Has a node download something.
    pub fn download(&mut self, host: HostId, order: Order) -> FileId {
        let file = self.hold(host, Holding::Download(Box::new(order)));
        self.order(host, file);
        file
    }

    /// Has a node try a download again that failed.
    pub fn download_again(&mut self, host: HostId, file: FileId) {
        self.hosts[host.0].outcomes.remove(&file);
        self.order(host, file);
    }

    /// Tells a node what it was asked for. As every driver has to, it looks first if the file is there already: then
    /// it makes sure that it stays there, is done, and the file is seeded.
    fn order(&mut self, host: HostId, file: FileId) {
        let Some(holding) = self.hosts[host.0].library.get(&file).cloned() else { return };
        if let Some(oracle) = &mut self.oracle {
            // Bans are a download's.
            oracle.bad.retain(|(victim, _), _| *victim != host);
            oracle.learned.remove(&host);
        }
        let Holding::Download(order) = &holding else { return self.tell(host, holding.order(file)) };
        let state = &self.hosts[host.0];
        let present = state.disk.bytes(&order.name).filter(|bytes| file::is(bytes, order.target.file_hash));
        let (Some(bytes), Some(identity)) = (present, state.disk.identity(&order.name)) else {
            return self.tell(host, holding.order(file));
        };
        let seed = match &order.target.pin {
            Pin::Seed(seed) => Arc::clone(seed),
            Pin::Hash | Pin::Id(_) => file::canonical(bytes),
        };
        let shared = Holding::Shared { name: order.name.clone(), seed, identity };
        let event = shared.order(file);
        self.hosts[host.0].disk.sync();
        self.hosts[host.0].library.insert(file, shared);
        self.tell(host, event);
        self.report(host, Report::Done { file });
    }

    /// Stops a node in order; its host goes down when it has.
    pub fn stop(&mut self, host: HostId) {
        self.tell(host, node::Event::Stop);
    }

    /// Starts a host (again), with the files and orders that it had.
    pub fn start(&mut self, host: HostId) {
        let (entropy, now) = (self.entropy.next(), self.now);
        self.note(host, || "starts");
        if let Some(history) = &mut self.history {
            history.add(now, Moment::Up { host: host.0 });
        }
        self.hosts[host.0].start(entropy, now);
        if matches!(self.hosts[host.0].role, Role::Tracker(_)) {
            // Its clock may go back before anything happens to it.
            let local = self.hosts[host.0].read_clock(now);
            self.check_time(host, local);
        }
        self.cue_start(host);
        let files: Vec<_> = self.hosts[host.0].library.keys().copied().collect();
        files.into_iter().for_each(|file| self.order(host, file));
        self.drain(host);
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

    pub(super) fn hear(&mut self, host: HostId, link: Link, heard: Heard) {
        match self.hosts[host.0].life {
            Life::Actor(_) => self.play(host, Some((link, heard))),
            Life::Down | Life::Tracker(_) | Life::Node(_) | Life::Probe => {
                let now = self.now;
                self.hosts[host.0].heard.push((now, link, heard));
            }
        }
    }

    pub(super) fn note<D: std::fmt::Display>(&mut self, host: HostId, what: impl FnOnce() -> D) {
        let name = &self.hosts[host.0].name;
        self.trace.line(Detail::Wire, self.now, |_| format!("{name} {}", what()));
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
        self.net.access[a.0].place.latency + self.net.access[b.0].place.latency
    }
}
