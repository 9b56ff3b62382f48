//! samara's machines on tokio: sockets, files, clocks.
pub mod client;
pub mod files;

mod connection;
mod disk;
mod env;
mod line;
mod node;
mod pool;
mod reader;
mod real;
mod role;
mod run;
#[cfg(test)]
mod tests;
mod tracker;
mod writer;

pub use env::{Content, Disk, Env, Incoming, Part, Sink, Stream};
pub use node::{NodeHandle, NodeOptions, Order, Report, Reports, Traffic};
pub use real::Tokio;
pub use tracker::{Counters, TrackerHandle};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. If a task panicked while it held the lock, the others go on with what it left: one peer's connection that
/// dies is no reason to end all.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
