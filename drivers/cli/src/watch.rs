//! Folders that are looked at again and again: what is new, what has changed, what is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use samara::store::Identity;
use samara_tokio::files;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::args::Global;
use crate::hashing::{self, Change};
use crate::index::Index;
use crate::output::Out;
use crate::progress::Meter;
use crate::text;
use crate::walk::{self, Item};

/// The least time between two looks; a look that takes long is followed by ten times as long a rest.
const REST: Duration = Duration::from_secs(1);

/// A file as it was when last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It is new or has changed: somebody may still be writing to it.
    Fresh(Identity),
    /// It looked the same twice, and was handed on to be hashed.
    Settled(Identity),
}

/// What has become of some folders since the look before.
#[derive(Debug, Default)]
struct Look {
    seen: BTreeMap<PathBuf, Seen>,
}

impl Look {
    /// Compares with what is there now. Returns the files to hash, and those that aren't what they were.
    fn again(&mut self, now: Vec<(Item, Identity)>, first: bool) -> (Vec<Item>, Vec<PathBuf>) {
        let (mut ready, mut lost, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (item, identity) in now {
            let before = self.seen.remove(&item.path);
            let state = match before {
                Some(Seen::Settled(same)) if same == identity => Seen::Settled(identity),
                Some(Seen::Fresh(same)) if same == identity => {
                    ready.push(item.clone());
                    Seen::Settled(identity)
                }
                None if first => {
                    ready.push(item.clone());
                    Seen::Settled(identity)
                }
                Some(Seen::Settled(_)) => {
                    lost.push(item.path.clone());
                    Seen::Fresh(identity)
                }
                Some(Seen::Fresh(_)) | None => Seen::Fresh(identity),
            };
            seen.insert(item.path, state);
        }
        let settled = |(path, seen)| matches!(seen, Seen::Settled(_)).then_some(path);
        lost.extend(std::mem::replace(&mut self.seen, seen).into_iter().filter_map(settled));
        (ready, lost)
    }
}

/// Looks at `folders` for ever, and sends what changes.
pub(crate) async fn run(global: Global, folders: Vec<PathBuf>, index: Index, changes: mpsc::Sender<Change>) {
    let (queue, jobs) = mpsc::unbounded_channel();
    tokio::spawn(hash(global, jobs, index, changes.clone()));
    let (mut look, mut told, mut first) = (Look::default(), BTreeSet::new(), true);
    loop {
        let (start, folders) = (Instant::now(), folders.clone());
        let Ok((items, skipped)) = tokio::task::spawn_blocking(move || list(&folders)).await else { return };
        let (ready, lost) = look.again(items, first);
        first = false;
        for (path, why) in skipped {
            if told.insert(path.clone()) {
                tracing::warn!("left out {}: {why}", text::path(&path));
            }
        }
        for path in lost {
            if changes.send(Change::Lost(path)).await.is_err() {
                return;
            }
        }
        if !ready.is_empty() && queue.send(ready).is_err() {
            return;
        }
        sleep(REST.max(start.elapsed() * 10)).await;
    }
}

/// Hashes what is handed on, one look's files after the other's.
async fn hash(
    global: Global,
    mut jobs: mpsc::UnboundedReceiver<Vec<Item>>,
    index: Index,
    changes: mpsc::Sender<Change>,
) {
    while let Some(items) = jobs.recv().await {
        let meter = Meter::new(&global, Out::new(global.json));
        hashing::all(items, index.clone(), meter, changes.clone()).await;
    }
}

/// What is left out, and why.
type Skipped = Vec<(PathBuf, String)>;

/// What is in the folders now, and what was left out. A folder that can't be read is as good as empty.
fn list(folders: &[PathBuf]) -> (Vec<(Item, Identity)>, Skipped) {
    let (mut items, mut skipped) = (BTreeMap::new(), Vec::new());
    for folder in folders {
        match walk::files(std::slice::from_ref(folder)) {
            Ok(found) => {
                items.extend(found.items.into_iter().map(|item| (item.path.clone(), item)));
                skipped.extend(found.skipped);
            }
            Err(failure) => skipped.push((folder.clone(), failure.message)),
        }
    }
    let look = |item: Item| files::identity(&item.path).ok().map(|identity| (item, identity));
    (items.into_values().filter_map(look).collect(), skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::SafeName;

    fn file(path: &str, modified: i64) -> (Item, Identity) {
        let name = SafeName::new(path).unwrap();
        (Item { path: path.into(), name, size: 1 }, Identity { device: 0, inode: 0, size: 1, modified })
    }

    fn paths((ready, lost): (Vec<Item>, Vec<PathBuf>)) -> (Vec<String>, Vec<String>) {
        let shown = |path: &PathBuf| path.display().to_string();
        (ready.iter().map(|item| shown(&item.path)).collect(), lost.iter().map(shown).collect())
    }

    fn none() -> Vec<String> {
        Vec::new()
    }

    #[test]
    fn what_is_there_at_first_is_hashed_at_once_and_only_once() {
        let mut look = Look::default();
        assert_eq!(paths(look.again(vec![file("a", 1)], true)), (vec!["a".into()], none()));
        assert_eq!(paths(look.again(vec![file("a", 1)], false)), (none(), none()));
    }

    #[test]
    fn a_file_that_is_being_written_waits_until_it_looks_the_same_twice() {
        let mut look = Look::default();
        assert_eq!(paths(look.again(vec![], true)), (none(), none()));
        for modified in 1..5 {
            assert_eq!(paths(look.again(vec![file("a", modified)], false)), (none(), none()));
        }
        assert_eq!(paths(look.again(vec![file("a", 4)], false)), (vec!["a".into()], none()));
    }

    #[test]
    fn changed_and_deleted_files_are_lost_once() {
        let mut look = Look::default();
        look.again(vec![file("a", 1), file("b", 1)], true);
        assert_eq!(paths(look.again(vec![file("a", 2)], false)), (none(), vec!["a".into(), "b".into()]));
        assert_eq!(paths(look.again(vec![file("a", 2)], false)), (vec!["a".into()], none()));
        assert_eq!(paths(look.again(vec![], false)), (none(), vec!["a".into()]));
        assert_eq!(paths(look.again(vec![], false)), (none(), none()));
    }
}
