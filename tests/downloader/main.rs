//! The downloader from outside: scripted trackers, peers and a disk around the machine, in virtual time.

#![expect(clippy::cast_possible_truncation, reason = "test files are small")]

mod chunks;
mod failures;
mod limits;
mod lists;
mod peers;
mod random;
mod resume;
mod trackers;
mod world;
