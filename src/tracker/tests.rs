//! What can't be seen from outside: that nothing is left behind, that counts are right, that work is bounded.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::lease::Phase;
use super::*;
use crate::hash::{FileHash, SeedId};
use crate::wire::message::{Digest, Entry, SeedKey, UpdateSet};

fn entry(file: usize, list: usize, complete: bool) -> Entry {
    let key = SeedKey { file_hash: FileHash::new([file as u8; 32]), seed_id: SeedId::new([list as u8; 32]) };
    Entry { key, complete }
}

fn many(numbers: core::ops::Range<u32>) -> Vec<Entry> {
    let bytes = |number: u32| {
        let mut bytes = [7; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes
    };
    let key = |n| SeedKey { file_hash: FileHash::new(bytes(n)), seed_id: SeedId::new(bytes(n)) };
    numbers.map(|n| Entry { key: key(n), complete: true }).collect()
}

struct World {
    tracker: Tracker,
    now: Time,
    requests: BTreeMap<Link, u32>,
}

impl World {
    fn new(config: Config) -> Self {
        Self { tracker: Tracker::new(config, 1, Time::ZERO), now: Time::ZERO, requests: BTreeMap::new() }
    }

    /// One event; gives its actions.
    fn event(&mut self, event: Event) -> Vec<Action> {
        self.tracker.handle(self.now, event);
        core::iter::from_fn(|| self.tracker.poll()).collect()
    }

    fn connect(&mut self, slot: u16, prefix: u8, token: u64) -> Link {
        let link = Link { space: 0, slot, generation: 0 };
        let from = SocketAddr::from(([10, 0, prefix, 1], 9));
        self.event(Event::Accepted { link, from, local: SocketAddr::from(([10, 9, 9, 9], 9)) });
        let hello = Hello { version: VERSION, features: 0, node: token };
        self.event(Event::Message { link, request: 0, message: Message::Hello(hello) });
        self.requests.insert(link, 0);
        link
    }

    fn ask(&mut self, link: Link, message: Message) -> Vec<Action> {
        let request = self.requests.get(&link).map_or(1, |last| last + 1);
        self.requests.insert(link, request);
        self.event(Event::Message { link, request, message })
    }

    fn update(&mut self, link: Link, port: u16, page: u32, last: bool, base: Digest, set: UpdateSet) {
        let update = Update { port, advertise: None, generation: 1, page, last, base, set };
        let actions = self.ask(link, Message::Update(update));
        let sent = actions.iter().filter(|action| matches!(action, Action::Send { .. })).count();
        assert_eq!(sent, 1, "{actions:?}");
    }

    fn kept(&self, link: Link) -> Digest {
        let session = self.tracker.sessions.get(link);
        let lease = self.tracker.registry.lease_of(link, session.and_then(|session| session.node));
        lease
            .and_then(|lease| self.tracker.registry.leases.get(lease))
            .map_or_else(Digest::default, |row| row.digest)
    }

    /// Every count agrees with what is counted.
    fn check(&self) {
        let registry = &self.tracker.registry;
        let held = |lease: u32| registry.held.range((lease, 0)..=(lease, u32::MAX));
        let mut entries = 0;
        for (number, row) in (0..registry.leases.slots()).filter_map(|n| Some((n, registry.leases.get(n)?))) {
            assert_eq!(held(number).count(), row.entries as usize);
            entries += row.entries as usize;
            let mut digest = Digest::default();
            for ((_, seed), complete) in held(number) {
                digest.add(&Entry { key: registry.seeds.get(*seed).unwrap().key, complete: *complete });
            }
            assert!(row.phase == Phase::Dead || row.digest == digest);
        }
        assert_eq!(entries, registry.held.len());
        let seeds = (0..registry.seeds.slots()).filter_map(|number| registry.seeds.get(number));
        assert_eq!(seeds.map(|seed| seed.holders.len()).sum::<usize>(), entries);
        let nodes = (0..registry.nodes.slots()).filter_map(|number| registry.nodes.get(number));
        let charges: u64 = nodes.map(|node| u64::from(node.charge)).sum();
        assert_eq!(charges, registry.prefixes.total());
        assert!(charges <= registry.caps.entries);
        assert!(registry.seeds.len() as u64 <= registry.caps.seeds);
    }

    fn is_empty(&self) -> bool {
        let registry = &self.tracker.registry;
        registry.held.is_empty()
            && registry.seeds.len() == 0
            && registry.leases.len() == 0
            && registry.nodes.len() == 0
            && registry.by_address.is_empty()
            && registry.prefixes.total() == 0
            && registry.expiry.dead().is_none()
    }
}

#[test]
fn no_event_removes_more_than_the_bound_and_in_the_end_nothing_is_left() {
    let mut world = World::new(Config::default());
    let link = world.connect(1, 1, 1);
    for page in 0..25 {
        let set = UpdateSet::All(many(page * 4_096..(page + 1) * 4_096));
        world.update(link, 7, page, page == 24, Digest::default(), set);
    }
    world.now = Time::ZERO + Duration::from_secs(60);
    let mut events = 0;
    while !world.is_empty() {
        assert!(events < 26, "as many as there were pages, and one for the lease itself");
        let before = world.tracker.registry.held.len();
        world.event(Event::Wake);
        assert!(before - world.tracker.registry.held.len() <= 4_096);
        events += 1;
    }
    assert_eq!(events, 26);
}

#[test]
fn what_waits_to_be_removed_does_not_grow_while_sets_are_replaced() {
    let mut world = World::new(Config::default());
    let link = world.connect(1, 1, 1);
    for round in 0..50 {
        let set = UpdateSet::All(many(round * 1_000..round * 1_000 + 4_000));
        world.update(link, 7, 0, true, Digest::default(), set);
        assert!(world.tracker.registry.held.len() <= 8_000);
    }
}

/// What a node may do next, chosen at random.
fn step(world: &mut World, links: &mut [Link], entropy: &mut Entropy) {
    let slot = entropy.below(links.len());
    let link = links[slot];
    let port = 1 + entropy.below(2) as u16;
    let entries: Vec<Entry> = (0..entropy.below(12))
        .map(|_| entry(entropy.below(6), entropy.below(6), entropy.below(2) == 0))
        .collect();
    let keys: Vec<SeedKey> = entries.iter().map(|entry| entry.key).skip(5).collect();
    let base = if entropy.below(8) > 0 { world.kept(link) } else { Digest([1; 32]) };
    let (page, last) = (entropy.below(3) as u32, entropy.below(3) > 0);
    match entropy.below(14) {
        0..=2 => world.update(link, port, 0, last, Digest::default(), UpdateSet::All(entries)),
        3 => world.update(link, port, page, last, Digest::default(), UpdateSet::All(entries)),
        4..=5 => world.update(link, port, 0, last, base, UpdateSet::Delta { added: entries, removed: keys }),
        6 => world.update(link, port, page, last, base, UpdateSet::Delta { added: entries, removed: keys }),
        7 => world.update(link, port, 0, true, base, UpdateSet::Same),
        8 => {
            world.ask(link, Message::Withdraw(keys));
        }
        9 => {
            world.ask(link, Message::Leave);
        }
        10..=11 => {
            world.event(Event::Closed { link });
            let token = entropy.below(3) as u64;
            links[slot] = world.connect(slot as u16, (slot % 4) as u8, token);
        }
        12 => world.now = world.now + Duration::from_secs(entropy.below(30) as u64),
        _ => {
            world.event(Event::Wake);
        }
    }
}

#[test]
fn whatever_nodes_do_the_counts_are_right_and_the_caps_hold() {
    for seed in 0..60 {
        let mut entropy = Entropy::new(seed);
        let mut world = World::new(Config {
            max_entries: 40,
            max_entries_per_source: 25,
            max_seeds: 20,
            max_holders: 4,
            idle: Duration::ZERO,
            ..Config::default()
        });
        let mut links: Vec<Link> = (0..8).map(|n| world.connect(n, (n % 4) as u8, n.into())).collect();
        for _ in 0..400 {
            step(&mut world, &mut links, &mut entropy);
            world.check();
        }
        for link in links {
            world.event(Event::Closed { link });
        }
        world.now = world.now + Duration::from_secs(3_600);
        for _ in 0..10 {
            world.event(Event::Wake);
        }
        assert!(world.is_empty(), "{seed}");
        world.now = world.now + Duration::from_secs(10);
        world.event(Event::Wake);
        assert_eq!(world.tracker.deadline(), None);
    }
}
