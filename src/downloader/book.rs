//! Every address that may hold the file: where it is known from, when to dial it, and what became of it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::downloader::event::Stale;
use crate::downloader::fault::{PeerFate, PeerReport};
use crate::entropy::Entropy;
use crate::hash::SeedId;
use crate::time::Time;
use crate::wire::limits;
use crate::wire::message::{Holder, HolderAddr};
use crate::wire::session::Fault;

mod known;
#[cfg(test)]
mod tests;
mod turn;

use known::{Known, Place};
use turn::{LEAST, Turn, canonical};

/// Most addresses that are remembered.
const MAX_KNOWN: usize = 4_096;
/// Most lists that one address may claim.
const MAX_CLAIMS: usize = 4;
/// Most peers in a report.
const MAX_REPORTS: usize = 64;

/// The addresses. Those that the user gave go first and are never forgotten; the others go in random order, those
/// that have sent chunks before those that were never tried, and these before those that failed, so that a tracker
/// full of dead addresses stops nobody.
#[derive(Debug)]
pub(super) struct Book {
    known: BTreeMap<SocketAddr, Known>,
    /// Those that may be dialled now, the next one first.
    ready: BTreeSet<(Turn, u64, SocketAddr)>,
    /// How often one of them was taken.
    dials: u64,
    /// Those that may be dialled later.
    waiting: BTreeSet<(Time, SocketAddr)>,
    /// This node's own addresses.
    own: BTreeSet<SocketAddr>,
    /// How many addresses there is hope of: never tried, or busy when they were.
    hopes: usize,
    /// How many passed Test at some time, and are not banned.
    useful: usize,
    entropy: Entropy,
}

impl Book {
    /// An empty one.
    pub(super) const fn new(entropy: Entropy) -> Self {
        Self {
            known: BTreeMap::new(),
            ready: BTreeSet::new(),
            dials: 0,
            waiting: BTreeSet::new(),
            own: BTreeSet::new(),
            hopes: 0,
            useful: 0,
            entropy,
        }
    }

    /// The user gave `addr`.
    pub(super) fn give(&mut self, addr: SocketAddr) {
        let addr = canonical(addr);
        let fresh = !self.known.contains_key(&addr);
        if self.admit(addr) {
            self.change(addr, |known| known.given = true);
            if fresh {
                self.make_ready(addr);
            }
        }
    }

    /// Did the user give `addr`?
    pub(super) fn is_given(&self, addr: SocketAddr) -> bool {
        self.known.get(&addr).is_some_and(|known| known.given)
    }

    /// A tracker named `addr` as this holder. Says if it is in the book.
    pub(super) fn name(&mut self, addr: SocketAddr, holder: &Holder) -> bool {
        let fresh = !self.known.contains_key(&addr);
        let banned = |known: &Known| matches!(known.fate, PeerFate::Banned(_));
        if !self.admit(addr) || self.known.get(&addr).is_some_and(banned) {
            return false;
        }
        self.change(addr, |known| {
            known.named = Some(holder.addr);
            known.complete = holder.complete;
            known.mentions = known.mentions.saturating_add(1);
        });
        self.claim(addr, holder.seed_id);
        let is_new = |known: &Known| matches!(known.place, Place::Ready(Turn::New, _));
        if fresh || self.known.get(&addr).is_some_and(is_new) {
            self.make_ready(addr);
        }
        true
    }

    /// `addr` turned out to hold `seed_id`, or says so.
    pub(super) fn claim(&mut self, addr: SocketAddr, seed_id: SeedId) {
        let Some(known) = self.known.get_mut(&addr).filter(|known| !known.claims.contains(&seed_id)) else {
            return;
        };
        if known.claims.len() >= MAX_CLAIMS {
            known.claims.remove(0);
        }
        known.claims.push(seed_id);
        if known.place == Place::Shelf {
            self.make_ready(addr);
        }
    }

    /// The lists that `addr` claims, oldest first.
    pub(super) fn claims(&self, addr: SocketAddr) -> &[SeedId] {
        self.known.get(&addr).map_or(&[], |known| &known.claims)
    }

