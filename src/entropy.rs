//! Randomness from one number: SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.

use core::time::Duration;

/// A stream of random numbers, the same for the same start.
///
/// A driver gives each machine one `u64` (from the operating system in production, from the scenario in a
/// simulation); sub-states take [`fork`](Entropy::fork)s of it, so that they don't disturb one another.
#[derive(Clone, Debug)]
pub struct Entropy(u64);

impl Entropy {
    /// A stream that starts from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A stream of its own, independent of what this one gives from here on.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A number in `0..bound`, all equally likely to within 2⁻³²; 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * (bound as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// One of `items`, or none if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last.saturating_add(1)));
        }
    }

    /// A span between `span` × 0.8 and `span`: jitter only ever shortens, so that a promise (a TTL) is kept.
    pub fn jitter(&mut self, span: Duration) -> Duration {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let most = usize::try_from(micros / 5).unwrap_or(usize::MAX);
        span.saturating_sub(Duration::from_micros(self.below(most.saturating_add(1)) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_start_gives_the_same_stream() {
        let (mut a, mut b) = (Entropy::new(7), Entropy::new(7));
        assert!((0..100).all(|_| a.next() == b.next()));
        assert_ne!(a.fork().next(), a.next());
    }

    #[test]
    fn below_reaches_each_number_and_none_beyond() {
        let mut entropy = Entropy::new(1);
        let mut seen = [0u32; 5];
        for _ in 0..5_000 {
            seen[entropy.below(5)] += 1;
        }
        assert!(seen.iter().all(|&n| (900..1_100).contains(&n)), "{seen:?}");
        assert_eq!(entropy.below(0), 0);
    }

    #[test]
    fn jitter_only_shortens_and_by_a_fifth_at_most() {
        let mut entropy = Entropy::new(3);
        let span = Duration::from_secs(20);
        for _ in 0..1_000 {
            let jittered = entropy.jitter(span);
            assert!(jittered <= span && jittered >= Duration::from_secs(16));
        }
    }
}
