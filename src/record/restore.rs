//! Recorded events back to events. What is recorded is untrusted: it may be damaged, or made to do harm.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use bytes::Bytes;
use core::fmt;

use super::{Awaited, Chunk, Hex, Order, Outcome, Pin, Recorded};
use crate::downloader::{self, Target};
use crate::hash::{Hashed, Sha2};
use crate::seed::{Seed, Step};
use crate::store::{self, DiskError};
use crate::wire::seedfile::{self, SeedFileError};
use crate::wire::{Decoded, Frame, Message, codec};
use crate::{node, tracker};

/// Texts of disk errors that one restorer keeps for ever, and the bytes of each.
const TEXTS: usize = 64;
const TEXT: usize = 256;

/// The file that a recorded download made: where bytes of chunks come from.
pub trait Data: fmt::Debug {
    /// `len` bytes from `offset` on; none if they can't be read. (`len` is at most 16 MiB.)
    fn read(&mut self, offset: u64, len: u32) -> Option<Bytes>;
}

/// Makes events of what was recorded.
#[derive(Debug, Default)]
pub struct Restorer {
    /// To be told of each action ([`Signed::sign`](super::Signed::sign)).
    pub awaited: Awaited,
    data: Option<Box<dyn Data>>,
    /// What disk errors say, which lives as long as the program.
    texts: BTreeSet<&'static str>,
}

/// An event that can be made of what was recorded.
pub trait FromRecord: Sized {
    /// The event again.
    ///
    /// # Errors
    /// [`RestoreError`] says what is wrong with it.
    fn from_record(recorded: Recorded, restorer: &mut Restorer) -> Result<Self, RestoreError>;
}

impl Restorer {
    /// With the file that was downloaded, if there was one.
    pub fn new(data: Option<Box<dyn Data>>) -> Self {
        Self { data, ..Self::default() }
    }

    /// Hashes the bytes of a chunk again.
    fn chunk(&mut self, chunk: Chunk, awaited: Option<Step>) -> Result<Hashed, RestoreError> {
        let (index, length, digest) = match chunk {
            Chunk::Fits { index, length, digest } => (index, length, digest),
            Chunk::Bad { start, last, bytes } => return Ok(Hashed::new::<Sha2>(start, last, bytes.0.into())),
        };
        let step = awaited.filter(|step| (step.index, step.len, step.end) == (index, length, digest));
        let step = step.ok_or(RestoreError::NotAwaited { index })?;
        let data = self.data.as_mut().ok_or(RestoreError::NoData)?;
        let bytes = data.read(offset(&step), step.len).ok_or(RestoreError::Unreadable { index })?;
        let hashed = Hashed::new::<Sha2>(step.start, step.last, bytes);
        if step.accepts(&hashed) { Ok(hashed) } else { Err(RestoreError::OtherBytes { index }) }
    }

    fn outcome(&mut self, outcome: Outcome, awaited: Option<Step>) -> Result<store::Outcome, RestoreError> {
        Ok(match outcome {
            Outcome::Done => store::Outcome::Done,
            Outcome::Opened { journal, part } => {
                store::Outcome::Opened { journal: journal.map(|bytes| bytes.0.into()), part }
            }
            Outcome::Checked(chunk) => store::Outcome::Checked(self.chunk(chunk, awaited)?),
            Outcome::Looked(identity) => store::Outcome::Looked(identity),
            Outcome::Failed { kind, doing, os } => {
                store::Outcome::Failed(DiskError { kind, doing: self.text(doing)?, os })
            }
        })
    }

    /// The same text, to stay. Programs have few of them; a recording with many is a forged one.
    fn text(&mut self, text: String) -> Result<&'static str, RestoreError> {
        if let Some(known) = self.texts.get(text.as_str()) {
            return Ok(known);
        }
        if self.texts.len() >= TEXTS || text.len() > TEXT {
            return Err(RestoreError::Text);
        }
        let kept: &'static str = Box::leak(text.into_boxed_str());
        self.texts.insert(kept);
        Ok(kept)
    }
}

impl FromRecord for tracker::Event {
    fn from_record(recorded: Recorded, _: &mut Restorer) -> Result<Self, RestoreError> {
        Ok(match recorded {
            Recorded::Wake => Self::Wake,
            Recorded::Accepted { link, from, local: Some(local) } => Self::Accepted { link, from, local },
            Recorded::Message { link, frame } => {
                let (request, message) = message(&frame)?;
                Self::Message { link, request, message }
            }
            Recorded::UnknownRequest { link, request } => Self::UnknownRequest { link, request },
            Recorded::Malformed { link, error } => Self::Malformed { link, error },
            Recorded::Closed { link } => Self::Closed { link },
            Recorded::Accepted { local: None, .. }
            | Recorded::Share { .. }
            | Recorded::Unshare { .. }
            | Recorded::Download(_)
            | Recorded::Stop
            | Recorded::Opened { .. }
            | Recorded::Chunk { .. }
            | Recorded::Served { .. }
            | Recorded::Looked { .. }
            | Recorded::Disk { .. } => return Err(RestoreError::Foreign),
        })
    }
}

