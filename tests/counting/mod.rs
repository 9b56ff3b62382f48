//! An allocator that counts. What it counts is the whole process's: a binary that uses it has one test.

#![expect(unsafe_code, reason = "counting what is allocated takes a global allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

/// Bytes in use now.
pub(crate) fn used() -> usize {
    USED.load(Relaxed)
}

/// The most bytes that `what` had in use at once, beyond those before.
pub(crate) fn peak(what: impl FnOnce()) -> usize {
    let before = used();
    PEAK.store(before, Relaxed);
    what();
    PEAK.load(Relaxed).saturating_sub(before)
}
