//! Bytes per second, over the last few seconds.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(5);
const APART: Duration = Duration::from_millis(200);

/// Measures a number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// Bytes per second, now that `bytes` are done.
    pub(crate) fn measure(&mut self, now: Instant, bytes: u64) -> u64 {
        while self.samples.len() > 1 && self.samples.get(1).is_some_and(|(at, _)| now - *at >= WINDOW) {
            self.samples.pop_front();
        }
        if self.samples.back().is_none_or(|(at, _)| now - *at >= APART) {
            self.samples.push_back((now, bytes));
        }
        let Some((since, before)) = self.samples.front() else { return 0 };
        let micros = (now - *since).as_micros();
        let scaled = u128::from(bytes.saturating_sub(*before)) * 1_000_000;
        scaled.checked_div(micros).and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let mut at = |seconds: u64, bytes| rate.measure(start + Duration::from_secs(seconds), bytes);
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(1, 100), 100);
        assert_eq!(at(2, 200), 100);
        (3..20).for_each(|second| {
            at(second, 200);
        });
        assert_eq!(at(20, 200), 0, "it has stopped");
        assert_eq!(at(21, 1_200), 200, "1,000 bytes in five seconds");
    }
}
