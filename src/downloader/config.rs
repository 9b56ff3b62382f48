//! What a user can set of a download.

use core::time::Duration;

/// A downloader's settings.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Config {
    /// The number of this process, said in `Hello`.
    pub node: u64,
    /// The space of the links that this downloader dials.
    pub space: u16,
    /// How many trackers there are.
    pub trackers: u16,
    /// Peers to keep connected. Default: 20: more gains nothing, fewer than 10 costs much.
    pub neighbours: u16,
    /// Peers being dialled or tested at once. Default: 8.
    pub testing: u16,
    /// How long a dial and a Test may take. Default: 5 s.
    pub test_timeout: Duration,
    /// Bytes requested and not yet stored, in all: the bound on memory. At least four chunks always fit.
    /// Default: 24 MiB.
    pub budget: u64,
    /// Bytes per second received, in all; 0: no limit. Default: 0.
    pub limit: u64,
    /// Give up after so long; none: never. Default: none.
    pub timeout: Option<Duration>,
    /// Give up when no new chunk has verified for so long. Default: 60 s.
    pub stall_timeout: Duration,
    /// With nobody left to ask and none ever useful, ask the trackers again for so long. Default: 5 s.
    pub hopeless: Duration,
    /// The first wait before trackers are asked again; doubles up to 60 s. Default: 250 ms: a crowd that
    /// begins at once knows one another soon.
    pub requery: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: 0,
            space: 1,
            trackers: 0,
            neighbours: 20,
            testing: 8,
            test_timeout: Duration::from_secs(5),
            budget: 24 << 20,
            limit: 0,
            timeout: None,
            stall_timeout: Duration::from_secs(60),
            hopeless: Duration::from_secs(5),
            requery: Duration::from_millis(250),
        }
    }
}
