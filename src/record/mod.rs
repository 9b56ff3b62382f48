//! Recordings: what happened to a machine and when, kept in a form that can be run again.
//!
//! A machine is a function from events and times to actions. So whoever writes down its events has everything that it
//! takes to see again what it did, step by step, on another computer and without a network. A driver writes
//! recordings as NDJSON: a [`Start`] on the first line, then an [`Entry`] for each event.
//!
//! - Messages are kept as the bytes that the wire carries, seeds as those of a `.seed` file.
//! - Bytes of chunks are not kept, unless they were bad: a [`Chunk`] is its index, length and digest. A replay reads
//!   the bytes from the finished file and hashes them again, since [`Hashed`](crate::Hashed) can't be read from
//!   anywhere.
//!   (So a chunk that fitted a list which was refuted afterwards stops a replay: the finished file doesn't have it.)
//! - Of each action its name and a digest are kept ([`Signed`]): enough to see that a replay does the same.
//!
//! A recording names peers, files and their hashes, and holds the entropy of its machine; whoever has it knows them.
//! Whatever is read from one is untrusted: see [`Restorer`].

mod awaited;
mod event;
mod hex;
mod restore;
mod signature;

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use awaited::Awaited;
pub use event::{Chunk, Order, Outcome, Pin, Recorded, ToRecord};
pub use hex::Hex;
pub use restore::{Data, FromRecord, RestoreError, Restorer};
pub use signature::Signed;

use crate::time::Time;
use crate::{node, tracker};

/// The version of the layout, in each [`Start`].
pub const VERSION: u32 = 1;

/// Most bytes of a line: a journal or a bad chunk of 16 MiB in hex, and some more.
pub const MAX_LINE: usize = 40 << 20;

/// The first line: what it takes to make the machine again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// [`VERSION`]; its name tells what the file is.
    pub samara_recording: u32,
    /// When the machine was made.
    pub at: Time,
    /// The number that it was given.
    pub entropy: u64,
    /// What it is.
    pub machine: Machine,
}

/// What the first line has in every version.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Head {
    /// The version of the layout.
    pub samara_recording: u32,
}

/// Which machine was recorded, with its settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// A tracker.
    Tracker(tracker::Config),
    /// A node.
    Node(node::Config),
}

/// Each further line: an event, and what the machine did about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened.
    pub at: Time,
    /// What.
    pub event: Recorded,
    /// The signature of each action that followed, in order: see [`Signed::sign`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}
