//! Who holds this file? Which of its seeds to name, and which holders may be named.

use alloc::vec::Vec;

use super::claims::Claims;
use super::registry::Registry;
use super::sampling::sample;
use super::seeds::Seed;
use crate::entropy::Entropy;
use crate::wire::limits::{MAX_EXCLUDED, MAX_SEED_IDS};
use crate::wire::message::{Holder, Holders};
use crate::wire::message::{HolderAddr, Query, SeedCount, SeedKey};

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
        let seeds: Vec<&Seed> = chosen.into_iter().filter_map(|number| self.seeds.get(number)).collect();
        let usable = |lease: u32| {
            let addr = self.address(lease).filter(|addr| !query.stale.contains(addr))?;
            (own != Some(lease)).then_some(addr)
        };
        let all = seeds.iter().fold(0_usize, |sum, seed| sum.saturating_add(seed.holders.len()));
        let holders = if all <= size {
            let mut holders = Vec::with_capacity(all);
            holders.extend(seeds.iter().flat_map(|seed| everybody(seed, usable)));
            entropy.shuffle(&mut holders);
            holders
        } else {
            sample(&seeds, size, &mut entropy, usable)
        };
        let counts = seeds.into_iter().map(|seed| {
            let (complete, partial) = self.counts(seed);
            SeedCount { seed_id: seed.key.seed_id, complete, partial }
        });
        Holders { seeds: counts.collect(), holders, warming }
    }

    /// Where the node of a lease is, if the lease is alive.
    fn address(&self, lease: u32) -> Option<HolderAddr> {
        self.alive(lease).map(|lease| lease.holder)
    }

    /// The seeds to name: the one that was asked for, or some of the file's.
    fn choose(&self, query: &Query, entropy: &mut Entropy) -> Vec<u32> {
        let fits = |number: &u32| {
            let id = self.seeds.get(*number).map(|seed| seed.key.seed_id);
            id.is_some_and(|id| !query.refuted.contains(&id)) && self.is_held(*number)
        };
        if let Some(seed_id) = query.seed_id {
            let key = SeedKey { file_hash: query.file_hash, seed_id };
            return self.seeds.find(&key).filter(fits).into_iter().collect();
        }
        let Some(claims) = self.seeds.of_file(&query.file_hash) else { return Vec::new() };
        let ranked = claims.ranked().take(LOOKED_AT).filter(fits);
        if claims.len() <= MAX_SEED_IDS {
            return ranked.collect();
        }
        let mut chosen: Vec<u32> = ranked.take(MAX_SEED_IDS.saturating_sub(DRAWN)).collect();
        draw(claims, &mut chosen, fits, entropy);
        chosen
    }
}

/// All holders of a seed that may be named: what a sample comes to if there is room for all.
fn everybody(seed: &Seed, usable: impl Fn(u32) -> Option<HolderAddr>) -> impl Iterator<Item = Holder> {
    let seed_id = seed.key.seed_id;
    seed.holders.members().iter().filter_map(move |member| {
        Some(Holder { addr: usable(member.lease)?, seed_id, complete: member.group.is_complete() })
    })
}

/// Adds seeds at random to those that rank first.
fn draw(claims: &Claims, chosen: &mut Vec<u32>, fits: impl Fn(&u32) -> bool, entropy: &mut Entropy) {
    for _ in 0..DRAWS {
        let drawn = claims.nth(entropy.below(claims.len())).filter(|number| fits(number));
        if let Some(number) = drawn.filter(|number| !chosen.contains(number)) {
            chosen.push(number);
        }
        if chosen.len() >= MAX_SEED_IDS {
            return;
        }
    }
}
