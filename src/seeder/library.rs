//! What is held: files by the driver's name and by key, and a short memory of what was held before.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use super::event::FileId;
use super::lane::Chunk;
use crate::hash::{FileHash, SeedId};
use crate::have::Have;
use crate::seed::Seed;
use crate::store::Identity;
use crate::wire::message::{Gone, SeedKey};

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// What it is.
    pub(super) seed: Arc<Seed>,
    /// Which chunks are there.
    pub(super) have: Have,
    /// What it looks like; none for an unfinished download.
    pub(super) identity: Option<Identity>,
    /// May a tracker have the seed?
    pub(super) publish: bool,
}

impl Held {
    /// Under which key it is asked for.
    pub(super) fn key(&self) -> SeedKey {
        SeedKey { file_hash: self.seed.file_hash(), seed_id: self.seed.id() }
    }

    /// Is it wholly there, and in place?
    pub(super) const fn is_complete(&self) -> bool {
        self.identity.is_some() && self.have.is_all()
    }

    /// Is there anything of it to offer?
    pub(super) const fn is_worth_telling(&self) -> bool {
        self.is_complete() || !self.have.is_none() || self.publish
    }
}

/// All files. Several may have the same key: the first serves, and the next takes over when it goes.
#[derive(Debug, Default)]
pub(super) struct Library {
    files: BTreeMap<FileId, Held>,
    keys: BTreeMap<SeedKey, VecDeque<FileId>>,
    whole: BTreeSet<FileId>,
    past: Past,
}

impl Library {
    /// Holds a file; the name must not be in use.
    pub(super) fn add(&mut self, file: FileId, held: Held) {
        let key = held.key();
        self.past.forget(key);
        if held.identity.is_some() {
            self.whole.insert(file);
        }
        self.keys.entry(key).or_default().push_back(file);
        self.files.insert(file, held);
    }

    /// The file of this name.
    pub(super) fn get(&self, file: FileId) -> Option<&Held> {
        self.files.get(&file)
    }

    /// The file that serves this key.
    pub(super) fn serving(&self, key: SeedKey) -> Option<(FileId, &Held)> {
        let file = *self.keys.get(&key)?.front()?;
        Some((file, self.files.get(&file)?))
    }

    /// One chunk of the file that serves this key, if it is there.
    pub(super) fn chunk(&self, key: SeedKey, index: u32) -> Option<Chunk> {
        let (file, held) = self.serving(key)?;
        let range = held.seed.range(index).filter(|_| held.have.has(index))?;
        Some(Chunk { file, index, range })
    }

    /// One more chunk is there; gives the key if that is news.
    pub(super) fn gained(&mut self, file: FileId, index: u32) -> Option<SeedKey> {
        let held = self.files.get_mut(&file)?;
        held.have.insert(index).then(|| held.key())
    }

    /// An unfinished download is all there. Gives the key, and the chunks that are news.
    pub(super) fn completed(&mut self, file: FileId, identity: Identity) -> Option<(SeedKey, Vec<u32>)> {
        let held = self.files.get_mut(&file).filter(|held| held.identity.is_none())?;
        let news = held.have.missing().collect();
        held.have = Have::all(held.seed.chunks());
        held.identity = Some(identity);
        held.publish = true;
        self.whole.insert(file);
        Some((held.key(), news))
    }

    /// Holds a file no longer. The last of its key is remembered for a while.
    pub(super) fn remove(&mut self, file: FileId, why: Gone) -> Option<Held> {
        let held = self.files.remove(&file)?;
        self.whole.remove(&file);
        let key = held.key();
        if let Some(names) = self.keys.get_mut(&key) {
            names.retain(|name| *name != file);
            if names.is_empty() {
                self.keys.remove(&key);
                self.past.remember(key, why);
            }
        }
        Some(held)
    }

    /// Why a key is not held.
    pub(super) fn why_gone(&self, key: SeedKey) -> Gone {
        self.past.why(key)
    }

    /// The seed of a file: the one with this id, or one that is complete rather than one that is not.
    pub(super) fn seed(&self, file_hash: FileHash, seed_id: Option<SeedId>) -> Option<Arc<Seed>> {
        let key = |id| SeedKey { file_hash, seed_id: SeedId::new(id) };
        let held = match seed_id {
            Some(seed_id) => self.serving(SeedKey { file_hash, seed_id }).map(|(_, held)| held),
            None => {
                let all = self.keys.range(key([0; 32])..=key([0xff; 32]));
                let held = all.filter_map(|(key, _)| self.serving(*key)).map(|(_, held)| held);
                held.min_by_key(|held| (!held.is_complete(), !held.publish))
            }
        };
        held.map(|held| held.seed.clone())
    }

