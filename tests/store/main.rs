//! The store on a disk that forgets.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, on small files"
)]

mod crash;
mod disk;
mod errors;
mod order;
mod resume;
mod rig;
