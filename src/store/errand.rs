//! Errands: runs of disk operations of which each begins when the one before has ended, because a crash between
//! two must find them in that order.

use alloc::vec::Vec;
use bytes::Bytes;

use super::{DiskError, DiskErrorKind, File, Identity, Op, Outcome};

/// What follows from a step's outcome.
pub(super) enum Next<E, T> {
    /// Another step.
    Step(E),
    /// The errand is done.
    End(T),
}

/// Puts a new journal in the place of the one before: whole and durable, or not at all.
#[derive(Debug)]
pub(super) enum Replace {
    /// Writing it beside the other.
    Create(Bytes),
    /// Making it durable.
    Sync,
    /// Giving it the other's name.
    Rename,
    /// Making the name durable.
    SyncFolder,
}

impl Replace {
    pub(super) fn op(&self) -> Op {
        match self {
            Self::Create(bytes) => Op::Create { bytes: bytes.clone() },
            Self::Sync => Op::Sync(File::NewJournal),
            Self::Rename => Op::Rename { from: File::NewJournal, to: File::Journal, replace: true },
            Self::SyncFolder => Op::SyncFolder,
        }
    }

    pub(super) fn next(self) -> Next<Self, ()> {
        match self {
            Self::Create(_) => Next::Step(Self::Sync),
            Self::Sync => Next::Step(Self::Rename),
            Self::Rename => Next::Step(Self::SyncFolder),
            Self::SyncFolder => Next::End(()),
        }
    }
}

/// Puts the finished file in place.
#[derive(Debug)]
pub(super) enum Publish {
    /// Making the data durable.
    Sync,
    /// Is its length right?
    Measure,
    /// Cutting off what an older, longer part file left.
    Cut,
    /// Giving it its name.
    Rename(Identity),
    /// Making the name durable.
    SyncFolder(Identity),
    /// The journal has done its work.
    RemoveJournal(Identity),
    /// So has one that a crash left half made.
    RemoveNewJournal(Identity),
    /// What does the finished file look like?
    Look(Identity),
}

impl Publish {
    /// `length` is the file's, `overwrite` the user's word.
    pub(super) const fn op(&self, length: u64, overwrite: bool) -> Op {
        match self {
            Self::Sync => Op::Sync(File::Part),
            Self::Measure => Op::Look(File::Part),
            Self::Cut => Op::Resize { length },
            Self::Rename(_) => Op::Rename { from: File::Part, to: File::Target, replace: overwrite },
            Self::SyncFolder(_) => Op::SyncFolder,
            Self::RemoveJournal(_) => Op::Remove(File::Journal),
            Self::RemoveNewJournal(_) => Op::Remove(File::NewJournal),
            Self::Look(_) => Op::Look(File::Target),
        }
    }

    /// # Errors
    /// If the file isn't what was written.
    pub(super) fn next(self, outcome: &Outcome, length: u64) -> Result<Next<Self, Identity>, DiskError> {
        Ok(Next::Step(match self {
            Self::Sync => Self::Measure,
            Self::Measure => {
                let part = looked(outcome)?;
                match part.size.cmp(&length) {
                    core::cmp::Ordering::Less => return Err(changed()),
                    core::cmp::Ordering::Equal => Self::Rename(part),
                    core::cmp::Ordering::Greater => Self::Cut,
                }
            }
            Self::Cut => Self::Sync,
            Self::Rename(part) => Self::SyncFolder(part),
            Self::SyncFolder(part) => Self::RemoveJournal(part),
            Self::RemoveJournal(part) => Self::RemoveNewJournal(part),
            Self::RemoveNewJournal(part) => Self::Look(part),
            Self::Look(part) => {
                let target = looked(outcome)?;
                let same = (part.device, part.inode, part.size) == (target.device, target.inode, target.size);
                return if same { Ok(Next::End(target)) } else { Err(changed()) };
            }
        }))
    }
}

/// Ends in order: the next start may trust what it finds.
#[derive(Debug)]
pub(super) enum Close {
    /// Making the data durable.
    Sync,
    /// What does the part file look like?
    Look,
    /// Saying so in the journal.
    Append(Bytes),
    /// Making that durable.
    SyncJournal,
}

impl Close {
    pub(super) fn op(&self) -> Op {
        match self {
            Self::Sync => Op::Sync(File::Part),
            Self::Look => Op::Look(File::Part),
            Self::Append(bytes) => Op::Append { bytes: bytes.clone() },
            Self::SyncJournal => Op::Sync(File::Journal),
        }
    }

    /// `records` makes the journal's last ones.
    ///
    /// # Errors
    /// If the part file couldn't be looked at.
    pub(super) fn next(
        self,
        outcome: &Outcome,
        records: impl FnOnce(Identity) -> Vec<u8>,
    ) -> Result<Next<Self, ()>, DiskError> {
        Ok(match self {
            Self::Sync => Next::Step(Self::Look),
            Self::Look => Next::Step(Self::Append(records(looked(outcome)?).into())),
            Self::Append(_) => Next::Step(Self::SyncJournal),
            Self::SyncJournal => Next::End(()),
        })
    }
}

/// Removes files that hold nothing.
#[derive(Debug)]
pub(super) enum Discard {
    /// The data.
    Part,
    /// The journal.
    Journal,
    /// A journal that a crash left half made.
    NewJournal,
}

impl Discard {
    pub(super) const fn op(&self) -> Op {
        Op::Remove(match self {
            Self::Part => File::Part,
            Self::Journal => File::Journal,
            Self::NewJournal => File::NewJournal,
        })
    }

    pub(super) const fn next(self) -> Next<Self, ()> {
        match self {
            Self::Part => Next::Step(Self::Journal),
            Self::Journal => Next::Step(Self::NewJournal),
            Self::NewJournal => Next::End(()),
        }
    }
}

fn looked(outcome: &Outcome) -> Result<Identity, DiskError> {
    match outcome {
        Outcome::Looked(identity) => Ok(*identity),
        Outcome::Done | Outcome::Opened { .. } | Outcome::Checked(_) | Outcome::Failed(_) => Err(changed()),
    }
}

const fn changed() -> DiskError {
    DiskError {
        kind: DiskErrorKind::Other,
        doing: "looking at the file, which is not as it was written",
        os: None,
    }
}
