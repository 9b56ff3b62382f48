//! Whatever happens in whatever order: no panic, nothing stored that wasn't accepted, never without a deadline.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::world::*;
use proptest::prelude::*;
use samara::downloader::{Action, Config, Downloader, Event, Pin, Target};
use samara::seeder::TrackerId;
use samara::store::{DiskError, DiskErrorKind};
use samara::wire::message::{Gone, HaveSet, Hello, Refusal, Rejection, VERSION};
use samara::wire::{DecodeError, Message};
use samara::{Hashed, Have, Link, Machine, Sha2, Time};

/// What may happen; numbers pick among the links, requests and indices of the moment.
#[derive(Clone, Debug)]
enum Happening {
    Wake,
    Elapse(u64),
    Peers(u8),
    Answer(u8, u8),
    Opened(usize),
    Closed(usize),
    Malformed(usize),
    Tell(usize, u32, u8, u32),
    /// The next chunk that was asked for comes; wrong if the number is even.
    Chunk(u8),
    Checked(u32, bool),
    Stored(u32),
    Adopted(u32),
    Published,
    StoreFailed,
}

fn happening() -> impl Strategy<Value = Happening> {
    let (link, index) = (0usize..6, 0u32..22);
    prop_oneof![
        2 => Just(Happening::Wake),
        2 => (0u64..3_000_000).prop_map(Happening::Elapse),
        2 => (1u8..6).prop_map(Happening::Peers),
        2 => (0u8..4, 0u8..6).prop_map(|(tag, kind)| Happening::Answer(tag, kind)),
        4 => link.clone().prop_map(Happening::Opened),
        1 => link.clone().prop_map(Happening::Closed),
        1 => link.clone().prop_map(Happening::Malformed),
        16 => (link, 0u32..12, 0u8..18, index.clone()).prop_map(|(l, r, k, i)| Happening::Tell(l, r, k, i)),
        8 => any::<u8>().prop_map(Happening::Chunk),
        1 => (index.clone(), any::<bool>()).prop_map(|(index, ok)| Happening::Checked(index, ok)),
        4 => index.clone().prop_map(Happening::Stored),
        1 => index.prop_map(Happening::Adopted),
        1 => Just(Happening::Published),
        1 => (0u8..20).prop_map(|n| if n == 0 { Happening::StoreFailed } else { Happening::Wake }),
    ]
}

struct Chaos {
    machine: Downloader,
    now: u64,
    seed: Arc<samara::Seed>,
    file: bytes::Bytes,
    links: Vec<Link>,
    tags: Vec<u32>,
    receives: Vec<(Link, u32, samara::Step)>,
    accepted: BTreeSet<u32>,
    over: bool,
}

impl Chaos {
    fn message(&self, kind: u8, index: u32) -> Message {
        let len = self.seed.step(index).map_or(64, |step| step.len);
        match kind {
            0..=2 => Message::Hello(Hello { version: VERSION, features: 0, node: u64::from(index) + 1 }),
            3..=5 => Message::Have(HaveSet::All),
            6 => Message::Have(HaveSet::Some(vec![index as u8; 3])),
            7 => Message::Gained(vec![index]),
            8 => Message::Gone(Gone::Changed),
            9 => Message::Busy { retry_after: 3 * SECOND },
            10..=12 => Message::Chunk { index, len },
            13 => Message::Rejected(Rejection::NotHeld),
            14 => Message::Rejected(Rejection::Busy { retry_after: SECOND * index }),
            15 => Message::Rejected(Rejection::Gone(Gone::Withdrawn)),
            16 => Message::Seed(Arc::clone(&self.seed)),
            _ => Message::Refused(Refusal::Quota),
        }
    }

