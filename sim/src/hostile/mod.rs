//! Actors that mean harm. (Hosts with a corrupt file, a stale one or a false list need no script: the real machine is
//! given them.)

mod flooder;
mod impostor;
mod meddler;
mod poisoner;
mod teller;

pub use flooder::Flooder;
pub use impostor::{Impostor, Trick};
pub use meddler::Meddler;
pub use poisoner::Poisoner;
pub use teller::Teller;

use std::sync::Arc;

use samara::wire::Message;
use samara::wire::message::{Digest, Entry, Hello, SeedKey, Update, UpdateSet, VERSION};
use samara::{Link, Seed};

use crate::actor::Cue;
use crate::world::PORT;

/// What everybody says first.
const fn hello(node: u64) -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node })
}

/// A name for a connection that an actor dials.
const fn dialled(slot: u16, generation: u32) -> Link {
    Link { space: 1, slot, generation }
}

const fn key(seed: &Seed) -> SeedKey {
    SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() }
}

/// An announcement of one file, complete.
fn announcement(generation: u64, seed: &Seed) -> Message {
    let set = UpdateSet::All(vec![Entry { key: key(seed), complete: true }]);
    let base = Digest::default();
    Message::Update(Update { port: PORT, advertise: None, generation, page: 0, last: true, base, set })
}

/// The number under which a list is handed in, after the one announcement of a connection.
const PUBLISHED: u32 = 2;

/// A connection to a tracker is open: says hello, and that the whole file is here.
fn claim(link: Link, round: u32, seed: &Seed, cues: &mut Vec<Cue>) {
    let round = u64::from(round);
    cues.push(Cue::Say { link, request: 0, message: hello(round) });
    cues.push(Cue::Say { link, request: 1, message: announcement(round, seed) });
}

/// The tracker wants the list.
fn publish(link: Link, seed: &Arc<Seed>, cues: &mut Vec<Cue>) {
    cues.push(Cue::Say { link, request: PUBLISHED, message: Message::Publish(Arc::clone(seed)) });
}