    /// The next file, in order of names, that can be looked at: one in place, not an unfinished download.
    pub(super) fn next_whole(&self, after: Option<FileId>) -> Option<FileId> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.whole.range((after, Bound::Unbounded)).next().copied()
    }
}

/// How many keys are remembered after they went.
const REMEMBERED: usize = 1_024;

/// Why what was held before is gone; the oldest is forgotten first.
#[derive(Debug, Default)]
struct Past {
    why: BTreeMap<SeedKey, Gone>,
    order: VecDeque<SeedKey>,
}

impl Past {
    fn remember(&mut self, key: SeedKey, why: Gone) {
        self.forget(key);
        self.why.insert(key, why);
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.why.remove(&oldest);
        }
    }

    fn forget(&mut self, key: SeedKey) {
        if self.why.remove(&key).is_some() {
            self.order.retain(|other| *other != key);
        }
    }

    fn why(&self, key: SeedKey) -> Gone {
        self.why.get(&key).copied().unwrap_or(Gone::Never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::SafeName;
    use crate::seed::SeedBuilder;

    fn held(fill: u8, complete: bool) -> Held {
        let mut builder: SeedBuilder = SeedBuilder::with_chunk_size(200, 64).unwrap();
        builder.update(&[fill; 200]);
        let seed = Arc::new(builder.finish(SafeName::new("f").unwrap()).unwrap());
        let identity = Identity { device: 1, inode: u64::from(fill), size: 200, modified: 0 };
        let have = if complete { Have::all(4) } else { Have::none(4) };
        Held { seed, have, identity: complete.then_some(identity), publish: complete }
    }

    #[test]
    fn of_two_files_with_one_key_the_first_serves_and_the_next_takes_over() {
        let (mut library, one) = (Library::default(), held(1, true));
        let key = one.key();
        library.add(FileId(1), one.clone());
        library.add(FileId(2), one);
        assert_eq!(library.serving(key).map(|found| found.0), Some(FileId(1)));
        library.remove(FileId(1), Gone::Changed);
        assert_eq!(library.serving(key).map(|found| found.0), Some(FileId(2)));
        assert_eq!(library.why_gone(key), Gone::Never);
        library.remove(FileId(2), Gone::Withdrawn);
        assert!(library.serving(key).is_none() && library.chunk(key, 0).is_none());
        assert_eq!(library.why_gone(key), Gone::Withdrawn);
    }

    #[test]
    fn a_partial_gives_only_what_it_has_until_it_is_complete() {
        let (mut library, part) = (Library::default(), held(1, false));
        let key = part.key();
        library.add(FileId(1), part);
        assert!(!library.get(FileId(1)).unwrap().is_worth_telling());
        assert_eq!(library.gained(FileId(1), 3), Some(key));
        assert_eq!(library.gained(FileId(1), 3), None);
        assert_eq!(library.gained(FileId(1), 4), None);
        assert_eq!(library.chunk(key, 3).map(|chunk| chunk.range), Some(192..200));
        assert_eq!(library.chunk(key, 2), None);
        assert_eq!(library.next_whole(None), None);
        let identity = held(1, true).identity.unwrap();
        assert_eq!(library.completed(FileId(1), identity), Some((key, alloc::vec![0, 1, 2])));
        assert_eq!(library.next_whole(None), Some(FileId(1)));
        assert!(library.get(FileId(1)).unwrap().is_complete());
    }

    #[test]
    fn a_seed_is_found_by_its_id_and_a_complete_one_first_without() {
        let mut library = Library::default();
        let (part, whole) = (held(1, false), held(2, true));
        library.add(FileId(1), part.clone());
        library.add(FileId(2), whole.clone());
        let key = part.key();
        assert_eq!(library.seed(key.file_hash, Some(key.seed_id)), Some(part.seed.clone()));
        assert_eq!(library.seed(key.file_hash, None), Some(part.seed));
        assert_eq!(library.seed(key.file_hash, Some(whole.key().seed_id)), None);
    }

    #[test]
    fn what_is_gone_is_remembered_for_the_latest_only_and_not_once_it_is_back() {
        let mut past = Past::default();
        let key = |n: usize| SeedKey {
            file_hash: FileHash::new([(n % 251) as u8; 32]),
            seed_id: SeedId::new([(n / 251) as u8; 32]),
        };
        (0..=REMEMBERED).for_each(|n| past.remember(key(n), Gone::Changed));
        assert_eq!((past.why(key(0)), past.why(key(1))), (Gone::Never, Gone::Changed));
        past.forget(key(1));
        assert_eq!((past.why(key(1)), past.order.len()), (Gone::Never, REMEMBERED - 1));
    }
}
