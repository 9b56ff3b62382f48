//! A host's clock: what it shows, compared to the world's time.

use std::time::Duration;

use samara::Time;

/// A clock that runs evenly between the moments at which it is set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// When it was last set, in the world's time.
    since: Time,
    /// What it was set to.
    shown: Time,
    /// How much faster than the world's it runs, in millionths; negative: slower.
    drift: i32,
}

const MILLION: u64 = 1_000_000;

impl Clock {
    /// What it shows at `now`.
    pub(crate) fn read(&self, now: Time) -> Time {
        self.shown + scaled(now.since(self.since), self.rate(), MILLION)
    }

    /// The first moment at which it shows `shown` or more.
    pub(crate) fn when(&self, shown: Time) -> Time {
        let span = shown.since(self.shown);
        let at = self.since + scaled(span, MILLION, self.rate());
        if self.read(at) < shown { at + Duration::from_micros(1) } else { at }
    }

    /// Sets it ahead.
    pub(crate) fn advance(&mut self, now: Time, by: Duration) {
        (self.shown, self.since) = (self.read(now) + by, now);
    }

    /// Sets it back, to its origin at most.
    pub(crate) fn set_back(&mut self, now: Time, by: Duration) {
        let shown = Time::ZERO + self.read(now).since(Time::ZERO).saturating_sub(by);
        (self.shown, self.since) = (shown, now);
    }

    /// From now on it runs `drift` millionths too fast.
    pub(crate) fn drift(&mut self, now: Time, drift: i32) {
        (self.shown, self.since, self.drift) = (self.read(now), now, drift);
    }

    fn rate(&self) -> u64 {
        MILLION.saturating_add_signed(i64::from(self.drift)).max(1)
    }
}

fn scaled(span: Duration, by: u64, of: u64) -> Duration {
    if by == of {
        return span;
    }
    let micros = span.as_micros() * u128::from(by) / u128::from(of);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_says_when_it_will_show_a_time() {
        let mut clock = Clock::default();
        clock.advance(Time::ZERO + SECOND, 10 * SECOND);
        for drift in [0, 100_000, -50_000, 7] {
            clock.drift(Time::ZERO + 2 * SECOND, drift);
            for ahead in [1, 999, 1_000_000, 123_456_789] {
                let goal = clock.read(Time::ZERO + 2 * SECOND) + Duration::from_micros(ahead);
                let at = clock.when(goal);
                assert!(clock.read(at) >= goal, "{drift} {ahead}");
                let before = Time::from_micros(at.as_micros() - 1);
                assert!(clock.read(before) < goal, "{drift} {ahead}: no sooner");
            }
        }
    }

    #[test]
    fn it_can_be_set_back_and_goes_on_from_there() {
        let mut clock = Clock::default();
        clock.set_back(Time::ZERO + 5 * SECOND, 3 * SECOND);
        assert_eq!(clock.read(Time::ZERO + 6 * SECOND), Time::ZERO + 3 * SECOND);
        clock.set_back(Time::ZERO + 6 * SECOND, 100 * SECOND);
        assert_eq!(clock.read(Time::ZERO + 7 * SECOND), Time::ZERO + SECOND);
    }
}
