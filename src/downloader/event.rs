//! What a downloader hears and does: the role's specification in two enums.
//!
//! A downloader asks trackers who holds a file, tests several of them at once, fetches chunks from many, and has
//! each stored. A chunk reaches it only as [`Hashed`]; it accepts one only if the [`Step`] of the list under which
//! it was requested does.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;

use crate::downloader::fault::DownloadError;
use crate::hash::{FileHash, Hashed, SeedId};
use crate::have::Have;
use crate::machine::Link;
use crate::seed::{Seed, Step};
use crate::seeder::TrackerId;
use crate::store::{DiskError, Identity};
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// What is to be downloaded.
#[derive(Clone, Debug)]
pub struct Target {
    /// The file: the only thing that is trusted.
    pub file_hash: FileHash,
    /// How much more the user said.
    pub pin: Pin,
}

/// Which list of chunk hashes the user vouched for.
#[derive(Clone, Debug)]
pub enum Pin {
    /// None: a bare hash. Lists that strangers offer are claims, and only canonical ones are candidates.
    Hash,
    /// The one with this id (a `samara:` link).
    Id(SeedId),
    /// This one (a seed file).
    Seed(Arc<Seed>),
}

/// What can happen to a downloader.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time of its deadline came.
    Wake,
    /// The first event: what an earlier run left. Nothing is asked or dialled before.
    Resumed {
        /// The list that the journal names, and whether it was pinned.
        seed: Option<(Arc<Seed>, bool)>,
        /// Chunks that are there for certain.
        have: Have,
        /// Chunks that are being read and hashed; not to be fetched unless [`Event::Checked`] says so.
        claimed: Have,
    },
    /// Peers that the user gave, or that are known otherwise. Never forgotten, never counted as lies.
    Peers(Vec<SocketAddr>),
    /// The node is stopping: close everything, ask nothing more.
    Stop,

    /// A tracker's answer to [`Action::Ask`]: exactly one for each.
    Answer {
        /// Whose.
        tracker: TrackerId,
        /// The tag of the question.
        tag: u32,
        /// The address at which the tracker was reached: where `SameHost` holders are.
        at: Option<SocketAddr>,
        /// The answer; none if the tracker can't be reached, is too slow, or the connection ended.
        answer: Option<Message>,
    },
    /// A dialled connection is open.
    Opened {
        /// Which.
        link: Link,
    },
    /// A message came over a dialled connection.
    Message {
        /// Which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// The chunk that [`Action::Receive`] asked to read is read and hashed.
    Chunk {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// What came.
        hashed: Hashed,
    },
    /// Bytes came that are no frame.
    Malformed {
        /// Over which connection.
        link: Link,
        /// What is wrong with them.
        error: DecodeError,
    },
    /// A connection ended or couldn't be opened, at whoever's wish; also the driver's answer to [`Action::Close`].
    Closed {
        /// Which.
        link: Link,
    },

    /// The store's answer to [`Action::Adopt`].
    Adopted {
        /// Chunks that are there.
        have: Have,
        /// Chunks that are still being checked.
        claimed: Have,
    },
    /// A claimed chunk was read and hashed again.
    Checked {
        /// Which.
        index: u32,
        /// Is it there?
        ok: bool,
    },
    /// The store's answer to [`Action::Put`].
    Stored {
        /// Which chunk.
        index: u32,
    },
    /// The store's answer to [`Action::Publish`].
    Published {
        /// What the file looks like.
        identity: Identity,
    },
    /// The store can't go on.
    StoreFailed(DiskError),
}

/// What a downloader wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask a tracker.
    Ask {
        /// Which.
        tracker: TrackerId,
        /// To tell the answers apart.
        tag: u32,
        /// The request.
        request: Message,
    },
    /// Open a connection.
    Dial {
        /// The machine's name for it.
        link: Link,
        /// To whom.
        addr: SocketAddr,
    },
    /// Send a message over a dialled connection.
    Send {
        /// Which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// The chunk just announced (by `Message::Chunk`) is welcome: read its `Data` frames into one buffer, hash it as
    /// `step` says, hand it in as [`Event::Chunk`]. Comes before anything else follows from that message; a driver
    /// reads no further from the connection until it has seen this or [`Action::Close`].
    Receive {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// What it has to be: `step.len` bytes, hashed from `step.start`.
        step: Step,
    },
    /// Close a connection after what was sent before.
    Close {
        /// Which.
        link: Link,
        /// Why.
        fault: Fault,
    },

    /// From now on this list describes the file.
    Adopt {
        /// The list.
        seed: Arc<Seed>,
        /// Did the user pin it?
        pinned: bool,
    },
    /// Store a chunk.
    Put {
        /// Which.
        index: u32,
        /// Its bytes.
        bytes: Bytes,
    },
    /// All chunks are stored and every step of one list is verified: put the file in place.
    Publish,
    /// The file is in place. The last action but for notes.
    Done {
        /// What it looks like.
        identity: Identity,
    },
    /// The download has failed. The last action but for notes.
    Failed(Box<DownloadError>),
    /// Something worth counting or logging.
    Note(Note),
}

/// What a user may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The chunks of this list are what is being fetched (again after a switch). `length` is a claim until
    /// [`Note::Proven`].
    Chosen {
        /// The list.
        seed: Arc<Seed>,
    },
    /// The length is proven: the list was pinned, or its last chunk has verified.
    Proven {
        /// In bytes.
        length: u64,
    },
    /// Chunks that an earlier run left, now certain.
    Resumed {
        /// How many bytes.
        bytes: u64,
    },
    /// A chunk was accepted.
    Verified {
        /// Which.
        index: u32,
        /// How many bytes.
        bytes: u32,
        /// From whom.
        from: SocketAddr,
    },
    /// Chunks that were accepted under a list which has been refuted are no longer counted.
    Dropped {
        /// How many bytes.
        bytes: u64,
    },
    /// A peer passed Test.
    Tested {
        /// Who.
        addr: SocketAddr,
        /// How many chunks it holds.
        chunks: u32,
    },
    /// A holder that a tracker or the user named doesn't hold the file, or can't be reached. Once per address.
    Stale {
        /// Who.
        addr: SocketAddr,
        /// In what way.
        why: Stale,
    },
    /// A peer was banned for this download. Once per address.
    Banned {
        /// Who.
        addr: SocketAddr,
        /// For what.
        fault: Fault,
    },
    /// A connection that was in use ended.
    Lost {
        /// Whose.
        addr: SocketAddr,
    },
    /// A list of chunk hashes was refuted by a verified chunk.
    Refuted {
        /// Which list.
        seed_id: SeedId,
    },
    /// A tracker named holders.
    Found {
        /// Which tracker.
        tracker: TrackerId,
        /// How many.
        holders: u32,
        /// How many of them claim to have all of the file.
        complete: u32,
    },
    /// A tracker didn't answer.
    Unreachable {
        /// Which.
        tracker: TrackerId,
    },
}

/// In what way a holder is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It couldn't be reached.
    Unreachable,
    /// It answered `Gone`.
    Gone(crate::wire::message::Gone),
}
