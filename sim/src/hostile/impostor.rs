//! A holder that claims a whole file and doesn't give it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::wire::Message;
use samara::wire::message::{Fetch, HaveSet, Query, Rejection};
use samara::{Link, Seed, Time};

use super::{PUBLISHED, claim, dialled, hello, publish};
use crate::actor::{Actor, Cue};
use crate::fault::Fault;
use crate::host::Heard;

/// How it keeps others from the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trick {
    /// It refuses each chunk: it hasn't got it, after all.
    Refuse,
    /// It announces every other chunk, sends its first byte, and no more; on the others it says nothing at all.
    Stall,
    /// It sends all chunks but these.
    Withhold(Vec<u32>),
    /// It announces itself to its trackers once, and then only asks them, again and again.
    AskOnly,
}

/// The holder.
#[derive(Clone, Debug)]
pub struct Impostor {
    trackers: Vec<SocketAddr>,
    seed: Arc<Seed>,
    bytes: Arc<Vec<u8>>,
    trick: Trick,
    /// Announcements so far.
    round: u32,
}

/// How often it announces itself.
const INTERVAL: Duration = Duration::from_secs(5);

impl Impostor {
    /// Claims the file `bytes` under `seed` at `trackers`.
    pub const fn new(trackers: Vec<SocketAddr>, seed: Arc<Seed>, bytes: Arc<Vec<u8>>, trick: Trick) -> Self {
        Self { trackers, seed, bytes, trick, round: 0 }
    }

    const fn fault(&self) -> Fault {
        match self.trick {
            Trick::Refuse => Fault::Liar,
            Trick::Stall => Fault::Tarpit,
            Trick::Withhold(_) => Fault::Withhold,
            Trick::AskOnly => Fault::Stale,
        }
    }

    /// Announces itself: a new connection each time.
    fn announce(&mut self, cues: &mut Vec<Cue>) {
        self.round += 1;
        for (slot, to) in self.trackers.iter().enumerate() {
            let link = dialled(u16::try_from(slot).unwrap_or(u16::MAX), self.round);
            if self.trick != Trick::AskOnly || self.round == 1 {
                cues.push(Cue::HangUp { link: Link { generation: self.round - 1, ..link } });
                cues.push(Cue::Dial { link, to: *to });
            } else {
                let (file_hash, seed_id) = (self.seed.file_hash(), None);
                let query = Query { file_hash, seed_id, stale: Vec::new(), refuted: Vec::new() };
                let (link, request) = (Link { generation: 1, ..link }, PUBLISHED + self.round);
                cues.push(Cue::Say { link, request, message: Message::Query(query) });
            }
        }
        cues.push(Cue::Wake { after: INTERVAL });
    }

    fn fetch(&self, link: Link, request: u32, fetch: &Fetch, cues: &mut Vec<Cue>) {
        let refuse = Cue::Say { link, request, message: Message::Rejected(Rejection::NotHeld) };
        let chunk = |index: u32| {
            let range = self.seed.range(index)?;
            let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
            Some((index, Bytes::copy_from_slice(self.bytes.get(range)?)))
        };
        let wanted = fetch.any_of.iter().find_map(|index| match &self.trick {
            Trick::Refuse => None,
            Trick::Withhold(some) if some.contains(index) => None,
            Trick::Withhold(_) | Trick::Stall | Trick::AskOnly => chunk(*index),
        });
        let Some((index, bytes)) = wanted else {
            return cues.extend([refuse, Cue::Fire(self.fault())]);
        };
        if self.trick == Trick::Stall && request.is_multiple_of(2) {
            return cues.push(Cue::Fire(self.fault()));
        }
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        cues.push(Cue::Say { link, request, message: Message::Chunk { index, len } });
        if self.trick == Trick::Stall {
            cues.extend([Cue::Pour { link, request, bytes: bytes.slice(..1) }, Cue::Fire(self.fault())]);
        } else {
            let slices = bytes.chunks(samara::wire::limits::MAX_DATA as usize);
            cues.extend(slices.map(|slice| Cue::Pour { link, request, bytes: bytes.slice_ref(slice) }));
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "it answers a few messages of many")]
    fn hear(&self, link: Link, request: u32, message: Message, cues: &mut Vec<Cue>) {
        match message {
            Message::Hello(_) if link.space == Link::ACCEPTED => {
                cues.push(Cue::Say { link, request: 0, message: hello(1) });
            }
            Message::Test(_) => {
                cues.push(Cue::Say { link, request, message: Message::Have(HaveSet::All) });
            }
            Message::GetSeed { .. } => {
                let message = Message::Seed(Arc::clone(&self.seed));
                cues.push(Cue::Say { link, request, message });
            }
            Message::Fetch(fetch) => self.fetch(link, request, &fetch, cues),
            Message::Updated(updated) if !updated.want.is_empty() => publish(link, &self.seed, cues),
            _ => {}
        }
    }
}

impl Actor for Impostor {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    fn play(&mut self, _: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        match heard {
            None => self.announce(cues),
            Some((link, Heard::Opened)) => claim(link, self.round, &self.seed, cues),
            Some((link, Heard::Message { request, message })) => self.hear(link, request, message, cues),
            Some((_, Heard::Data { .. } | Heard::Closed)) => {}
        }
    }
}
