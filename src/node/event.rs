//! What a node hears and does: seeder, downloads and their stores behind one interface.
//!
//! A node is what a driver runs on a machine that seeds or downloads. It keeps one connection per tracker, gives
//! what is stored to the seeder, and routes each link's events to the machine that owns it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::ops::Range;

use crate::downloader::{self, DownloadError, Target};
use crate::hash::Hashed;
use crate::machine::Link;
use crate::seed::{Seed, Step};
use crate::seeder::{self, FileId, Served, TrackerId};
use crate::store::{self, Identity};
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// What can happen to a node.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time of its deadline came.
    Wake,
    /// Seed a complete file.
    Share {
        /// The driver's name for it; not in use.
        file: FileId,
        /// What it is.
        seed: Arc<Seed>,
        /// What the file looked like when it was hashed.
        identity: Identity,
    },
    /// Seed a file no longer: a shared one or a finished download. (An unfinished download goes on regardless.)
    Unshare {
        /// Which.
        file: FileId,
    },
    /// Download a file, and seed what is there of it.
    Download(Box<Download>),
    /// Stop in order: close the stores, leave the trackers. Answered by [`Action::Stopped`].
    Stop,

    /// Somebody connected.
    Accepted {
        /// The driver's name for the connection, in space 0.
        link: Link,
        /// From where.
        from: SocketAddr,
    },
    /// A dialled connection is open.
    Opened {
        /// Which.
        link: Link,
        /// The address that was reached.
        peer: SocketAddr,
    },
    /// A message came.
    Message {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// A request of a kind that this version doesn't know came.
    UnknownRequest {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
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
    /// The answer to [`Action::Receive`].
    Chunk {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// What came.
        hashed: Hashed,
    },
    /// The answer to [`Action::Serve`].
    Served {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// How it went.
        outcome: Served,
    },
    /// The answer to [`Action::Look`].
    Looked {
        /// At which file.
        file: FileId,
        /// What it looks like; none if it can't be opened.
        identity: Option<Identity>,
    },
    /// The answer to [`Action::Disk`].
    Disk {
        /// Of which download.
        file: FileId,
        /// Which operation.
        job: u32,
        /// How it ended.
        outcome: store::Outcome,
    },
}

/// A download to begin.
#[derive(Clone, Debug)]
pub struct Download {
    /// The driver's name for the file; not in use.
    pub file: FileId,
    /// What to get.
    pub target: Target,
    /// Peers that the user gave.
    pub peers: Vec<SocketAddr>,
    /// How; the node fills in `node`, `space` and `trackers`.
    pub config: downloader::Config,
    /// How to store it; the node fills in `file_hash`.
    pub store: store::Config,
}

/// What a node wants done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Open a connection.
    Dial {
        /// The node's name for it.
        link: Link,
        /// To whom.
        to: Endpoint,
    },
    /// Send a message.
    Send {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// Read a chunk's data: see [`downloader::Action::Receive`].
    Receive {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// What it has to be.
        step: Step,
    },
    /// Send a chunk: see [`seeder::Action::Serve`].
    Serve {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// From which file: a shared one, or a download's part file (its target, once published).
        file: FileId,
        /// What it has to look like, before and after.
        identity: Option<Identity>,
        /// Which chunk.
        index: u32,
        /// Where it lies in the file, in bytes.
        range: Range<u64>,
    },
    /// Stop serving: see [`seeder::Action::Stop`].
    Stop {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
    },
    /// Close a connection after what was sent before.
    Close {
        /// Which.
        link: Link,
        /// Why.
        fault: Fault,
    },
    /// Look at a file: what is its identity now?
    Look {
        /// Which.
        file: FileId,
    },
    /// Carry out a disk operation: see [`store::Action::Disk`].
    Disk {
        /// Of which download.
        file: FileId,
        /// Its number.
        job: u32,
        /// What to do.
        op: store::Op,
    },

    /// A tracker has acknowledged a file.
    Announced {
        /// Which file.
        file: FileId,
        /// Which tracker.
        tracker: TrackerId,
    },
    /// A download is complete: the file is in place under its name. It is seeded from now on. No disk operation of it
    /// follows: its files may be closed and unlocked.
    Done {
        /// Which.
        file: FileId,
        /// What it is.
        seed: Arc<Seed>,
        /// What it looks like.
        identity: Identity,
    },
    /// A download has failed; what is there of it stays on the disk, to be resumed. No disk operation of it follows,
    /// and its name is free again.
    Failed {
        /// Which.
        file: FileId,
        /// Why.
        error: Box<DownloadError>,
    },
    /// [`Event::Stop`] is carried out, or five seconds have passed. The last action.
    Stopped,
    /// Something worth counting or logging.
    Note(Note),
}

/// Whom to dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A tracker; the driver knows its name and looks it up each time.
    Tracker(TrackerId),
    /// A peer.
    Peer(SocketAddr),
}

/// What a user may want to know.
#[derive(Clone, Debug)]
pub enum Note {
    /// Of seeding.
    Seeder(seeder::Note),
    /// Of one download.
    Download {
        /// Which.
        file: FileId,
        /// What.
        note: downloader::Note,
    },
}
