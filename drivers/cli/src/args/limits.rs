//! The caps, as options. Each documented, each with a default, 0 for none.

use clap::Args;
use samara::{seeder, tracker};

use super::values;

/// What a tracker takes from its nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Caps (0: none)")]
pub(crate) struct TrackerLimits {
    /// Holders named in one answer, at most 64
    #[arg(long, env = "SAMARA_MAX_SAMPLE", default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=64))]
    max_sample: u16,
    /// Entries (files held) from one source address: 64 nodes with 10,000 each fit
    #[arg(long, env = "SAMARA_MAX_ENTRIES_PER_SOURCE", default_value_t = 1 << 20, value_name = "N")]
    max_entries_per_source: u32,
    /// Entries in total
    #[arg(long, env = "SAMARA_MAX_ENTRIES", default_value_t = 1 << 24, value_name = "N")]
    max_entries: u32,
    /// Holders of one seed
    #[arg(long, env = "SAMARA_MAX_HOLDERS", default_value_t = 1 << 16, value_name = "N")]
    max_holders: u32,
    /// Distinct seeds in total
    #[arg(long, env = "SAMARA_MAX_SEEDS", default_value_t = 1 << 22, value_name = "N")]
    max_seeds: u32,
    /// Memory for seeds' chunk lists, a cache
    #[arg(long, env = "SAMARA_MAX_SEED_BYTES", default_value = "256MiB", value_parser = values::size, value_name = "SIZE")]
    max_seed_bytes: u64,
    /// Requests per second from one source address
    #[arg(long, env = "SAMARA_MAX_REQUESTS", default_value_t = 10_000, value_name = "N")]
    max_requests: u32,
    /// Open connections in total
    #[arg(long, env = "SAMARA_MAX_CONNECTIONS", default_value_t = 16_384, value_name = "N")]
    max_connections: u32,
    /// Open connections from one source address
    #[arg(long, env = "SAMARA_MAX_CONNECTIONS_PER_SOURCE", default_value_t = 1_024, value_name = "N")]
    max_connections_per_source: u32,
}

impl TrackerLimits {
    /// Sets a tracker's caps.
    pub(crate) const fn apply(&self, config: &mut tracker::Config) {
        config.sample = if self.max_sample == 0 { 64 } else { self.max_sample };
        config.max_entries_per_source = self.max_entries_per_source;
        config.max_entries = self.max_entries;
        config.max_holders = self.max_holders;
        config.max_seeds = self.max_seeds;
        config.max_seed_bytes = self.max_seed_bytes;
        config.max_requests = self.max_requests;
        config.max_connections = self.max_connections;
        config.max_connections_per_source = self.max_connections_per_source;
    }
}

/// What a node gives to its peers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Caps (0: none)")]
pub(crate) struct NodeLimits {
    /// Chunks sent at once, per file; up to 8 of those that take a millisecond or two
    #[arg(long, env = "SAMARA_MAX_SLOTS", default_value_t = 2, value_name = "N")]
    max_slots: u16,
    /// Requests waiting for a slot, per file; up to 64 if all of them are sent within 20 ms
    #[arg(long, env = "SAMARA_MAX_QUEUE", default_value_t = 1, value_name = "N")]
    max_queue: u16,
    /// Open incoming connections in total
    #[arg(long, env = "SAMARA_MAX_CONNECTIONS", default_value_t = 1_024, value_name = "N")]
    max_connections: u32,
    /// Open incoming connections from one source address
    #[arg(long, env = "SAMARA_MAX_CONNECTIONS_PER_SOURCE", default_value_t = 64, value_name = "N")]
    max_connections_per_source: u32,
}

impl NodeLimits {
    /// Sets a seeder's caps.
    pub(crate) const fn apply(&self, config: &mut seeder::Config) {
        config.slots = self.max_slots;
        config.queue = self.max_queue;
        config.max_connections = self.max_connections;
        config.max_connections_per_source = self.max_connections_per_source;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Both {
        #[command(flatten)]
        tracker: TrackerLimits,
    }

    #[derive(Parser)]
    struct Node {
        #[command(flatten)]
        node: NodeLimits,
    }

    #[test]
    fn the_documented_defaults_are_the_core_s() {
        let mut config = tracker::Config::default();
        Both::parse_from(["x"]).tracker.apply(&mut config);
        assert_eq!(format!("{config:?}"), format!("{:?}", tracker::Config::default()));
        let mut config = seeder::Config::default();
        Node::parse_from(["x"]).node.apply(&mut config);
        assert_eq!(format!("{config:?}"), format!("{:?}", seeder::Config::default()));
    }
}
