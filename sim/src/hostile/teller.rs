//! A tracker that tells tales: it takes every announcement, and names addresses at which nobody is. Some questions it
//! never answers.

use std::net::SocketAddr;
use std::time::Duration;

use samara::wire::Message;
use samara::wire::message::{Digest, Holder, HolderAddr, Holders, Updated};
use samara::{Link, SeedId, Time};

use super::hello;
use crate::actor::{Actor, Cue};
use crate::host::Heard;

/// The tracker.
#[derive(Clone, Debug)]
pub struct Teller {
    seed_id: SeedId,
    /// Questions so far: it names others each time.
    asked: u32,
}

/// Holders that it names at once, besides those that must not be dialled at all.
const NAMED: u32 = 24;

/// One question in so many is left without an answer.
const SILENCE: u32 = 4;

impl Teller {
    /// Names holders of this list, for whatever file it is asked.
    pub const fn new(seed_id: SeedId) -> Self {
        Self { seed_id, asked: 0 }
    }

    fn holders(&mut self) -> Holders {
        self.asked += 1;
        let [.., high, low] = self.asked.to_be_bytes();
        let dead =
            (1..=NAMED).map(|n| SocketAddr::from(([172, 16 + high % 16, low, n.to_be_bytes()[3]], 7_000)));
        // No port, nobody, everybody, oneself: nobody may dial these.
        let bogus =
            [([10, 0, 1, 1], 0), ([0, 0, 0, 0], 7_000), ([224, 0, 0, 1], 7_000), ([127, 0, 0, 1], 22)];
        let addrs = dead.chain(bogus.map(SocketAddr::from));
        let holder = |addr| Holder { addr: HolderAddr::At(addr), seed_id: self.seed_id, complete: true };
        Holders { seeds: Vec::new(), holders: addrs.map(holder).collect(), warming: false }
    }
}

impl Actor for Teller {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "it answers a few messages of many")]
    fn play(&mut self, _: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        let Some((link, Heard::Message { request, message })) = heard else { return };
        let answer = match message {
            Message::Hello(_) => hello(1),
            Message::Update(_) | Message::Withdraw(_) | Message::Leave => Message::Updated(Updated {
                epoch: 1,
                warming: false,
                ttl: Duration::from_secs(60),
                interval: Duration::from_secs(20),
                digest: Digest::default(),
                resend: false,
                want: Vec::new(),
            }),
            Message::Query(_) if self.asked % SILENCE == SILENCE - 1 => return self.asked += 1,
            Message::Query(_) => Message::Holders(self.holders()),
            _ => Message::Unknown,
        };
        cues.push(Cue::Say { link, request, message: answer });
    }
}
