//! A disk that does as it is told.

use std::collections::BTreeMap;

use bytes::Bytes;
use samara::store::{DiskError, DiskErrorKind, File, Identity, Op, Outcome};
use samara::{Hashed, Sha2};

/// The files of one download.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) files: BTreeMap<File, Vec<u8>>,
    /// Every write fails.
    pub(crate) full: bool,
    /// Chunks that were read again.
    pub(crate) checks: usize,
}

impl Disk {
    pub(crate) fn run(&mut self, op: Op) -> Outcome {
        match op {
            Op::Open => {
                let part = self.look(File::Part);
                self.files.entry(File::Part).or_default();
                Outcome::Opened { journal: self.files.get(&File::Journal).map(|it| it.clone().into()), part }
            }
            Op::Create { bytes } => self.put(File::NewJournal, 0, &bytes),
            Op::Append { bytes } => self.put(File::Journal, self.files[&File::Journal].len(), &bytes),
            Op::Write { .. } if self.full => {
                Outcome::Failed(DiskError { kind: DiskErrorKind::Full, doing: "testing", os: None })
            }
            Op::Write { offset, bytes } => self.put(File::Part, offset as usize, &bytes),
            Op::Resize { length } => {
                self.files.entry(File::Part).or_default().resize(length as usize, 0);
                Outcome::Done
            }
            Op::Sync(_) | Op::SyncFolder => Outcome::Done,
            Op::Rename { from, to, .. } => {
                let bytes = self.files.remove(&from).unwrap();
                self.files.insert(to, bytes);
                Outcome::Done
            }
            Op::Remove(file) => {
                self.files.remove(&file);
                Outcome::Done
            }
            Op::Check { offset, step } => {
                self.checks += 1;
                let bytes = &self.files[&File::Part][offset as usize..][..step.len as usize];
                let bytes = Bytes::copy_from_slice(bytes);
                Outcome::Checked(Hashed::new::<Sha2>(step.start, step.last, bytes))
            }
            Op::Look(file) => Outcome::Looked(self.look(file).unwrap()),
        }
    }

    pub(crate) fn look(&self, file: File) -> Option<Identity> {
        let size = self.files.get(&file)?.len() as u64;
        Some(Identity { device: 1, inode: 1, size, modified: 1 })
    }

    fn put(&mut self, file: File, at: usize, bytes: &[u8]) -> Outcome {
        let there = self.files.entry(file).or_default();
        there.resize(there.len().max(at + bytes.len()), 0);
        there[at..at + bytes.len()].copy_from_slice(bytes);
        Outcome::Done
    }
}
