//! samara's machines on tokio: sockets, files, clocks.
pub mod client;
pub mod files;

mod connection;
mod disk;
mod env;
mod line;
mod pool;
mod reader;
mod real;
mod role;
mod run;
mod writer;

pub use env::{Content, Disk, Env, Incoming, Part, Sink, Stream};
pub use real::Tokio;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. If a task panicked while it held the lock, the others go on with what it left: one peer's connection that
/// dies is no reason to end all.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
