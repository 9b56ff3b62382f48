//! When leases run out, and the removal of what they held, a bounded number of entries at a time.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::machine::Deadline;
use crate::time::Time;
use crate::timers::Timers;

/// Entries removed by one event at most. As much as one page may add, so that what waits to be removed never grows
/// beyond what once was live.
pub(super) const SWEEP: usize = 4_096;
/// The pause between two sweeps in which other events get their turn.
const PAUSE: Duration = Duration::from_millis(1);

/// When to look whether live leases have run out, and the dead ones.
#[derive(Debug)]
pub(super) struct Expiry {
    /// Never later than a lease runs out; earlier if it was renewed since, so that renewing costs nothing here.
    due: Timers<u32>,
    dead: VecDeque<u32>,
    swept: Time,
}

impl Expiry {
    /// Nothing to expire.
    pub(super) const fn new() -> Self {
        Self { due: Timers::new(), dead: VecDeque::new(), swept: Time::ZERO }
    }

    /// The lease is to be looked at when it runs out if it isn't renewed, at `at`.
    pub(super) fn watch(&mut self, lease: u32, at: Time) {
        self.due.set(lease, at);
    }

    /// Takes out one lease that is to be looked at: it has run out, or is to be watched anew.
    pub(super) fn due(&mut self, now: Time) -> Option<u32> {
        self.due.expired(now)
    }

    /// The lease is dead: its entries are to be removed.
    pub(super) fn bury(&mut self, now: Time, lease: u32) {
        self.due.cancel(lease);
        if self.dead.is_empty() {
            self.swept = now;
        }
        self.dead.push_back(lease);
    }

    /// The lease to remove entries of.
    pub(super) fn dead(&self) -> Option<u32> {
        self.dead.front().copied()
    }

    /// That lease has no entries any more.
    pub(super) fn gone(&mut self) {
        self.dead.pop_front();
    }

    /// A sweep ended at `now`.
    pub(super) const fn swept(&mut self, now: Time) {
        self.swept = now;
    }

    /// When the next lease is to be looked at or the next sweep is due.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let sweep = (!self.dead.is_empty())
            .then(|| Deadline { at: self.swept + PAUSE, timer: "removal of dead leases" });
        let lease = self.due.deadline(|_| "lease");
        [sweep, lease].into_iter().flatten().min_by_key(|deadline| deadline.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn a_lease_is_looked_at_when_it_runs_out_and_not_before() {
        let mut expiry = Expiry::new();
        expiry.watch(1, at(10));
        expiry.watch(1, at(20));
        assert_eq!((expiry.due(at(19)), expiry.due(at(20))), (None, Some(1)));
        assert_eq!(expiry.due(at(99)), None);
    }

    #[test]
    fn a_dead_lease_wants_a_sweep_and_no_expiry() {
        let mut expiry = Expiry::new();
        expiry.watch(1, at(10_000));
        expiry.bury(at(5), 1);
        assert_eq!(expiry.deadline().map(|deadline| deadline.at), Some(at(1_005)));
        expiry.swept(at(2_000));
        assert_eq!(expiry.deadline().map(|deadline| deadline.at), Some(at(3_000)));
        assert_eq!((expiry.dead(), expiry.due(at(10_000))), (Some(1), None));
        expiry.gone();
        assert_eq!((expiry.dead(), expiry.deadline()), (None, None));
    }
}
