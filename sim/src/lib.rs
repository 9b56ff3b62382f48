#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! The world, from the ground up:
//! - [`file`](mod@file): files and their seeds, true and false.
//! - [`host`]: a machine, its place in the network, what it is asked to do and what came of it.
//! - [`net`]: connections, latency, bandwidth, cuts.
//! - [`disk`]: files, what is durable of them, and what a crash leaves.
//! - [`fault`]: what can go wrong, by name; [`actor`]: hosts that follow a script, the [`hostile`] ones first.
//! - [`world`]: the event queue, and what a test does to a world.
//! - [`oracle`]: the rules that are watched while it runs.
//!
//! What is made of it:
//! - [`scenario`]: named worlds, drawn from a seed, in which certain faults strike and everything has to come out
//!   right; [`sweep`] runs many, [`minimise`](mod@minimise) makes a failing one small; [`swarm`] measures a crowd.
//! - [`trace`]: what happened, a line each; [`history`] and [`report`]: the same as a picture.
//! - [`replay`]: what happened to a real machine, once more.
//!
//! [`check`] holds what fuzz targets and tests share.

pub mod actor;
pub mod check;
mod clock;
pub mod disk;
pub mod fault;
mod few;
pub mod file;
pub mod history;
pub mod host;
pub mod hostile;
pub mod minimise;
pub mod net;
pub mod oracle;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod swarm;
pub mod sweep;
pub mod trace;
pub mod world;
