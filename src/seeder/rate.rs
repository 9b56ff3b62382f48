//! A token bucket that may go into debt: exact over seconds, and its bursts are bounded.

use core::time::Duration;

use crate::time::Time;

/// Tokens per second, with some saved up. Whoever finds it out of debt may take any number at once; the next one
/// waits until that is paid back. So whole chunks pass, and the average over any time is the rate.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: u64,
    most: i128,
    level: i128,
    at: Time,
}

/// The level counts millionths of a token: what one microsecond brings at a rate of one.
const MILLION: i128 = 1_000_000;

impl Bucket {
    /// `rate` tokens a second (0: no limit) of which at most `burst` are saved up; full at first.
    pub(super) fn new(rate: u64, burst: u64, now: Time) -> Self {
        let most = i128::from(burst).saturating_mul(MILLION);
        Self { rate, most, level: most, at: now }
    }

    /// When it is out of debt: `now`, or later.
    pub(super) fn ready(&mut self, now: Time) -> Time {
        let brought = i128::from(self.rate).saturating_mul(micros(now.since(self.at)));
        self.level = self.level.saturating_add(brought).min(self.most);
        self.at = self.at.max(now);
        if self.rate == 0 || self.level >= 0 {
            return now;
        }
        let wait = self.level.unsigned_abs().div_ceil(u128::from(self.rate));
        now + Duration::from_micros(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// Takes `tokens` out, into debt if need be.
    pub(super) fn take(&mut self, tokens: u64) {
        if self.rate > 0 {
            self.level = self.level.saturating_sub(i128::from(tokens).saturating_mul(MILLION));
        }
    }
}

fn micros(span: Duration) -> i128 {
    i128::try_from(span.as_micros()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn a_debt_is_paid_back_to_the_microsecond() {
        let mut bucket = Bucket::new(1_000, 0, at(0));
        assert_eq!(bucket.ready(at(0)), at(0));
        bucket.take(3_000);
        assert_eq!(bucket.ready(at(0)), at(3_000_000));
        assert_eq!(bucket.ready(at(2_999_999)), at(3_000_000));
        assert_eq!(bucket.ready(at(3_000_000)), at(3_000_000));
    }

    #[test]
    fn a_long_rest_saves_up_no_more_than_the_burst() {
        let mut bucket = Bucket::new(1_000, 100, at(0));
        bucket.take(100);
        assert_eq!(bucket.ready(at(60_000_000)), at(60_000_000));
        bucket.take(600);
        assert_eq!(bucket.ready(at(60_000_000)), at(60_500_000));
    }

    #[test]
    fn the_average_is_the_rate_however_odd_the_pieces() {
        let (mut bucket, mut now, mut sent) = (Bucket::new(777_777, 0, at(0)), at(0), 0_u64);
        while now < at(10_000_000) {
            bucket.take(65_537);
            sent += 65_537;
            now = bucket.ready(now);
        }
        assert!((7_777_770..=7_777_770 + 65_537).contains(&sent), "{sent}");
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut bucket = Bucket::new(0, 0, at(0));
        bucket.take(u64::MAX);
        assert_eq!(bucket.ready(at(5)), at(5));
    }
}
