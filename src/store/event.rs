//! What a store hears and does: the part file and its journal as disk operations.
//!
//! A store keeps one download crash-safe. Its operations are small and named, in the order in which they must
//! happen, so that a simulation can crash between any two and lose any unsynced write.

use alloc::sync::Arc;
use bytes::Bytes;
use core::fmt;

use crate::hash::Hashed;
use crate::have::Have;
use crate::seed::{Seed, Step};

/// What tells one state of a file from another without reading it: device, inode, size and modification time.
/// (Not the change time, which a `chmod` moves.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Identity {
    /// The device it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified: i64,
}

/// What can happen to a store.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time of its deadline came.
    Wake,
    /// Begin: open or create the files, read the journal. Answered by [`Action::Opened`].
    Open,
    /// From now on this list describes the file: a new download's, or another one than before (then the chunks
    /// whose whole step is equal in both are kept). Answered by [`Action::Adopted`].
    Adopt {
        /// The list.
        seed: Arc<Seed>,
        /// Did the user pin it?
        pinned: bool,
    },
    /// Store a chunk that was accepted. Answered by [`Action::Stored`].
    Put {
        /// Which.
        index: u32,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Every chunk is stored: sync, put the file in place under its name. Answered by [`Action::Published`].
    Publish,
    /// An orderly stop: make durable what is there. Answered by [`Action::Closed`].
    Close,
    /// A disk operation ended.
    Done {
        /// Which: the number of its [`Action::Disk`].
        job: u32,
        /// How.
        outcome: Outcome,
    },
}

/// What a store wants done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Carry out a disk operation. Those of one store that touch the same file are carried out in order, except
    /// `Write` and `Check`, which may run beside each other; `Sync` comes after all operations before it.
    Disk {
        /// Its number.
        job: u32,
        /// What to do.
        op: Op,
    },
    /// The files are open. `seed` and `pinned` are the journal's, if it had any.
    Opened {
        /// The list that the claims belong to.
        seed: Option<(Arc<Seed>, bool)>,
        /// Chunks that are there for certain: the last stop was orderly and the file looks the same since.
        have: Have,
        /// Chunks that are claimed, and are being read and hashed now: each ends in [`Action::Checked`].
        claimed: Have,
    },
    /// The list is durable; these chunks are kept, and these are still being checked.
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
        /// Did it match? If not it has to be fetched again.
        ok: bool,
    },
    /// A chunk is written: it may be announced and served.
    Stored {
        /// Which.
        index: u32,
    },
    /// The file is in place under its name, synced, and the journal is gone.
    Published {
        /// What the file looks like.
        identity: Identity,
    },
    /// What was there is durable and the files are closed.
    Closed,
    /// The disk failed; the download can't go on, but can be resumed.
    Failed(DiskError),
}

/// A file of one download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// `NAME.part`: the data.
    Part,
    /// `NAME.part.journal`: the list, and which chunks are there.
    Journal,
    /// `NAME.part.journal.new`: a journal about to replace the other.
    NewJournal,
    /// `NAME`: the finished file.
    Target,
}

/// One disk operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Create the part file (never following a symbolic link) or open the one that is there (a regular file with
    /// one link only), lock it, read the journal. → [`Outcome::Opened`]
    Open,
    /// Create `NewJournal`, or empty it, and write `bytes` to it.
    Create {
        /// Its whole contents.
        bytes: Bytes,
    },
    /// Write `bytes` to the end of `Journal`.
    Append {
        /// Records.
        bytes: Bytes,
    },
    /// Write `bytes` into `Part`.
    Write {
        /// Where.
        offset: u64,
        /// A chunk.
        bytes: Bytes,
    },
    /// Set the length of `Part`.
    Resize {
        /// In bytes.
        length: u64,
    },
    /// Make a file's data durable.
    Sync(File),
    /// Make the folder's entries durable.
    SyncFolder,
    /// Give a file another name.
    Rename {
        /// Which.
        from: File,
        /// To which.
        to: File,
        /// May a file that is there be replaced? If not: [`DiskErrorKind::Exists`].
        replace: bool,
    },
    /// Delete a file; it is no error if it isn't there.
    Remove(File),
    /// Read a chunk from `Part` and hash it. → [`Outcome::Checked`]
    Check {
        /// Where.
        offset: u64,
        /// What to hash it as.
        step: Step,
    },
    /// Look at a file. → [`Outcome::Looked`]
    Look(File),
}

/// How a disk operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well, with nothing to tell.
    Done,
    /// [`Op::Open`] went well.
    Opened {
        /// The journal's bytes, if there is one (at most 16 MiB of it).
        journal: Option<Bytes>,
        /// What the part file looks like; none if it has just been created.
        part: Option<Identity>,
    },
    /// [`Op::Check`] read and hashed the chunk.
    Checked(Hashed),
    /// [`Op::Look`] found this.
    Looked(Identity),
    /// It failed.
    Failed(DiskError),
}

/// Why a disk operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What kind of failure.
    pub kind: DiskErrorKind,
    /// Doing what.
    pub doing: &'static str,
    /// The operating system's number for it, if it has one.
    pub os: Option<i32>,
}

/// A kind of disk failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DiskErrorKind {
    /// No space, or a quota or size limit is reached.
    Full,
    /// Not allowed.
    Denied,
    /// The folder isn't there, or isn't one.
    NoFolder,
    /// A file that is not to be replaced is there.
    Exists,
    /// Another process holds the lock: it is downloading the same file.
    Locked,
    /// The part file is no plain file with one link.
    NotPlain,
    /// What is there is not of this download: a journal of another file, or none that a store wrote, or a part file that
    /// has bytes and no journal.
    Foreign,
    /// Anything else.
    Other,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            DiskErrorKind::Full => "no space left (or a size limit is reached)",
            DiskErrorKind::Denied => "permission denied",
            DiskErrorKind::NoFolder => "the folder does not exist",
            DiskErrorKind::Exists => "the target exists",
            DiskErrorKind::Locked => "another process is downloading the same file",
            DiskErrorKind::NotPlain => "the part file is not a plain file with one link",
            DiskErrorKind::Foreign => "what is there is not of this download",
            DiskErrorKind::Other => "input/output error",
        };
        write!(f, "{}: {why}", self.doing)
    }
}

impl core::error::Error for DiskError {}
