//! Which holders to name: a bounded random sample that no neighbourhood can fill.
//!
//! A prefix is drawn first, then a holder in it, whichever prefix has been named least so far. So a prefix gets
//! more than its share only when all others have nobody left. Each seed is named, and a quarter of the places goes
//! to complete holders.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;
use core::ptr;

use super::crowd::{Group, Member};
use super::seeds::Seed;
use crate::entropy::Entropy;
use crate::wire::message::{Holder, HolderAddr};

/// Members of one prefix that are looked at to draw one.
const LOOKED_AT: usize = 64;

/// Draws at most `size` holders of `seeds`; `usable` gives the address of a lease that may be named.
pub(super) fn sample(
    seeds: &[&Seed],
    size: usize,
    entropy: &mut Entropy,
    usable: impl Fn(u32) -> Option<HolderAddr>,
) -> Vec<Holder> {
    let mut draw = Draw { groups: groups(seeds, size, entropy), holders: Vec::new(), size, usable, entropy };
    for seed in seeds {
        let named = draw.pick(|group| ptr::eq(group.seed, *seed) && group.id.is_complete());
        if !named {
            draw.pick(|group| ptr::eq(group.seed, *seed));
        }
    }
    while draw.complete() < size.div_ceil(4) && draw.pick(|group| group.id.is_complete()) {}
    while draw.pick(|_| true) {}
    draw.entropy.shuffle(&mut draw.holders);
    draw.holders
}

/// Some of the holders of one seed, all of one prefix and with the same claim.
struct Candidates<'a> {
    seed: &'a Seed,
    id: Group,
    members: &'a [Member],
    /// Positions of those that were drawn.
    drawn: Vec<usize>,
    /// How often its prefix has been named.
    of_prefix: usize,
}

/// Some groups of each seed, in random order: more than there are places, so that some may turn out empty.
fn groups<'a>(seeds: &[&'a Seed], size: usize, entropy: &mut Entropy) -> Vec<Candidates<'a>> {
    let each = size.saturating_mul(2).div_ceil(seeds.len().max(1)).max(4);
    let mut groups = Vec::new();
    for &seed in seeds {
        for complete in [true, false] {
            let numbers = some_of(seed.holders.groups(complete), each, entropy);
            groups.extend(numbers.into_iter().filter_map(|number| {
                let members = seed.holders.group(number);
                let id = members.first()?.group;
                Some(Candidates { seed, id, members, drawn: Vec::new(), of_prefix: 0 })
            }));
        }
    }
    entropy.shuffle(&mut groups);
    groups
}

/// At most `count` numbers of a range, without repetition (Floyd's way).
fn some_of(range: Range<usize>, count: usize, entropy: &mut Entropy) -> BTreeSet<usize> {
    let mut drawn = BTreeSet::new();
    if range.len() <= count {
        drawn.extend(range);
        return drawn;
    }
    for most in range.len().saturating_sub(count)..range.len() {
        let offset = entropy.below(most.saturating_add(1));
        if !drawn.insert(range.start.saturating_add(offset)) {
            drawn.insert(range.start.saturating_add(most));
        }
    }
    drawn
}

struct Draw<'a, 'e, F> {
    groups: Vec<Candidates<'a>>,
    holders: Vec<Holder>,
    size: usize,
    usable: F,
    entropy: &'e mut Entropy,
}

impl<F: Fn(u32) -> Option<HolderAddr>> Draw<'_, '_, F> {
    fn complete(&self) -> usize {
        self.holders.iter().filter(|holder| holder.complete).count()
    }

    /// Draws one holder from the wanted group whose prefix has been named least. False if all places are taken, or
    /// nobody is left.
    fn pick(&mut self, wanted: impl Fn(&Candidates<'_>) -> bool) -> bool {
        while self.holders.len() < self.size {
            let Some(index) = self.least_named(&wanted) else { return false };
            let Some(group) = self.groups.get_mut(index) else { return false };
            let Some(addr) = group.draw(self.entropy, &self.usable) else {
                self.groups.swap_remove(index);
                continue;
            };
            let id = group.id;
            self.holders.push(Holder { addr, seed_id: group.seed.key.seed_id, complete: id.is_complete() });
            for other in self.groups.iter_mut().filter(|other| other.id.prefix() == id.prefix()) {
                other.of_prefix = other.of_prefix.saturating_add(1);
            }
            return true;
        }
        false
    }

    fn least_named(&self, wanted: impl Fn(&Candidates<'_>) -> bool) -> Option<usize> {
        let groups = || self.groups.iter().enumerate().filter(|(_, group)| wanted(group));
        let fresh = groups().find(|(_, group)| group.of_prefix == 0);
        let least = || groups().min_by_key(|(_, group)| (group.of_prefix, group.drawn.len()));
        fresh.or_else(least).map(|(index, _)| index)
    }
}

impl Candidates<'_> {
    /// A member that may be named and hasn't been, looked for from a random one on.
    fn draw(
        &mut self,
        entropy: &mut Entropy,
        usable: impl Fn(u32) -> Option<HolderAddr>,
    ) -> Option<HolderAddr> {
        let start = entropy.below(self.members.len());
        let around = (start..self.members.len()).chain(0..start).take(LOOKED_AT);
        for position in around {
            if self.drawn.contains(&position) {
                continue;
            }
            let Some(&member) = self.members.get(position) else { continue };
            if let Some(addr) = usable(member.lease) {
                self.drawn.push(position);
                return Some(addr);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_a_range_is_only_so_many_numbers_of_it_are_looked_at() {
        let mut entropy = Entropy::new(1);
        for count in [1, 4, 64] {
            let (drawn, others) =
                (some_of(100..9_000, count, &mut entropy), some_of(100..9_000, count, &mut entropy));
            assert!(drawn.len() == count && drawn.iter().all(|number| (100..9_000).contains(number)));
            assert_ne!(drawn, others, "at random");
            assert_eq!(some_of(7..7 + count, count, &mut entropy), (7..7 + count).collect());
        }
    }
}
