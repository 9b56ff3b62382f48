//! A disk in memory that forgets: until it is synced, any write and any name may be lost at a crash.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use samara::store::{DiskError, DiskErrorKind, File, Identity, Op, Outcome};
use samara::{Entropy, Hashed, Sha2};

/// The files of one download.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    folder: Folder,
    inodes: BTreeMap<u64, Inode>,
    clock: i64,
    /// Operations carried out so far.
    pub(crate) count: usize,
    /// The operation, by its number, that fails.
    pub(crate) fail_at: Option<usize>,
    /// Every operation, in words.
    pub(crate) log: Vec<String>,
}

#[derive(Clone, Default)]
struct Folder {
    synced: BTreeMap<File, u64>,
    now: BTreeMap<File, u64>,
    unsynced: Vec<Entry>,
}

#[derive(Clone, Copy)]
enum Entry {
    Add(File, u64),
    Rename(File, File, u64),
    Remove(File),
}

#[derive(Clone, Default)]
struct Inode {
    synced: (Vec<u8>, i64),
    now: (Vec<u8>, i64),
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Bytes),
    Resize(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                to.resize(to.len().max(at + bytes.len()), 0);
                to[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Resize(length) => to.resize(*length, 0),
        }
    }
}

impl Entry {
    fn apply(self, to: &mut BTreeMap<File, u64>) {
        match self {
            Self::Add(file, inode) => _ = to.insert(file, inode),
            Self::Rename(from, file, inode) => {
                to.remove(&from);
                to.insert(file, inode);
            }
            Self::Remove(file) => _ = to.remove(&file),
        }
    }
}

impl Disk {
    /// A file as a process would read it now.
    pub(crate) fn read(&self, file: File) -> Option<&[u8]> {
        self.folder.now.get(&file).map(|inode| &self.inodes[inode].now.0[..])
    }

    /// The files that are there.
    pub(crate) fn files(&self) -> BTreeSet<File> {
        self.folder.now.keys().copied().collect()
    }

    /// Puts a file there, durably, as another program would.
    pub(crate) fn plant(&mut self, file: File, bytes: &[u8]) {
        let inode = self.add(file);
        self.change(inode, Change::Write(0, Bytes::copy_from_slice(bytes)));
        self.sync(inode);
        self.sync_folder();
    }

    /// How many changes a crash now could lose, one by one.
    pub(crate) fn unsynced(&self) -> usize {
        self.folder.unsynced.len() + self.inodes.values().map(|inode| inode.unsynced.len()).sum::<usize>()
    }

    /// Loses power. Of the unsynced changes, those survive for which `keep` says so; a write may also be torn.
    pub(crate) fn crash(&mut self, entropy: &mut Entropy, mut keep: impl FnMut(&mut Entropy) -> Keep) {
        for entry in std::mem::take(&mut self.folder.unsynced) {
            if !matches!(keep(entropy), Keep::Lost) {
                entry.apply(&mut self.folder.synced);
            }
        }
        self.folder.now = self.folder.synced.clone();
        for inode in self.inodes.values_mut() {
            for change in std::mem::take(&mut inode.unsynced) {
                match (keep(entropy), change) {
                    (Keep::Lost, _) => {}
                    (Keep::Torn, Change::Write(at, bytes)) => {
                        Change::Write(at, bytes.slice(..entropy.below(bytes.len())))
                            .apply(&mut inode.synced.0);
                    }
                    (Keep::Torn | Keep::Whole, change) => change.apply(&mut inode.synced.0),
                }
            }
            if entropy.below(2) == 0 {
                inode.synced.1 = inode.now.1;
            }
            inode.now = inode.synced.clone();
        }
        self.fail_at = None;
    }

    /// Carries out one operation.
    pub(crate) fn run(&mut self, op: &Op) -> Outcome {
        let number = self.count;
        self.count += 1;
        self.log.push(words(op));
        if self.fail_at == Some(number) {
            // Half of what a failed write wrote may be there.
            if let Op::Write { offset, bytes } = op {
                let half = bytes.slice(..bytes.len() / 2);
                self.change(self.folder.now[&File::Part], Change::Write(*offset as usize, half));
            }
            return failed(DiskErrorKind::Full);
        }
        match op {
            Op::Open => self.open(),
            Op::Create { bytes } => {
                let inode = self.add(File::NewJournal);
                self.done(inode, Change::Write(0, bytes.clone()))
            }
            Op::Append { bytes } => {
                let inode = self.folder.now[&File::Journal];
                let end = self.inodes[&inode].now.0.len();
                self.done(inode, Change::Write(end, bytes.clone()))
            }
            Op::Write { offset, bytes } => {
                self.done(self.folder.now[&File::Part], Change::Write(*offset as usize, bytes.clone()))
            }
            Op::Resize { length } => {
                self.done(self.folder.now[&File::Part], Change::Resize(*length as usize))
            }
            Op::Sync(file) => {
                self.sync(self.folder.now[file]);
                Outcome::Done
            }
            Op::SyncFolder => {
                self.sync_folder();
                Outcome::Done
            }
            Op::Rename { from, to, replace } => self.rename(*from, *to, *replace),
            Op::Remove(file) => {
                if self.folder.now.contains_key(file) {
                    self.entry(Entry::Remove(*file));
                }
                Outcome::Done
            }
            Op::Check { offset, step } => {
                let bytes = self.read(File::Part).unwrap();
                let range = *offset as usize..*offset as usize + step.len as usize;
                let bytes = Bytes::copy_from_slice(bytes.get(range).unwrap_or_default());
                Outcome::Checked(Hashed::new::<Sha2>(step.start, step.last, bytes))
            }
            Op::Look(file) => self.look(*file).map_or_else(|| failed(DiskErrorKind::Other), Outcome::Looked),
        }
    }

