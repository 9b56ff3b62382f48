//! Events in the form in which they are kept, and how they get into it.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Awaited, Hex};
use crate::hash::{ChunkHash, FileHash, Hashed, SeedId};
use crate::machine::Link;
use crate::seed::Step;
use crate::seeder::{FileId, Served};
use crate::store::{DiskError, DiskErrorKind, Identity};
use crate::wire::{DecodeError, Message, codec, seedfile};
use crate::{downloader, node, store, tracker};

/// An event of a tracker or a node: see [`tracker::Event`] and [`node::Event`], whose variants these are.
#[expect(missing_docs, reason = "the events say what their parts are")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    Wake,
    /// The seed is a `.seed` file's bytes.
    Share {
        file: FileId,
        seed: Hex,
        identity: Identity,
    },
    Unshare {
        file: FileId,
    },
    Download(Box<Order>),
    Stop,
    /// With `local`, if a tracker accepted.
    Accepted {
        link: Link,
        from: SocketAddr,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local: Option<SocketAddr>,
    },
    Opened {
        link: Link,
        peer: SocketAddr,
    },
    /// The frame has the request's number in its header.
    Message {
        link: Link,
        frame: Hex,
    },
    UnknownRequest {
        link: Link,
        request: u32,
    },
    Malformed {
        link: Link,
        error: DecodeError,
    },
    Closed {
        link: Link,
    },
    Chunk {
        link: Link,
        request: u32,
        chunk: Chunk,
    },
    Served {
        link: Link,
        request: u32,
        outcome: Served,
    },
    Looked {
        file: FileId,
        identity: Option<Identity>,
    },
    Disk {
        file: FileId,
        job: u32,
        outcome: Outcome,
    },
}

/// Bytes that were hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chunk {
    /// Those that the machine had asked for: they are in the finished file.
    Fits {
        /// Which chunk.
        index: u32,
        /// Its bytes.
        length: u32,
        /// SHA-256's state after it.
        digest: ChunkHash,
    },
    /// Others.
    Bad {
        /// SHA-256's state before them.
        start: ChunkHash,
        /// The file's length, if they were hashed as its last ones.
        last: Option<u64>,
        /// All of them.
        bytes: Hex,
    },
}

/// A [`node::Download`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The driver's name for the file.
    pub file: FileId,
    /// What to get.
    pub file_hash: FileHash,
    /// What the user vouched for.
    pub pin: Pin,
    /// Peers that the user gave.
    pub peers: Vec<SocketAddr>,
    /// How.
    pub config: downloader::Config,
    /// How to store it.
    pub store: store::Config,
}

impl PartialEq for Order {
    /// Settings have no equality of their own.
    fn eq(&self, other: &Self) -> bool {
        alloc::format!("{self:?}") == alloc::format!("{other:?}")
    }
}

impl Eq for Order {}

/// A [`downloader::Pin`]; a seed is a `.seed` file's bytes.
#[expect(missing_docs, reason = "the pins say what they are")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    Hash,
    Id(SeedId),
    Seed(Hex),
}

/// A [`store::Outcome`].
#[expect(missing_docs, reason = "the outcomes say what their parts are")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Opened { journal: Option<Hex>, part: Option<Identity> },
    Checked(Chunk),
    Looked(Identity),
    Failed { kind: DiskErrorKind, doing: String, os: Option<i32> },
}

/// An event that can be recorded.
pub trait ToRecord {
    /// Its form. To be called for each event, before the machine gets it.
    fn to_record(&self, awaited: &mut Awaited) -> Recorded;
}

impl ToRecord for tracker::Event {
    fn to_record(&self, _: &mut Awaited) -> Recorded {
        match *self {
            Self::Wake => Recorded::Wake,
            Self::Accepted { link, from, local } => Recorded::Accepted { link, from, local: Some(local) },
            Self::Message { link, request, ref message } => record_message(link, request, message),
            Self::UnknownRequest { link, request } => Recorded::UnknownRequest { link, request },
            Self::Malformed { link, error } => Recorded::Malformed { link, error },
            Self::Closed { link } => Recorded::Closed { link },
        }
    }
}

impl ToRecord for node::Event {
    fn to_record(&self, awaited: &mut Awaited) -> Recorded {
        match *self {
            Self::Wake => Recorded::Wake,
            Self::Share { file, ref seed, identity } => {
                Recorded::Share { file, seed: Hex(seedfile::to_bytes(seed)), identity }
            }
            Self::Unshare { file } => Recorded::Unshare { file },
            Self::Download(ref order) => Recorded::Download(Box::new(Order::of(order))),
            Self::Stop => Recorded::Stop,
            Self::Accepted { link, from } => Recorded::Accepted { link, from, local: None },
            Self::Opened { link, peer } => Recorded::Opened { link, peer },
            Self::Message { link, request, ref message } => {
                if matches!(message, Message::Rejected(_)) {
                    awaited.received(link, request);
                }
                record_message(link, request, message)
            }
            Self::UnknownRequest { link, request } => Recorded::UnknownRequest { link, request },
            Self::Malformed { link, error } => Recorded::Malformed { link, error },
            Self::Closed { link } => {
                awaited.closed(link);
                Recorded::Closed { link }
            }
            Self::Chunk { link, request, ref hashed } => {
                let chunk = Chunk::of(hashed, awaited.received(link, request));
                Recorded::Chunk { link, request, chunk }
            }
            Self::Served { link, request, outcome } => Recorded::Served { link, request, outcome },
            Self::Looked { file, identity } => Recorded::Looked { file, identity },
            Self::Disk { file, job, ref outcome } => {
                let outcome = Outcome::of(outcome, awaited.checked(file, job));
                Recorded::Disk { file, job, outcome }
            }
        }
    }
}

fn record_message(link: Link, request: u32, message: &Message) -> Recorded {
    let mut frame = Vec::new();
    codec::encode(request, message, &mut frame);
    Recorded::Message { link, frame: Hex(frame) }
}

impl Chunk {
    fn of(hashed: &Hashed, awaited: Option<Step>) -> Self {
        match awaited.filter(|step| step.accepts(hashed)) {
            Some(step) => Self::Fits { index: step.index, length: step.len, digest: step.end },
            None => {
                Self::Bad { start: hashed.start(), last: hashed.last(), bytes: Hex(hashed.bytes().to_vec()) }
            }
        }
    }
}

impl Order {
    fn of(order: &node::Download) -> Self {
        Self {
            file: order.file,
            file_hash: order.target.file_hash,
            pin: match &order.target.pin {
                downloader::Pin::Hash => Pin::Hash,
                downloader::Pin::Id(id) => Pin::Id(*id),
                downloader::Pin::Seed(seed) => Pin::Seed(Hex(seedfile::to_bytes(seed))),
            },
            peers: order.peers.clone(),
            config: order.config.clone(),
            store: order.store.clone(),
        }
    }
}

impl Outcome {
    fn of(outcome: &store::Outcome, awaited: Option<Step>) -> Self {
        match outcome {
            store::Outcome::Done => Self::Done,
            store::Outcome::Opened { journal, part } => {
                Self::Opened { journal: journal.as_ref().map(|bytes| Hex(bytes.to_vec())), part: *part }
            }
            store::Outcome::Checked(hashed) => Self::Checked(Chunk::of(hashed, awaited)),
            store::Outcome::Looked(identity) => Self::Looked(*identity),
            store::Outcome::Failed(DiskError { kind, doing, os }) => {
                Self::Failed { kind: *kind, doing: doing.to_string(), os: *os }
            }
        }
    }
}