    /// Takes the next address to dial at `now`. Those that are not `wanted` are put on the shelf until
    /// [`unshelve`](Self::unshelve).
    pub(super) fn next(&mut self, now: Time, wanted: impl Fn(&Known) -> bool) -> Option<SocketAddr> {
        while let Some(&(at, addr)) = self.waiting.first().filter(|(at, _)| *at <= now) {
            self.waiting.remove(&(at, addr));
            self.make_ready(addr);
        }
        while let Some(addr) = turn::take(&mut self.ready, &mut self.dials) {
            let use_it = self.known.get(&addr).is_some_and(&wanted);
            self.change(addr, |known| known.place = if use_it { Place::Linked } else { Place::Shelf });
            if use_it {
                return Some(addr);
            }
        }
        None
    }

    /// Who is wanted has changed.
    pub(super) fn unshelve(&mut self) {
        let shelved = self.known.iter().filter(|(_, known)| known.place == Place::Shelf);
        let shelved: Vec<_> = shelved.map(|(addr, _)| *addr).collect();
        shelved.into_iter().for_each(|addr| self.make_ready(addr));
    }

    /// When the next address may be dialled that can't be now.
    pub(super) fn due(&self) -> Option<Time> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// Is there anybody to dial who was not dialled before?
    pub(super) fn has_new(&self) -> bool {
        let first = |turn| self.ready.range((turn, 0, LEAST)..).next().map(|(turn, ..)| *turn);
        first(Turn::Given) == Some(Turn::Given) || first(Turn::New) == Some(Turn::New)
    }

    /// `addr` passed Test.
    pub(super) fn passed(&mut self, addr: SocketAddr) {
        self.change(addr, |known| {
            known.fate = PeerFate::Connected;
            known.passed = true;
        });
    }

    /// `addr` can't be reached or doesn't hold the file. Says if that is to be reported: once per address.
    pub(super) fn failed(&mut self, addr: SocketAddr, why: Stale, now: Time) -> bool {
        let fate = match why {
            Stale::Unreachable => PeerFate::Unreachable,
            Stale::Gone(why) => PeerFate::Gone(why),
        };
        let mut news = false;
        self.change(addr, |known| news = !core::mem::replace(&mut known.stale, true));
        self.postpone(addr, fate, now);
        news
    }

    /// The connection to `addr` ended after it had passed Test.
    pub(super) fn lost(&mut self, addr: SocketAddr, now: Time) {
        self.postpone(addr, PeerFate::Lost, now);
    }

    /// The connection to `addr` came to nothing, without anybody's fault.
    pub(super) fn later(&mut self, addr: SocketAddr, now: Time) {
        let fate = self.known.get(&addr).map_or(PeerFate::Untried, |known| known.fate);
        self.postpone(addr, fate, now);
    }

    /// `addr` asked not to be dialled before `until`.
    pub(super) fn busy(&mut self, addr: SocketAddr, until: Time) {
        self.change(addr, |known| known.fate = PeerFate::Busy);
        self.wait_until(addr, until);
    }

    /// `addr` is never dialled again. Says if that is news.
    pub(super) fn ban(&mut self, addr: SocketAddr, fault: Fault) -> bool {
        let mut news = false;
        self.displace(addr);
        self.change(addr, |known| {
            news = !matches!(known.fate, PeerFate::Banned(_));
            known.fate = PeerFate::Banned(fault);
            known.place = Place::Never;
        });
        news
    }

    /// `addr` is this node itself: it is not dialled again, and nobody hears of it.
    pub(super) fn forget(&mut self, addr: SocketAddr) {
        self.remove(addr);
        if self.own.len() < limits::MAX_EXCLUDED {
            self.own.insert(addr);
        }
    }

    /// A chunk from `addr` verified.
    pub(super) fn delivered(&mut self, addr: SocketAddr) {
        self.change(addr, |known| {
            known.chunks = known.chunks.saturating_add(1);
            known.failures = 0;
        });
    }

    /// Is anybody known who wasn't tried yet, or was busy?
    pub(super) const fn has_hope(&self) -> bool {
        self.hopes > 0
    }

    /// Did anybody pass Test who isn't banned?
    pub(super) const fn has_useful(&self) -> bool {
        self.useful > 0
    }

