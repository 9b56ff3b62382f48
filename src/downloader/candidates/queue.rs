//! The lists that wait for a place, and whose turn it is.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::net::SocketAddr;

use super::claims::Claims;
use crate::entropy::Entropy;
use crate::hash::SeedId;

/// Ids that are remembered as out of the question.
const MAX_DISMISSED: usize = 1_024;
/// Ids that are remembered as having had their turn.
const MAX_TRIED: usize = 64;

/// Claimed lists in the order in which they are asked for.
#[derive(Debug)]
pub(super) struct Queue {
    claims: Claims,
    /// Out of the question for good: the latest last.
    dismissed: VecDeque<SeedId>,
    /// Had a turn and gave way, or never came: the latest last.
    tried: VecDeque<SeedId>,
    order: Order,
    entropy: Entropy,
    salt: u64,
}

/// By what the next lists are picked: in turns, so that no crowd keeps a list out for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Those that had no turn yet, then by how many networks speak for them.
    Support,
    /// Anyone.
    Chance,
}

impl Queue {
    pub(super) fn new(mut entropy: Entropy) -> Self {
        Self {
            claims: Claims::new(entropy.fork()),
            dismissed: VecDeque::new(),
            tried: VecDeque::new(),
            order: Order::Support,
            salt: entropy.next(),
            entropy,
        }
    }

    /// `from` claims to hold the list's file `complete`, or doesn't (any more).
    pub(super) fn claim(&mut self, seed_id: SeedId, from: SocketAddr, complete: bool) {
        if !complete {
            self.claims.remove(seed_id, from);
        } else if !self.dismissed.contains(&seed_id) {
            self.claims.add(seed_id, from);
        }
    }

    /// `from` counts for nothing any more.
    pub(super) fn forget(&mut self, from: SocketAddr) {
        self.claims.forget(from);
    }

    /// Does anybody claim to hold it completely?
    pub(super) fn is_claimed(&self, seed_id: SeedId) -> bool {
        self.claims.support().contains_key(&seed_id)
    }

    /// The list had its turn: others first.
    pub(super) fn tried(&mut self, seed_id: SeedId) {
        remember(&mut self.tried, MAX_TRIED, seed_id);
    }

    /// The list is out of the question.
    pub(super) fn dismiss(&mut self, seed_id: SeedId) {
        remember(&mut self.dismissed, MAX_DISMISSED, seed_id);
        self.claims.dismiss(seed_id);
    }

    /// The lists that are out of the question, the oldest first.
    pub(super) const fn dismissed(&self) -> &VecDeque<SeedId> {
        &self.dismissed
    }

    /// Draws the order anew, and by the other rule.
    pub(super) const fn shuffle(&mut self) {
        self.salt = self.entropy.next();
        self.order = match self.order {
            Order::Support => Order::Chance,
            Order::Chance => Order::Support,
        };
    }

    /// The claimed lists for which `waits` holds, in their order.
    pub(super) fn waiting(&self, waits: impl Fn(SeedId) -> bool) -> Vec<SeedId> {
        let mut waiting: Vec<_> = self.claims.support().into_iter().filter(|(id, _)| waits(*id)).collect();
        waiting.sort_by_cached_key(|(id, networks)| match self.order {
            Order::Support => {
                (self.tried.iter().position(|tried| tried == id), Reverse(*networks), self.tie(*id))
            }
            Order::Chance => (None, Reverse(0), self.tie(*id)),
        });
        waiting.into_iter().map(|(id, _)| id).collect()
    }

    /// A random number for this list that its maker can't foresee.
    fn tie(&self, id: SeedId) -> u64 {
        let front = id.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Entropy::new(self.salt ^ front).next()
    }
}

/// Puts `id` at the end of a bounded memory.
fn remember(memory: &mut VecDeque<SeedId>, most: usize, id: SeedId) {
    memory.retain(|known| *known != id);
    memory.push_back(id);
    if memory.len() > most {
        memory.pop_front();
    }
}
