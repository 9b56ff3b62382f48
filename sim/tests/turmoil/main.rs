//! The tokio driver, unchanged, on turmoil's network and clock: what it does about the faults that samara exists for.
//!
//! A host's panic doesn't fail a simulation, so every host returns what it meets as an error, and every test asserts
//! on what was reported, and that its fault happened at all.

mod corrupt;
mod crashes;
mod env;
mod exchange;
mod expiry;
mod failing;
mod log;
mod partitions;
mod stage;
mod stale;
mod through;
