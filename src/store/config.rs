//! What can be set of a store.

use core::time::Duration;

use crate::hash::FileHash;

/// A store's settings.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// The file that is wanted: a journal for another one is refused.
    pub file_hash: FileHash,
    /// May a file that is already there under the final name be replaced?
    pub overwrite: bool,
    /// Sync after so many bytes. Default: 64 MiB.
    pub sync_bytes: u64,
    /// Sync after so long. Default: 5 s.
    pub sync_after: Duration,
    /// Claimed chunks that are read and hashed at once after an unclean stop. Default: 4.
    pub checks: u16,
}

impl Config {
    /// The defaults, for this file.
    pub const fn new(file_hash: FileHash) -> Self {
        Self {
            file_hash,
            overwrite: false,
            sync_bytes: 64 << 20,
            sync_after: Duration::from_secs(5),
            checks: 4,
        }
    }
}
