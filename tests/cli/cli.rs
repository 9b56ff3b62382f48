//! Black-box tests of `samara`: real processes, real files, loopback sockets at ports that the system picks.
//!
//! No test waits for time to pass: each waits for a line that a process prints, with a generous limit.

#![expect(clippy::disallowed_methods, reason = "processes live in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod codes;
mod demo;
mod faults;
mod folders;
mod help;
mod hostile;
mod json;
mod listing;
mod offline;
mod present;
mod record;
mod resume;
mod share;
mod targets;
mod together;
mod tracker;
mod world;
