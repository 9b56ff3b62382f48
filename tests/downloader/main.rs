//! The downloader from outside: scripted trackers, peers and a disk around the machine, in virtual time.

#![expect(clippy::cast_possible_truncation, reason = "test files are small")]
#![expect(clippy::unwrap_used, reason = "a test may stop here")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for what it is about")]

mod chunks;
mod failures;
mod limits;
mod lists;
mod peers;
mod random;
mod resume;
mod trackers;
mod world;
