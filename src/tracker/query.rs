//! Who holds this file? Which of its seeds to name, and which holders may be named.

use alloc::vec::Vec;

use super::claims::Claims;
use super::registry::Registry;
use super::sampling::sample;
use super::seeds::Seed;
use crate::entropy::Entropy;
use crate::wire::limits::{MAX_EXCLUDED, MAX_SEED_IDS};
use crate::wire::message::{Holder, HolderAddr, Holders, Query, SeedCount, SeedKey};

/// Places among the named seeds that are drawn, so that no number of prefixes can keep the true one out for good.
const DRAWN: usize = 2;
/// Seeds looked at for the other places: those that nobody holds any more, or are refuted, are passed over.
const LOOKED_AT: usize = 2 * MAX_EXCLUDED;
/// Draws for those two places at most.
const DRAWS: usize = 32;

impl Registry {
    /// Answers a query for at most `size` holders; never names the lease `own`, the asker's.
    pub(super) fn query(&mut self, query: &Query, own: Option<u32>, size: usize, warming: bool) -> Holders {
        let mut entropy = self.entropy.fork();
        let chosen = self.choose(query, &mut entropy);
        let may_be_named = |lease: u32, addr: &HolderAddr| own != Some(lease) && !query.stale.contains(addr);
        let all = chosen.iter().fold(0_usize, |sum, seed| sum.saturating_add(seed.holders.len()));
        if all > size {
            let usable = |lease| self.holder(lease).filter(|addr| may_be_named(lease, addr));
            let holders = sample(&chosen, size, &mut entropy, usable);
            let seeds = chosen.into_iter().map(|seed| self.count(seed)).collect();
            return Holders { seeds, holders, warming };
        }
        // Nearly always: there is room for all, so one look at each is enough.
        let mut holders = Vec::with_capacity(all);
        let name_all = |seed: &Seed| {
            let mut count = SeedCount { seed_id: seed.key.seed_id, complete: 0, partial: 0 };
            for member in seed.holders.members() {
                let Some(addr) = self.holder(member.lease) else { continue };
                let complete = member.group.is_complete();
                count.add(complete);
                if may_be_named(member.lease, &addr) {
                    holders.push(Holder { addr, seed_id: count.seed_id, complete });
                }
            }
            count
        };
        let seeds = chosen.into_iter().map(name_all).collect();
        entropy.shuffle(&mut holders);
        Holders { seeds, holders, warming }
    }

    /// The seeds to name: the one that was asked for, or some of the file's.
    fn choose(&self, query: &Query, entropy: &mut Entropy) -> Vec<&Seed> {
        let fitting = |number: u32| {
            let seed = self.seeds.get(number)?;
            (!query.refuted.contains(&seed.key.seed_id) && self.is_held(seed)).then_some(seed)
        };
        if let Some(seed_id) = query.seed_id {
            let key = SeedKey { file_hash: query.file_hash, seed_id };
            return self.seeds.find(&key).and_then(fitting).into_iter().collect();
        }
        let Some(claims) = self.seeds.of_file(&query.file_hash) else { return Vec::new() };
        let ranked = claims.ranked().take(LOOKED_AT).filter_map(fitting);
        if claims.len() <= MAX_SEED_IDS {
            return ranked.collect();
        }
        let mut chosen: Vec<&Seed> = ranked.take(MAX_SEED_IDS.saturating_sub(DRAWN)).collect();
        draw(claims, &mut chosen, fitting, entropy);
        chosen
    }
}

/// Adds seeds at random to those that rank first.
fn draw<'a>(
    claims: &Claims,
    chosen: &mut Vec<&'a Seed>,
    fitting: impl Fn(u32) -> Option<&'a Seed>,
    entropy: &mut Entropy,
) {
    for _ in 0..DRAWS {
        let drawn = claims.nth(entropy.below(claims.len())).and_then(&fitting);
        if let Some(seed) = drawn.filter(|seed| !chosen.iter().any(|other| other.key == seed.key)) {
            chosen.push(seed);
        }
        if chosen.len() >= MAX_SEED_IDS {
            return;
        }
    }
}