    fn open(&mut self) -> Outcome {
        let part = self.look(File::Part);
        if part.is_none() {
            self.add(File::Part);
        }
        Outcome::Opened { journal: self.read(File::Journal).map(Bytes::copy_from_slice), part }
    }

    fn rename(&mut self, from: File, to: File, replace: bool) -> Outcome {
        if !replace && self.folder.now.contains_key(&to) {
            return failed(DiskErrorKind::Exists);
        }
        let inode = self.folder.now[&from];
        self.entry(Entry::Rename(from, to, inode));
        Outcome::Done
    }

    pub(crate) fn look(&self, file: File) -> Option<Identity> {
        let inode = *self.folder.now.get(&file)?;
        let (bytes, modified) = &self.inodes[&inode].now;
        Some(Identity { device: 1, inode, size: bytes.len() as u64, modified: *modified })
    }

    fn add(&mut self, file: File) -> u64 {
        let inode = self.inodes.len() as u64;
        self.inodes.insert(inode, Inode::default());
        self.entry(Entry::Add(file, inode));
        inode
    }

    fn entry(&mut self, entry: Entry) {
        entry.apply(&mut self.folder.now);
        self.folder.unsynced.push(entry);
    }

    fn change(&mut self, inode: u64, change: Change) {
        self.clock += 1;
        let inode = self.inodes.get_mut(&inode).unwrap();
        change.apply(&mut inode.now.0);
        inode.now.1 = self.clock;
        inode.unsynced.push(change);
    }

    fn done(&mut self, inode: u64, change: Change) -> Outcome {
        self.change(inode, change);
        Outcome::Done
    }

    fn sync(&mut self, inode: u64) {
        let inode = self.inodes.get_mut(&inode).unwrap();
        inode.synced = inode.now.clone();
        inode.unsynced.clear();
    }

    fn sync_folder(&mut self) {
        self.folder.synced = self.folder.now.clone();
        self.folder.unsynced.clear();
    }
}

/// What becomes of one unsynced change at a crash.
#[derive(Clone, Copy)]
pub(crate) enum Keep {
    Whole,
    Torn,
    Lost,
}

fn failed(kind: DiskErrorKind) -> Outcome {
    Outcome::Failed(DiskError { kind, doing: "testing", os: None })
}

/// An operation as the tests spell it.
pub(crate) fn words(op: &Op) -> String {
    match op {
        Op::Open => "open".into(),
        Op::Create { .. } => "create NewJournal".into(),
        Op::Append { .. } => "append".into(),
        Op::Write { offset, .. } => format!("write {offset}"),
        Op::Resize { length } => format!("resize {length}"),
        Op::Sync(file) => format!("sync {file:?}"),
        Op::SyncFolder => "sync folder".into(),
        Op::Rename { from, to, replace } => {
            format!("rename {from:?} to {to:?}{}", if *replace { ", replacing" } else { "" })
        }
        Op::Remove(file) => format!("remove {file:?}"),
        Op::Check { offset, .. } => format!("check {offset}"),
        Op::Look(file) => format!("look at {file:?}"),
    }
}

/// May `op` be carried out while `before`, asked for earlier, has not been yet? (See `store::Action::Disk`.)
pub(crate) fn may_overtake(op: &Op, before: &Op) -> bool {
    let beside = |op: &Op| matches!(op, Op::Write { .. } | Op::Check { .. });
    !matches!(op, Op::Sync(_)) && (beside(op) && beside(before) || files(op).is_disjoint(&files(before)))
}

fn files(op: &Op) -> BTreeSet<File> {
    BTreeSet::from_iter(match op {
        Op::Open | Op::SyncFolder => vec![File::Part, File::Journal, File::NewJournal, File::Target],
        Op::Create { .. } => vec![File::NewJournal],
        Op::Append { .. } => vec![File::Journal],
        Op::Write { .. } | Op::Resize { .. } | Op::Check { .. } => vec![File::Part],
        Op::Sync(file) | Op::Remove(file) | Op::Look(file) => vec![*file],
        Op::Rename { from, to, .. } => vec![*from, *to],
    })
}
