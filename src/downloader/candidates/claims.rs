//! Who claims to hold the whole file under which list: what candidates are chosen by.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::entropy::Entropy;
use crate::hash::SeedId;

/// Claims that are kept.
const MAX_CLAIMS: usize = 1_024;
/// Claims that are kept of one network.
const MAX_PER_NETWORK: usize = 16;

/// Claims of complete holders, bounded: a crowd behind one network has one voice, and can't push the others out.
#[derive(Debug)]
pub(super) struct Claims {
    held: BTreeSet<(IpAddr, SocketAddr, SeedId)>,
    entropy: Entropy,
}

impl Claims {
    pub(super) const fn new(entropy: Entropy) -> Self {
        Self { held: BTreeSet::new(), entropy }
    }

    /// `from` claims to hold the file under `seed_id`. In a full table it replaces a random claim of the network
    /// that has the most, if its own has fewer.
    pub(super) fn add(&mut self, seed_id: SeedId, from: SocketAddr) {
        let claim = key(seed_id, from);
        if !self.held.contains(&claim) && self.has_room(claim.0) {
            self.held.insert(claim);
        }
    }

    /// `from` doesn't (or no longer) claim it.
    pub(super) fn remove(&mut self, seed_id: SeedId, from: SocketAddr) {
        self.held.remove(&key(seed_id, from));
    }

    /// `from` counts for nothing any more.
    pub(super) fn forget(&mut self, from: SocketAddr) {
        self.held.retain(|(_, addr, _)| *addr != canonical(from));
    }

    /// `seed_id` is out of the question.
    pub(super) fn dismiss(&mut self, seed_id: SeedId) {
        self.held.retain(|(_, _, id)| *id != seed_id);
    }

    /// How many networks speak for each list.
    pub(super) fn support(&self) -> BTreeMap<SeedId, u32> {
        let pairs: BTreeSet<(SeedId, IpAddr)> = self.held.iter().map(|(net, _, id)| (*id, *net)).collect();
        let mut support = BTreeMap::new();
        for (id, _) in pairs {
            let count: &mut u32 = support.entry(id).or_default();
            *count = count.saturating_add(1);
        }
        support
    }

    fn has_room(&mut self, network: IpAddr) -> bool {
        let mut crowds: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for (net, ..) in &self.held {
            let crowd = crowds.entry(*net).or_default();
            *crowd = crowd.saturating_add(1);
        }
        let own = crowds.get(&network).copied().unwrap_or_default();
        if own >= MAX_PER_NETWORK {
            return self.thin(network);
        }
        if self.held.len() < MAX_CLAIMS {
            return true;
        }
        match crowds.into_iter().max_by_key(|(_, crowd)| *crowd) {
            Some((largest, crowd)) if crowd > own => self.thin(largest),
            Some(_) | None => false,
        }
    }

    /// Drops a random claim of `network`.
    fn thin(&mut self, network: IpAddr) -> bool {
        let of_it: Vec<_> = self.held.iter().filter(|(net, ..)| *net == network).copied().collect();
        self.entropy.pick(&of_it).is_some_and(|claim| self.held.remove(claim))
    }
}

fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

fn key(seed_id: SeedId, from: SocketAddr) -> (IpAddr, SocketAddr, SeedId) {
    let from = canonical(from);
    (network(from.ip()), from, seed_id)
}

/// The /24 or /48 that an address lies in: what one owner can easily fill with addresses.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn id(n: u8) -> SeedId {
        SeedId::new([n; 32])
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn support(claims: &Claims) -> Vec<(SeedId, u32)> {
        claims.support().into_iter().collect()
    }

    #[test]
    fn addresses_of_one_network_count_once() {
        let mut claims = Claims::new(Entropy::new(1));
        for from in ["10.0.0.1:5", "10.0.0.1:6", "10.0.0.255:5", "[::ffff:10.0.0.9]:5", "10.0.1.1:5"] {
            claims.add(id(1), at(from));
        }
        for from in ["[2001:db8:1:1::1]:5", "[2001:db8:1:2::1]:5", "[2001:db8:2::1]:5"] {
            claims.add(id(2), at(from));
        }
        assert_eq!(support(&claims), [(id(1), 2), (id(2), 2)]);
    }

    #[test]
    fn what_is_taken_back_counts_no_more() {
        let mut claims = Claims::new(Entropy::new(1));
        claims.add(id(1), at("10.0.0.1:5"));
        claims.add(id(1), at("10.0.1.1:5"));
        claims.add(id(2), at("10.0.1.1:5"));
        claims.remove(id(1), at("[::ffff:10.0.0.1]:5"));
        assert_eq!(support(&claims), [(id(1), 1), (id(2), 1)]);
        claims.forget(at("10.0.1.1:5"));
        assert_eq!(support(&claims), []);
        claims.add(id(3), at("10.0.0.1:5"));
        claims.dismiss(id(3));
        assert_eq!(support(&claims), []);
    }

    #[test]
    fn a_crowd_neither_fills_the_table_nor_pushes_others_out() {
        let mut claims = Claims::new(Entropy::new(1));
        claims.add(id(1), at("10.9.9.9:5"));
        for host in 0..2_000_u16 {
            claims.add(id(2), at(&format!("10.0.0.{}:{}", host % 250, host + 1)));
        }
        assert_eq!((claims.held.len(), support(&claims).len()), (1 + MAX_PER_NETWORK, 2));
        for net in 0..200_u16 {
            for host in 1..=8 {
                claims.add(id(3), at(&format!("10.1.{net}.{host}:5")));
            }
        }
        assert_eq!(claims.held.len(), MAX_CLAIMS);
        claims.add(id(4), at("10.8.8.8:5"));
        assert!(claims.support().contains_key(&id(4)), "a newcomer's network finds room");
        assert!(claims.support().contains_key(&id(1)), "a network with one claim keeps it");
        assert_eq!(claims.held.len(), MAX_CLAIMS);
    }
}
