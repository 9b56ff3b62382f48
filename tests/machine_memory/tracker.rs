//! Strangers at a tracker: floods of connections, of announcements that never end, of made-up files and questions.

use std::sync::Arc;
use std::time::Duration;

use samara::tracker::{Config, Event, Tracker};
use samara::wire::Message;
use samara::wire::message::{
    Digest, Entry, Hello, HolderAddr, List, Query, SeedKey, Update, UpdateSet, VERSION,
};
use samara::{Entropy, Link, Machine, SafeName, Seed, SeedBuilder, Time};

use super::{file_hash, seed_id};

/// A tracker that is small enough to be full all the time, and what happens to it.
pub(super) fn hostile() -> impl FnMut() {
    let config = Config {
        max_entries: 3_000,
        max_entries_per_source: 300,
        max_holders: 50,
        max_seeds: 1_000,
        max_seed_bytes: 50_000,
        max_connections: 200,
        max_connections_per_source: 20,
        max_requests: 500,
        ttl: Duration::from_secs(5),
        ..Config::default()
    };
    let mut tracker = Tracker::new(config, 1, Time::ZERO);
    let (mut entropy, mut now, mut request) = (Entropy::new(2), Time::ZERO, 0);
    move || {
        now = now + Duration::from_micros(entropy.below(1_000) as u64);
        request += 1;
        let link = Link { space: 0, slot: entropy.below(300) as u16, generation: 0 };
        tracker.handle(now, event(&mut entropy, link, request));
        while tracker.poll().is_some() {}
    }
}

fn event(entropy: &mut Entropy, link: Link, request: u32) -> Event {
    match entropy.below(10) {
        0 => {
            let from = ([10, entropy.below(20) as u8, entropy.below(200) as u8, 1], 1).into();
            Event::Accepted { link, from, local: ([10, 9, 9, 9], 1).into() }
        }
        1 => Event::Message { link, request: 0, message: hello(entropy) },
        2 => Event::UnknownRequest { link, request },
        3 if entropy.below(4) == 0 => Event::Closed { link },
        _ => Event::Message { link, request, message: message(entropy) },
    }
}

fn hello(entropy: &mut Entropy) -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node: entropy.next() })
}

fn key(entropy: &mut Entropy) -> SeedKey {
    SeedKey { file_hash: file_hash(entropy), seed_id: seed_id(entropy) }
}

/// A key that others may have named before.
fn known(entropy: &mut Entropy) -> SeedKey {
    let seed = seed(entropy);
    SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() }
}

fn seed(entropy: &mut Entropy) -> Seed {
    let mut builder: SeedBuilder = SeedBuilder::with_chunk_size(200, 64).unwrap();
    builder.update(&[entropy.below(200) as u8; 200]);
    builder.finish(SafeName::new("f").unwrap()).unwrap()
}

fn message(entropy: &mut Entropy) -> Message {
    let entry = |entropy: &mut Entropy| {
        let key = if entropy.below(2) == 0 { known(entropy) } else { key(entropy) };
        Entry { key, complete: entropy.below(2) == 0 }
    };
    let entries = |entropy: &mut Entropy| (0..entropy.below(8)).map(|_| entry(entropy)).collect();
    match entropy.below(8) {
        0..3 => Message::Update(Update {
            port: 1 + entropy.below(5) as u16,
            advertise: None,
            generation: entropy.below(3) as u64,
            page: entropy.below(3) as u32,
            last: entropy.below(2) == 0,
            base: Digest::default(),
            set: match entropy.below(4) {
                0 => UpdateSet::Delta { added: entries(entropy), removed: vec![key(entropy)] },
                _ => UpdateSet::All(entries(entropy)),
            },
        }),
        3 => Message::Publish(Arc::new(seed(entropy))),
        4 => Message::Query(Query {
            file_hash: file_hash(entropy),
            seed_id: None,
            stale: vec![HolderAddr::SameHost(1); entropy.below(64)],
            refuted: vec![seed_id(entropy)],
        }),
        5 => Message::List(List { after: entropy.next(), limit: 500 }),
        6 => Message::Withdraw(vec![key(entropy), known(entropy)]),
        _ => Message::GetSeed { file_hash: file_hash(entropy), seed_id: None },
    }
}
