//! A host's disk in memory: files, what of them is durable, and what a crash leaves.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use samara::store::{DiskError, DiskErrorKind, File, Identity, Op, Outcome};
use samara::{Entropy, Hashed, Sha2, Time};

use crate::fault::Fault;

#[cfg(test)]
mod tests;

/// Files by name. Writes and names are lost by a crash until they are synced.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    device: u64,
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    /// Changes of names that aren't durable, oldest first.
    renames: Vec<NameChange>,
    last_inode: u64,
    /// Operations that were carried out.
    operations: u64,
    pub(crate) harm: Harm,
}

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// Each operation takes this much longer.
    pub delay: Duration,
    /// It has room for so many bytes in all files; none: for any number.
    pub room: Option<u64>,
    /// Its operations with this number fails; they are counted from 0. None: none does.
    pub fails: Option<u64>,
    /// The power is cut as soon as an operation is through that [`doing`] calls so.
    pub cuts: Option<&'static str>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    bytes: Vec<u8>,
    modified: i64,
    durable: Vec<u8>,
    /// Changes since, oldest first.
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Bytes },
    Resize { length: usize },
}

#[derive(Clone, Debug)]
enum NameChange {
    Link { name: String, inode: u64 },
    Rename { from: String, to: String },
    Unlink { name: String },
}

impl Disk {
    /// An empty disk; `device` goes into identities.
    pub fn new(device: u64) -> Self {
        Self { device, ..Self::default() }
    }

    /// Puts a whole file there, durable at once.
    pub fn put(&mut self, name: &str, bytes: &[u8], now: Time) -> Identity {
        let inode = self.create(name, now);
        let file = self.inodes.entry(inode).or_default();
        (file.bytes, file.durable) = (bytes.to_vec(), bytes.to_vec());
        self.sync_names();
        self.identity(name).expect("it was just created")
    }

