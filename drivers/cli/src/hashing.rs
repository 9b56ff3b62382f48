//! Files become seeds: from the index if they look the same as ever, else by hashing, two at a time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use samara::store::Identity;
use samara::{SafeName, Seed};
use samara_tokio::files;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};

use crate::index::Index;
use crate::progress::{Meter, Phase, Snapshot, TICK};
use crate::text;
use crate::walk::Item;

/// Files hashed at once: enough to hide one's waiting for the disk, and not more readers than disks like.
const WORKERS: usize = 2;

/// What became of a file, or of the folder that it is in.
#[derive(Debug)]
pub(crate) enum Change {
    /// It can be seeded.
    Found(Ready),
    /// It is no longer there, or no longer what it was.
    Lost(PathBuf),
    /// It can't be read.
    Failed(PathBuf, io::Error),
}

/// A file that can be seeded.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    /// Where.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) seed: Arc<Seed>,
    /// What it looked like when it was hashed.
    pub(crate) identity: Identity,
    /// Was it in the index?
    pub(crate) known: bool,
}

/// Makes seeds of `items` and sends them out as they are ready.
pub(crate) async fn all(items: Vec<Item>, index: Index, meter: Meter, ready: mpsc::Sender<Change>) {
    let unknown = recall(items, &index, &ready).await;
    let length = unknown.iter().map(|item| item.size).sum();
    let name = match unknown.front() {
        None => return,
        Some(item) if unknown.len() == 1 => item.name.to_string(),
        Some(_) => text::plural(unknown.len() as u64, "file"),
    };
    let (queue, bytes) = (Arc::new(Mutex::new(unknown)), Arc::new(AtomicU64::new(0)));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let (queue, bytes) = (Arc::clone(&queue), Arc::clone(&bytes));
        let (index, ready) = (index.clone(), ready.clone());
        workers.spawn_blocking(move || {
            let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some(item) = next() {
                let change = hash(&item.path, item.name, &index, &bytes)
                    .map_or_else(|error| Change::Failed(item.path, error), Change::Found);
                if ready.blocking_send(change).is_err() {
                    return;
                }
            }
        });
    }
    watch(
        async { while workers.join_next().await.is_some() {} },
        Phase::Hashing,
        &name,
        &bytes,
        length,
        meter,
    )
    .await;
}

/// Makes a seed of one file.
pub(crate) async fn one(
    path: &Path,
    name: SafeName,
    index: &Index,
    phase: Phase,
    meter: Meter,
) -> io::Result<Ready> {
    let identity = files::identity(path)?;
    if let Some(seed) = index.recall(path, &identity) {
        let seed = Arc::new(Arc::unwrap_or_clone(seed).renamed(name));
        return Ok(Ready { path: path.to_owned(), seed, identity, known: true });
    }
    let shown = text::path(path);
    let bytes = Arc::new(AtomicU64::new(0));
    let (index, path, done) = (index.clone(), path.to_owned(), Arc::clone(&bytes));
    let work = tokio::task::spawn_blocking(move || hash(&path, name, &index, &done));
    watch(work, phase, &shown, &bytes, identity.size, meter).await?
}

/// Sends out the items that the index knows, and returns the others.
async fn recall(items: Vec<Item>, index: &Index, ready: &mpsc::Sender<Change>) -> VecDeque<Item> {
    let (index, ready) = (index.clone(), ready.clone());
    let work = tokio::task::spawn_blocking(move || {
        let mut unknown = VecDeque::new();
        for item in items {
            match recall_one(&item, &index) {
                Some(found) => drop(ready.blocking_send(Change::Found(found))),
                None => unknown.push_back(item),
            }
        }
        unknown
    });
    work.await.unwrap_or_default()
}

fn recall_one(item: &Item, index: &Index) -> Option<Ready> {
    let identity = files::identity(&item.path).ok()?;
    let seed = index.recall(&item.path, &identity)?;
    let seed = Arc::new(Arc::unwrap_or_clone(seed).renamed(item.name.clone()));
    Some(Ready { path: item.path.clone(), seed, identity, known: true })
}

fn hash(path: &Path, name: SafeName, index: &Index, bytes: &AtomicU64) -> io::Result<Ready> {
    let (seed, identity) = files::hash(path, name, &adding_to(bytes))?;
    index.remember(path, &identity, &seed);
    Ok(Ready { path: path.to_owned(), seed, identity, known: false })
}

/// A file's own progress, from its start, as a part of a sum.
pub(crate) fn adding_to(sum: &AtomicU64) -> impl Fn(u64) {
    let before = Cell::new(0);
    move |now| {
        sum.fetch_add(now.saturating_sub(before.replace(now)), Ordering::Relaxed);
    }
}

/// Waits for `work` while showing how many of `length` bytes it has read.
pub(crate) async fn watch<T>(
    work: impl Future<Output = T>,
    phase: Phase,
    name: &str,
    bytes: &AtomicU64,
    length: u64,
    mut meter: Meter,
) -> T {
    tokio::pin!(work);
    let mut tick = interval(TICK);
    let snapshot = || Snapshot::reading(phase, name, bytes.load(Ordering::Relaxed).min(length), length);
    loop {
        tokio::select! {
            done = &mut work => {
                meter.finish(Instant::now(), &snapshot());
                return done;
            }
            now = tick.tick() => meter.show(now, &snapshot()),
        }
    }
}
