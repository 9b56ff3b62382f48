//! Which holders to name: a bounded random sample that no neighbourhood can fill.
//!
//! A prefix is drawn first, then a holder in it, whichever prefix has been named least so far. So a prefix gets
//! more than its share only when all others have nobody left. A quarter of the places goes to complete holders.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::crowd::{Crowd, Member};
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
    let mut draw = Draw { groups: groups(seeds, size, entropy), holders: Vec::new(), usable, entropy };
    draw.fill(size.div_ceil(4), |group| group.complete);
    draw.fill(size, |_| true);
    draw.entropy.shuffle(&mut draw.holders);
    draw.holders
}

/// The holders of one seed in one prefix, all complete or all partial.
struct Group<'a> {
    seed: &'a Seed,
    complete: bool,
    members: &'a [Member],
    /// Positions of those that were drawn.
    drawn: Vec<usize>,
    /// How often its seed has been named.
    of_seed: usize,
    /// How often its prefix has been named.
    of_prefix: usize,
}

/// Some groups of each seed, in random order: more than there are places, so that some may turn out empty.
fn groups<'a>(seeds: &[&'a Seed], size: usize, entropy: &mut Entropy) -> Vec<Group<'a>> {
    let each = size.saturating_mul(2).div_ceil(seeds.len().max(1)).max(4);
    let mut groups = Vec::new();
    for &seed in seeds {
        for (crowd, complete) in [(&seed.complete, true), (&seed.partial, false)] {
            groups.extend(some_prefixes(crowd, each, entropy).map(|members| Group {
                seed,
                complete,
                members,
                drawn: Vec::new(),
                of_seed: 0,
                of_prefix: 0,
            }));
        }
    }
    entropy.shuffle(&mut groups);
    groups
}

/// The members of at most `count` prefixes of a crowd (Floyd's way to draw without repetition).
fn some_prefixes<'a>(
    crowd: &'a Crowd,
    count: usize,
    entropy: &mut Entropy,
) -> impl Iterator<Item = &'a [Member]> + use<'a> {
    let all = crowd.prefixes();
    let mut drawn = BTreeSet::new();
    for most in all.saturating_sub(count)..all {
        let index = entropy.below(most.saturating_add(1));
        if !drawn.insert(index) {
            drawn.insert(most);
        }
    }
    drawn.into_iter().map(|index| crowd.of_prefix(index))
}

struct Draw<'a, 'e, F> {
    groups: Vec<Group<'a>>,
    holders: Vec<Holder>,
    usable: F,
    entropy: &'e mut Entropy,
}

impl<F: Fn(u32) -> Option<HolderAddr>> Draw<'_, '_, F> {
    /// Draws until there are `until` holders or no more: each time from the group whose seed has not been named
    /// yet, or else whose prefix has been named least.
    fn fill(&mut self, until: usize, wanted: impl Fn(&Group<'_>) -> bool) {
        while self.holders.len() < until {
            let candidates = self.groups.iter_mut().enumerate().filter(|(_, group)| wanted(group));
            let Some((index, group)) =
                candidates.min_by_key(|(_, group)| (group.of_seed > 0, group.of_prefix, group.drawn.len()))
            else {
                return;
            };
            let Some((member, addr)) = group.draw(self.entropy, &self.usable) else {
                self.groups.swap_remove(index);
                continue;
            };
            let key = group.seed.key;
            self.holders.push(Holder { addr, seed_id: key.seed_id, complete: group.complete });
            for other in &mut self.groups {
                other.of_seed = other.of_seed.saturating_add(usize::from(other.seed.key == key));
                let same = other.members.first().is_some_and(|first| first.prefix == member.prefix);
                other.of_prefix = other.of_prefix.saturating_add(usize::from(same));
            }
        }
    }
}

impl Group<'_> {
    /// A member that may be named and hasn't been, looked for from a random one on.
    fn draw(
        &mut self,
        entropy: &mut Entropy,
        usable: impl Fn(u32) -> Option<HolderAddr>,
    ) -> Option<(Member, HolderAddr)> {
        let start = entropy.below(self.members.len());
        let around = (start..self.members.len()).chain(0..start).take(LOOKED_AT);
        for position in around {
            if self.drawn.contains(&position) {
                continue;
            }
            let Some(&member) = self.members.get(position) else { continue };
            if let Some(addr) = usable(member.lease) {
                self.drawn.push(position);
                return Some((member, addr));
            }
        }
        None
    }
}
