//! Chunks that a power cut can take from nobody: their bytes are synced, and so is a record of them.

use std::collections::BTreeSet;

use samara::store::{File, Op};

/// How far each chunk of a download has come on its way to the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Safe {
    written: BTreeSet<u32>,
    synced: BTreeSet<u32>,
    recorded: BTreeSet<u32>,
    safe: BTreeSet<u32>,
}

impl Safe {
    /// A disk operation is through.
    pub(crate) fn done(&mut self, op: &Op, chunk_size: u32) {
        match op {
            Op::Write { offset, .. } => {
                self.written.insert(u32::try_from(offset / u64::from(chunk_size)).unwrap_or(u32::MAX));
            }
            Op::Sync(File::Part) => self.synced.append(&mut self.written),
            // A chunk is recorded as soon as it is written, and once more when it is synced.
            Op::Append { .. } => self.recorded.append(&mut self.synced),
            Op::Sync(File::Journal) => self.safe.append(&mut self.recorded),
            Op::Remove(File::Part) | Op::Rename { to: File::Target, .. } => *self = Self::default(),
            Op::Remove(_) | Op::Rename { .. } | Op::SyncFolder => {}
            Op::Sync(File::NewJournal | File::Target) => {}
            Op::Open => self.cut(),
            Op::Create { .. } | Op::Resize { .. } | Op::Check { .. } | Op::Look(_) => {}
        }
    }

    /// The host is gone, or an operation failed: whatever was on its way may be lost.
    pub(crate) fn cut(&mut self) {
        *self = Self { safe: std::mem::take(&mut self.safe), ..Self::default() };
    }

    /// Can this chunk be lost no more?
    pub(crate) fn contains(&self, index: u32) -> bool {
        self.safe.contains(&index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_chunk_is_safe_once_its_bytes_and_then_its_record_are_synced() {
        let mut safe = Safe::default();
        let (write, append) =
            (Op::Write { offset: 128, bytes: Bytes::new() }, Op::Append { bytes: Bytes::new() });
        for op in [&write, &append, &Op::Sync(File::Part), &Op::Sync(File::Journal)] {
            safe.done(op, 64);
            assert!(!safe.contains(2));
        }
        safe.cut();
        for op in [&append, &Op::Sync(File::Journal)] {
            safe.done(op, 64);
            assert!(!safe.contains(2), "it was lost");
        }
        for op in [&write, &Op::Sync(File::Part), &append, &Op::Sync(File::Journal)] {
            safe.done(op, 64);
        }
        safe.cut();
        assert!(safe.contains(2) && !safe.contains(1));
        safe.done(&Op::Remove(File::Part), 64);
        assert!(!safe.contains(2));
    }
}
