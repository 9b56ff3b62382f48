//! Who is who: which address a node is listed under, and which others it stands with.

use core::net::{IpAddr, SocketAddr};

use crate::wire::message::HolderAddr;

/// Both ends of a connection, as its driver saw them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// The other side.
    pub(super) from: SocketAddr,
    /// The tracker's side.
    pub(super) local: SocketAddr,
}

/// A node's address, as it is handed out and as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// What others are told; the key of the node's lease.
    pub(super) holder: HolderAddr,
    /// What an operator is told.
    pub(super) shown: SocketAddr,
}

/// Identifies the node behind a connection by its source and the announced port, so that nobody can name a victim.
/// An `advertise`d address counts only if one of the `trusted` networks covers the source. None for an address
/// that must not be announced.
pub(super) fn identify(
    ends: Ends,
    port: u16,
    advertise: Option<SocketAddr>,
    trusted: &[(IpAddr, u8)],
) -> Option<Identity> {
    let source = ends.from.ip().to_canonical();
    let shown = SocketAddr::new(source, port);
    let advertised = advertise.filter(|_| trusted.iter().any(|network| covers(*network, source)));
    if let Some(other) = advertised {
        let shown = SocketAddr::new(other.ip().to_canonical(), other.port());
        let fits = is_dialable(shown) && !shown.ip().is_loopback();
        return fits.then_some(Identity { holder: HolderAddr::At(shown), shown });
    }
    if !is_dialable(shown) {
        return None;
    }
    let same_host = source.is_loopback() || source == ends.local.ip().to_canonical();
    let holder = if same_host { HolderAddr::SameHost(port) } else { HolderAddr::At(shown) };
    Some(Identity { holder, shown })
}

fn is_dialable(addr: SocketAddr) -> bool {
    let broadcast = matches!(addr.ip(), IpAddr::V4(v4) if v4.is_broadcast());
    addr.port() != 0 && !addr.ip().is_unspecified() && !addr.ip().is_multicast() && !broadcast
}

/// Is `ip` in the network?
fn covers((network, bits): (IpAddr, u8), ip: IpAddr) -> bool {
    match (network.to_canonical(), ip.to_canonical()) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits.into())).unwrap_or(0);
            (network.to_bits() ^ ip.to_bits()) & mask == 0
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(bits.into())).unwrap_or(0);
            (network.to_bits() ^ ip.to_bits()) & mask == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Neighbours that probably belong to one owner: sampling and eviction treat them as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Prefix {
    /// The tracker's own host.
    Here,
    /// An IPv4 /24.
    V4([u8; 3]),
    /// An IPv6 /48.
    V6([u16; 3]),
}

impl From<HolderAddr> for Prefix {
    fn from(addr: HolderAddr) -> Self {
        let HolderAddr::At(addr) = addr else { return Self::Here };
        match addr.ip().to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                Self::V6([a, b, c])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn holder(from: &str, port: u16, advertise: Option<&str>) -> Option<HolderAddr> {
        let ends = Ends { from: addr(from), local: addr("10.0.0.9:7070") };
        let trusted = [("10.1.0.0".parse().unwrap(), 16), ("fd00::".parse().unwrap(), 8)];
        identify(ends, port, advertise.map(addr), &trusted).map(|identity| identity.holder)
    }

    #[test]
    fn the_source_and_the_announced_port_are_the_address() {
        assert_eq!(holder("10.2.0.1:40000", 7, None), Some(HolderAddr::At(addr("10.2.0.1:7"))));
        assert_eq!(holder("[::ffff:10.2.0.1]:40000", 7, None), Some(HolderAddr::At(addr("10.2.0.1:7"))));
    }

    #[test]
    fn only_a_trusted_source_may_name_another_address() {
        let victim = Some("192.0.2.1:80");
        assert_eq!(holder("10.2.0.1:40000", 7, victim), Some(HolderAddr::At(addr("10.2.0.1:7"))));
        assert_eq!(holder("10.1.255.1:40000", 7, victim), Some(HolderAddr::At(addr("192.0.2.1:80"))));
        assert_eq!(holder("[fd12::1]:40000", 7, victim), Some(HolderAddr::At(addr("192.0.2.1:80"))));
        assert_eq!(holder("10.1.0.1:40000", 7, Some("127.0.0.1:80")), None);
        assert_eq!(holder("10.1.0.1:40000", 7, Some("192.0.2.1:0")), None);
    }

    #[test]
    fn a_source_on_this_host_has_no_address() {
        assert_eq!(holder("127.0.0.1:40000", 7, None), Some(HolderAddr::SameHost(7)));
        assert_eq!(holder("[::1]:40000", 7, None), Some(HolderAddr::SameHost(7)));
        assert_eq!(holder("10.0.0.9:40000", 7, None), Some(HolderAddr::SameHost(7)));
    }

    #[test]
    fn what_nobody_can_dial_is_denied() {
        for (from, port) in
            [("10.0.0.1:9", 0), ("0.0.0.0:9", 7), ("224.0.0.1:9", 7), ("255.255.255.255:9", 7)]
        {
            assert_eq!(holder(from, port, None), None, "{from} {port}");
        }
    }

    #[test]
    fn a_network_covers_exactly_its_bits() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(covers((ip("10.1.2.3"), 32), ip("10.1.2.3")));
        assert!(!covers((ip("10.1.2.3"), 32), ip("10.1.2.2")));
        assert!(covers((ip("10.1.2.2"), 31), ip("10.1.2.3")));
        assert!(covers((ip("1.2.3.4"), 0), ip("200.1.1.1")) && !covers((ip("1.2.3.4"), 0), ip("::1")));
        assert!(covers((ip("fd00::"), 64), ip("fd00::1")) && !covers((ip("fd00::"), 64), ip("fd00:0:0:1::")));
        assert!(covers((ip("10.1.2.3"), 200), ip("10.1.2.3")), "too many bits mean all of them");
    }

    #[test]
    fn neighbours_share_a_prefix() {
        let prefix = |text| Prefix::from(HolderAddr::At(addr(text)));
        assert_eq!(prefix("10.0.0.1:1"), prefix("10.0.0.200:2"));
        assert_ne!(prefix("10.0.0.1:1"), prefix("10.0.1.1:1"));
        assert_eq!(prefix("[2001:db8:1:2::1]:1"), prefix("[2001:db8:1:ff::1]:1"));
        assert_ne!(prefix("[2001:db8:1::1]:1"), prefix("[2001:db8:2::1]:1"));
    }
}
