//! How many chunks of one file are sent at once, and how many requests may wait.

use core::time::Duration;

/// How many may be sent, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Chunks sent at once.
    pub(super) slots: usize,
    /// Requests waiting for a slot.
    pub(super) queue: usize,
    /// A wait so short that being sent away costs more.
    pub(super) moment: Duration,
}

/// The most slots and the longest queue that a short wait is a reason for.
const MOST: (usize, usize) = (8, 64);

impl Places {
    /// These, if a chunk goes out every `beat`: more if all of them are sent in a moment. At gigabytes per second, five
    /// chunks of 256 KiB are gone before the next question comes, and the line lies idle.
    pub(super) fn at(self, beat: Duration) -> Self {
        if self.moment.is_zero() {
            return self;
        }
        let chunks = self.moment.as_micros().checked_div(beat.as_micros()).unwrap_or(u128::MAX);
        let chunks = usize::try_from(chunks).unwrap_or(usize::MAX);
        Self {
            slots: self.slots.max(MOST.0.min(chunks / 4)),
            queue: self.queue.max(MOST.1.min(chunks)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: Places = Places { slots: 2, queue: 3, moment: Duration::from_millis(20) };

    fn at(beat: Duration) -> (usize, usize) {
        let Places { slots, queue, .. } = SET.at(beat);
        (slots, queue)
    }

    #[test]
    fn chunks_that_take_their_time_have_the_places_that_were_set() {
        assert_eq!(at(Duration::from_millis(50)), (2, 3));
        assert_eq!(at(Duration::from_micros(6_667)), (2, 3));
    }

    #[test]
    fn as_many_as_are_sent_in_a_moment_may_wait_within_bounds() {
        assert_eq!(at(Duration::from_millis(1)), (5, 20));
        assert_eq!(at(Duration::from_micros(500)), (8, 40));
        assert_eq!(at(Duration::ZERO), MOST);
        let many = Places { slots: 100, queue: usize::MAX, ..SET };
        assert_eq!(many.at(Duration::ZERO), many);
        let none = Places { moment: Duration::ZERO, ..SET };
        assert_eq!([none.at(Duration::ZERO), none.at(Duration::from_micros(1))], [none, none]);
    }
}