    /// The bytes of a file, if it is there.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.file(name).map(|file| file.bytes.as_slice())
    }

    /// Some bytes of a file, if it is there and that long.
    pub fn read(&self, name: &str, range: Range<u64>) -> Option<Bytes> {
        let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        self.bytes(name)?.get(range).map(Bytes::copy_from_slice)
    }

    /// What a file looks like, if it is there.
    pub fn identity(&self, name: &str) -> Option<Identity> {
        let file = self.file(name)?;
        let size = file.bytes.len() as u64;
        Some(Identity { device: self.device, inode: *self.names.get(name)?, size, modified: file.modified })
    }

    /// Turns over the bits of one byte, without a trace in the file's identity: bit rot, or a poisoner.
    pub fn corrupt(&mut self, name: &str, offset: u64) {
        let inode = self.names.get(name).and_then(|inode| self.inodes.get_mut(inode));
        let file = inode.expect("only a file that is there can be corrupted");
        let offset = usize::try_from(offset).expect("a disk in memory is small");
        file.bytes[offset] ^= 0xff;
        file.durable[offset] ^= 0xff;
    }

    /// Makes everything durable.
    pub fn sync(&mut self) {
        self.inodes.values_mut().for_each(Inode::sync);
        self.sync_names();
    }

    /// Deletes a file, durably.
    pub fn delete(&mut self, name: &str) {
        self.change_name(NameChange::Unlink { name: name.to_owned() });
        self.sync_names();
    }

    /// Another disk takes its place, an empty one.
    pub fn wipe(&mut self) {
        self.inodes.clear();
        self.names.clear();
        self.durable_names.clear();
        self.renames.clear();
    }

    /// From now on this is wrong with it.
    pub const fn harm(&mut self, harm: Harm) {
        self.harm = harm;
    }

    /// What is wrong with it.
    pub const fn harmed(&self) -> Harm {
        self.harm
    }

    /// Operations that it was asked for so far.
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Carries out one operation of the store whose target is `stem`. Says which fault made it fail, if one did.
    pub fn perform(&mut self, stem: &str, op: Op, now: Time) -> (Outcome, Option<Fault>) {
        let doing = doing(&op);
        let number = self.operations;
        self.operations += 1;
        let failed = |kind| Outcome::Failed(DiskError { kind, doing, os: None });
        if self.harm.fails == Some(number) {
            return (failed(DiskErrorKind::Other), Some(Fault::DiskError));
        }
        if self.is_full(&op) {
            return (failed(DiskErrorKind::Full), Some(Fault::DiskFull));
        }
        (self.try_perform(stem, op, now).unwrap_or_else(failed), None)
    }

    /// Is there no room for what this operation writes?
    fn is_full(&self, op: &Op) -> bool {
        let more = match op {
            Op::Create { bytes } | Op::Append { bytes } | Op::Write { bytes, .. } => bytes.len() as u64,
            Op::Open
            | Op::Resize { .. }
            | Op::Sync(_)
            | Op::SyncFolder
            | Op::Rename { .. }
            | Op::Remove(_) => 0,
            Op::Check { .. } | Op::Look(_) => 0,
        };
        let used: u64 = self.inodes.values().map(|file| file.bytes.len() as u64).sum();
        more > 0 && self.harm.room.is_some_and(|room| used + more > room)
    }

    /// What a power cut leaves: of the unsynced writes any, the last of them perhaps in part; of the changes of
    /// names those before some moment.
    ///
    /// Says if anything can have been lost: if something was not durable.
    pub fn crash(&mut self, entropy: &mut Entropy) -> bool {
        let at_stake = !self.renames.is_empty() || self.inodes.values().any(|file| !file.changes.is_empty());
        self.names = std::mem::take(&mut self.durable_names);
        let kept = entropy.below(self.renames.len() + 1);
        for change in self.renames.drain(..).take(kept) {
            change.apply(&mut self.names);
        }
        self.durable_names.clone_from(&self.names);
        for file in self.inodes.values_mut() {
            file.crash(entropy);
        }
        self.collect();
        at_stake
    }

    fn try_perform(&mut self, stem: &str, op: Op, now: Time) -> Result<Outcome, DiskErrorKind> {
        match op {
            Op::Open => {
                let part = name(stem, File::Part);
                let found = self.identity(&part);
                if found.is_none() {
                    self.create(&part, now);
                }
                let journal = self.bytes(&name(stem, File::Journal)).map(Bytes::copy_from_slice);
                return Ok(Outcome::Opened { journal, part: found });
            }
            Op::Create { bytes } => {
                let new = name(stem, File::NewJournal);
                if self.file(&new).is_none() {
                    self.create(&new, now);
                }
                let file = self.open(&new)?;
                file.change(Change::Resize { length: 0 }, now);
                file.change(Change::Write { offset: 0, bytes }, now);
            }
            Op::Append { bytes } => {
                let file = self.open(&name(stem, File::Journal))?;
                let offset = file.bytes.len();
                file.change(Change::Write { offset, bytes }, now);
            }
            Op::Write { offset, bytes } => {
                let offset = usize::try_from(offset).map_err(|_| DiskErrorKind::Full)?;
                self.open(&name(stem, File::Part))?.change(Change::Write { offset, bytes }, now);
            }
            Op::Resize { length } => {
                let length = usize::try_from(length).map_err(|_| DiskErrorKind::Full)?;
                self.open(&name(stem, File::Part))?.change(Change::Resize { length }, now);
            }
            Op::Sync(file) => self.open(&name(stem, file))?.sync(),
            Op::SyncFolder => self.sync_names(),
            Op::Rename { from, to, replace } => {
                let (from, to) = (name(stem, from), name(stem, to));
                if !replace && self.names.contains_key(&to) {
                    return Err(DiskErrorKind::Exists);
                }
                self.open(&from)?;
                self.change_name(NameChange::Rename { from, to });
            }
            Op::Remove(file) => self.change_name(NameChange::Unlink { name: name(stem, file) }),
            Op::Check { offset, step } => {
                let part = name(stem, File::Part);
                let read = self.read(&part, offset..offset.saturating_add(u64::from(step.len)));
                let bytes = read.ok_or(DiskErrorKind::Other)?;
                return Ok(Outcome::Checked(Hashed::new::<Sha2>(step.start, step.last, bytes)));
            }
            Op::Look(file) => {
                let identity = self.identity(&name(stem, file)).ok_or(DiskErrorKind::Other)?;
                return Ok(Outcome::Looked(identity));
            }
        }
        Ok(Outcome::Done)
    }

    fn create(&mut self, name: &str, now: Time) -> u64 {
        self.last_inode += 1;
        let inode = self.last_inode;
        self.inodes.insert(inode, Inode { modified: nanos(now), ..Inode::default() });
        self.change_name(NameChange::Link { name: name.to_owned(), inode });
        inode
    }

    fn file(&self, name: &str) -> Option<&Inode> {
        self.names.get(name).and_then(|inode| self.inodes.get(inode))
    }

    fn open(&mut self, name: &str) -> Result<&mut Inode, DiskErrorKind> {
        let inode = self.names.get(name).and_then(|inode| self.inodes.get_mut(inode));
        inode.ok_or(DiskErrorKind::Other)
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.renames.push(change);
    }

    fn sync_names(&mut self) {
        self.renames.clear();
        self.durable_names.clone_from(&self.names);
        self.collect();
    }

    /// Forgets files without a name.
    fn collect(&mut self) {
        let (names, durable, changes) = (&self.names, &self.durable_names, &self.renames);
        self.inodes.retain(|inode, _| {
            let named = |names: &BTreeMap<String, u64>| names.values().any(|other| other == inode);
            let linked =
                |change: &NameChange| matches!(change, NameChange::Link { inode: other, .. } if other == inode);
            named(names) || named(durable) || changes.iter().any(linked)
        });
    }
}

