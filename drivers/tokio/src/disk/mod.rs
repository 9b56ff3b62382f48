//! The file system: files to read from, and the files of downloads.

mod job;
mod part;
mod queue;
mod sys;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use samara::store::Identity;

use crate::env::{Content, Disk, Part};

pub(crate) use job::Job;
pub(crate) use part::sync_folder;
pub(crate) use queue::Queue;

/// The real disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileSystem;

impl Disk for FileSystem {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Content>> {
        open(path).map(|file| Arc::new(Opened(Arc::new(file))) as Arc<dyn Content>)
    }

    fn part(&self, path: &Path) -> Arc<dyn Part> {
        Arc::new(part::PartFiles::new(path))
    }
}

/// Opens a finished file: any plain one, however many names it has.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // A pipe would wait for its other end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"));
    }
    File::open(path)
}

/// What an open file looks like now.
pub(crate) fn identity(file: &File) -> io::Result<Identity> {
    Ok(sys::identity(&file.metadata()?))
}

/// Fills `bytes` from `offset`.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    sys::read_at(file, bytes, offset)
}

/// An open file.
#[derive(Debug)]
struct Opened(Arc<File>);

impl Content for Opened {
    fn identity(&self) -> io::Result<Identity> {
        identity(&self.0)
    }

    fn expect(&self, offset: u64, len: u64) {
        sys::expect(&self.0, offset, len);
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        sys::read_at(&self.0, bytes, offset)
    }

    fn file(&self) -> Option<&File> {
        Some(&self.0)
    }
}
