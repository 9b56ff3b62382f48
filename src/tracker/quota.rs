//! What each source takes up: connections, entries, and requests per second.

use core::net::IpAddr;
use core::time::Duration;

use super::slab::Slab;
use crate::entropy::Entropy;
use crate::lookup::Lookup;
use crate::time::Time;
use crate::timers::Timers;

/// A source may save up so many seconds' worth of requests.
const BURST: u32 = 10;
/// One request, in the unit that buckets count in: a source's rate is then its refill per microsecond.
const REQUEST: u64 = 1_000_000;
/// Sources forgotten by one event at most.
const FORGET: usize = 256;

/// Everybody who is connected or has entries, by source address (see [`source`](super::address::source)).
#[derive(Debug)]
pub(super) struct Sources {
    numbers: Lookup<IpAddr, u32>,
    table: Slab<Source>,
    /// When to forget those without connections and entries: not before their bucket has filled again, or a new
    /// connection would be a new bucket.
    unused: Timers<u32>,
    /// Requests per second; 0 for any number.
    rate: u32,
}

#[derive(Debug)]
struct Source {
    address: IpAddr,
    connections: u32,
    entries: u32,
    tokens: u64,
    filled: Time,
}

impl Sources {
    /// None yet; each may make `rate` requests per second, or any number if that is 0.
    pub(super) fn new(rate: u32, entropy: &mut Entropy) -> Self {
        Self { numbers: Lookup::new(entropy), table: Slab::new(), unused: Timers::new(), rate }
    }

    /// Counts a connection from `address`; gives the source's number, good while it has connections or entries.
    /// None if `cap` connections (0: any number) are open already.
    pub(super) fn connect(&mut self, now: Time, address: IpAddr, cap: u32) -> Option<u32> {
        let (table, full) = (&mut self.table, capacity(self.rate));
        let number = *self.numbers.get_or_insert_with(address, || {
            table.insert(Source { address, connections: 0, entries: 0, tokens: full, filled: now })
        });
        let source = self.table.get_mut(number)?;
        if cap > 0 && source.connections >= cap {
            return None;
        }
        source.connections = source.connections.saturating_add(1);
        self.unused.cancel(number);
        Some(number)
    }

    /// A connection ended.
    pub(super) fn disconnect(&mut self, now: Time, number: u32) {
        if let Some(source) = self.table.get_mut(number) {
            source.connections = source.connections.saturating_sub(1);
        }
        self.note_unused(now, number);
    }

    /// Takes one request out of the source's bucket; false if it is empty.
    pub(super) fn request(&mut self, now: Time, number: u32) -> bool {
        let Some(source) = self.table.get_mut(number) else { return false };
        if self.rate == 0 {
            return true;
        }
        let micros = u64::try_from(now.since(source.filled).as_micros()).unwrap_or(u64::MAX);
        let refill = micros.saturating_mul(self.rate.into());
        source.tokens = source.tokens.saturating_add(refill).min(capacity(self.rate));
        source.filled = now;
        let left = source.tokens.checked_sub(REQUEST);
        source.tokens = left.unwrap_or(source.tokens);
        left.is_some()
    }

    /// Entries that the source takes up.
    pub(super) fn entries(&self, number: u32) -> u32 {
        self.table.get(number).map_or(0, |source| source.entries)
    }

    /// Notes that a node of the source takes up `after` entries instead of `before`.
    pub(super) fn charge(&mut self, now: Time, number: u32, before: u32, after: u32) {
        if let Some(source) = self.table.get_mut(number) {
            source.entries = source.entries.saturating_sub(before).saturating_add(after);
        }
        self.note_unused(now, number);
    }

    fn note_unused(&mut self, now: Time, number: u32) {
        match self.table.get(number) {
            Some(source) if source.connections == 0 && source.entries == 0 => {
                self.unused.set(number, now + Duration::from_secs(BURST.into()));
            }
            Some(_) | None => self.unused.cancel(number),
        }
    }

    /// Forgets sources that have been unused for long enough, a bounded number at a time.
    pub(super) fn forget(&mut self, now: Time) {
        for _ in 0..FORGET {
            let Some(number) = self.unused.expired(now) else { return };
            if let Some(source) = self.table.remove(number) {
                self.numbers.remove(&source.address);
            }
        }
    }

    /// When there will be a source to forget.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.unused.next().map(|(at, _)| at)
    }
}

const fn capacity(rate: u32) -> u64 {
    (rate as u64).saturating_mul(BURST as u64).saturating_mul(REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 1));

    const fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn a_bucket_holds_ten_seconds_and_fills_at_its_rate() {
        let mut sources = Sources::new(2, &mut Entropy::new(1));
        let source = sources.connect(at(0), HOME, 0).unwrap();
        assert_eq!((0..100).filter(|_| sources.request(at(0), source)).count(), 20);
        assert!(!sources.request(at(499_999), source));
        assert!(sources.request(at(500_000), source));
        assert!(!sources.request(at(500_000), source));
        assert_eq!((0..100).filter(|_| sources.request(at(1 << 60), source)).count(), 20);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut sources = Sources::new(0, &mut Entropy::new(1));
        let source = sources.connect(at(0), HOME, 0).unwrap();
        assert!((0..100_000).all(|_| sources.request(at(0), source)));
    }

    #[test]
    fn connections_are_counted_up_to_the_cap() {
        let mut sources = Sources::new(0, &mut Entropy::new(1));
        let source = sources.connect(at(0), HOME, 2);
        assert!(source.is_some() && sources.connect(at(0), HOME, 2) == source);
        assert_eq!(sources.connect(at(0), HOME, 2), None);
        sources.disconnect(at(0), source.unwrap());
        assert_eq!(sources.connect(at(0), HOME, 2), source);
    }

    #[test]
    fn connecting_again_gives_no_new_bucket_until_the_old_one_has_filled() {
        let mut sources = Sources::new(1, &mut Entropy::new(1));
        let source = sources.connect(at(0), HOME, 0).unwrap();
        assert_eq!((0..100).filter(|_| sources.request(at(0), source)).count(), 10);
        sources.disconnect(at(0), source);
        sources.forget(at(9_999_999));
        assert_eq!(sources.connect(at(0), HOME, 0), Some(source));
        assert!(!sources.request(at(0), source));
        sources.disconnect(at(0), source);
        assert_eq!(sources.deadline(), Some(at(10_000_000)));
        sources.forget(at(10_000_000));
        assert_eq!((sources.table.len(), sources.numbers.len(), sources.deadline()), (0, 0, None));
    }

    #[test]
    fn a_source_with_entries_is_kept() {
        let mut sources = Sources::new(1, &mut Entropy::new(1));
        let source = sources.connect(at(0), HOME, 0).unwrap();
        sources.charge(at(0), source, 0, 5);
        sources.disconnect(at(0), source);
        assert_eq!((sources.deadline(), sources.entries(source)), (None, 5));
        sources.charge(at(7), source, 5, 0);
        assert_eq!(sources.deadline(), Some(at(10_000_007)));
    }
}
