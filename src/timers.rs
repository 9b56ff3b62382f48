//! The timers of a machine: a set ordered by time, so that the next one is always at hand.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::machine::Deadline;
use crate::time::Time;

/// One deadline per key. Setting and cancelling cost O(log n); [`next`](Timers::next) is O(1): it is asked after every
/// event.
#[derive(Debug)]
pub struct Timers<K> {
    due: BTreeSet<(Time, K)>,
    at: BTreeMap<K, Time>,
    /// The first of `due`.
    next: Option<(Time, K)>,
}

impl<K: Ord + Copy> Timers<K> {
    /// No timers.
    pub const fn new() -> Self {
        Self { due: BTreeSet::new(), at: BTreeMap::new(), next: None }
    }

    /// Sets the timer `key` to `at`, in place of an earlier setting.
    pub fn set(&mut self, key: K, at: Time) {
        match self.at.insert(key, at) {
            Some(before) if before == at => return,
            Some(before) => _ = self.due.remove(&(before, key)),
            None => {}
        }
        self.due.insert((at, key));
        self.next = self.due.first().copied();
    }

    /// Sets the timer `key` to `at` unless it is set to an earlier moment.
    pub fn set_earlier(&mut self, key: K, at: Time) {
        if self.get(key).is_none_or(|set| at < set) {
            self.set(key, at);
        }
    }

    /// Forgets the timer `key`.
    pub fn cancel(&mut self, key: K) {
        if self.next.is_none() {
            return;
        }
        if let Some(at) = self.at.remove(&key) {
            self.due.remove(&(at, key));
            self.next = self.due.first().copied();
        }
    }

    /// When `key` is due, if it is set.
    pub fn get(&self, key: K) -> Option<Time> {
        self.at.get(&key).copied()
    }

    /// Takes out one timer that is due at `now` (the earliest), if there is one. A caller bounds its work by how
    /// often it asks.
    pub fn expired(&mut self, now: Time) -> Option<K> {
        let (at, key) = self.next?;
        if at > now {
            return None;
        }
        self.cancel(key);
        Some(key)
    }

    /// The earliest timer.
    pub const fn next(&self) -> Option<(Time, K)> {
        self.next
    }

    /// The earliest timer as a machine's deadline, named by `name`.
    pub fn deadline(&self, name: impl FnOnce(K) -> &'static str) -> Option<Deadline> {
        self.next().map(|(at, key)| Deadline { at, timer: name(key) })
    }

    /// Is none set?
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

impl<K: Ord + Copy> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn timers_expire_in_order_and_not_before_their_time() {
        let mut timers = Timers::new();
        timers.set('b', at(20));
        timers.set('a', at(10));
        assert_eq!(timers.expired(at(9)), None);
        assert_eq!(timers.next(), Some((at(10), 'a')));
        assert_eq!(timers.expired(at(20)), Some('a'));
        assert_eq!(timers.expired(at(20)), Some('b'));
        assert_eq!(timers.expired(at(99)), None);
    }

    #[test]
    fn a_timer_set_again_moves_and_a_cancelled_one_is_gone() {
        let mut timers = Timers::new();
        timers.set('a', at(10));
        timers.set('a', at(30));
        timers.set_earlier('a', at(40));
        assert_eq!(timers.get('a'), Some(at(30)));
        timers.set_earlier('a', at(20));
        assert_eq!(timers.next(), Some((at(20), 'a')));
        timers.cancel('a');
        assert!(timers.is_empty());
    }
}
