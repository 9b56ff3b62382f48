//! By which address others reach this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// The host to write into a link for something that listens at `listen`: its own address if that is a specific one,
/// else this machine's primary address.
pub(crate) fn host(listen: SocketAddr) -> IpAddr {
    let ip = listen.ip();
    if !ip.is_unspecified() {
        return ip;
    }
    primary("192.0.2.1:9")
        .or_else(local)
        .or_else(|| primary("[2001:db8::1]:9").filter(|_| ip.is_ipv6()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// The address from which a packet to `far` (an address reserved for documentation) would leave. None is sent: a
/// datagram socket that connects only looks up the route.
fn primary(far: &str) -> Option<IpAddr> {
    let far: SocketAddr = far.parse().ok()?;
    let any = if far.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(far).ok()?;
    usable(socket.local_addr().ok()?.ip())
}

/// Without a default route (two machines on one cable): the first address that the kernel calls local.
fn local() -> Option<IpAddr> {
    parse(&std::fs::read_to_string("/proc/net/fib_trie").ok()?)
}

/// In the kernel's table of routes, a line with an address comes before the line that calls it local.
fn parse(table: &str) -> Option<IpAddr> {
    let mut last = None;
    for line in table.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL" && last.and_then(usable).is_some() {
            return last;
        }
    }
    None
}

fn usable(ip: IpAddr) -> Option<IpAddr> {
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specific_address_is_its_own() {
        assert_eq!(host("10.1.2.3:7".parse().unwrap()).to_string(), "10.1.2.3");
        assert!(!host("0.0.0.0:7".parse().unwrap()).is_unspecified());
    }

    #[test]
    fn the_kernel_s_table_names_local_addresses() {
        let table = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.9.0.0\n        /24 link UNICAST\n     |-- 10.9.0.2\n        \
            /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n";
        assert_eq!(parse(table), "10.9.0.2".parse().ok());
        assert_eq!(parse("     |-- 127.0.0.1\n        /32 host LOCAL\n"), None);
        assert_eq!(parse(""), None);
    }
}
