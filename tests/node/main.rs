//! The node between a scripted tracker, a scripted peer and a disk in memory.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, on small files"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "a script answers what it knows")]

mod disk;
mod downloading;
mod links;
mod stopping;
mod world;
