//! How many chunks of one file are sent at once, and how many requests may wait.

use core::time::Duration;

/// How many may be sent, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Chunks sent at once.
    pub(super) slots: usize,
    /// Requests waiting for a slot.
    pub(super) queue: usize,
}

/// A wait so short that being sent away costs more.
const MOMENT: Duration = Duration::from_millis(20);
/// The most that this is a reason for.
const MOST: Places = Places { slots: 8, queue: 64 };

impl Places {
    /// These, if a chunk goes out every `beat`: more if all of them are sent in a moment. At gigabytes per second, five
    /// chunks of 256 KiB are gone before the next question comes, and the line lies idle.
    pub(super) fn at(self, beat: Duration) -> Self {
        let chunks = MOMENT.as_micros().checked_div(beat.as_micros()).unwrap_or(u128::MAX);
        let chunks = usize::try_from(chunks).unwrap_or(usize::MAX);
        Self {
            slots: self.slots.max(MOST.slots.min(chunks / 4)),
            queue: self.queue.max(MOST.queue.min(chunks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: Places = Places { slots: 2, queue: 3 };

    #[test]
    fn chunks_that_take_their_time_have_the_places_that_were_set() {
        assert_eq!(SET.at(Duration::from_millis(50)), SET);
        assert_eq!(SET.at(Duration::from_micros(6_667)), Places { slots: 2, queue: 3 });
    }

    #[test]
    fn as_many_as_are_sent_in_a_moment_may_wait_within_bounds() {
        assert_eq!(SET.at(Duration::from_millis(1)), Places { slots: 5, queue: 20 });
        assert_eq!(SET.at(Duration::from_micros(500)), Places { slots: 8, queue: 40 });
        assert_eq!(SET.at(Duration::ZERO), MOST);
        let many = Places { slots: 100, queue: usize::MAX };
        assert_eq!(many.at(Duration::ZERO), many);
    }
}
