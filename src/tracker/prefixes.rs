//! How many entries each prefix takes up, and which takes up most: whose entries make room when there is none.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::address::Prefix;
use super::slab::Slab;
use crate::entropy::Entropy;
use crate::lookup::Lookup;

/// The prefixes of all nodes, under numbers.
#[derive(Debug)]
pub(super) struct Prefixes {
    numbers: Lookup<Prefix, u32>,
    table: Slab<Row>,
    /// Entries and number, smallest first.
    by_size: BTreeSet<(u32, u32)>,
    total: u64,
}

#[derive(Debug)]
struct Row {
    prefix: Prefix,
    entries: u32,
    nodes: Vec<u32>,
}

/// A node's place among those of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of its prefix.
    pub(super) prefix: u32,
    /// Its position there.
    pub(super) position: u32,
}

impl Prefixes {
    /// None yet.
    pub(super) fn new(entropy: &mut Entropy) -> Self {
        Self { numbers: Lookup::new(entropy), table: Slab::new(), by_size: BTreeSet::new(), total: 0 }
    }

    /// Gives `node` a place in `prefix`.
    pub(super) fn join(&mut self, prefix: Prefix, node: u32) -> Place {
        let (table, by_size) = (&mut self.table, &mut self.by_size);
        let number = *self.numbers.get_or_insert_with(prefix, || {
            let number = table.insert(Row { prefix, entries: 0, nodes: Vec::new() });
            by_size.insert((0, number));
            number
        });
        let mut position = 0;
        if let Some(row) = self.table.get_mut(number) {
            position = u32::try_from(row.nodes.len()).unwrap_or(u32::MAX);
            row.nodes.push(node);
        }
        Place { prefix: number, position }
    }

    /// Takes the node at `place` out. Another one may have been put in its place: that one is given.
    pub(super) fn leave(&mut self, place: Place) -> Option<u32> {
        let row = self.table.get_mut(place.prefix)?;
        let position = place.position as usize;
        if position < row.nodes.len() {
            row.nodes.swap_remove(position);
        }
        let moved = row.nodes.get(position).copied();
        if row.nodes.is_empty() {
            self.total = self.total.saturating_sub(row.entries.into());
            self.by_size.remove(&(row.entries, place.prefix));
            self.numbers.remove(&row.prefix);
            self.table.remove(place.prefix);
        }
        moved
    }

    /// Notes that a node of the prefix takes up `after` entries instead of `before`.
    pub(super) fn charge(&mut self, number: u32, before: u32, after: u32) {
        let Some(row) = self.table.get_mut(number) else { return };
        self.by_size.remove(&(row.entries, number));
        row.entries = row.entries.saturating_sub(before).saturating_add(after);
        self.by_size.insert((row.entries, number));
        self.total = self.total.saturating_sub(before.into()).saturating_add(after.into());
    }

    /// Entries of all prefixes.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// Entries of one prefix.
    pub(super) fn entries(&self, number: u32) -> u32 {
        self.table.get(number).map_or(0, |row| row.entries)
    }

    /// The prefix with the most entries, if it has more than `level`.
    pub(super) fn largest_above(&self, level: u32) -> Option<u32> {
        self.by_size.last().filter(|(entries, _)| *entries > level).map(|(_, number)| *number)
    }

    /// Could `count` entries be taken from prefixes without bringing any of them below `level`?
    pub(super) fn can_spare(&self, count: u64, level: u32) -> bool {
        let mut spare = 0u64;
        // Each prefix above the level has at least one to spare, so this ends within `count` steps.
        for (entries, _) in self.by_size.iter().rev() {
            if spare >= count || *entries <= level {
                break;
            }
            spare = spare.saturating_add(entries.saturating_sub(level).into());
        }
        spare >= count
    }

    /// Some nodes of a prefix at random, with repetitions.
    pub(super) fn draw(&self, number: u32, entropy: &mut Entropy) -> [Option<u32>; 8] {
        let nodes = self.table.get(number).map(|row| row.nodes.as_slice()).unwrap_or_default();
        [(); 8].map(|()| entropy.pick(nodes).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Prefix = Prefix::V4([10, 0, 0]);
    const B: Prefix = Prefix::V4([10, 0, 1]);

    #[test]
    fn the_largest_prefix_is_known_at_any_time() {
        let mut prefixes = Prefixes::new(&mut Entropy::new(1));
        let (a, b) = (prefixes.join(A, 1), prefixes.join(B, 2));
        prefixes.charge(a.prefix, 0, 10);
        prefixes.charge(b.prefix, 0, 7);
        assert_eq!(prefixes.largest_above(9), Some(a.prefix));
        assert_eq!(prefixes.largest_above(10), None);
        prefixes.charge(a.prefix, 10, 2);
        assert_eq!(prefixes.largest_above(0), Some(b.prefix));
        assert_eq!((prefixes.total(), prefixes.entries(a.prefix)), (9, 2));
        assert_eq!(prefixes.leave(b), None);
        assert_eq!((prefixes.total(), prefixes.largest_above(0)), (2, Some(a.prefix)));
    }

    #[test]
    fn prefixes_spare_only_what_they_have_above_the_level() {
        let mut prefixes = Prefixes::new(&mut Entropy::new(1));
        for (prefix, entries) in [(A, 10), (B, 7)] {
            let place = prefixes.join(prefix, 1);
            prefixes.charge(place.prefix, 0, entries);
        }
        assert!(prefixes.can_spare(3, 7) && !prefixes.can_spare(4, 7));
        assert!(prefixes.can_spare(11, 3) && !prefixes.can_spare(12, 3));
        assert!(prefixes.can_spare(0, 100) && !prefixes.can_spare(1, 100));
    }

    #[test]
    fn a_node_that_leaves_makes_another_take_its_place() {
        let mut prefixes = Prefixes::new(&mut Entropy::new(1));
        let (first, last) = (prefixes.join(A, 1), prefixes.join(A, 2));
        assert_eq!(prefixes.leave(first), Some(2));
        assert_eq!(prefixes.draw(last.prefix, &mut Entropy::new(1)), [Some(2); 8]);
        assert_eq!(prefixes.leave(first), None);
        assert_eq!(prefixes.draw(last.prefix, &mut Entropy::new(1)), [None; 8]);
    }
}
