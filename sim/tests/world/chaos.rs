//! Everything at once, from one number: while one honest holder can be reached in the end, the right file arrives.

use std::sync::Arc;
use std::time::Duration;

use samara::seeder::FileId;
use samara::{Entropy, Seed, node, tracker};
use samara_sim::file;
use samara_sim::host::{HostId, Order, Report};
use samara_sim::trace::Detail;
use samara_sim::world::World;

use super::{MINUTE, banned};

/// A swarm drawn from one number.
struct Swarm {
    world: World,
    entropy: Entropy,
    bytes: Vec<u8>,
    seed: Arc<Seed>,
    tracker: HostId,
    honest: Vec<HostId>,
    hostile: Vec<HostId>,
    downloads: Vec<(HostId, FileId)>,
    /// What happened, to see that it did: crashes, cuts, losses, lies.
    faults: [u32; 4],
}

impl Swarm {
    fn new(number: u64) -> Self {
        let mut entropy = Entropy::new(number);
        let mut world = World::new(entropy.next(), Detail::All);
        let tracker = world.tracker("tracker", tracker::Config::default());
        let pinned = entropy.below(2) == 0;
        let length = if pinned { 60_000 } else { 2_000_000 } + entropy.below(5_000);
        let bytes = file::random(length, entropy.next());
        let seed = if pinned { file::seed(&bytes, 1_024) } else { file::canonical(&bytes) };
        let mut swarm = Self {
            world,
            entropy,
            bytes,
            seed,
            tracker,
            honest: Vec::new(),
            hostile: Vec::new(),
            downloads: Vec::new(),
            faults: [0; 4],
        };
        (0..=swarm.entropy.below(3)).for_each(|n| swarm.seeder(n));
        (0..swarm.entropy.below(4)).for_each(|n| swarm.attacker(n));
        swarm.world.run_for(Duration::from_millis(500));
        (0..=swarm.entropy.below(4)).for_each(|n| swarm.downloader(n, pinned));
        swarm
    }

    fn node(&mut self, name: &str, n: usize) -> HostId {
        let node = self.world.node(&format!("{name}{n}"), &[self.tracker], node::Config::default());
        let rate = if self.bytes.len() > 100_000 { 2_000_000 } else { 60_000 };
        self.world.place(node).up = rate * (1 + self.entropy.below(4) as u64);
        self.world.place(node).latency = Duration::from_micros(100 + self.entropy.below(50_000) as u64);
        node
    }

    fn seeder(&mut self, n: usize) {
        let node = self.node("seeder", n);
        self.world.share(node, "file", &self.bytes, Arc::clone(&self.seed));
        self.honest.push(node);
    }

    fn attacker(&mut self, n: usize) {
        let node = self.node("attacker", n);
        let chunks = self.seed.chunks() as usize;
        if self.entropy.below(2) == 0 {
            let lie = u32::try_from(self.entropy.below(chunks - 1)).unwrap();
            self.world.share(node, "file", &self.bytes, file::forged(&self.seed, &[lie]));
        } else {
            self.world.share(node, "file", &self.bytes, Arc::clone(&self.seed));
            for _ in 0..1 + self.entropy.below(3) {
                let at = self.entropy.below(self.bytes.len()) as u64;
                self.world.disk_mut(node).corrupt("file", at);
            }
        }
        self.faults[3] += 1;
        self.hostile.push(node);
    }

    fn downloader(&mut self, n: usize, pinned: bool) {
        let node = self.node("downloader", n);
        let target = if pinned { file::pinned(&self.seed) } else { file::unpinned(&self.seed) };
        let mut order = Order::new("file", target);
        order.config.stall_timeout = 3 * MINUTE;
        order.config.hopeless = 2 * MINUTE;
        order.store.sync_after = Duration::from_millis(100);
        let file = self.world.download(node, order);
        self.downloads.push((node, file));
    }

    /// One blow, then some time. The first honest seeder keeps its file.
    fn hit(&mut self) {
        let nodes: Vec<_> = self.honest.iter().chain(&self.hostile).copied().collect();
        let nodes: Vec<_> = nodes.into_iter().chain(self.downloads.iter().map(|(node, _)| *node)).collect();
        let pause = Duration::from_millis(self.entropy.below(1_000) as u64);
        let &one = self.entropy.pick(&nodes).unwrap();
        let &other = self.entropy.pick(&nodes).unwrap();
        match self.entropy.below(5) {
            0 => {
                self.world.crash(one);
                self.world.run_for(pause);
                self.world.start(one);
                self.faults[0] += 1;
            }
            1 => {
                self.world.kill(self.tracker);
                self.world.run_for(pause);
                self.world.start(self.tracker);
                self.faults[0] += 1;
            }
            2 => {
                self.world.cut(one, other);
                self.world.run_for(10 * pause);
                self.world.heal(one, other);
                self.faults[1] += 1;
            }
            3 => {
                self.world.cut(one, self.tracker);
                self.world.run_for(10 * pause);
                self.world.heal(one, self.tracker);
                self.faults[1] += 1;
            }
            _ => {
                if let Some(&seeder) = self.honest.get(1) {
                    self.world.disk_mut(seeder).delete("file");
                    self.faults[2] += 1;
                }
            }
        }
        self.world.run_for(pause);
    }

    fn check(&mut self, number: u64) {
        for (host, file) in self.downloads.clone() {
            let over = self.world.run_while_not(10 * MINUTE, |world| world.outcome(host, file).is_some());
            let outcome = self.world.outcome(host, file);
            let right = self.world.disk(host).bytes("file") == Some(self.bytes.as_slice());
            let done = over && right && matches!(outcome, Some(Report::Done { .. }));
            assert!(done, "number {number}, {host:?}: {outcome:?}\n{}", self.world.trace());
            for (addr, fault) in banned(&self.world, host) {
                let honest = self.honest.iter().any(|honest| self.world.addr(*honest) == addr);
                assert!(!honest, "number {number}: {addr} banned for {fault:?}\n{}", self.world.trace());
            }
        }
        let mistakes = self.world.mistakes();
        assert!(mistakes.is_empty(), "number {number}: {mistakes:#?}");
    }
}

#[test]
fn whatever_happens_in_between_the_right_file_arrives() {
    let mut faults = [0; 4];
    for number in 0..100 {
        let mut swarm = Swarm::new(number);
        (0..swarm.entropy.below(6)).for_each(|_| swarm.hit());
        swarm.check(number);
        faults.iter_mut().zip(swarm.faults).for_each(|(all, some)| *all += some);
    }
    assert!(faults.iter().all(|count| *count > 20), "each kind of fault took place: {faults:?}");
}
