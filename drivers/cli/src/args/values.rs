//! What stands behind an option: addresses, rates, sizes, durations.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

/// `HOST:PORT`, looked up only when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort(String);

impl HostPort {
    /// As it was typed.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{}' is no HOST:PORT", crate::text::escape(text));
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        port.parse::<u16>().map_err(|_| wrong())?;
        let named = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(named),
        };
        if !good {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a finished download goes on seeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeedFor {
    /// Not at all.
    Never,
    /// For so long.
    Time(Duration),
    /// Until it is stopped.
    Forever,
}

impl FromStr for SeedFor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self::Never),
            "forever" => Ok(Self::Forever),
            other => duration(other)
                .map(Self::Time)
                .map_err(|_| format!("'{other}' is neither 'never', 'forever' nor a time such as 10m")),
        }
    }
}

/// A time, such as `60s` or `10m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error} (a time is written 60s or 10m)"))
}

/// A time longer than none, and at most a year.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let span = duration(text)?;
    if span.is_zero() || span > Duration::from_secs(366 * 86_400) {
        return Err("the time has to be above zero and at most a year".to_owned());
    }
    Ok(span)
}

/// Bytes, such as `24MiB`; a plain number counts bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    text.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| format!("'{text}' is no size such as 24MiB"))
}

/// Bytes per second, such as `20MiB/s`; `0` is no limit.
pub(crate) fn rate(text: &str) -> Result<u64, String> {
    size(text.strip_suffix("/s").unwrap_or(text)).map_err(|_| format!("'{text}' is no rate such as 20MiB/s"))
}

/// `ADDRESS/BITS`, or an address alone.
pub(crate) fn cidr(text: &str) -> Result<(IpAddr, u8), String> {
    let wrong = || format!("'{text}' is no network such as 10.0.0.0/8");
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
    if bits > most {
        return Err(wrong());
    }
    Ok((address, bits))
}

/// `IP:PORT`, to be announced: neither port 0 nor the unspecified address.
pub(crate) fn reachable(text: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr = text.parse().map_err(|_| format!("'{text}' is no IP:PORT"))?;
    if addr.port() == 0 || addr.ip().is_unspecified() {
        return Err(format!("nobody can dial {addr}"));
    }
    Ok(addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_a_port_and_a_host() {
        for good in ["127.0.0.1:0", "tracker.example:7070", "[::1]:7070", "localhost:1"] {
            assert_eq!(good.parse::<HostPort>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "host",
            ":7070",
            "host:",
            "host:x",
            "host:65536",
            "::1:7070",
            "a b:1",
            "a,b:1",
            "[x]:1",
            "é:1",
        ] {
            assert!(bad.parse::<HostPort>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_and_sizes_are_read_with_their_units() {
        assert_eq!(rate("200MiB/s"), Ok(200 << 20));
        assert_eq!(rate("1MB"), Ok(1_000_000));
        assert_eq!(rate("0"), Ok(0));
        assert_eq!(size("24MiB"), Ok(24 << 20));
        assert!(rate("fast").is_err() && size("-1").is_err() && size("").is_err());
    }

    #[test]
    fn seeding_lasts_never_a_while_or_forever() {
        assert_eq!("never".parse(), Ok(SeedFor::Never));
        assert_eq!("forever".parse(), Ok(SeedFor::Forever));
        assert_eq!("10m".parse(), Ok(SeedFor::Time(Duration::from_secs(600))));
        assert!("10".parse::<SeedFor>().is_err());
        assert!(span("0s").is_err() && span("400days").is_err());
        assert_eq!(span("60s"), Ok(Duration::from_secs(60)));
    }

    #[test]
    fn networks_have_at_most_the_bits_of_their_addresses() {
        assert_eq!(cidr("10.0.0.0/8"), Ok(("10.0.0.0".parse().unwrap(), 8)));
        assert_eq!(cidr("::1"), Ok(("::1".parse().unwrap(), 128)));
        assert!(cidr("10.0.0.0/33").is_err() && cidr("x/8").is_err() && cidr("10.0.0.0/").is_err());
        assert!(reachable("0.0.0.0:80").is_err() && reachable("10.0.0.1:0").is_err());
        assert!(reachable("10.0.0.1:80").is_ok());
    }
}