impl FromRecord for node::Event {
    fn from_record(recorded: Recorded, restorer: &mut Restorer) -> Result<Self, RestoreError> {
        let awaited = &mut restorer.awaited;
        Ok(match recorded {
            Recorded::Wake => Self::Wake,
            Recorded::Share { file, seed: bytes, identity } => {
                Self::Share { file, seed: seed(&bytes)?, identity }
            }
            Recorded::Unshare { file } => Self::Unshare { file },
            Recorded::Download(order) => Self::Download(Box::new(download(*order)?)),
            Recorded::Stop => Self::Stop,
            Recorded::Accepted { link, from, local: _ } => Self::Accepted { link, from },
            Recorded::Opened { link, peer } => Self::Opened { link, peer },
            Recorded::Message { link, frame } => {
                let (request, message) = message(&frame)?;
                if matches!(message, Message::Rejected(_)) {
                    awaited.received(link, request);
                }
                Self::Message { link, request, message }
            }
            Recorded::UnknownRequest { link, request } => Self::UnknownRequest { link, request },
            Recorded::Malformed { link, error } => Self::Malformed { link, error },
            Recorded::Closed { link } => {
                awaited.closed(link);
                Self::Closed { link }
            }
            Recorded::Chunk { link, request, chunk } => {
                let awaited = awaited.received(link, request);
                Self::Chunk { link, request, hashed: restorer.chunk(chunk, awaited)? }
            }
            Recorded::Served { link, request, outcome } => Self::Served { link, request, outcome },
            Recorded::Looked { file, identity } => Self::Looked { file, identity },
            Recorded::Disk { file, job, outcome } => {
                let awaited = awaited.checked(file, job);
                Self::Disk { file, job, outcome: restorer.outcome(outcome, awaited)? }
            }
        })
    }
}

/// Where a chunk lies in the file: all but the last have one length.
fn offset(step: &Step) -> u64 {
    let before = u64::from(step.index).saturating_mul(u64::from(step.len));
    step.last.map_or(before, |length| length.saturating_sub(u64::from(step.len)))
}

/// The one message in a frame.
fn message(frame: &Hex) -> Result<(u32, Message), RestoreError> {
    match codec::decode(&frame.0) {
        Ok(Decoded::Frame { frame: Frame::Message { request, message }, used }) if used == frame.0.len() => {
            Ok((request, message))
        }
        Ok(Decoded::Frame { .. } | Decoded::Need(_)) | Err(_) => Err(RestoreError::Frame),
    }
}

fn seed(bytes: &Hex) -> Result<Arc<Seed>, RestoreError> {
    seedfile::from_bytes(&bytes.0).map(Arc::new).map_err(RestoreError::Seed)
}

fn download(order: Order) -> Result<node::Download, RestoreError> {
    let pin = match order.pin {
        Pin::Hash => downloader::Pin::Hash,
        Pin::Id(id) => downloader::Pin::Id(id),
        Pin::Seed(bytes) => downloader::Pin::Seed(seed(&bytes)?),
    };
    let target = Target { file_hash: order.file_hash, pin };
    let (config, store) = (order.config, order.store);
    Ok(node::Download { file: order.file, target, peers: order.peers, config, store })
}

/// Why no event can be made of what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// Such an event can't happen to this machine.
    Foreign,
    /// The bytes of a message are no frame, or not one alone.
    Frame,
    /// The bytes of a seed are none.
    Seed(SeedFileError),
    /// The text of a disk error is too long, or there are too many.
    Text,
    /// A chunk that the machine hasn't asked for.
    NotAwaited {
        /// Which.
        index: u32,
    },
    /// The file that was downloaded is needed.
    NoData,
    /// A chunk can't be read from that file.
    Unreadable {
        /// Which.
        index: u32,
    },
    /// That file has other bytes there than those that were recorded.
    OtherBytes {
        /// In which chunk.
        index: u32,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("such an event cannot happen to this machine"),
            Self::Frame => f.write_str("the message is no frame"),
            Self::Seed(error) => error.fmt(f),
            Self::Text => f.write_str("a disk error has no text of a samara driver"),
            Self::NotAwaited { index } => write!(f, "chunk {index} was not asked for"),
            Self::NoData => f.write_str("the bytes of chunks are not recorded: the file itself is needed"),
            Self::Unreadable { index } => write!(f, "chunk {index} cannot be read from the file"),
            Self::OtherBytes { index } => write!(f, "the file has other bytes in chunk {index}"),
        }
    }
}

impl core::error::Error for RestoreError {}