    fn event(&mut self, happening: &Happening) -> Option<Event> {
        let link = |at: usize| self.links.get(at.min(self.links.len().saturating_sub(1))).copied();
        Some(match *happening {
            Happening::Wake => Event::Wake,
            Happening::Elapse(micros) => {
                self.now += micros;
                Event::Wake
            }
            Happening::Peers(host) => Event::Peers(vec![addr(host)]),
            Happening::Answer(tag, kind) => {
                let answer = match kind {
                    0 => None,
                    1 => Some(Message::Refused(Refusal::Denied)),
                    2 => Some(Message::Seed(Arc::clone(&self.seed))),
                    kind => Some(named(&[(kind, self.seed.id(), true), (kind + 1, self.seed.id(), false)])),
                };
                let tag = self.tags.get(usize::from(tag)).copied().unwrap_or(9);
                Event::Answer { tracker: TrackerId(0), tag, at: None, answer }
            }
            Happening::Opened(at) => Event::Opened { link: link(at)? },
            Happening::Closed(at) => Event::Closed { link: link(at)? },
            Happening::Malformed(at) => Event::Malformed { link: link(at)?, error: DecodeError::Magic },
            Happening::Tell(at, request, kind, index) => {
                let request = if kind < 3 { 0 } else { request };
                Event::Message { link: link(at)?, request, message: self.message(kind, index) }
            }
            Happening::Chunk(how) => {
                let (link, request, step) = self.receives.pop()?;
                let range = self.seed.range(step.index)?;
                let mut bytes = self.file[range.start as usize..range.end as usize].to_vec();
                if how % 4 == 0 {
                    bytes[0] ^= 1;
                } else {
                    self.accepted.insert(step.index);
                }
                Event::Chunk {
                    link,
                    request,
                    hashed: Hashed::new::<Sha2>(step.start, step.last, bytes.into()),
                }
            }
            Happening::Checked(index, ok) => Event::Checked { index, ok },
            Happening::Stored(index) => Event::Stored { index },
            Happening::Adopted(index) => {
                let mut have = Have::none(20);
                have.insert(index);
                Event::Adopted { have, claimed: Have::none(20 + index % 2) }
            }
            Happening::Published => Event::Published { identity: IDENTITY },
            Happening::StoreFailed => {
                Event::StoreFailed(DiskError { kind: DiskErrorKind::Other, doing: "writing", os: None })
            }
        })
    }

    fn drain(&mut self) {
        while let Some(action) = self.machine.poll() {
            match action {
                Action::Dial { link, .. } => self.links.push(link),
                Action::Ask { tag, .. } => self.tags.push(tag),
                Action::Receive { link, request, step } => self.receives.push((link, request, step)),
                Action::Put { index, bytes } => {
                    assert!(self.accepted.contains(&index), "chunk {index} was never accepted");
                    let range = self.seed.range(index).unwrap();
                    assert_eq!(bytes, self.file[range.start as usize..range.end as usize]);
                }
                Action::Done { .. } | Action::Failed(_) => {
                    assert!(!self.over, "over twice");
                    self.over = true;
                }
                Action::Send { .. }
                | Action::Close { .. }
                | Action::Adopt { .. }
                | Action::Publish
                | Action::Note(_) => {}
            }
        }
    }
}

fn chaos(pin: u8, claims: u32, happenings: &[Happening]) -> String {
    let file = file(20 * 64);
    let seed = seed(&file, 64);
    let target = Target {
        file_hash: seed.file_hash(),
        pin: match pin {
            0 => Pin::Hash,
            1 => Pin::Id(seed.id()),
            _ => Pin::Seed(Arc::clone(&seed)),
        },
    };
    let config = Config { trackers: 1, neighbours: 3, budget: 0, node: 3, ..Config::default() };
    let machine = Downloader::new(target, config, 5, Time::ZERO);
    let mut chaos = Chaos {
        machine,
        now: 0,
        seed: Arc::clone(&seed),
        file,
        links: Vec::new(),
        tags: Vec::new(),
        receives: Vec::new(),
        accepted: BTreeSet::new(),
        over: false,
    };
    let mut claimed = Have::none(20);
    claimed.insert(claims);
    let resumed = Event::Resumed { seed: (claims < 20).then(|| (seed, true)), have: Have::none(20), claimed };
    let mut trace = String::new();
    chaos.machine.handle(Time::ZERO, resumed);
    chaos.drain();
    for happening in happenings {
        let Some(event) = chaos.event(happening) else { continue };
        chaos.machine.handle(Time::from_micros(chaos.now), event);
        let before = chaos.links.len() + chaos.tags.len() + chaos.receives.len();
        chaos.drain();
        trace += &format!("{happening:?} {before} {}\n", chaos.links.len());
        assert_eq!(chaos.machine.deadline().is_none(), chaos.over, "after {happening:?}");
    }
    trace
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_events_is_survived_and_repeatable(
        pin in 0u8..3,
        claims in 15u32..25,
        happenings in prop::collection::vec(happening(), 1..150),
    ) {
        let first = chaos(pin, claims, &happenings);
        prop_assert_eq!(first, chaos(pin, claims, &happenings));
    }

    #[test]
    fn whoever_the_peers_are_one_honest_one_is_enough(
        manners in prop::collection::vec(0u8..9, 1..8),
        chunks in 1usize..80,
        entropy in 0u64..1_000,
    ) {
        let mut world = World::new(file(chunks * 64 - 7), 64, Config::default());
        let at = Time::from_micros(entropy * 1_000);
        for (host, manner) in (2..).zip(manners) {
            let manner = [
                Manner::Honest, Manner::Corrupt, Manner::Unsolicited, Manner::TooLong, Manner::Tarpit,
                Manner::Liar, Manner::BusyTest(at), Manner::BusyFetch(at), Manner::Dead,
            ][usize::from(manner)];
            world.peer(host, manner).chunk_time = MS * (entropy as u32 % 50 + 1);
        }
        world.peer(1, Manner::Honest);
        world.begin();
        world.finish();
    }
}
