//! All leases, under numbers.

use alloc::vec::Vec;

use super::lease::{Lease, Phase};
use super::slab::Slab;
use crate::time::Time;
use crate::wire::message::HolderAddr;

/// The table of leases.
#[derive(Debug)]
pub(super) struct Leases {
    rows: Slab<Lease>,
    /// What a query reads of each of a dozen leases: small rows, so that those of ten thousand nodes stay in a cache.
    standing: Vec<Standing>,
}

/// Who stands behind a number, and until when.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// From this moment on the lease has expired. It is in the past unless the lease is live.
    until: Time,
    /// Where its node is.
    holder: HolderAddr,
}

impl Leases {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { rows: Slab::new(), standing: Vec::new() }
    }

    /// A lease of the node at `holder`, of which nobody is told before it is [renewed](Self::renew).
    pub(super) fn insert(&mut self, lease: Lease, holder: HolderAddr) -> u32 {
        let number = self.rows.insert(lease);
        let standing = Standing { until: Time::ZERO, holder };
        match self.standing.get_mut(number as usize) {
            Some(place) => *place = standing,
            None => self.standing.push(standing),
        }
        number
    }

    /// A lease in whatever phase.
    pub(super) fn get(&self, number: u32) -> Option<&Lease> {
        self.rows.get(number)
    }

    /// A lease in whatever phase, to change.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Lease> {
        self.rows.get_mut(number)
    }

    /// Where the node of a lease is, if that is live and hasn't expired.
    pub(super) fn holder(&self, number: u32, now: Time) -> Option<HolderAddr> {
        self.standing.get(number as usize).filter(|it| now < it.until).map(|it| it.holder)
    }

    /// The lease is live until `until`, unless it is dead; gives what it was before.
    pub(super) fn renew(&mut self, number: u32, until: Time) -> Phase {
        let before = self.get(number).map_or(Phase::Dead, |row| row.phase);
        if before != Phase::Dead {
            self.turn(number, Phase::Live, until);
        }
        before
    }

    /// Until when the lease is live; a time in the past unless it is.
    pub(super) fn until(&self, number: u32) -> Time {
        self.standing.get(number as usize).map_or(Time::ZERO, |it| it.until)
    }

    /// The lease has ended; its entries remain to be removed.
    pub(super) fn retire(&mut self, number: u32) {
        self.turn(number, Phase::Dead, Time::ZERO);
    }

    /// Forgets a lease.
    pub(super) fn remove(&mut self, number: u32) {
        self.turn(number, Phase::Dead, Time::ZERO);
        self.rows.remove(number);
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Every number is below it.
    #[cfg(test)]
    pub(super) fn slots(&self) -> u32 {
        self.rows.slots()
    }

    fn turn(&mut self, number: u32, phase: Phase, until: Time) {
        let (row, standing) = (self.rows.get_mut(number), self.standing.get_mut(number as usize));
        if let (Some(row), Some(standing)) = (row, standing) {
            (row.phase, standing.until) = (phase, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::Digest;

    const fn at(micros: u64) -> Time {
        Time::from_micros(micros)
    }

    fn lease(node: u32) -> Lease {
        let (digest, phase) = (Digest([0; 32]), Phase::Pending);
        Lease { phase, node, prefix: 0, token: 0, link: None, entries: 0, digest, owed: 0, unasked: 0 }
    }

    #[test]
    fn only_a_live_lease_has_a_holder_and_only_until_its_deadline() {
        let (first, second) = (HolderAddr::SameHost(1), HolderAddr::SameHost(2));
        let mut leases = Leases::new();
        let number = leases.insert(lease(1), first);
        assert_eq!(leases.holder(number, Time::ZERO), None, "pending");
        leases.renew(number, at(10));
        assert_eq!((leases.holder(number, at(9)), leases.holder(number, at(10))), (Some(first), None));
        leases.retire(number);
        assert_eq!(leases.holder(number, at(1)), None);
        assert_eq!(leases.get(number).map(|row| row.phase), Some(Phase::Dead));
        leases.renew(number, at(10));
        leases.remove(number);
        assert_eq!((leases.holder(number, at(1)), leases.len()), (None, 0));
        assert_eq!(leases.insert(lease(2), second), number);
        assert_eq!(leases.holder(number, at(1)), None, "of the one before");
        leases.renew(number, at(10));
        assert_eq!(leases.holder(number, at(1)), Some(second));
    }
}
