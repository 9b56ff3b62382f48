//! samara's machines put to the test, outside of real networks and clocks.
//!
//! A [`World`](world::World) runs trackers and nodes against each other through nothing but their public
//! [`Machine`](samara::Machine) interface: it carries their messages over links with latency and bandwidth, keeps
//! their files on disks in memory, and wakes them when they want it. Everything that happens follows from one
//! number, so that what was seen once can be seen again.
//!
//! - [`world`]: the event queue, and what a test does to a world.
//! - [`host`]: a machine, its place in the network, what it is asked to do and what came of it.
//! - [`net`]: connections, latency, bandwidth, cuts.
//! - [`disk`]: files, what is durable of them, and what a crash leaves.
//! - [`mod@file`]: files and their seeds, true and false.
//! - [`trace`]: what happened, a line each.
//! - [`replay`]: what happened to a real machine, once more.
//!
//! [`check`] holds what fuzz targets and tests share.

pub mod check;
pub mod disk;
pub mod file;
pub mod host;
pub mod net;
pub mod replay;
pub mod trace;
pub mod world;
