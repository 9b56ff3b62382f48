//! What is announced: the set of entries that every tracker should have, and the seeds behind them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use crate::hash::SeedId;
use crate::seed::Seed;
use crate::wire::message::{Entry, SeedKey};

/// The set, in order of keys.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    items: BTreeMap<SeedKey, Item>,
    ids: BTreeMap<SeedId, SeedKey>,
}

/// One entry and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The seed, for trackers that have never seen it.
    pub(super) seed: Arc<Seed>,
    /// Is the file wholly there?
    pub(super) complete: bool,
    /// May a tracker have the seed?
    pub(super) publish: bool,
}

impl Catalogue {
    /// Sets or takes out one item. Gives what was said of it before: is it complete?
    pub(super) fn set(&mut self, key: SeedKey, item: Option<Item>) -> Option<bool> {
        let before = match item {
            Some(item) => {
                self.ids.insert(key.seed_id, key);
                self.items.insert(key, item)
            }
            None => {
                self.ids.remove(&key.seed_id);
                self.items.remove(&key)
            }
        };
        before.map(|item| item.complete)
    }

    /// What is said of a key: is it complete? None if it isn't in the set.
    pub(super) fn complete(&self, key: SeedKey) -> Option<bool> {
        self.items.get(&key).map(|item| item.complete)
    }

    /// The key that a seed id belongs to.
    pub(super) fn key(&self, seed_id: SeedId) -> Option<SeedKey> {
        self.ids.get(&seed_id).copied()
    }

    /// The seed under a key, if trackers may have it.
    pub(super) fn publishable(&self, key: SeedKey) -> Option<Arc<Seed>> {
        self.items.get(&key).filter(|item| item.publish).map(|item| item.seed.clone())
    }

    /// The next `most` entries after a key, and whether there are more.
    pub(super) fn page(&self, after: Option<SeedKey>, most: usize) -> (Vec<Entry>, bool) {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.items.range((after, Bound::Unbounded));
        let entry = |(key, item): (&SeedKey, &Item)| Entry { key: *key, complete: item.complete };
        let page = rest.by_ref().take(most).map(entry).collect();
        (page, rest.next().is_some())
    }
}
