//! A host that says it has the whole file, and sends wrong bytes for every chunk.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samara::wire::Message;
use samara::wire::message::HaveSet;
use samara::{Link, Seed, Time};

use super::{claim, dialled, hello, publish};
use crate::actor::{Actor, Cue};
use crate::fault::Fault;
use crate::host::Heard;

/// The host: everybody who asks is sent bytes that are not the chunk's, as fast as its line allows and in the order in
/// which they asked.
#[derive(Clone, Debug)]
pub struct Poisoner {
    trackers: Vec<SocketAddr>,
    seed: Arc<Seed>,
    /// How long its line takes for a chunk.
    pace: Duration,
    /// Announcements so far, and when the next one is due.
    round: u32,
    due: Time,
    /// Whoever asked: over which connection, under which number, for which chunk.
    asked: VecDeque<(Link, u32, u32)>,
    /// When its line is free again.
    free: Time,
}

/// How often it announces itself.
const INTERVAL: Duration = Duration::from_secs(20);

impl Poisoner {
    /// Claims to have the file of `seed` at `trackers`, and sends a bad chunk each `pace`.
    pub const fn new(trackers: Vec<SocketAddr>, seed: Arc<Seed>, pace: Duration) -> Self {
        let asked = VecDeque::new();
        Self { trackers, seed, pace, round: 0, due: Time::ZERO, asked, free: Time::ZERO }
    }

    /// Announces itself: a new connection each time.
    fn announce(&mut self, now: Time, cues: &mut Vec<Cue>) {
        self.round += 1;
        self.due = now + INTERVAL;
        for (slot, to) in self.trackers.iter().enumerate() {
            let link = dialled(u16::try_from(slot).unwrap_or(u16::MAX), self.round);
            cues.push(Cue::HangUp { link: Link { generation: self.round - 1, ..link } });
            cues.push(Cue::Dial { link, to: *to });
        }
        cues.push(Cue::Wake { after: INTERVAL });
    }

    /// Sends the next bad chunk, once the line is free.
    fn pour(&mut self, now: Time, cues: &mut Vec<Cue>) {
        if now < self.free {
            return;
        }
        let Some((link, request, index)) = self.asked.pop_front() else { return };
        let len = self.seed.step(index).map_or(0, |step| step.len);
        let bytes = Bytes::from(vec![0; len as usize]);
        cues.push(Cue::Say { link, request, message: Message::Chunk { index, len } });
        let slices = bytes.chunks(samara::wire::limits::MAX_DATA as usize);
        cues.extend(slices.map(|slice| Cue::Pour { link, request, bytes: bytes.slice_ref(slice) }));
        cues.extend([Cue::Fire(Fault::Poisoner), Cue::Wake { after: self.pace }]);
        self.free = now + self.pace;
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "it answers a few messages of many")]
    fn hear(&mut self, link: Link, request: u32, message: Message, cues: &mut Vec<Cue>) {
        match message {
            Message::Hello(_) if link.space == Link::ACCEPTED => {
                cues.push(Cue::Say { link, request: 0, message: hello(1) });
            }
            Message::Test(_) => {
                cues.push(Cue::Say { link, request, message: Message::Have(HaveSet::All) });
            }
            Message::GetSeed { .. } => {
                cues.push(Cue::Say { link, request, message: Message::Seed(Arc::clone(&self.seed)) });
            }
            Message::Fetch(fetch) => {
                self.asked.extend(fetch.any_of.first().map(|index| (link, request, *index)));
            }
            Message::Updated(updated) if !updated.want.is_empty() => publish(link, &self.seed, cues),
            _ => {}
        }
    }
}

impl Actor for Poisoner {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    fn play(&mut self, now: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        match heard {
            None if self.due <= now => self.announce(now, cues),
            None | Some((_, Heard::Data { .. })) => {}
            Some((link, Heard::Opened)) => claim(link, self.round, &self.seed, cues),
            Some((link, Heard::Message { request, message })) => self.hear(link, request, message, cues),
            Some((link, Heard::Closed)) => self.asked.retain(|(asker, ..)| *asker != link),
        }
        self.pour(now, cues);
    }
}
