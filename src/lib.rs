//! samara
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]
#![cfg_attr(test, allow(clippy::cast_possible_truncation))]

extern crate alloc;

pub mod downloader;
pub mod entropy;
pub mod hash;
pub mod have;
pub mod link;
pub mod lookup;
pub mod machine;
pub mod name;
pub mod node;
pub mod seed;
pub mod seeder;
pub mod store;
pub mod time;
pub mod timers;
pub mod tracker;
pub mod wire;

pub use entropy::Entropy;
pub use hash::{ChunkHash, Compress, FileHash, Hashed, Hasher, SeedId, Sha2};
pub use have::Have;
pub use link::ShareLink;
pub use machine::{Deadline, Link, Machine, Outbox};
pub use name::SafeName;
pub use seed::{Seed, SeedBuilder, Step};
pub use time::Time;
