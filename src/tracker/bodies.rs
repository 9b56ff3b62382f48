//! The seeds themselves, as far as they fit: a cache, since every holder answers `GetSeed` too.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::entropy::Entropy;
use crate::lookup::Lookup;
use crate::seed::Seed;

/// What a body costs beside its list and name: the structs and tables around it, in bytes.
const OVERHEAD: u64 = 256;
/// Bodies looked at to find the one to drop.
const COMPARED: usize = 4;

/// Bodies by the number of their seed, within a budget of bytes.
#[derive(Debug)]
pub(super) struct Bodies {
    kept: Lookup<u32, Kept>,
    /// The numbers in no order, for drawing at random.
    order: Vec<u32>,
    bytes: u64,
    /// In bytes; 0 for any number.
    budget: u64,
}

#[derive(Debug)]
struct Kept {
    seed: Arc<Seed>,
    position: usize,
}

impl Bodies {
    /// None yet, and room for `budget` bytes (0: any number).
    pub(super) fn new(budget: u64, entropy: &mut Entropy) -> Self {
        Self { kept: Lookup::new(entropy), order: Vec::new(), bytes: 0, budget }
    }

    /// The body of the seed under `number`.
    pub(super) fn get(&self, number: u32) -> Option<&Arc<Seed>> {
        self.kept.get(&number).map(|kept| &kept.seed)
    }

    /// Keeps a body. When there is no room, those of less spread seeds have to go: `spread` says from how many
    /// prefixes a seed is held. False if there are none, so that a stranger's lists don't push out those in use.
    pub(super) fn keep(
        &mut self,
        number: u32,
        seed: Arc<Seed>,
        spread: impl Fn(u32) -> u32,
        entropy: &mut Entropy,
    ) -> bool {
        self.forget(number);
        let cost = cost(&seed);
        if self.budget > 0 {
            if cost > self.budget {
                return false;
            }
            while self.bytes.saturating_add(cost) > self.budget {
                let drawn = (0..COMPARED).filter_map(|_| entropy.pick(&self.order).copied());
                match drawn.min_by_key(|other| spread(*other)) {
                    Some(victim) if spread(victim) <= spread(number) => self.forget(victim),
                    Some(_) | None => return false,
                }
            }
        }
        self.kept.insert(number, Kept { seed, position: self.order.len() });
        self.order.push(number);
        self.bytes = self.bytes.saturating_add(cost);
        true
    }

    /// Drops the body of the seed under `number`.
    pub(super) fn forget(&mut self, number: u32) {
        let Some(Kept { seed, position }) = self.kept.remove(&number) else { return };
        self.bytes = self.bytes.saturating_sub(cost(&seed));
        self.order.swap_remove(position);
        if let Some(moved) = self.order.get(position).and_then(|moved| self.kept.get_mut(moved)) {
            moved.position = position;
        }
    }
}

fn cost(seed: &Seed) -> u64 {
    let list = u64::from(seed.chunks()).saturating_mul(32);
    list.saturating_add(seed.name().as_str().len() as u64).saturating_add(OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::SafeName;
    use crate::seed::SeedBuilder;

    /// A seed of so many chunks.
    fn seed(chunks: usize) -> Arc<Seed> {
        let bytes = alloc::vec![7; chunks * 64];
        let mut builder = SeedBuilder::<crate::Sha2>::with_chunk_size(bytes.len() as u64, 64).unwrap();
        builder.update(&bytes);
        Arc::new(builder.finish(SafeName::new("f").unwrap()).unwrap())
    }

    #[test]
    fn bodies_never_take_more_than_the_budget() {
        let (mut bodies, mut entropy) = (Bodies::new(2_000, &mut Entropy::new(1)), Entropy::new(2));
        for number in 0..200 {
            assert!(bodies.keep(number, seed(1 + number as usize % 9), |_| 1, &mut entropy));
            assert!(bodies.get(number).is_some());
            let held: u64 = (0..200).filter_map(|n| bodies.get(n)).map(|seed| cost(seed)).sum();
            assert!(held == bodies.bytes && held <= 2_000, "{held}");
        }
        (0..200).for_each(|number| bodies.forget(number));
        assert_eq!((bodies.bytes, bodies.order.len(), bodies.kept.len()), (0, 0, 0));
    }

    #[test]
    fn a_body_of_a_lone_holder_does_not_push_out_a_spread_one() {
        let (mut bodies, mut entropy) = (Bodies::new(400, &mut Entropy::new(1)), Entropy::new(2));
        let spread = |number| if number == 1 { 5 } else { 1 };
        assert!(bodies.keep(1, seed(2), spread, &mut entropy));
        assert!(!bodies.keep(2, seed(2), spread, &mut entropy));
        assert!(bodies.get(1).is_some() && bodies.get(2).is_none());
        assert!(bodies.keep(3, seed(2), |_| 5, &mut entropy));
        assert!(bodies.get(1).is_none() && bodies.get(3).is_some());
    }

    #[test]
    fn what_is_larger_than_the_budget_is_not_kept_and_no_budget_keeps_all() {
        let mut entropy = Entropy::new(2);
        assert!(!Bodies::new(300, &mut Entropy::new(1)).keep(1, seed(9), |_| 1, &mut entropy));
        let mut unbounded = Bodies::new(0, &mut Entropy::new(1));
        assert!((0..50).all(|number| unbounded.keep(number, seed(9), |_| 1, &mut entropy)));
        assert_eq!(unbounded.order.len(), 50);
    }
}
