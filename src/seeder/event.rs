//! What a seeder hears and does: the role's specification in two enums.
//!
//! A seeder keeps a library announced to every tracker and serves it: `Test` (is the file really still here?),
//! `Fetch` (a chunk) and `GetSeed`. It never sees a byte of a file: it emits ranges, and learns that a file has
//! changed from its [`Identity`].

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::ops::Range;

use crate::have::Have;
use crate::machine::Link;
use crate::seed::Seed;
use crate::store::Identity;
use crate::wire::message::{Gone, Refusal};
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// A file, as the driver names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileId(pub u32);

/// A tracker: its place in the list that the user gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackerId(pub u16);

/// What can happen to a seeder.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time of its deadline came.
    Wake,
    /// Hold this file from now on.
    Add {
        /// The driver's name for it.
        file: FileId,
        /// What it is.
        seed: Arc<Seed>,
        /// Which chunks are there (all, or those of an unfinished download).
        have: Have,
        /// What the file looked like when its chunks were verified; none for an unfinished download, whose file
        /// changes all the time.
        identity: Option<Identity>,
        /// May trackers have the seed already? True for complete files and pinned seeds. (The list of an unpinned
        /// download is a stranger's claim until the file is complete.)
        publish: bool,
    },
    /// One more chunk of an unfinished download was stored.
    Gained {
        /// Whose.
        file: FileId,
        /// Which.
        index: u32,
    },
    /// An unfinished download is complete and in place under its name.
    Completed {
        /// Which.
        file: FileId,
        /// What the file looks like now.
        identity: Identity,
    },
    /// Hold this file no longer: withdraw it from the trackers, tell the subscribers.
    Remove {
        /// Which.
        file: FileId,
        /// What to say to those who ask.
        why: Gone,
    },
    /// Leave all trackers and serve nothing more. Answered by [`Action::Left`], within two seconds.
    Leave,

    /// Somebody connected.
    Accepted {
        /// The driver's name for the connection.
        link: Link,
        /// From where.
        from: SocketAddr,
    },
    /// A message came over an accepted connection.
    Message {
        /// Which connection.
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
    /// A connection ended, at whoever's wish; also the driver's answer to [`Action::Close`].
    Closed {
        /// Which.
        link: Link,
    },

    /// The answer to [`Action::Look`].
    Looked {
        /// At which file.
        file: FileId,
        /// What it looks like; none if it can't be opened.
        identity: Option<Identity>,
    },
    /// The answer to [`Action::Serve`]: exactly one, unless the link closed.
    Served {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// How it went.
        outcome: Served,
    },
    /// A tracker's answer to [`Action::Ask`]: exactly one for each.
    Answer {
        /// Whose.
        tracker: TrackerId,
        /// The tag of the question.
        tag: u32,
        /// The answer; none if the tracker can't be reached, is too slow, or the connection ended.
        answer: Option<Message>,
    },
}

/// How the sending of a chunk went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Served {
    /// `Chunk` and all its bytes are sent, and the file looks the same as before.
    Whole,
    /// Stopped by [`Action::Stop`]; the core says `Rejected`.
    Stopped,
    /// The file doesn't look as it should, or can't be read, before or after sending; the core says `Gone`.
    Changed {
        /// Were all the bytes sent nevertheless? (Then the answer is complete, and nothing more may be said to it.)
        sent: bool,
    },
}

/// What a seeder wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a message over an accepted connection.
    Send {
        /// Which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// Answer a `Fetch`: look at the file (if `identity` is given, it must look like that), send
    /// `Message::Chunk { index, len of range }`, then the bytes in `Data` frames, then look again.
    Serve {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// From which file.
        file: FileId,
        /// What it has to look like, before and after.
        identity: Option<Identity>,
        /// Which chunk.
        index: u32,
        /// Where it lies in the file, in bytes.
        range: Range<u64>,
    },
    /// Stop serving this request at the next frame's end.
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
    /// Ask a tracker.
    Ask {
        /// Which.
        tracker: TrackerId,
        /// To tell the answers apart.
        tag: u32,
        /// The request.
        request: Message,
    },
    /// A tracker has acknowledged a file, and the seed if it asked for it. Once for each file and tracker.
    Announced {
        /// Which file.
        file: FileId,
        /// Which tracker.
        tracker: TrackerId,
    },
    /// [`Event::Leave`] is carried out.
    Left,
    /// Something worth counting or logging.
    Note(Note),
}

/// What a user may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A file was withdrawn because it doesn't look as it did, or is gone.
    Changed {
        /// Which.
        file: FileId,
    },
    /// A chunk was sent.
    Uploaded {
        /// Of which file.
        file: FileId,
        /// To whom.
        to: SocketAddr,
        /// How many bytes.
        bytes: u32,
    },
    /// A connection was ended because its peer broke a rule, or for want of room.
    TurnedAway {
        /// Whose.
        from: SocketAddr,
        /// Why.
        why: Fault,
    },
    /// A tracker didn't answer; it is asked again later.
    Unreachable {
        /// Which.
        tracker: TrackerId,
    },
    /// A tracker refused an announcement or a seed.
    Refused {
        /// Which.
        tracker: TrackerId,
        /// Why.
        why: Refusal,
    },
}
