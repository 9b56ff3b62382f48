//! The seeds that one tracker asked for, on their way to it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;

use super::catalogue::Catalogue;
use crate::hash::SeedId;
use crate::seed::Seed;
use crate::wire::message::SeedKey;

/// What one tracker wants.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    queue: VecDeque<SeedKey>,
    sent: BTreeMap<u32, SeedKey>,
    /// In the queue or sent.
    owed: BTreeSet<SeedKey>,
    /// Wanted, but not to be had yet.
    later: BTreeSet<SeedKey>,
}

/// Most seeds on their way at once: a seed may be 2 MiB.
const WINDOW: usize = 8;

impl Publishing {
    /// The tracker asks for these. What isn't there is left out, what may not be published yet is kept for later.
    pub(super) fn want(&mut self, ids: &[SeedId], catalogue: &Catalogue) {
        for key in ids.iter().filter_map(|id| catalogue.key(*id)) {
            if catalogue.publishable(key).is_none() {
                self.later.insert(key);
            } else if self.owed.insert(key) {
                self.queue.push_back(key);
            }
        }
    }

    /// A seed may be published from now on. Says if it was wanted.
    pub(super) fn allow(&mut self, key: SeedKey) -> bool {
        let wanted = self.later.remove(&key) && self.owed.insert(key);
        if wanted {
            self.queue.push_back(key);
        }
        wanted
    }

    /// A key is no longer held.
    pub(super) fn forget(&mut self, key: SeedKey) {
        self.later.remove(&key);
    }

    /// The next seed to send, if another may be on its way: to be noted by [`Publishing::sent`].
    pub(super) fn next(&mut self, catalogue: &Catalogue) -> Option<(SeedKey, Arc<Seed>)> {
        while self.sent.len() < WINDOW {
            let key = self.queue.pop_front()?;
            if let Some(seed) = catalogue.publishable(key) {
                return Some((key, seed));
            }
            self.owed.remove(&key);
        }
        None
    }

    /// A seed was sent under `tag`.
    pub(super) fn sent(&mut self, tag: u32, key: SeedKey) {
        self.sent.insert(tag, key);
    }

    /// Is this the tag of a seed that was sent?
    pub(super) fn is_sent(&self, tag: u32) -> bool {
        self.sent.contains_key(&tag)
    }

    /// The tracker has answered; gives for which seed.
    pub(super) fn answered(&mut self, tag: u32) -> Option<SeedKey> {
        let key = self.sent.remove(&tag)?;
        self.owed.remove(&key);
        Some(key)
    }

    /// No answer came: the seed is to be sent again.
    pub(super) fn failed(&mut self, tag: u32) {
        if let Some(key) = self.sent.remove(&tag) {
            self.queue.push_back(key);
        }
    }

    /// Is this seed on its way?
    pub(super) fn owes(&self, key: SeedKey) -> bool {
        self.owed.contains(&key)
    }

    /// Is nothing on its way?
    pub(super) fn is_done(&self) -> bool {
        self.owed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Item;
    use super::*;
    use crate::hash::FileHash;
    use crate::name::SafeName;

    fn key(n: u8) -> SeedKey {
        SeedKey { file_hash: FileHash::new([n; 32]), seed_id: SeedId::new([n; 32]) }
    }

    fn item(publish: bool) -> Option<Item> {
        let seed = Arc::new(Seed::empty(SafeName::new("f").unwrap()));
        Some(Item { seed, complete: publish, publish })
    }

    #[test]
    fn seeds_go_out_a_few_at_a_time_and_again_if_no_answer_came() {
        let (mut catalogue, mut publishing, mut tag) = (Catalogue::default(), Publishing::default(), 0);
        let ids: alloc::vec::Vec<_> = (0..12).map(|n| key(n).seed_id).collect();
        (0..10).for_each(|n| assert_eq!(catalogue.set(key(n), item(true)), None));
        publishing.want(&ids, &catalogue);
        publishing.want(&ids, &catalogue);
        let mut next = |publishing: &mut Publishing| {
            let (key, _) = publishing.next(&catalogue)?;
            tag += 1;
            publishing.sent(tag, key);
            Some(tag)
        };
        assert!((1..=8).all(|n| next(&mut publishing) == Some(n)));
        assert_eq!(next(&mut publishing), None);
        assert_eq!(publishing.answered(1), Some(key(0)));
        publishing.failed(2);
        assert!(!publishing.owes(key(0)) && publishing.owes(key(1)));
        assert!((10..=11).all(|n| next(&mut publishing) == Some(n - 1)));
        assert_eq!(publishing.answered(3), Some(key(2)));
        assert_eq!(next(&mut publishing), Some(11));
        assert_eq!(publishing.answered(11), Some(key(1)));
    }

    #[test]
    fn what_is_held_no_longer_is_not_sent_and_keeps_nothing_waiting() {
        let (mut catalogue, mut publishing) = (Catalogue::default(), Publishing::default());
        (1..=2).for_each(|n| _ = catalogue.set(key(n), item(true)));
        publishing.want(&[key(1).seed_id, key(2).seed_id], &catalogue);
        catalogue.set(key(1), None);
        assert_eq!(publishing.next(&catalogue).map(|(key, _)| key), Some(key(2)));
        assert!(!publishing.owes(key(1)) && publishing.owes(key(2)));
    }

    #[test]
    fn what_may_not_be_published_yet_is_sent_once_it_may() {
        let (mut catalogue, mut publishing) = (Catalogue::default(), Publishing::default());
        catalogue.set(key(1), item(false));
        publishing.want(&[key(1).seed_id], &catalogue);
        assert!(publishing.next(&catalogue).is_none() && !publishing.owes(key(1)));
        assert!(!publishing.allow(key(2)));
        catalogue.set(key(1), item(true));
        assert!(publishing.allow(key(1)) && !publishing.allow(key(1)));
        assert!(publishing.next(&catalogue).is_some());
    }
}