    /// Holders that trackers need not name again, as they called them: those that failed or were banned.
    pub(super) fn stale(&mut self) -> Vec<HolderAddr> {
        let bad = |known: &&Known| match known.fate {
            PeerFate::Unreachable | PeerFate::Gone(_) | PeerFate::Banned(_) => true,
            PeerFate::Untried | PeerFate::Busy | PeerFate::Connected | PeerFate::Lost => false,
        };
        let mut stale: Vec<_> = self.known.values().filter(bad).filter_map(|known| known.named).collect();
        self.entropy.shuffle(&mut stale);
        stale.truncate(limits::MAX_EXCLUDED);
        stale
    }

    /// What became of everybody, those that were tried first; no more than fits on a page.
    pub(super) fn reports(&self) -> Vec<PeerReport> {
        let report = |(addr, known): (&SocketAddr, &Known)| {
            let fate = match (known.fate, known.place) {
                (PeerFate::Untried, Place::Linked) => PeerFate::Unreachable,
                (fate, _) => fate,
            };
            PeerReport { addr: *addr, fate, chunks: known.chunks }
        };
        let mut reports: Vec<_> = self.known.iter().map(report).collect();
        reports.sort_by_key(|report| report.fate == PeerFate::Untried);
        reports.truncate(MAX_REPORTS);
        reports
    }

    /// Makes an entry for `addr` if there is none; says if there is one. A full book forgets whoever is to be
    /// dialled last.
    fn admit(&mut self, addr: SocketAddr) -> bool {
        if self.known.contains_key(&addr) {
            return true;
        }
        if self.own.contains(&addr) {
            return false;
        }
        if self.known.len() >= MAX_KNOWN {
            let given = |addr: &SocketAddr| self.known.get(addr).is_some_and(|known| known.given);
            let Some(last) = self.waiting.iter().map(|(_, addr)| *addr).rfind(|addr| !given(addr)) else {
                return false;
            };
            self.remove(last);
        }
        self.known.insert(addr, Known::new());
        self.hopes = self.hopes.saturating_add(1);
        true
    }

    fn remove(&mut self, addr: SocketAddr) {
        self.displace(addr);
        if let Some(known) = self.known.remove(&addr) {
            self.hopes = self.hopes.saturating_sub(usize::from(known.is_hope()));
            self.useful = self.useful.saturating_sub(usize::from(known.is_useful()));
        }
    }

    fn postpone(&mut self, addr: SocketAddr, fate: PeerFate, now: Time) {
        let mut until = now;
        self.change(addr, |known| {
            known.fate = fate;
            known.failures = known.failures.saturating_add(1);
            until = now + known.backoff();
        });
        self.wait_until(addr, until);
    }

    fn wait_until(&mut self, addr: SocketAddr, until: Time) {
        self.displace(addr);
        if self.known.contains_key(&addr) {
            self.waiting.insert((until, addr));
            self.change(addr, |known| known.place = Place::Waiting(until));
        }
    }

    fn make_ready(&mut self, addr: SocketAddr) {
        let Some(known) = self.known.get(&addr) else { return };
        let turn = match (known.given, known.fate) {
            (true, _) => Turn::Given,
            (false, _) if known.chunks > 0 => Turn::Proven,
            (false, PeerFate::Untried) => Turn::New,
            (false, _) => Turn::Again,
        };
        let key = turn::key(known.passed, known.mentions, self.entropy.next());
        self.displace(addr);
        self.ready.insert((turn, key, addr));
        self.change(addr, |known| known.place = Place::Ready(turn, key));
    }

    /// Takes `addr` out of the orders.
    fn displace(&mut self, addr: SocketAddr) {
        match self.known.get(&addr).map(|known| known.place) {
            Some(Place::Ready(turn, key)) => drop(self.ready.remove(&(turn, key, addr))),
            Some(Place::Waiting(at)) => drop(self.waiting.remove(&(at, addr))),
            Some(Place::Shelf | Place::Linked | Place::Never) | None => {}
        }
    }

    /// Changes an entry and keeps the counts right.
    fn change(&mut self, addr: SocketAddr, change: impl FnOnce(&mut Known)) {
        let Some(known) = self.known.get_mut(&addr) else { return };
        let before = (known.is_hope(), known.is_useful());
        change(known);
        let after = (known.is_hope(), known.is_useful());
        self.hopes = self.hopes.saturating_add(after.0.into()).saturating_sub(before.0.into());
        self.useful = self.useful.saturating_add(after.1.into()).saturating_sub(before.1.into());
    }
}
