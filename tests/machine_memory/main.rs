//! What strangers can make a machine keep: a million hostile events later it has no more in memory than before.

#![expect(clippy::cast_possible_truncation, reason = "numbers below a small count")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not take for tests")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a stranger answers what it likes")]

#[path = "../counting/mod.rs"]
mod counting;
mod downloader;
mod seeder;
mod tracker;

use samara::{Entropy, FileHash, SeedId};

/// Hostile events of one machine.
const EVENTS: u32 = 1_000_000;
/// How much more memory may be in use in the last quarter of them than in the second.
const ALLOWANCE: usize = 64 << 10;

/// One test, since the count is the whole process's.
#[test]
fn a_million_hostile_events_leave_memory_flat() {
    flat("tracker", tracker::hostile());
    flat("seeder", seeder::hostile());
    flat("downloader", downloader::hostile());
}

/// `event` is called for each event.
fn flat(name: &str, mut event: impl FnMut()) {
    let begun = counting::used();
    let mut quarter = || {
        let before = counting::used().saturating_sub(begun);
        before + counting::peak(|| (0..EVENTS / 4).for_each(|_| event()))
    };
    let [_, before, _, after] = [quarter(), quarter(), quarter(), quarter()];
    assert!(after <= before + ALLOWANCE, "{name}: {before} bytes became {after}");
}

fn file_hash(entropy: &mut Entropy) -> FileHash {
    FileHash::new(hash(entropy))
}

fn seed_id(entropy: &mut Entropy) -> SeedId {
    SeedId::new(hash(entropy))
}

fn hash(entropy: &mut Entropy) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.as_chunks_mut().0.iter_mut().for_each(|eight: &mut [u8; 8]| *eight = entropy.next().to_le_bytes());
    bytes
}
