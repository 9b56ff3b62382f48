//! A host that would have trackers believe what nobody may tell them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use samara::wire::Message;
use samara::wire::message::{Digest, Entry, Gone, Query, SeedKey, Update, UpdateSet};
use samara::{Link, Seed, SeedId, Time};

use super::{announcement, dialled, hello, key};
use crate::actor::{Actor, Cue};
use crate::host::Heard;
use crate::world::PORT;

/// The host: it announces a file as its right is, and then, as if it were another process, goes by that announcement,
/// builds on sets that it never announced, leaves a list without its last page, and speaks for a third party. Rules
/// watch what trackers make of it.
#[derive(Clone, Debug)]
pub struct Meddler {
    trackers: Vec<SocketAddr>,
    seed: Arc<Seed>,
    generation: u32,
}

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(4);
/// The connections of its other self have these numbers.
const OTHER: u16 = 1_000;
/// In whose name it speaks.
const VICTIM: ([u8; 4], u16) = ([198, 51, 100, 7], 7_000);

impl Meddler {
    /// Announces `seed` at `trackers`, and meddles with that.
    pub const fn new(trackers: Vec<SocketAddr>, seed: Arc<Seed>) -> Self {
        Self { trackers, seed, generation: 0 }
    }

    /// A list that it never announced.
    fn lie(&self, number: u8) -> Entry {
        let key = SeedKey { file_hash: self.seed.file_hash(), seed_id: SeedId::new([number; 32]) };
        Entry { key, complete: true }
    }

    fn delta(&self, number: u8) -> UpdateSet {
        UpdateSet::Delta { added: vec![self.lie(number)], removed: Vec::new() }
    }

    /// What it says as itself, after its announcement was taken.
    fn own(&self, link: Link, cues: &mut Vec<Cue>) {
        let whole = update(2, Digest::default(), self.delta(1));
        let begun = Update { last: false, ..update(3, Digest::default(), UpdateSet::All(vec![self.lie(2)])) };
        let updates = [whole, begun].map(Message::Update);
        cues.extend((2..).zip(updates).map(|(request, message)| Cue::Say { link, request, message }));
    }

    /// What it says as somebody else.
    fn other(&self, link: Link, cues: &mut Vec<Cue>) {
        let mut base = Digest::default();
        base.add(&Entry { key: key(&self.seed), complete: true });
        let advertise = Some(SocketAddr::from(VICTIM));
        let updates = [
            update(1, base, UpdateSet::Same),
            update(2, base, self.delta(3)),
            Update { advertise, ..update(3, Digest::default(), UpdateSet::All(vec![self.lie(4)])) },
        ];
        let (file_hash, seed_id) = (self.seed.file_hash(), None);
        let query = Query { file_hash, seed_id, stale: Vec::new(), refuted: Vec::new() };
        let all = updates.map(Message::Update).into_iter().chain([Message::Query(query)]);
        cues.push(Cue::Say { link, request: 0, message: hello(u64::MAX) });
        cues.extend((1..).zip(all).map(|(request, message)| Cue::Say { link, request, message }));
    }
}

const fn update(generation: u64, base: Digest, set: UpdateSet) -> Update {
    Update { port: PORT, advertise: None, generation, page: 0, last: true, base, set }
}

impl Actor for Meddler {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "it answers a few messages of many")]
    fn play(&mut self, _: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        match heard {
            None => {
                self.generation += 1;
                for (slot, to) in self.trackers.iter().enumerate() {
                    let link = dialled(u16::try_from(slot).unwrap_or(u16::MAX), self.generation);
                    for slot in [link.slot, link.slot + OTHER] {
                        cues.push(Cue::HangUp {
                            link: Link { slot, generation: self.generation - 1, ..link },
                        });
                    }
                    cues.push(Cue::Dial { link, to: *to });
                }
                cues.push(Cue::Wake { after: PAUSE });
            }
            Some((link, Heard::Opened)) if link.slot >= OTHER => self.other(link, cues),
            Some((link, Heard::Opened)) => {
                cues.push(Cue::Say { link, request: 0, message: hello(1) });
                cues.push(Cue::Say { link, request: 1, message: announcement(1, &self.seed) });
            }
            Some((link, Heard::Message { request, message })) => match message {
                Message::Updated(_) if request == 1 && link.slot < OTHER => {
                    self.own(link, cues);
                    let Some(to) = self.trackers.get(usize::from(link.slot)) else { return };
                    cues.push(Cue::Dial { link: Link { slot: link.slot + OTHER, ..link }, to: *to });
                }
                Message::Hello(_) if link.space == Link::ACCEPTED => {
                    cues.push(Cue::Say { link, request: 0, message: hello(1) });
                }
                Message::Test(_) => {
                    cues.push(Cue::Say { link, request, message: Message::Gone(Gone::Never) });
                }
                _ => {}
            },
            Some((_, Heard::Data { .. } | Heard::Closed)) => {}
        }
    }
}
