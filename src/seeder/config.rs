//! What a user can set of a seeder.

use core::net::SocketAddr;
use core::time::Duration;

/// A seeder's settings. Every cap: 0 means none.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Config {
    /// The port at which this node serves, said in each `Update`.
    pub port: u16,
    /// An address to announce instead of the connection's source; honoured only by trackers that trust the source.
    pub advertise: Option<SocketAddr>,
    /// The number of this process, said in `Hello`.
    pub node: u64,
    /// How many trackers there are.
    pub trackers: u16,
    /// Chunks sent at once, per file; up to 8 if so many are sent within a quarter of [`moment`](Self::moment).
    /// Default: 2: the best of 1, 2, 4 and 8 in simulated swarms.
    pub slots: u16,
    /// Requests waiting for a slot, per file; more are answered with `Busy`. Up to 64 may wait if all of them are sent
    /// within [`moment`](Self::moment). Default: 1: the best of 1 to 5 in simulated swarms.
    pub queue: u16,
    /// A wait so short that being sent away costs more; zero: none is. Default: 20 ms.
    pub moment: Duration,
    /// Bytes per second sent, in all. Default: 0.
    pub limit_up: u64,
    /// Bytes per second below which a reader that others wait for loses its connection, but not before 10 s; at least 1.
    /// Default: 16 KiB/s.
    pub slowest: u64,
    /// Open connections in total. Default: 1,024.
    pub max_connections: u32,
    /// Open connections from one source address, which is one of IPv4 or a /64 of IPv6. Default: 64.
    pub max_connections_per_source: u32,
    /// How long a connection may ask nothing. Default: 180 s.
    pub idle: Duration,
    /// How long changes wait for others before they are announced. Default: 100 ms.
    pub coalesce: Duration,
    /// The first wait before an unreachable tracker is tried again; doubles up to 30 s. Default: 500 ms.
    pub retry: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            advertise: None,
            node: 0,
            trackers: 0,
            slots: 2,
            queue: 1,
            moment: Duration::from_millis(20),
            limit_up: 0,
            slowest: 16 << 10,
            max_connections: 1_024,
            max_connections_per_source: 64,
            idle: Duration::from_secs(180),
            coalesce: Duration::from_millis(100),
            retry: Duration::from_millis(500),
        }
    }
}
