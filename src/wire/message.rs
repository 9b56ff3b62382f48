//! What travels: the messages of PROTOCOL.md as the machines see them, already checked.
//!
//! These are domain types: whoever holds a [`Message`] knows that every bound of [`limits`](super::limits) holds.
//! The byte layout is [`codec`](super::codec)'s business.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::frame::Class;
use crate::hash::{FileHash, SeedId};
use crate::have::Have;
use crate::seed::Seed;

mod tracker;
pub use tracker::{
    Digest, Entry, Holder, HolderAddr, Holders, List, Listing, Query, SeedCount, Summary, Update, UpdateSet,
    Updated,
};

/// The protocol's version, said in [`Hello`].
pub const VERSION: u16 = 1;

/// One message, without its request number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Both ways, first: who speaks, and which protocol.
    Hello(Hello),
    /// Dialer: answer this request no further. Has no answer of its own.
    Cancel {
        /// The request's number.
        target: u32,
    },
    /// Answer to any request: no, and why.
    Refused(Refusal),
    /// Answer to a request of a kind that this side doesn't serve.
    Unsupported,

    /// To a tracker: what this node holds. → [`Message::Updated`]
    Update(Update),
    /// From a tracker: the lease stands.
    Updated(Updated),
    /// To a tracker: a seed that it asked for. → [`Message::Published`]
    Publish(Arc<Seed>),
    /// From a tracker: the seed is kept (or was known).
    Published,
    /// To a tracker: no longer held, at most [`MAX_ENTRIES`](super::limits::MAX_ENTRIES). → [`Message::Updated`]
    Withdraw(Vec<SeedKey>),
    /// To a tracker: this node holds nothing any more. → [`Message::Updated`]
    Leave,
    /// To a tracker: who holds this file? → [`Message::Holders`]
    Query(Query),
    /// From a tracker: a bounded random sample of holders.
    Holders(Holders),
    /// To a tracker: which seeds are there? → [`Message::Listing`]
    List(List),
    /// From a tracker: one page of seeds.
    Listing(Listing),
    /// To a tracker or node: the seed itself. → [`Message::Seed`] or [`Message::Unknown`]
    GetSeed {
        /// Of which file.
        file_hash: FileHash,
        /// Which list; any, if none.
        seed_id: Option<SeedId>,
    },
    /// Answer: the seed.
    Seed(Arc<Seed>),
    /// Answer: no such seed here.
    Unknown,

    /// To a node: is this file really still here? Opens a subscription under its request number.
    /// → [`Message::Have`], [`Message::Gone`] or [`Message::Busy`]
    Test(SeedKey),
    /// Answer to `Test`: these chunks.
    Have(HaveSet),
    /// Answer to `Test`, or later as a push to its subscription: not here (any more).
    Gone(Gone),
    /// Answer to `Test`: not now.
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// To a node: one of these chunks. → [`Message::Chunk`] and data, or [`Message::Rejected`]
    Fetch(Fetch),
    /// Answer to `Fetch`: this chunk follows in `Data` frames. May still end early with [`Message::Rejected`].
    Chunk {
        /// Which of the candidates.
        index: u32,
        /// Its bytes.
        len: u32,
    },
    /// Answer to `Fetch`: not (or no longer) coming.
    Rejected(Rejection),
    /// Push to a subscription (its number is the frame's request number): chunks that have come since,
    /// at most [`MAX_GAINED`](super::limits::MAX_GAINED).
    Gained(Vec<u32>),
}

impl Message {
    /// Its role in a conversation. `Gone` is an answer to its `Test`, and a push to that number afterwards.
    pub const fn class(&self) -> Class {
        match self {
            Self::Hello(_)
            | Self::Cancel { .. }
            | Self::Update(_)
            | Self::Publish(_)
            | Self::Withdraw(_)
            | Self::Leave
            | Self::Query(_)
            | Self::List(_)
            | Self::GetSeed { .. }
            | Self::Test(_)
            | Self::Fetch(_) => Class::Request,
            Self::Refused(_)
            | Self::Unsupported
            | Self::Updated(_)
            | Self::Published
            | Self::Holders(_)
            | Self::Listing(_)
            | Self::Seed(_)
            | Self::Unknown
            | Self::Have(_)
            | Self::Gone(_)
            | Self::Busy { .. }
            | Self::Chunk { .. }
            | Self::Rejected(_) => Class::Answer,
            Self::Gained(_) => Class::Push,
        }
    }
}

/// The first frame each way. Its layout is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The protocol's version: [`VERSION`].
    pub version: u16,
    /// Optional features, one bit each; none are defined in version 1.
    pub features: u64,
    /// A random number drawn when the process started: not an identity, but equal on all its connections.
    pub node: u64,
}

/// Why a request (or a whole connection) is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another version of the protocol; the connection ends.
    Version,
    /// Another process holds the lease of this address and port, and its connection is open.
    PortInUse,
    /// More than one source may take: entries, seeds, bytes or requests.
    Quota,
    /// Not allowed: an address that may not be announced.
    Denied,
    /// The request breaks a rule of the protocol.
    Invalid,
}

/// One file under one list of chunk hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeedKey {
    /// The file.
    pub file_hash: FileHash,
    /// The list.
    pub seed_id: SeedId,
}

/// Which chunks a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HaveSet {
    /// All of them.
    All,
    /// Some: the bitmap's bytes, whose length and spare bits only the asker's list can judge.
    Some(Vec<u8>),
}

impl HaveSet {
    /// As a bitmap of `chunks` chunks; none if its length or spare bits don't fit.
    pub fn into_have(self, chunks: u32) -> Option<Have> {
        match self {
            Self::All => Some(Have::all(chunks)),
            Self::Some(bytes) => Have::from_bytes(chunks, &bytes),
        }
    }
}

impl From<&Have> for HaveSet {
    fn from(have: &Have) -> Self {
        if have.is_all() { Self::All } else { Self::Some(have.as_bytes().to_vec()) }
    }
}

/// Why a file isn't at a node (any more). Shown, it goes on after the node's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It never was, as far as this process knows.
    Never,
    /// Its owner took it back.
    Withdrawn,
    /// The file was deleted, truncated, replaced or edited.
    Changed,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "does not have it",
            Self::Withdrawn => "withdrew it",
            Self::Changed => "no longer has it: its file has changed or is gone",
        })
    }
}

/// A request for one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The `Test` whose subscription this belongs to.
    pub t: u32,
    /// 1 to [`MAX_ANY_OF`](super::limits::MAX_ANY_OF) candidates, distinct; the server picks one when it starts.
    pub any_of: Vec<u32>,
}

/// Why a chunk isn't coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// None of the candidates is held.
    NotHeld,
    /// Too many wait already.
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The asker cancelled it.
    Cancelled,
    /// The file isn't there any more.
    Gone(Gone),
}

#[cfg(test)]
mod tests;
