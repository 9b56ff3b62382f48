//! A tracker's table with a million entries: how long the slowest questions take, also while half of it expires, and
//! how much memory it needs. `cargo bench --bench tracker_tail`

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    unsafe_code,
    reason = "a bench may stop, print, and count bytes"
)]

mod keys;
mod table;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keys::{EACH, FILES, NODES, query};
use samara::Machine;
use samara::tracker::Event;
use samara::wire::Message;
use table::Table;

/// Counts the bytes that are allocated.
struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by `System`; the count has nothing to do with memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Times that calls took.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn measure<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = call();
        self.0.push(began.elapsed());
        result
    }

    fn print(mut self, what: &str) {
        self.0.sort_unstable();
        let at = |thousandths: usize| self.0[(self.0.len() - 1) * thousandths / 1_000];
        println!(
            "{what}: median {:?}, p99 {:?}, p99.9 {:?}, max {:?}, of {}",
            at(500),
            at(990),
            at(999),
            at(1_000),
            self.0.len()
        );
    }
}

fn main() {
    let before = BYTES.load(Relaxed);
    let mut table = Table::new();
    let bytes = BYTES.load(Relaxed) - before;
    println!(
        "{} entries of {NODES} nodes, {FILES} files: {bytes} bytes, {:.1} an entry",
        NODES * EACH,
        bytes as f64 / f64::from(NODES * EACH)
    );

    let mut times = Times::default();
    for n in 0..1_000_000_u32 {
        let question = query(n.wrapping_mul(2_654_435_761) % FILES);
        times.measure(|| table.ask(n % NODES, question));
    }
    times.print("query");

    // Half of the nodes stay; the others' leases end together.
    let ttl = Duration::from_secs(60);
    table.now = table.now + ttl / 2;
    for node in (0..NODES).step_by(2) {
        let message = table.same(node);
        assert!(matches!(table.ask(node, message), Message::Updated(updated) if !updated.resend));
    }
    table.now = table.now + ttl / 2;
    let mut times = Times::default();
    for n in 0..200_000_u32 {
        let question = query(n.wrapping_mul(2_654_435_761) % FILES);
        table.now = table.now + Duration::from_micros(5);
        if table.tracker.deadline().is_some_and(|deadline| deadline.at <= table.now) {
            let now = table.now;
            times.measure(|| table.tracker.handle(now, Event::Wake));
        }
        times.measure(|| table.ask(n % NODES / 2 * 2, question));
    }
    times.print("query or wake-up, while half of the entries expire");
}
