//! What a node serves: each seed once, from the first of the files that have it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use samara::seeder::FileId;
use samara::wire::message::SeedKey;

use crate::hashing::Ready;

/// Shares and takes back files: what a shelf asks of a node.
pub(crate) trait Shares {
    /// Serves a file, and names it.
    fn share(&self, ready: &Ready) -> FileId;
    /// Serves it no longer.
    fn unshare(&self, file: FileId);
}

/// The files served, with their copies.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    seeds: BTreeMap<SeedKey, Shared>,
    by_file: BTreeMap<FileId, SeedKey>,
    by_path: BTreeMap<PathBuf, SeedKey>,
}

/// One seed that is served.
#[derive(Debug)]
struct Shared {
    /// What the node calls it.
    file: FileId,
    /// Files with these very bytes; the first is served, the others stand in for it.
    copies: Vec<Copy>,
    /// Has a tracker acknowledged it (or is there none)?
    announced: bool,
}

#[derive(Debug)]
struct Copy {
    ready: Ready,
    told: bool,
}

impl Shared {
    /// The copies to be told of now, each once.
    fn take_untold(&mut self) -> Vec<Ready> {
        if !self.announced {
            return Vec::new();
        }
        let untold = self.copies.iter_mut().filter(|copy| !copy.told);
        untold
            .map(|copy| {
                copy.told = true;
                copy.ready.clone()
            })
            .collect()
    }
}

impl Shelf {
    /// Serves one more file, in place of what was at its path. `announced`: there is no tracker to wait for.
    /// Returns the files now seeded.
    pub(crate) fn add(&mut self, ready: Ready, announced: bool, node: &impl Shares) -> Vec<Ready> {
        self.lost(&ready.path, node);
        let key = key(&ready);
        self.by_path.insert(ready.path.clone(), key);
        let shared = self.seeds.entry(key).or_insert_with(|| {
            let file = node.share(&ready);
            self.by_file.insert(file, key);
            Shared { file, copies: Vec::new(), announced }
        });
        shared.copies.push(Copy { ready, told: false });
        shared.take_untold()
    }

    /// A tracker has acknowledged this file. Returns the files now seeded.
    pub(crate) fn announced(&mut self, file: FileId) -> Vec<Ready> {
        let shared = self.by_file.get(&file).and_then(|key| self.seeds.get_mut(key));
        let Some(shared) = shared else { return Vec::new() };
        shared.announced = true;
        shared.take_untold()
    }

    /// The file at `path` isn't what it was. Returns it if it was served.
    pub(crate) fn lost(&mut self, path: &Path, node: &impl Shares) -> Option<Ready> {
        let key = self.by_path.remove(path)?;
        let shared = self.seeds.get_mut(&key)?;
        let at = shared.copies.iter().position(|copy| copy.ready.path == path)?;
        let lost = shared.copies.remove(at).ready;
        if at == 0 {
            node.unshare(shared.file);
            self.stand_in(key, node);
        }
        Some(lost)
    }

    /// The node has noticed itself that this file isn't what it was. Returns it.
    pub(crate) fn changed(&mut self, file: FileId, node: &impl Shares) -> Option<Ready> {
        let key = *self.by_file.get(&file)?;
        let copies = &mut self.seeds.get_mut(&key)?.copies;
        let lost = (!copies.is_empty()).then(|| copies.remove(0).ready)?;
        self.by_path.remove(&lost.path);
        self.stand_in(key, node);
        Some(lost)
    }

    /// The copy that was served is gone: serves the next, if there is one.
    fn stand_in(&mut self, key: SeedKey, node: &impl Shares) {
        let Some(shared) = self.seeds.get_mut(&key) else { return };
        self.by_file.remove(&shared.file);
        match shared.copies.first() {
            Some(next) => {
                shared.file = node.share(&next.ready);
                self.by_file.insert(shared.file, key);
            }
            None => {
                self.seeds.remove(&key);
            }
        }
    }

    /// Is nothing served?
    pub(crate) fn is_empty(&self) -> bool {
        self.seeds.is_empty()
    }
}

fn key(ready: &Ready) -> SeedKey {
    SeedKey { file_hash: ready.seed.file_hash(), seed_id: ready.seed.id() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::store::Identity;
    use samara::{SafeName, SeedBuilder, Sha2};
    use std::cell::RefCell;
    use std::sync::Arc;

    /// Numbers files, and writes down what it is asked.
    #[derive(Default)]
    struct Node(RefCell<Vec<String>>);

    impl Shares for Node {
        fn share(&self, ready: &Ready) -> FileId {
            self.0.borrow_mut().push(format!("share {}", ready.path.display()));
            FileId(u32::try_from(self.0.borrow().len()).unwrap())
        }

        fn unshare(&self, file: FileId) {
            self.0.borrow_mut().push(format!("unshare {}", file.0));
        }
    }

    fn ready(path: &str, bytes: &[u8]) -> Ready {
        let mut builder = SeedBuilder::<Sha2>::new(bytes.len() as u64).unwrap();
        builder.update(bytes);
        let seed = Arc::new(builder.finish(SafeName::new(path).unwrap()).unwrap());
        let identity = Identity { device: 0, inode: 0, size: bytes.len() as u64, modified: 0 };
        Ready { path: path.into(), seed, identity, known: false }
    }

    fn paths(told: Vec<Ready>) -> Vec<String> {
        told.into_iter().map(|ready| ready.path.display().to_string()).collect()
    }

    #[test]
    fn equal_files_are_served_once_and_told_each() {
        let (node, mut shelf) = (Node::default(), Shelf::default());
        assert!(shelf.add(ready("a", b"x"), false, &node).is_empty());
        assert!(shelf.add(ready("b", b"x"), false, &node).is_empty());
        assert_eq!(paths(shelf.announced(FileId(1))), ["a", "b"]);
        assert_eq!(paths(shelf.announced(FileId(1))), [""; 0], "each once");
        assert_eq!(paths(shelf.add(ready("c", b"x"), false, &node)), ["c"]);
        assert_eq!(*node.0.borrow(), ["share a"]);
    }

    #[test]
    fn without_trackers_a_file_is_told_at_once() {
        let (node, mut shelf) = (Node::default(), Shelf::default());
        assert_eq!(paths(shelf.add(ready("a", b"x"), true, &node)), ["a"]);
    }

    #[test]
    fn a_copy_stands_in_for_a_file_that_is_gone() {
        let (node, mut shelf) = (Node::default(), Shelf::default());
        for path in ["a", "b", "c"] {
            shelf.add(ready(path, b"x"), true, &node);
        }
        assert_eq!(shelf.lost(Path::new("b"), &node).unwrap().path, Path::new("b"));
        assert_eq!(shelf.lost(Path::new("a"), &node).unwrap().path, Path::new("a"));
        assert_eq!(*node.0.borrow(), ["share a", "unshare 1", "share c"]);
        assert_eq!(shelf.changed(FileId(3), &node).unwrap().path, Path::new("c"));
        assert!(shelf.is_empty() && shelf.lost(Path::new("c"), &node).is_none());
        assert_eq!(node.0.borrow().len(), 3, "the node itself withdrew it");
    }

    #[test]
    fn a_file_replaces_what_was_at_its_path() {
        let (node, mut shelf) = (Node::default(), Shelf::default());
        shelf.add(ready("a", b"x"), true, &node);
        assert_eq!(paths(shelf.add(ready("a", b"y"), true, &node)), ["a"]);
        assert_eq!(*node.0.borrow(), ["share a", "unshare 1", "share a"]);
        assert!(shelf.announced(FileId(1)).is_empty());
    }
}
