//! Strangers at a seeder: floods of connections, of Tests and Fetches, of files that come and go.

use std::sync::Arc;
use std::time::Duration;

use samara::seeder::{Action, Config, Event, FileId, Seeder, Served};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{Fetch, Gone, Hello, SeedKey, VERSION};
use samara::{Entropy, Have, Link, Machine, SafeName, Seed, SeedBuilder, Time};

use super::{file_hash, seed_id};

/// A seeder of a few files, and what happens to it.
pub(super) fn hostile() -> impl FnMut() {
    let config = Config { max_connections: 100, max_connections_per_source: 20, ..Config::default() };
    let mut seeder = Seeder::new(config, 1, Time::ZERO);
    let seeds: Vec<_> = (0..10).map(seed).collect();
    let (mut entropy, mut now, mut request) = (Entropy::new(2), Time::ZERO, 0);
    let (mut waiting, mut tests): (Vec<Event>, _) = (Vec::new(), [0; 150]);
    move || {
        now = now + Duration::from_micros(entropy.below(1_000) as u64);
        request += 1;
        let link = Link { space: 0, slot: entropy.below(150) as u16, generation: 0 };
        let answer = (!waiting.is_empty() && entropy.below(3) == 0).then(|| waiting.swap_remove(0));
        let event = answer.unwrap_or_else(|| event(&mut entropy, &seeds, (link, request), &mut tests));
        seeder.handle(now, event);
        while let Some(action) = seeder.poll() {
            waiting.extend(answer_to(&mut entropy, action));
        }
        waiting.truncate(500);
    }
}

fn seed(fill: u8) -> Arc<Seed> {
    let mut builder: SeedBuilder = SeedBuilder::with_chunk_size(640, 64).unwrap();
    builder.update(&[fill; 640]);
    Arc::new(builder.finish(SafeName::new("f").unwrap()).unwrap())
}

const IDENTITY: Identity = Identity { device: 1, inode: 1, size: 640, modified: 1 };

/// Most files look as they did.
fn answer_to(entropy: &mut Entropy, action: Action) -> Option<Event> {
    match action {
        Action::Look { file } => {
            let identity = (entropy.below(8) > 0).then_some(IDENTITY);
            Some(Event::Looked { file, identity })
        }
        Action::Serve { link, request, .. } => {
            let outcomes = [Served::Whole, Served::Stopped, Served::Changed { sent: false }];
            Some(Event::Served { link, request, outcome: outcomes[entropy.below(3)] })
        }
        _ => None,
    }
}

/// `tests` are the last Tests of each connection.
fn event(
    entropy: &mut Entropy,
    seeds: &[Arc<Seed>],
    (link, request): (Link, u32),
    tests: &mut [u32; 150],
) -> Event {
    let number = entropy.below(seeds.len());
    let (file, seed) = (FileId(number as u32), Arc::clone(&seeds[number]));
    match entropy.below(24) {
        0 => Event::Accepted { link, from: ([10, entropy.below(20) as u8, 0, 1], 1).into() },
        1..4 => {
            let hello = Hello { version: VERSION, features: 0, node: 1 + entropy.below(300) as u64 };
            Event::Message { link, request: 0, message: Message::Hello(hello) }
        }
        4 => Event::UnknownRequest { link, request },
        5 if entropy.below(8) == 0 => Event::Closed { link },
        6 => Event::Wake,
        7 => {
            let have = Have::all(seed.chunks());
            Event::Add { file, seed, have, identity: Some(IDENTITY), publish: true }
        }
        8 => Event::Add { file, have: Have::none(seed.chunks()), seed, identity: None, publish: false },
        9 => Event::Gained { file, index: entropy.below(12) as u32 },
        10 if entropy.below(8) == 0 => Event::Remove { file, why: Gone::Withdrawn },
        11 => {
            let message = Message::Cancel { target: request.saturating_sub(entropy.below(50) as u32) };
            Event::Message { link, request: 0, message }
        }
        _ => {
            let t = &mut tests[usize::from(link.slot)];
            let message = message(entropy, &seed, *t);
            if let Message::Test(_) = message {
                *t = request;
            }
            Event::Message { link, request, message }
        }
    }
}

fn message(entropy: &mut Entropy, seed: &Seed, t: u32) -> Message {
    let known = SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() };
    match entropy.below(8) {
        0..3 => Message::Test(known),
        3 => Message::Test(SeedKey { file_hash: file_hash(entropy), seed_id: seed_id(entropy) }),
        4 => Message::GetSeed { file_hash: seed.file_hash(), seed_id: None },
        _ => {
            let t = if entropy.below(32) == 0 { 1 } else { t };
            Message::Fetch(Fetch { t, any_of: vec![entropy.below(10) as u32] })
        }
    }
}
