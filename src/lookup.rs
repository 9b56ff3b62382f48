//! A hash map that can't be iterated: fast to look things up in, and no order to leak into a result.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use hashbrown::{HashMap, HashTable};
use siphasher::sip::SipHasher13;

use crate::entropy::Entropy;

/// A map for lookups only. Keys chosen by an attacker cost no more than random ones: SipHash, keyed from the
/// machine's entropy. Where order matters, use an ordered structure instead.
pub struct Lookup<K, V>(HashMap<K, V, Keyed>);

/// The same for values that know their own keys, which are thus kept only once: a small table, more of which stays in
/// a processor's caches.
pub struct Index<V> {
    table: HashTable<(Tag, V)>,
    keyed: Keyed,
}

/// Half of a key's hash, which tells nearly all others apart without a look at the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u32);

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

impl<V> Index<V> {
    /// An empty table, keyed from `entropy`.
    pub fn new(entropy: &mut Entropy) -> Self {
        Self { table: HashTable::new(), keyed: Keyed(entropy.next(), entropy.next()) }
    }

    /// What to look for the value of `key` with.
    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is meant")]
    pub fn tag<K: Hash>(&self, key: &K) -> Tag {
        Tag(self.keyed.hash_one(key) as u32)
    }

    /// The value of the key with this tag that `is` the one.
    pub fn find(&self, tag: Tag, is: impl Fn(&V) -> bool) -> Option<&V> {
        let found = self.table.find(tag.hash(), |(other, value)| *other == tag && is(value));
        found.map(|(_, value)| value)
    }

    /// The same, to change.
    pub fn find_mut(&mut self, tag: Tag, is: impl Fn(&V) -> bool) -> Option<&mut V> {
        let found = self.table.find_mut(tag.hash(), |(other, value)| *other == tag && is(value));
        found.map(|(_, value)| value)
    }

    /// Adds the value of a key that has none.
    pub fn insert(&mut self, tag: Tag, value: V) {
        self.table.insert_unique(tag.hash(), (tag, value), |(tag, _)| tag.hash());
    }

    /// Takes out the value that `is` the one.
    pub fn remove(&mut self, tag: Tag, is: impl Fn(&V) -> bool) -> Option<V> {
        let found = self.table.find_entry(tag.hash(), |(other, value)| *other == tag && is(value));
        found.ok().map(|entry| entry.remove().0.1)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

impl Tag {
    /// A hash whose upper bits, too, are worth looking at.
    const fn hash(self) -> u64 {
        (self.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl<V> fmt::Debug for Index<V> {
    /// Only the size, as above.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({} values)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    #[test]
    fn each_key_leads_to_its_own_value_while_others_come_and_go() {
        // Enough for some halves of hashes to be equal.
        let keys: Vec<u64> = (0..200_000).collect();
        let mut index = Index::new(&mut Entropy::new(1));
        (0..keys.len()).for_each(|at| index.insert(index.tag(&keys[at]), at));
        let find =
            |index: &Index<usize>, key: u64| index.find(index.tag(&key), |at| keys[*at] == key).copied();
        assert!(keys.iter().all(|key| find(&index, *key) == Some(*key as usize)));
        for key in keys.iter().filter(|key| **key % 3 == 0) {
            let tag = index.tag(key);
            assert_eq!(index.remove(tag, |at| keys[*at] == *key), Some(*key as usize));
            assert_eq!(index.remove(tag, |at| keys[*at] == *key), None);
        }
        assert!(keys.iter().all(|key| find(&index, *key).is_none() == (*key % 3 == 0)));
        let tag = index.tag(&1_u64);
        *index.find_mut(tag, |at| *at == 1).unwrap() = 0;
        assert_eq!(index.find(tag, |at| *at == 0), Some(&0));
        assert_eq!(format!("{index:?}"), "Index(133333 values)");
        assert!(!index.is_empty());
    }

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
