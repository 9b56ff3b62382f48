//! A downloader among strangers: trackers that name crowds which aren't there, holders that lie about everything, and no
//! honest chunk ever.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::downloader::{Action, Config, Downloader, Event, Pin, Target};
use samara::wire::Message;
use samara::wire::message::{Gone, HaveSet, Hello, Holder, HolderAddr, Holders, Rejection, SeedKey, VERSION};
use samara::{ChunkHash, Entropy, FileHash, Hashed, Have, Machine, SafeName, Seed, Sha2, Time};

use super::seed_id;

const FILE: FileHash = FileHash::new([7; 32]);

/// A downloader that never gives up, and what happens to it.
pub(super) fn hostile() -> impl FnMut() {
    let never = Duration::from_secs(1 << 32);
    let config = Config { trackers: 2, stall_timeout: never, hopeless: never, ..Config::default() };
    let target = Target { file_hash: FILE, pin: Pin::Hash };
    let mut downloader = Downloader::new(target, config, 1, Time::ZERO);
    let (mut entropy, mut now) = (Entropy::new(2), Time::ZERO);
    let none = Have::none(0);
    let mut waiting = vec![Event::Resumed { seed: None, have: none.clone(), claimed: none }];
    let mut links = Vec::new();
    move || {
        let event = if !waiting.is_empty() {
            waiting.swap_remove(entropy.below(waiting.len()))
        } else if let Some(link) = entropy.pick(&links).copied().filter(|_| entropy.below(128) > 0) {
            // News about what it doesn't have, in a flood.
            let message = Message::Gained(vec![entropy.below(3) as u32]);
            Event::Message { link, request: 1 + entropy.below(4) as u32, message }
        } else {
            let due = downloader.deadline().expect("it never gives up");
            now = now.max(due.at);
            Event::Wake
        };
        now = now + Duration::from_micros(entropy.below(50) as u64);
        downloader.handle(now, event);
        while let Some(action) = downloader.poll() {
            assert!(
                !matches!(action, Action::Put { .. } | Action::Done { .. } | Action::Failed(_)),
                "{action:?}"
            );
            if let Action::Dial { link, .. } = action {
                links.push(link);
            }
            if let Action::Close { link, .. } = action {
                links.retain(|other| *other != link);
            }
            answer_to(&mut entropy, action, &mut waiting);
        }
    }
}

/// A list that no chunk fits: one of a few, and now and then one that nobody has ever seen.
fn list(entropy: &mut Entropy) -> Arc<Seed> {
    let few = entropy.below(256) as u64;
    let entropy = &mut Entropy::new(if few > 0 { few % 16 } else { entropy.next() });
    let mut hashes = vec![ChunkHash::new([1 + entropy.below(200) as u8; 32]); entropy.below(3)];
    let length = (hashes.len() << 18) as u64 + 1 + entropy.below(500) as u64;
    hashes.push(ChunkHash::new(*FILE.as_bytes()));
    Arc::new(Seed::new(SafeName::new("f").unwrap(), length, 256 << 10, FILE, hashes).unwrap())
}

fn holders(entropy: &mut Entropy) -> Holders {
    let holder = |entropy: &mut Entropy| {
        let ip = std::net::Ipv4Addr::from_bits(entropy.next() as u32);
        let seed_id = if entropy.below(8) > 0 { list(entropy).id() } else { seed_id(entropy) };
        Holder { addr: HolderAddr::At((ip, 1 + entropy.below(9) as u16).into()), seed_id, complete: true }
    };
    Holders { seeds: Vec::new(), holders: (0..64).map(|_| holder(entropy)).collect(), warming: false }
}

fn answer_to(entropy: &mut Entropy, action: Action, waiting: &mut Vec<Event>) {
    match action {
        Action::Ask { tracker, tag, request: Message::GetSeed { .. } } => {
            let answer = (entropy.below(4) > 0).then(|| Message::Seed(list(entropy)));
            waiting.push(Event::Answer { tracker, tag, at: None, answer });
        }
        Action::Ask { tracker, tag, .. } => {
            let answer = (entropy.below(8) > 0).then(|| Message::Holders(holders(entropy)));
            waiting.push(Event::Answer { tracker, tag, at: None, answer });
        }
        Action::Dial { link, .. } if entropy.below(4) == 0 => waiting.push(Event::Closed { link }),
        Action::Dial { link, .. } => waiting.push(Event::Opened { link }),
        Action::Send { link, request, message } => {
            if let Some(message) = reply(entropy, &message) {
                waiting.push(Event::Message { link, request, message });
            }
        }
        Action::Receive { link, request, step } => {
            let bytes = Bytes::from(vec![entropy.below(200) as u8; step.len as usize]);
            let hashed = Hashed::new::<Sha2>(step.start, step.last, bytes);
            waiting.push(Event::Chunk { link, request, hashed });
        }
        Action::Close { link, .. } => {
            // A driver hands in nothing more of it, more or less.
            waiting.retain(|event| !matches!(event, Event::Message { link: of, .. } if *of == link));
            waiting.push(Event::Closed { link });
        }
        Action::Adopt { .. }
        | Action::Put { .. }
        | Action::Publish
        | Action::Done { .. }
        | Action::Failed(_)
        | Action::Note(_) => {}
    }
}

/// What a stranger says to that, if anything.
fn reply(entropy: &mut Entropy, message: &Message) -> Option<Message> {
    let lie = entropy.below(8);
    Some(match message {
        Message::Hello(_) => {
            Message::Hello(Hello { version: VERSION, features: 0, node: 1 + entropy.next() / 2 })
        }
        _ if lie == 0 => return None,
        _ if lie == 1 => Message::Gained(vec![entropy.below(65_536) as u32]),
        Message::GetSeed { .. } => Message::Seed(list(entropy)),
        Message::Test(SeedKey { .. }) if lie == 2 => Message::Gone(Gone::Changed),
        Message::Test(_) if lie == 3 => Message::Busy { retry_after: Duration::from_secs(1) },
        Message::Test(_) => Message::Have(HaveSet::All),
        // Small ones only: hashing takes its time.
        Message::Fetch(fetch) => match fetch.any_of[0] {
            0 => Message::Chunk { index: 0, len: 1 + entropy.below(500) as u32 },
            _ => Message::Rejected(Rejection::NotHeld),
        },
        _ => return None,
    })
}
