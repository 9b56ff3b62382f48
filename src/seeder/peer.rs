//! Who asks: peers, the networks they come from, and who was served when.

use alloc::collections::BTreeMap;
use core::net::IpAddr;

use crate::machine::Link;

/// One process on one host, over however many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Peer {
    /// What it said in `Hello`: equal on its connections, but anybody may say it.
    pub(super) node: u64,
    /// Where it comes from.
    pub(super) ip: IpAddr,
}

/// The network that an address is in, as far as fairness goes: one owner has many addresses, but few of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prefix {
    /// The first 24 bits.
    V4([u8; 3]),
    /// The first 48 bits.
    V6([u8; 6]),
}

impl Peer {
    /// Its network.
    pub(super) const fn prefix(&self) -> Prefix {
        match self.ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Prefix::V4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, ..] = v6.octets();
                Prefix::V6([a, b, c, d, e, f])
            }
        }
    }
}

/// One request of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asker {
    /// Over which connection.
    pub(super) link: Link,
    /// Under which number.
    pub(super) request: u32,
    /// Who.
    pub(super) peer: Peer,
}

/// When each peer and each network was last served; a network's or peer's turn comes the sooner the longer ago.
#[derive(Debug, Default)]
pub(super) struct Turns {
    count: u64,
    peers: Recent<Peer>,
    prefixes: Recent<Prefix>,
}

impl Turns {
    /// Takes note that `peer` is being served.
    pub(super) fn serve(&mut self, peer: Peer) {
        self.count = self.count.saturating_add(1);
        self.peers.note(peer, self.count);
        self.prefixes.note(peer.prefix(), self.count);
    }

    /// When the peer was served last; 0 for never.
    pub(super) fn of_peer(&self, peer: Peer) -> u64 {
        self.peers.when(peer)
    }

    /// When anybody of the network was served last; 0 for never.
    pub(super) fn of_prefix(&self, prefix: Prefix) -> u64 {
        self.prefixes.when(prefix)
    }
}

/// How many are remembered; the one served longest ago is forgotten first, which hardly changes its turn.
const REMEMBERED: usize = 4_096;

#[derive(Debug)]
struct Recent<K> {
    when: BTreeMap<K, u64>,
    order: BTreeMap<u64, K>,
}

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self { when: BTreeMap::new(), order: BTreeMap::new() }
    }
}

impl<K: Ord + Copy> Recent<K> {
    fn note(&mut self, key: K, count: u64) {
        if let Some(before) = self.when.insert(key, count) {
            self.order.remove(&before);
        }
        self.order.insert(count, key);
        if self.order.len() > REMEMBERED
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.when.remove(&oldest);
        }
    }

    fn when(&self, key: K) -> u64 {
        self.when.get(&key).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(node: u64, ip: &str) -> Peer {
        Peer { node, ip: ip.parse().unwrap() }
    }

    #[test]
    fn networks_are_24_and_48_bits_wide() {
        assert_eq!(peer(1, "10.1.2.3").prefix(), peer(2, "10.1.2.200").prefix());
        assert_eq!(peer(1, "10.1.2.3").prefix(), peer(1, "::ffff:10.1.2.9").prefix());
        assert_ne!(peer(1, "10.1.2.3").prefix(), peer(1, "10.1.3.3").prefix());
        assert_eq!(peer(1, "2001:db8:1:2::3").prefix(), peer(1, "2001:db8:1:9::").prefix());
        assert_ne!(peer(1, "2001:db8:1::").prefix(), peer(1, "2001:db8:2::").prefix());
    }

    #[test]
    fn turns_are_remembered_for_the_latest_only() {
        let mut turns = Turns::default();
        for node in 0..=REMEMBERED as u64 {
            turns.serve(peer(node, "10.0.0.1"));
        }
        turns.serve(peer(1, "10.0.0.1"));
        assert_eq!((turns.peers.when.len(), turns.peers.order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(turns.of_peer(peer(0, "10.0.0.1")), 0);
        assert!(turns.of_peer(peer(1, "10.0.0.1")) > turns.of_peer(peer(2, "10.0.0.1")));
        assert_eq!(turns.of_prefix(peer(9, "10.0.0.77").prefix()), REMEMBERED as u64 + 2);
    }
}
