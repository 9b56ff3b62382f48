//! What an operator can set of a tracker.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// A tracker's settings. Every cap: 0 means none. A source address is one of IPv4, or a /64 of IPv6.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Config {
    /// How long an entry lives after the last `Update` that contained it. Default: 60 s, three missed intervals.
    pub ttl: Duration,
    /// How often nodes announce. Default: 20 s.
    pub interval: Duration,
    /// Holders named in one answer, ≤ 64. Default: 32: enough for 20 neighbours with some stale ones among them.
    pub sample: u16,
    /// Entries from one source address. Default: 1,048,576: 64 nodes with 10,000 entries each fit behind one address.
    pub max_entries_per_source: u32,
    /// Entries in total. Default: 16,777,216; each takes some 30 bytes, and each seed some 200.
    pub max_entries: u32,
    /// Holders of one seed. Default: 65,536.
    pub max_holders: u32,
    /// Distinct seeds in total. Default: 4,194,304.
    pub max_seeds: u32,
    /// Bytes of seed bodies that are kept, a cache. Default: 256 MiB.
    pub max_seed_bytes: u64,
    /// Requests per second from one source address, with a burst of ten seconds' worth. Default: 10,000.
    pub max_requests: u32,
    /// Open connections in total. Default: 16,384.
    pub max_connections: u32,
    /// Open connections from one source address. Default: 1,024.
    pub max_connections_per_source: u32,
    /// How long a connection may say nothing; zero for ever. Default: 180 s.
    pub idle: Duration,
    /// Sources (address and prefix length) whose nodes may announce another address than their own. Default: none.
    pub trust_advertised: Vec<(IpAddr, u8)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(60),
            interval: Duration::from_secs(20),
            sample: 32,
            max_entries_per_source: 1 << 20,
            max_entries: 1 << 24,
            max_holders: 1 << 16,
            max_seeds: 1 << 22,
            max_seed_bytes: 256 << 20,
            max_requests: 10_000,
            max_connections: 16_384,
            max_connections_per_source: 1_024,
            idle: Duration::from_secs(180),
            trust_advertised: Vec::new(),
        }
    }
}
