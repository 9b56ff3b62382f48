//! samara's machines on tokio: sockets, files, clocks.
//!
//! ```text
//!   accept loop ───┐ event                            ┌──▶ a line for each connection ──▶ its task writes
//!   connections ───┤        ┌─────────────────────┐   │
//!   timer ─────────┼──────▶ │ machine, under lock │ ──┼──▶ a queue for each download ──▶ blocking threads
//!   disk, hashing ─┤        └─────────────────────┘   │
//!   the program ───┘              actions             └──▶ a channel to the program
//! ```
//!
//! Whoever has an event takes the lock, hands it in, and puts the actions that follow into queues; nothing is read,
//! written or waited for under the lock (`run.rs`, for any machine). Each connection has one task, which reads
//! (`reader.rs`) and writes (`writer.rs`). A chunk's bytes go from the socket straight into a pooled buffer, from there
//! to a hashing thread and to the disk, and from a file to a socket without passing through this process, where the
//! system can do that. Everything that it needs of the world is behind [`Env`], so that a simulation runs the very
//! same driver.
//!
//! - [`TrackerHandle`] and [`NodeHandle`] run the machines.
//! - [`Recording`] takes down what happens to them, to be run again.
//! - [`files`] hashes and verifies files, [`client`] asks trackers and nodes.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use samara::downloader::{self, Pin, Target};
//! use samara_tokio::{NodeHandle, NodeOptions, Order, Report, Tokio};
//!
//! let options = NodeOptions {
//!     listen: ([0, 0, 0, 0], 0).into(),
//!     trackers: vec!["tracker.example:7070".to_owned()],
//!     config: samara::node::Config::default(),
//!     entropy: 4, // chosen by fair dice roll; yours is to be random
//! };
//! let (node, mut reports) = NodeHandle::start(Tokio, options).await?;
//! node.download(Order {
//!     target: Target { file_hash: samara::FileHash::of_nothing(), pin: Pin::Hash },
//!     path: "nothing".into(),
//!     peers: Vec::new(),
//!     overwrite: false,
//!     config: downloader::Config::default(),
//! });
//! while let Some(report) = reports.next().await {
//!     match report {
//!         Report::Done { path, .. } => println!("{} is there, whole and verified", path.display()),
//!         Report::Failed { error, .. } => println!("{}", error.why),
//!         Report::Announced { .. } | Report::Note(_) | Report::Stopped => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
pub mod client;
pub mod files;

mod connection;
mod disk;
mod env;
mod hashing;
#[cfg(feature = "interleaved")]
mod interleaved;
mod line;
mod node;
mod pool;
mod reader;
mod real;
mod record;
mod role;
mod run;
#[cfg(test)]
mod tests;
mod tracker;
mod tuned;
mod writer;

pub use env::{Content, Disk, Env, Incoming, Part, Sink, Stream};
#[cfg(feature = "interleaved")]
pub use interleaved::Interleaved;
pub use node::{NodeHandle, NodeOptions, Order, Report, Reports, Traffic};
pub use real::Tokio;
pub use record::Recording;
pub use tracker::{Counters, TrackerHandle};
pub use tuned::Tuned;

/// What hashes chunks here.
#[cfg(feature = "interleaved")]
type Sha256 = Interleaved;
/// What hashes chunks here.
#[cfg(not(feature = "interleaved"))]
type Sha256 = samara::hash::Sha2;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. If a task panicked while it held the lock, the others go on with what it left: one peer's connection that
/// dies is no reason to end all.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
