//! A million entries: ten thousand nodes with a hundred files each, twelve holders of a file.

use samara::wire::Message;
use samara::wire::message::{Digest, Entry, Query, SeedKey, Update, UpdateSet};
use samara::{FileHash, SeedId};

/// How many nodes there are.
pub(crate) const NODES: u32 = 10_000;
/// How many files each has.
pub(crate) const EACH: u32 = 100;
/// How many different ones there are.
pub(crate) const FILES: u32 = NODES * EACH / 12;

/// The key of a file.
pub(crate) fn key(file: u32) -> SeedKey {
    let mut bytes = [7; 32];
    // Spread, as hashes are.
    bytes[..8].copy_from_slice(&u64::from(file).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    SeedKey { file_hash: FileHash::new(bytes), seed_id: SeedId::new(bytes) }
}

/// What node `node` holds.
pub(crate) fn entries(node: u32) -> Vec<Entry> {
    let first = node * 7_919;
    let file = |n: u32| first.wrapping_add(n * 104_729) % FILES;
    let mut files: Vec<u32> = (0..EACH).map(file).collect();
    files.sort_unstable();
    files.dedup();
    files.into_iter().map(|file| Entry { key: key(file), complete: file % 3 != 0 }).collect()
}

/// An announcement of `set`, on top of `base`.
pub(crate) fn update(port: u16, base: Digest, set: UpdateSet, generation: u64) -> Message {
    Message::Update(Update { port, advertise: None, generation, page: 0, last: true, base, set })
}

/// A question for a file.
pub(crate) fn query(file: u32) -> Message {
    let (stale, refuted) = (Vec::new(), Vec::new());
    Message::Query(Query { file_hash: key(file).file_hash, seed_id: None, stale, refuted })
}
