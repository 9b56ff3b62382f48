//! Things under small numbers, which are used again.

use alloc::vec::Vec;

/// A table whose rows keep their number for as long as they live. The lowest number freed last is given next.
#[derive(Debug)]
pub(super) struct Slab<T> {
    rows: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    /// An empty table.
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new(), free: Vec::new() }
    }

    /// Puts `row` in; gives its number.
    pub(super) fn insert(&mut self, row: T) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            self.slots().saturating_sub(1)
        });
        if let Some(slot) = self.rows.get_mut(number as usize) {
            *slot = Some(row);
        }
        number
    }

    /// The row under `number`.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.rows.get(number as usize)?.as_ref()
    }

    /// The row under `number`, to change.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.rows.get_mut(number as usize)?.as_mut()
    }

    /// Takes the row under `number` out.
    pub(super) fn remove(&mut self, number: u32) -> Option<T> {
        let row = self.rows.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(row)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len().saturating_sub(self.free.len())
    }

    /// Rows and gaps together: every number is below it.
    pub(super) fn slots(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_until_they_are_freed_and_then_come_again() {
        let mut slab = Slab::new();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!((slab.remove(a), slab.remove(a), slab.len(), slab.slots()), (Some('a'), None, 1, 2));
        assert_eq!(slab.insert('c'), a);
        assert_eq!((slab.get(a), slab.get(b), slab.get(2)), (Some(&'c'), Some(&'b'), None));
    }
}
