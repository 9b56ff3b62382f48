//! A hash map that can't be iterated: fast to look things up in, and no order to leak into a result.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use hashbrown::HashMap;
use siphasher::sip::SipHasher13;

use crate::entropy::Entropy;

/// A map for lookups only. Keys chosen by an attacker cost no more than random ones: SipHash, keyed from the
/// machine's entropy. Where order matters, use an ordered structure instead.
pub struct Lookup<K, V>(HashMap<K, V, Keyed>);

/// SipHash-1-3 under a key drawn once per map.
#[derive(Clone)]
struct Keyed(u64, u64);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

impl<K: Hash + Eq, V> Lookup<K, V> {
    /// An empty map, keyed from `entropy`.
    pub fn new(entropy: &mut Entropy) -> Self {
        Self(HashMap::with_hasher(Keyed(entropy.next(), entropy.next())))
    }

    /// What `key` stands for.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// What `key` stands for, to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// What `key` stands for, made by `make` if it stood for nothing.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(make)
    }

    /// Is there something under `key`?
    pub fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Puts `value` under `key`; gives what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Takes out what is under `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> fmt::Debug for Lookup<K, V> {
    /// Only the size: contents in hash order would differ between runs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lookup({} keys)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out() {
        let mut map = Lookup::new(&mut Entropy::new(1));
        assert_eq!(map.insert("a", 1), None);
        assert_eq!(map.insert("a", 2), Some(1));
        *map.get_or_insert_with("b", || 5) += 1;
        assert_eq!((map.get(&"a"), map.get(&"b"), map.len()), (Some(&2), Some(&6), 2));
        assert_eq!(map.remove(&"a"), Some(2));
        assert!(!map.contains(&"a"));
        assert_eq!(format!("{map:?}"), "Lookup(1 keys)");
    }
}
