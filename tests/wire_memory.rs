//! What decoding costs: never more memory than the frame has bytes, and a little.

#![expect(unsafe_code, reason = "counting what is allocated takes a global allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use samara::wire::codec::{decode, encode};
use samara::wire::message::{Digest, Entry, Message, SeedKey, Summary, Update, UpdateSet};
use samara::{ChunkHash, FileHash, SafeName, Seed, SeedId};

/// Bytes in use, and the most since the last reset.
static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: allocates and frees as `System` does; counting touches no memory of the caller's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(USED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps `dealloc`'s contract, and `at` came from `System`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that decoding `bytes` had in use at once.
fn peak(bytes: &[u8]) -> usize {
    let before = USED.load(Relaxed);
    PEAK.store(before, Relaxed);
    drop(decode(bytes));
    PEAK.load(Relaxed) - before
}

fn frame(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("a small body");
    [&len.to_le_bytes()[..], &kind.to_le_bytes(), &flags.to_le_bytes(), &[0; 4], body].concat()
}

fn bytes_of(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(7, message, &mut bytes);
    bytes
}

const ALLOWANCE: usize = 64 << 10;

/// One test, since the count is the whole process's.
#[test]
fn no_frame_costs_more_memory_than_its_bytes_and_64_kib() {
    for count in [1_u64, 8, 512, 1_024, 4_096, 65_536, 1 << 32, u64::MAX] {
        for kind in 0..64 {
            for flags in 0..4 {
                for before in [0, 4, 8, 9, 32, 33, 50, 52, 57, 86] {
                    let body = [&vec![0; before][..], &count.to_le_bytes(), &[0; 100]].concat();
                    let cost = peak(&frame(kind, flags, &body));
                    assert!(cost < 1_000, "kind {kind}, count {count} at {before}: {cost} bytes");
                }
            }
        }
    }
    for message in largest() {
        let bytes = bytes_of(&message);
        let cost = peak(&bytes);
        assert!(cost > bytes.len() / 2, "it was decoded");
        assert!(cost <= bytes.len() + ALLOWANCE, "{cost} bytes for a frame of {}", bytes.len());
    }
}

fn largest() -> Vec<Message> {
    let hashes = vec![ChunkHash::new([3; 32]); 65_536];
    let name = SafeName::new(&"n".repeat(255)).expect("safe");
    let seed = Seed::new(name, 1 << 40, 16 << 20, FileHash::new([3; 32]), hashes).expect("consistent");
    let key = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
    let entries = vec![Entry { key, complete: true }; 4_096];
    let base = Digest([0; 32]);
    let set = UpdateSet::All(entries);
    let short = Summary { key, about: None, complete: 1, partial: 1 };
    let listing = samara::wire::message::Listing { summaries: vec![short; 512], next: None };
    vec![
        Message::Publish(seed.into()),
        Message::Update(Update { port: 1, advertise: None, generation: 0, page: 0, last: true, base, set }),
        Message::Withdraw(vec![key; 4_096]),
        Message::Gained(vec![1; 1_024]),
        Message::Listing(listing),
    ]
}
