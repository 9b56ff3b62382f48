#![doc = include_str!("../README.md")]
//!
//! # The core
//!
//! This crate is samara's protocol and nothing else: state machines that take events and give actions. It can't open
//! a socket or a file, ask the time or draw a random number, because it is `no_std` and forbids `unsafe`; it can't
//! surprise a test either.
//!
//! ## The run loop
//!
//! Whoever runs a machine does three things: hands in what happened, carries out what it wants, and wakes it at its
//! deadline. This loop runs any of them:
//!
//! ```
//! use samara::{Machine, Time};
//!
//! /// Hands `events` to `machine`, each at its time, waking it whenever it wants to be woken in between.
//! fn run<M: Machine>(
//!     machine: &mut M,
//!     events: Vec<(Time, M::Event)>,
//!     wake: impl Fn() -> M::Event,
//!     mut carry_out: impl FnMut(Time, M::Action),
//! ) {
//!     for (at, event) in events {
//!         while let Some(deadline) = machine.deadline().filter(|deadline| deadline.at < at) {
//!             machine.handle(deadline.at, wake());
//!             while let Some(action) = machine.poll() {
//!                 carry_out(deadline.at, action);
//!             }
//!         }
//!         machine.handle(at, event);
//!         while let Some(action) = machine.poll() {
//!             carry_out(at, action);
//!         }
//!     }
//! }
//! ```
//!
//! ## The machines
//!
//! ```text
//!   tracker::Tracker           who holds what, for as long as their leases last
//!   node::Node                 what runs on every other machine; it is made of
//!     ├─ seeder::Seeder            keeps the library announced, answers Test and Fetch
//!     └─ for each download
//!          ├─ downloader::Downloader   finds holders, tests them, fetches from many, believes nobody
//!          └─ store::Store             part file and journal, safe at any crash
//! ```
//!
//! Drivers run [`Tracker`](tracker::Tracker) and [`Node`](node::Node); the others are public so that they can be
//! embedded, simulated and fuzzed alone.
//!
//! ## Reading order, an afternoon
//!
//! 1. [`hash`] and [`seed`]: the one idea, chunks that verify alone and prove the published hash together.
//! 2. [`wire::message`]: what is said, then [`wire`]'s specification for how.
//! 3. [`machine`]: the interface.
//! 4. `tracker/event.rs`, then `tracker/mod.rs` and its sub-states. Knowing one role is knowing all.
//! 5. `seeder/event.rs`, `downloader/event.rs`, `store/event.rs`, then their `mod.rs`.
//! 6. [`node`], which joins them.
//! 7. The snapshots under `sim/tests/snapshots`: whole conversations as text.
//!
//! ## What never happens here
//!
//! - A chunk that was not hashed and found right is stored, announced or served: [`Hashed`] is the only form in which
//!   bytes come in, and only [`Step::accepts`] lets them through.
//! - A peer, a file or a tracker makes a machine panic, loop, or use more memory than [`wire::limits`] and the role's
//!   `Config` say.
//! - Two runs with the same events at the same times differ in anything.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]
#![cfg_attr(test, allow(clippy::cast_possible_truncation))]

extern crate alloc;

pub mod downloader;
pub mod entropy;
pub mod hash;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod have;
pub mod link;
pub mod lookup;
pub mod machine;
pub mod name;
pub mod node;
#[cfg(feature = "serde")]
pub mod record;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod seed;
pub mod seeder;
mod source;
pub mod store;
pub mod time;
pub mod timers;
pub mod tracker;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod wire;

// The public interface is:
pub use entropy::Entropy;
pub use hash::{ChunkHash, Compress, FileHash, Hashed, Hasher, SeedId, Sha2};
pub use have::Have;
pub use link::ShareLink;
pub use lookup::{Index, Lookup};
pub use machine::{Deadline, Link, Machine, Outbox};
pub use name::SafeName;
pub use seed::{Seed, SeedBuilder, Step};
pub use time::Time;
pub use timers::Timers;