impl Inode {
    fn change(&mut self, change: Change, now: Time) {
        change.apply(&mut self.bytes);
        self.changes.push(change);
        self.modified = nanos(now);
    }

    fn sync(&mut self) {
        for change in self.changes.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    fn crash(&mut self, entropy: &mut Entropy) {
        let changes = std::mem::take(&mut self.changes);
        let last = changes.len().saturating_sub(1);
        for (n, change) in changes.into_iter().enumerate() {
            match change {
                Change::Write { offset, bytes } if n == last => {
                    let torn = bytes.slice(..entropy.below(bytes.len() + 1));
                    Change::Write { offset, bytes: torn }.apply(&mut self.durable);
                }
                Change::Write { .. } | Change::Resize { .. } if entropy.below(2) == 0 => {
                    change.apply(&mut self.durable);
                }
                Change::Write { .. } | Change::Resize { .. } => {}
            }
        }
        self.bytes.clone_from(&self.durable);
    }
}

impl Change {
    /// A write beyond the end leaves zeros between.
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { bytes, .. } if bytes.is_empty() => {}
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[*offset..end].copy_from_slice(bytes);
            }
            Self::Resize { length } => file.resize(*length, 0),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Link { name, inode } => {
                names.insert(name.clone(), *inode);
            }
            Self::Rename { from, to } => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            Self::Unlink { name } => {
                names.remove(name);
            }
        }
    }
}

/// The name of one of the files of the store whose target is `stem`.
pub fn name(stem: &str, file: File) -> String {
    match file {
        File::Part => format!("{stem}.part"),
        File::Journal => format!("{stem}.part.journal"),
        File::NewJournal => format!("{stem}.part.journal.new"),
        File::Target => stem.to_owned(),
    }
}

/// An operation in a word or two, for errors and traces.
pub const fn doing(op: &Op) -> &'static str {
    match op {
        Op::Open => "opening",
        Op::Create { .. } => "creating the journal",
        Op::Append { .. } => "appending to the journal",
        Op::Write { .. } => "writing a chunk",
        Op::Resize { .. } => "resizing",
        Op::Sync(_) => "syncing",
        Op::SyncFolder => "syncing the folder",
        Op::Rename { .. } => "renaming",
        Op::Remove(_) => "removing",
        Op::Check { .. } => "checking a chunk",
        Op::Look(_) => "looking at a file",
    }
}

fn nanos(now: Time) -> i64 {
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000)
}
