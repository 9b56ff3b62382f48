//! What a user can set of a node.

use core::time::Duration;

use crate::seeder;

/// A node's settings. Its number (`node`, for `Hello`) is drawn from the entropy that it is given.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Config {
    /// How many trackers there are.
    pub trackers: u16,
    /// How to seed; the node fills in `node` and `trackers`.
    pub seeder: seeder::Config,
    /// How long a tracker may take to be reached, and to answer. Default: 10 s.
    pub tracker_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { trackers: 0, seeder: seeder::Config::default(), tracker_timeout: Duration::from_secs(10) }
    }
}
