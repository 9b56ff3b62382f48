//! A world that a setup describes: its hosts, its file, and who wants it.

use std::sync::Arc;
use std::time::Duration;

use samara::downloader::{Note, Pin, Target};
use samara::seeder::FileId;
use samara::{Entropy, Seed, node, tracker};

use super::setup::Setup;
use crate::fault::Fault;
use crate::file;
use crate::host::{HostId, Order, Report};
use crate::hostile::{Flooder, Impostor, Meddler, Teller, Trick};
use crate::trace::Detail;
use crate::world::{Weight, World};

/// The file's name everywhere.
pub const NAME: &str = "file";

/// A world, and what its scenario knows of it.
#[expect(missing_debug_implementations, reason = "the world's trace is what it has to say")]
pub struct Stage {
    /// The world.
    pub world: World,
    /// What it was made from.
    pub setup: Setup,
    /// For everything that is still to be drawn.
    pub entropy: Entropy,
    /// The file.
    pub bytes: Arc<Vec<u8>>,
    /// Its true list.
    pub seed: Arc<Seed>,
    /// Honest trackers, and one that isn't if there is such a fault.
    pub trackers: Vec<HostId>,
    /// Honest seeders; the first one is never taken away for good.
    pub seeders: Vec<(HostId, FileId)>,
    /// Seeders whose file will be gone or changed.
    pub stale: Vec<HostId>,
    /// Hostile hosts.
    pub hostile: Vec<HostId>,
    /// Downloads, under way or over.
    pub downloads: Vec<Download>,
}

/// A download.
#[derive(Clone, Debug)]
pub struct Download {
    /// Of which host.
    pub host: HostId,
    /// As the host names it; the last one, if it was ordered again.
    pub file: FileId,
    /// What was ordered.
    pub order: Order,
}

impl Stage {
    /// Builds a world: trackers and seeders first, then those that mean harm. Downloads begin later.
    pub fn new(setup: Setup, mut entropy: Entropy, detail: Detail, take_down: bool) -> Self {
        let bytes = Arc::new(file::random(setup.length, entropy.next()));
        let seed = match setup.chunk_size {
            Some(chunk_size) => file::seed(&bytes, chunk_size),
            None => file::canonical(&bytes),
        };
        let mut world = World::new(entropy.next(), detail);
        if take_down {
            world.take_down(seed.chunks());
        }
        let slice = u64::from(seed.chunk_size()).div_ceil(4).min(256 << 10);
        world.weigh(Weight { factor: setup.weight, slice, express: false });
        world.trust(&seed, Arc::clone(&bytes));
        let none = Vec::new;
        let (trackers, seeders, stale, hostile, downloads) = (none(), Vec::new(), none(), none(), Vec::new());
        let mut stage =
            Self { world, setup, entropy, bytes, seed, trackers, seeders, stale, hostile, downloads };
        stage.add_trackers();
        for n in 0..stage.setup.seeders {
            let seeder = stage.seeder(&format!("seeder{n}"));
            stage.seeders.push(seeder);
        }
        for fault in stage.setup.faults.clone() {
            (0..stage.setup.hostile).for_each(|n| stage.add_hostile(fault, n));
        }
        stage
    }

    fn add_trackers(&mut self) {
        let (ttl, interval) = (self.setup.ttl, self.setup.ttl / 3);
        for n in 0..self.setup.trackers {
            // Some name few holders at a time.
            let usual = tracker::Config::default();
            let sample =
                if self.entropy.below(4) == 0 { 2 + self.entropy.below(6) } else { usual.sample.into() };
            let sample = u16::try_from(sample).unwrap_or(usual.sample);
            let config = tracker::Config { ttl, interval, sample, ..usual };
            self.trackers.push(self.world.tracker(&format!("tracker{n}"), config));
        }
        if self.setup.has(Fault::BogusTracker) {
            let teller = self.world.actor("teller", true, Box::new(Teller::new(self.seed.id())));
            self.world.mark(teller, Fault::BogusTracker);
            self.trackers.push(teller);
        }
    }

    /// Adds a node with a line of its own.
    pub fn node(&mut self, name: &str) -> HostId {
        let mut config = node::Config::default();
        // With most nodes, a queue is as long as was set, however quick the lines are; with each fourth as by default.
        if !self.world.hosts().is_multiple_of(4) {
            config.seeder.moment = Duration::ZERO;
        }
        config.seeder.slowest = (config.seeder.slowest / self.setup.weight).max(1);
        if self.entropy.below(8) == 0 {
            // Somebody who gives no more than a few chunks a second.
            config.seeder.limit_up = (self.setup.rate / self.setup.weight / 3).max(1);
        }
        let node = self.world.node(name, &self.trackers, config);
        let (up, down) = (self.setup.rate(&mut self.entropy), self.setup.rate(&mut self.entropy));
        let latency =
            Duration::from_micros(self.entropy.below(self.setup.latency.as_micros() as usize + 1) as u64);
        let place = self.world.place(node);
        (place.up, place.down, place.latency) = (up, down, latency);
        node
    }

    /// Adds a node that seeds the file.
    pub fn seeder(&mut self, name: &str) -> (HostId, FileId) {
        let node = self.node(name);
        let (bytes, seed) = (Arc::clone(&self.bytes), Arc::clone(&self.seed));
        (node, self.world.share(node, NAME, &bytes, seed))
    }

    /// Adds a node that seeds the file under another list, which the true one contradicts at these chunks.
    pub fn liar(&mut self, name: &str, seed: Arc<Seed>) -> HostId {
        let bytes = Arc::clone(&self.bytes);
        self.forger(name, seed, &bytes)
    }

