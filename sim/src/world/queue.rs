//! What happens next: a radix heap, since time only goes on.

use samara::Time;

/// Something planned, with its time.
type Entry<T> = (Time, T);

/// Plans by their times; among equals, in the order in which they were made. Nothing is planned for a time before the
/// latest one that was taken out.
///
/// A plan is in the bucket of the highest bit in which its time differs from the latest time taken out. So it moves
/// a few times, always together with others of about its time, instead of through a tree that is in no cache; and
/// plans of equal times are always in one bucket, in their order.
#[derive(Debug)]
pub(super) struct Queue<T> {
    buckets: [Vec<Entry<T>>; BUCKETS],
    /// The plans for `last`, next one last.
    now: Vec<Entry<T>>,
    last: Time,
}

const BUCKETS: usize = u64::BITS as usize + 1;

impl<T> Queue<T> {
    /// No plans.
    pub(super) const fn new() -> Self {
        Self { buckets: [const { Vec::new() }; BUCKETS], now: Vec::new(), last: Time::ZERO }
    }

    /// Plans something.
    pub(super) fn push(&mut self, at: Time, what: T) {
        self.buckets[bucket(self.last, at)].push((at, what));
    }

    /// When the next thing happens.
    pub(super) fn next(&self) -> Option<Time> {
        if !self.now.is_empty() {
            return Some(self.last);
        }
        let first = self.buckets.iter().find(|bucket| !bucket.is_empty())?;
        first.iter().map(|(at, _)| *at).min()
    }

    /// Takes out what happens next.
    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        if self.now.is_empty() {
            self.advance()?;
        }
        self.now.pop()
    }

    /// Goes on to the time of the next plan: those of its bucket move to lower ones.
    fn advance(&mut self) -> Option<()> {
        let from = self.buckets.iter().position(|bucket| !bucket.is_empty())?;
        if from > 0 {
            let mut moving = std::mem::take(&mut self.buckets[from]);
            self.last = moving.iter().map(|(at, _)| *at).min()?;
            for (at, what) in moving.drain(..) {
                self.buckets[bucket(self.last, at)].push((at, what));
            }
            // Its room is used again.
            self.buckets[from] = moving;
        }
        std::mem::swap(&mut self.now, &mut self.buckets[0]);
        self.now.reverse();
        Some(())
    }
}

const fn bucket(last: Time, at: Time) -> usize {
    (u64::BITS - (last.as_micros() ^ at.as_micros()).leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use samara::Entropy;

    use super::*;

    #[test]
    fn plans_come_by_time_and_equal_ones_in_their_order() {
        let (mut queue, mut model, mut entropy) = (Queue::new(), BTreeSet::new(), Entropy::new(1));
        let mut now = Time::ZERO;
        for number in 0..20_000_u32 {
            let bits = entropy.below(20);
            let ahead = entropy.below(1 << bits) as u64;
            let at = Time::from_micros(now.as_micros() + ahead);
            queue.push(at, number);
            model.insert((at, number));
            while entropy.below(3) == 0 && !model.is_empty() {
                assert_eq!(queue.next(), model.first().map(|first| first.0));
                let taken = queue.pop();
                assert_eq!(taken, model.pop_first());
                now = taken.map_or(now, |taken| taken.0);
            }
        }
        while let Some(first) = model.pop_first() {
            assert_eq!(queue.pop(), Some(first));
        }
        assert_eq!((queue.pop(), queue.next()), (None, None));
    }
}
