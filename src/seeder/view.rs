//! What one tracker was told: the difference to the catalogue, and the digest of what it should have.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::catalogue::Catalogue;
use crate::wire::limits::MAX_ENTRIES;
use crate::wire::message::{Digest, Entry, SeedKey};

/// One tracker's picture of the catalogue.
#[derive(Debug, Default)]
pub(super) struct View {
    told: Digest,
    reach: Reach,
    /// Keys that it was told of, or not, differently from what holds now: is it complete, as far as it knows?
    stale: BTreeMap<SeedKey, Option<bool>>,
}

/// How far the whole set was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reach {
    #[default]
    Nothing,
    /// So many pages, up to this key.
    Pages(u32, Option<SeedKey>),
    Everything,
}

/// One page of the whole set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Its number, from 0.
    pub(super) page: u32,
    /// Is it the last one?
    pub(super) last: bool,
    /// What is on it.
    pub(super) entries: Vec<Entry>,
}

/// What has changed since the tracker was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changes {
    /// The digest of what it was told before.
    pub(super) base: Digest,
    /// New, or changed in completeness.
    pub(super) added: Vec<Entry>,
    /// No longer there.
    pub(super) removed: Vec<SeedKey>,
}

impl View {
    /// Takes note that the catalogue has changed at `key`. What lies beyond the pages sent so far goes out with a
    /// later page anyway.
    pub(super) fn changed(&mut self, key: SeedKey, before: Option<bool>, now: Option<bool>) {
        let told = match self.reach {
            Reach::Nothing => false,
            Reach::Pages(_, upto) => upto.is_some_and(|upto| key <= upto),
            Reach::Everything => true,
        };
        if !told || before == now {
            return;
        }
        let known = *self.stale.entry(key).or_insert(before);
        if known == now {
            self.stale.remove(&key);
        }
    }

    /// The tracker knows nothing (any more): all pages have to be sent.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Has everything been told at least once?
    pub(super) fn is_whole(&self) -> bool {
        self.reach == Reach::Everything
    }

    /// Is there anything to tell, now that everything was told once?
    pub(super) fn is_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Was the tracker told what holds now of this key?
    pub(super) fn is_told(&self, key: SeedKey) -> bool {
        self.is_whole() && !self.stale.contains_key(&key)
    }

    /// The digest of what it was told.
    pub(super) const fn digest(&self) -> Digest {
        self.told
    }

    /// The next page of the whole set, from here on told.
    pub(super) fn fill(&mut self, catalogue: &Catalogue) -> Page {
        let (page, after) = match self.reach {
            Reach::Nothing | Reach::Everything => {
                self.reset();
                (0, None)
            }
            Reach::Pages(count, after) => (count, after),
        };
        let (entries, more) = catalogue.page(after, MAX_ENTRIES);
        entries.iter().for_each(|entry| self.told.add(entry));
        let upto = entries.last().map_or(after, |entry| Some(entry.key));
        self.reach = if more { Reach::Pages(page.saturating_add(1), upto) } else { Reach::Everything };
        Page { page, last: !more, entries }
    }

    /// What is to be told of what has changed, at most [`MAX_ENTRIES`], from here on told.
    pub(super) fn changes(&mut self, catalogue: &Catalogue) -> Changes {
        let base = self.told;
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        while added.len().saturating_add(removed.len()) < MAX_ENTRIES
            && let Some((key, known)) = self.stale.pop_first()
        {
            if let Some(complete) = known {
                self.told.remove(&Entry { key, complete });
            }
            match catalogue.complete(key) {
                Some(complete) => {
                    let entry = Entry { key, complete };
                    self.told.add(&entry);
                    added.push(entry);
                }
                None => removed.push(key),
            }
        }
        Changes { base, added, removed }
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Item;
    use super::*;
    use crate::hash::{FileHash, SeedId};
    use crate::name::SafeName;
    use crate::seed::Seed;
    use alloc::sync::Arc;

    fn key(n: usize) -> SeedKey {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        SeedKey { file_hash: FileHash::new(bytes), seed_id: SeedId::new(bytes) }
    }

    fn set(catalogue: &mut Catalogue, view: &mut View, n: usize, complete: Option<bool>) {
        let seed = Arc::new(Seed::empty(SafeName::new("f").unwrap()));
        let item = complete.map(|complete| Item { seed, complete, publish: complete });
        let before = catalogue.set(key(n), item);
        view.changed(key(n), before, complete);
    }

    fn whole(catalogue: &Catalogue) -> Digest {
        let mut digest = Digest::default();
        catalogue.page(None, usize::MAX).0.iter().for_each(|entry| digest.add(entry));
        digest
    }

    #[test]
    fn pages_and_changes_between_them_add_up_to_the_whole() {
        let (mut catalogue, mut view) = (Catalogue::default(), View::default());
        (0..10_000).for_each(|n| set(&mut catalogue, &mut view, n * 2, Some(true)));
        let first = view.fill(&catalogue);
        assert_eq!((first.page, first.last, first.entries.len()), (0, false, MAX_ENTRIES));
        set(&mut catalogue, &mut view, 1, Some(true)); // before the first page's end
        set(&mut catalogue, &mut view, 4, None);
        set(&mut catalogue, &mut view, 19_999, Some(false)); // after it
        let (second, third) = (view.fill(&catalogue), view.fill(&catalogue));
        assert_eq!((second.page, third.page, third.last), (1, 2, true));
        assert_eq!(third.entries.last(), Some(&Entry { key: key(19_999), complete: false }));
        assert!(!view.is_told(key(1)) && view.is_told(key(19_999)));
        let changes = view.changes(&catalogue);
        assert_eq!((changes.added.len(), changes.removed), (1, alloc::vec![key(4)]));
        assert_eq!(view.digest(), whole(&catalogue));
        assert!(view.is_told(key(1)) && !view.is_stale());
    }

    #[test]
    fn what_changes_back_is_no_change() {
        let (mut catalogue, mut view) = (Catalogue::default(), View::default());
        set(&mut catalogue, &mut view, 1, Some(false));
        view.fill(&catalogue);
        set(&mut catalogue, &mut view, 1, Some(true));
        set(&mut catalogue, &mut view, 2, Some(true));
        set(&mut catalogue, &mut view, 2, None);
        assert!(view.is_stale());
        set(&mut catalogue, &mut view, 1, Some(false));
        assert!(!view.is_stale());
        assert_eq!(view.digest(), whole(&catalogue));
    }

    #[test]
    fn many_changes_take_several_steps_each_with_its_own_base() {
        let (mut catalogue, mut view) = (Catalogue::default(), View::default());
        view.fill(&catalogue);
        (0..5_000).for_each(|n| set(&mut catalogue, &mut view, n, Some(true)));
        let first = view.changes(&catalogue);
        let told = view.digest();
        let second = view.changes(&catalogue);
        assert_eq!((first.added.len(), second.added.len(), second.base), (MAX_ENTRIES, 904, told));
        assert_eq!(view.digest(), whole(&catalogue));
    }
}
