//! The file that was downloaded.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use samara::record::Data;

/// A file on the disk, or anything else that can be read from anywhere: an unfinished `NAME.part`, or bytes in memory.
#[derive(Debug)]
pub struct FileData<F = File>(pub F);

impl FileData {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }
}

impl<F: Read + Seek + std::fmt::Debug> Data for FileData<F> {
    fn read(&mut self, offset: u64, len: u32) -> Option<Bytes> {
        self.0.seek(SeekFrom::Start(offset)).ok()?;
        // No room is made for more than is there.
        let mut bytes = Vec::new();
        self.0.by_ref().take(u64::from(len)).read_to_end(&mut bytes).ok()?;
        (bytes.len() == len as usize).then(|| bytes.into())
    }
}
