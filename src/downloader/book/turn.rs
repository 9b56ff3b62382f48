//! Who is dialled first, and how long after a failure.

use alloc::collections::BTreeSet;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

/// Before all addresses.
pub(super) const LEAST: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// Each fourth one that is dialled is one that has passed Test before, if there are any: a flood of addresses that are
/// new, and dead, keeps nobody from coming back.
const COMEBACK: u64 = 4;
/// In a key: has never passed Test.
const UNTESTED: u64 = 1 << 63;

/// The wait after the first failed dial; doubles with each.
const BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait between dials.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The longest wait for one that the user gave or that was of use.
const MAX_GOOD_BACKOFF: Duration = Duration::from_secs(8);

/// Who is dialled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Given,
    /// It has sent chunks before: a tracker that names one dead address after another doesn't keep it waiting.
    Proven,
    New,
    Again,
}

/// The wait after so many failures in a row; `good` for one that the user gave or that was of use.
pub(super) fn backoff(failures: u32, good: bool) -> Duration {
    let most = if good { MAX_GOOD_BACKOFF } else { MAX_BACKOFF };
    BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(6)).min(most)
}

/// The order among those whose turn is the same: whoever has passed Test first; then those that are named again and
/// again, since a tracker may name other dead addresses each time; then as chance has it.
pub(super) fn key(passed: bool, mentions: u8, chance: u64) -> u64 {
    let untested = if passed { 0 } else { UNTESTED };
    untested | (u64::from(u8::MAX - mentions) << 55) | (chance >> 9)
}

/// Takes out whom to dial.
pub(super) fn take(ready: &mut BTreeSet<(Turn, u64, SocketAddr)>, dials: &mut u64) -> Option<SocketAddr> {
    *dials = dials.wrapping_add(1);
    let known =
        |(_, key, _): &&(Turn, u64, SocketAddr)| dials.is_multiple_of(COMEBACK) && key & UNTESTED == 0;
    let back = ready.range((Turn::Again, 0, LEAST)..).next().filter(known).copied();
    match back {
        Some(entry) => {
            ready.remove(&entry);
            Some(entry.2)
        }
        None => ready.pop_first().map(|(.., addr)| addr),
    }
}

/// An IPv4 address is written as one.
pub(super) fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}