    /// Adds a node that seeds another file under a list that claims to be that of the file.
    pub fn forger(&mut self, name: &str, seed: Arc<Seed>, bytes: &[u8]) -> HostId {
        let node = self.node(name);
        self.world.mark(node, Fault::FalseList);
        self.world.share(node, NAME, bytes, seed);
        self.hostile.push(node);
        node
    }

    /// Adds a node that seeds the file with a byte turned over in each of these chunks, so that nothing shows it.
    pub fn poisoner(&mut self, name: &str, chunks: &[u32]) -> HostId {
        let (node, _) = self.seeder(name);
        self.world.mark(node, Fault::Poisoner);
        for index in chunks {
            let range = self.seed.range(*index).unwrap_or_default();
            let at = range.start
                + self.entropy.below(usize::try_from(range.end - range.start).unwrap_or(1)) as u64;
            self.world.disk_mut(node).corrupt(NAME, at);
        }
        self.hostile.push(node);
        node
    }

    /// Adds an actor that claims the file.
    pub fn impostor(&mut self, name: &str, trick: Trick, fault: Fault) -> HostId {
        let trackers = self.trackers.iter().map(|tracker| self.world.addr(*tracker)).collect();
        let actor = Impostor::new(trackers, Arc::clone(&self.seed), Arc::clone(&self.bytes), trick);
        let host = self.world.actor(name, false, Box::new(actor));
        self.world.mark(host, fault);
        self.hostile.push(host);
        host
    }

    /// Adds an actor that meddles with announcements.
    pub fn meddler(&mut self, name: &str) -> HostId {
        let trackers = self.trackers.iter().map(|tracker| self.world.addr(*tracker)).collect();
        let actor = Meddler::new(trackers, Arc::clone(&self.seed));
        let host = self.world.actor(name, false, Box::new(actor));
        self.world.mark(host, Fault::Liar);
        self.hostile.push(host);
        host
    }

    /// Adds an actor that floods these hosts.
    pub fn flooder(&mut self, name: &str, victims: &[HostId]) {
        let victims = victims.iter().map(|host| self.world.addr(*host)).collect();
        let actor = Flooder::new(victims, Arc::clone(&self.seed));
        let host = self.world.actor(name, false, Box::new(actor));
        self.world.mark(host, Fault::Flooder);
        self.hostile.push(host);
    }

    /// Adds a host with this fault, if it is one that a host is born with.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other faults strike later")]
    fn add_hostile(&mut self, fault: Fault, n: usize) {
        let name = format!("{fault}{n}");
        let chunks = self.seed.chunks() as usize;
        let last = self.seed.chunks().saturating_sub(1);
        match fault {
            Fault::Poisoner => {
                let bad: Vec<_> = (0..self.seed.chunks()).filter(|_| self.entropy.below(4) > 0).collect();
                let bad = if bad.is_empty() { vec![last] } else { bad };
                self.poisoner(&name, &bad);
            }
            Fault::Liar => drop(self.impostor(&name, Trick::Refuse, fault)),
            Fault::Tarpit => drop(self.impostor(&name, Trick::Stall, fault)),
            Fault::Withhold => {
                let some: Vec<_> = (0..self.seed.chunks()).filter(|_| self.entropy.below(2) == 0).collect();
                // Never none, nor the last one alone: where that is fetched first, it may always come from somebody else.
                let some = if some.iter().all(|index| *index == last) { vec![0] } else { some };
                self.impostor(&name, Trick::Withhold(some), fault);
            }
            Fault::FalseList if chunks > 1 => {
                let lie = u32::try_from(self.entropy.below(chunks - 1)).unwrap_or(0);
                let forged = file::forged(&self.seed, &[lie]);
                self.liar(&name, forged);
            }
            Fault::Flooder => {
                let nodes = self.seeders.iter().map(|(host, _)| *host);
                let victims: Vec<_> = nodes.chain(self.trackers.iter().copied()).collect();
                self.flooder(&name, &victims);
            }
            Fault::Stale => {
                let (host, _) = self.seeder(&name);
                self.world.mark(host, fault);
                self.stale.push(host);
            }
            _ => {}
        }
    }

    /// Has a new node download the file.
    pub fn downloader(&mut self, name: &str) -> HostId {
        let host = self.node(name);
        let pin = if self.setup.chunk_size.is_some() { Pin::Seed(Arc::clone(&self.seed)) } else { Pin::Hash };
        let mut order = Order::new(NAME, Target { file_hash: self.seed.file_hash(), pin });
        order.store.sync_after = Duration::from_millis(200 + self.entropy.below(2_000) as u64);
        order.config.stall_timeout = Duration::from_secs(60);
        order.config.hopeless = Duration::from_secs(30);
        let chunk_size = u64::from(self.seed.chunk_size());
        order.config.budget = chunk_size * (4 + self.entropy.below(12) as u64);
        if self.setup.has(Fault::Flooder) && self.downloads.is_empty() {
            // Who has only a part of the file is asked for all of it.
            self.flooder("flooder", &[host]);
        }
        let file = self.world.download(host, order.clone());
        self.downloads.push(Download { host, file, order });
        host
    }

    /// What a node said of its downloads.
    pub fn notes<'a>(&'a self, host: HostId) -> Vec<&'a Note> {
        let reports = self.world.reports(host).iter();
        let note = |report: &'a Report| {
            let Report::Node(node::Note::Download { note, .. }) = report else { return None };
            Some(note)
        };
        reports.filter_map(|(_, report)| note(report)).collect()
    }

    /// Every honest node.
    pub fn nodes(&self) -> Vec<HostId> {
        let seeders = self.seeders.iter().map(|(host, _)| *host);
        seeders.chain(self.stale.iter().copied()).chain(self.downloads.iter().map(|get| get.host)).collect()
    }
}
