//! A chunk's way from the socket to the disk, on one thread: hashed, handed in, written.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use samara::Link;
use samara::hash::{ChunkHash, Hashed};
use samara::seed::Step;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::disk::Job;
use crate::env::Env;
use crate::role::{Input, Role};
use crate::run::{Driver, count};
use crate::{Sha256, lock};

/// Chunks for each processor that may wait or be hashed.
const PLACES: usize = 4;

/// Chunks that wait to be hashed.
#[derive(Debug)]
pub(crate) struct Hashing {
    waiting: Mutex<Waiting>,
    /// Threads at most.
    most: usize,
    /// For chunks that wait or are being hashed. With few of them the same buffers come round again while they are in a
    /// processor's cache; what comes meanwhile waits in the sockets.
    places: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Waiting {
    chunks: VecDeque<Whole>,
    /// Threads that hash.
    threads: usize,
}

/// A chunk that has come whole.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) link: Link,
    pub(crate) request: u32,
    pub(crate) step: Step,
    pub(crate) bytes: Bytes,
    /// Is dropped when the chunk is handed in.
    pub(crate) pending: mpsc::Sender<Infallible>,
    /// Is given back then.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Whole {
    fn to_hash(&self) -> (ChunkHash, Option<u64>, Bytes) {
        (self.step.start, self.step.last, self.bytes.clone())
    }

    fn hash(&self) -> Hashed {
        let (start, last, bytes) = self.to_hash();
        Hashed::new::<Sha256>(start, last, bytes)
    }

    /// To be handed in under the lock: whoever waits for that takes it afterwards.
    fn input(self, hashed: Hashed) -> Input {
        let Self { link, request, pending, place, .. } = self;
        drop((pending, place));
        Input::Chunk { link, request, hashed }
    }
}

impl Hashing {
    /// On so many processors.
    pub(crate) fn new(processors: usize) -> Self {
        let places = Arc::new(Semaphore::new(PLACES * processors.max(1)));
        Self { waiting: Mutex::default(), most: processors.max(1), places }
    }

    /// Waits until another chunk may come.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// Puts in a chunk. Says whether another thread is to be begun for it: the first at once, so that nothing waits;
    /// more only if those that there are leave two chunks lying, since two at once take less time than twice one.
    fn push(&self, chunk: Whole) -> bool {
        let mut waiting = lock(&self.waiting);
        waiting.chunks.push_back(chunk);
        let begin = waiting.threads == 0 || waiting.chunks.len() >= 2 && waiting.threads < self.most;
        waiting.threads += usize::from(begin);
        begin
    }

    /// Takes out one or two. If there is none, the thread that asked has to end.
    fn take(&self) -> Option<(Whole, Option<Whole>)> {
        let mut waiting = lock(&self.waiting);
        let Some(one) = waiting.chunks.pop_front() else {
            waiting.threads -= 1;
            return None;
        };
        Some((one, waiting.chunks.pop_front()))
    }
}

impl<E: Env, R: Role> Driver<E, R> {
    /// Has a chunk hashed and handed in, while the caller goes on.
    pub(crate) fn whole(self: &Arc<Self>, chunk: Whole) {
        if self.hashing.push(chunk) {
            let driver = self.clone();
            self.elsewhere(move || driver.hash_all());
        }
    }

    /// Hashes until nothing waits. What follows on the disk is done here, too: the bytes are in this processor's cache.
    fn hash_all(self: &Arc<Self>) {
        while let Some((one, other)) = self.hashing.take() {
            let (hashed, other) = match other {
                None => (one.hash(), None),
                Some(other) => {
                    let [hashed, second] = Hashed::pair::<Sha256>([one.to_hash(), other.to_hash()]);
                    (hashed, Some((other, second)))
                }
            };
            let ((), jobs) = self.turn_for_jobs(|state, now| {
                state.input(now, one.input(hashed));
                if let Some((other, hashed)) = other {
                    state.input(now, other.input(hashed));
                }
            });
            self.work(jobs);
        }
    }

    /// Does what is quick and what follows from it, and has the rest done elsewhere.
    fn work(self: &Arc<Self>, mut jobs: Vec<Job>) {
        while !jobs.is_empty() {
            let (here, slow): (Vec<_>, Vec<_>) = jobs.into_iter().partition(Job::is_quick);
            slow.into_iter().for_each(|job| self.work_elsewhere(job));
            let done: Vec<_> = here.into_iter().filter_map(Job::perform).collect();
            ((), jobs) =
                self.turn_for_jobs(|state, now| done.into_iter().for_each(|input| state.input(now, input)));
        }
    }

    /// Has something done on a thread of its own, and what follows from it.
    pub(crate) fn work_elsewhere(self: &Arc<Self>, job: Job) {
        let driver = self.clone();
        self.elsewhere(move || {
            let (began, syncs) = (driver.env.now(), job.is_sync());
            let done = job.perform();
            if syncs {
                let took = driver.env.now().since(began).as_micros();
                count(&driver.meters.syncing, usize::try_from(took).unwrap_or(usize::MAX));
            }
            let Some(done) = done else { return };
            let ((), jobs) = driver.turn_for_jobs(|state, now| state.input(now, done));
            driver.work(jobs);
        });
    }
}
