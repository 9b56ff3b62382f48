//! A host that asks much more than anybody may.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use samara::wire::Message;
use samara::wire::message::{Fetch, List, Query};
use samara::{Link, Seed, Time};

use super::{dialled, hello, key};
use crate::actor::{Actor, Cue};
use crate::fault::Fault;
use crate::host::Heard;

/// The host: it opens a connection to each of its victims and pours requests into it, and again when it is closed.
#[derive(Clone, Debug)]
pub struct Flooder {
    victims: Vec<SocketAddr>,
    seed: Arc<Seed>,
    generation: u32,
}

/// Requests in one go.
const BURST: u32 = 200;
/// Every so many rounds it says no Hello before it asks.
const RUDE: u32 = 3;
/// Connections over which it never says anything have these numbers.
const SILENT: u16 = 1_000;
/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(1);

impl Flooder {
    /// Floods `victims`, nodes and trackers, with requests about `seed`.
    pub const fn new(victims: Vec<SocketAddr>, seed: Arc<Seed>) -> Self {
        Self { victims, seed, generation: 0 }
    }

    /// Test once, then Fetch (which a tracker doesn't know), Query and List (which a node doesn't).
    fn request(&self, number: u32) -> Message {
        let file_hash = self.seed.file_hash();
        match number % 4 {
            1 if number == 1 => Message::Test(key(&self.seed)),
            1 | 2 => Message::Fetch(Fetch { t: 1, any_of: vec![number % self.seed.chunks().max(1)] }),
            3 => Message::Query(Query { file_hash, seed_id: None, stale: Vec::new(), refuted: Vec::new() }),
            _ => Message::List(List { after: 0, limit: 512 }),
        }
    }
}

impl Actor for Flooder {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    fn play(&mut self, _: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        match heard {
            None => {
                self.generation += 1;
                for (slot, to) in self.victims.iter().enumerate() {
                    let link = dialled(u16::try_from(slot).unwrap_or(u16::MAX), self.generation);
                    cues.push(Cue::HangUp { link: Link { generation: self.generation - 1, ..link } });
                    cues.push(Cue::Dial { link, to: *to });
                    if self.generation == 1 {
                        cues.push(Cue::Dial { link: Link { slot: link.slot + SILENT, ..link }, to: *to });
                    }
                }
                cues.push(Cue::Wake { after: PAUSE });
            }
            Some((link, Heard::Opened)) if link.slot >= SILENT => {}
            Some((link, Heard::Opened)) if self.generation.is_multiple_of(RUDE) => {
                cues.push(Cue::Say { link, request: 1, message: self.request(1) });
            }
            Some((link, Heard::Opened)) => {
                cues.push(Cue::Say { link, request: 0, message: hello(u64::from(self.generation)) });
                let burst =
                    (1..=BURST).map(|request| Cue::Say { link, request, message: self.request(request) });
                cues.extend(burst);
                cues.push(Cue::Fire(Fault::Flooder));
            }
            Some((link, Heard::Message { message: Message::Hello(_), .. }))
                if link.space == Link::ACCEPTED =>
            {
                cues.push(Cue::Say { link, request: 0, message: hello(1) });
            }
            Some((_, Heard::Message { .. } | Heard::Data { .. } | Heard::Closed)) => {}
        }
    }
}
