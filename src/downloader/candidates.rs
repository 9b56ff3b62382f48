//! Which list of chunk hashes to believe, when the user typed no more than the file's hash.
//!
//! Strangers offer lists; whatever they say or do is no evidence. Only bytes are: a chunk that satisfies a step of
//! one list refutes each list that has the same end there and another start. What is known for certain grows from
//! the file's end backwards, because the last chunk's end is the hash that the user typed:
//!
//! ```text
//!     list A   ·──·──·──·──a──x──x──H        H: the file's hash, trusted
//!     list B   ·──·──·──·──b──x──x──H        a, b: where A and B differ last
//!                          └────┘            this chunk can exist in one of them only, and who has it settles it
//!                                └─────┘     the verified suffix: authentic, and the same in all that are left
//! ```
//!
//! So: the last chunk first (until then the length is a claim, too); then the chunk at which the lists part, from
//! holders of each, under its own seed id; meanwhile and afterwards, only chunks that all have in common and that
//! lie in a window before the verified suffix: a false list can waste no more than that. One honest holder decides
//! each fork, and the true list is never refuted.
//!
//! A list that makes no progress goes to the back. With all places taken it has to make room for one that waits,
//! so each gets its turn. (DESIGN.md, 4; PROTOCOL.md, "Unpinned downloads".)

#[cfg(test)]
mod attacks;
mod claims;
mod list;
mod queue;
#[cfg(test)]
mod tests;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::downloader::event::{Pin, Target};
use crate::entropy::Entropy;
use crate::hash::{FileHash, SeedId};
use crate::have::Have;
use crate::name::SafeName;
use crate::seed::Seed;
use crate::wire::limits;

use list::List;
use queue::Queue;

/// Lists in memory, 2 MiB each at most.
const MAX_LISTS: usize = 4;
/// Chunks before the verified suffix that may be fetched after a refutation, and always.
const NARROW: u32 = 64;

/// The lists that may describe the file, and what is known about them.
#[derive(Debug)]
pub(super) struct Candidates {
    file_hash: FileHash,
    trust: Trust,
    /// The chosen one first; at most [`MAX_LISTS`].
    lists: Vec<List>,
    /// The first chunk from which on all lists agree, if they don't all along: it has another start in some.
    fork: Option<u32>,
    queue: Queue,
    window: Window,
}

/// What the user vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// The file's hash only.
    Hash,
    /// This list.
    List(SeedId),
}

/// How far before the verified suffix chunks are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    /// A quarter of the file.
    Wide,
    /// After a refutation: somebody lies.
    Narrow,
}

/// What became of an offered list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// It is a candidate now.
    Taken,
    /// It was one before.
    Known,
    /// It is of another file or not the pinned one, or there is no place for it now.
    NotWanted,
    /// It will never be a candidate: it isn't canonical, or what has verified refutes it, and then this is how.
    False(Option<Refutation>),
}

/// A list that can't be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refutation {
    /// Which. It is forgotten already.
    pub(super) seed_id: SeedId,
    /// The chunk that can't exist: whoever claims to hold it under that list lies, others may be fooled.
    pub(super) index: u32,
}

impl Candidates {
    /// For a download of `target`. A list that the user gave is there from the start; so is that of the file
    /// without bytes, which has only one.
    pub(super) fn new(target: &Target, entropy: Entropy) -> Self {
        let given = match &target.pin {
            Pin::Seed(seed) => Some(Arc::clone(seed)),
            Pin::Hash | Pin::Id(_) => empty_seed(target.file_hash),
        };
        let trust = match (&given, &target.pin) {
            (Some(seed), _) => Trust::List(seed.id()),
            (None, Pin::Id(id)) => Trust::List(*id),
            (None, Pin::Hash | Pin::Seed(_)) => Trust::Hash,
        };
        Self {
            file_hash: target.file_hash,
            trust,
            lists: given.map(List::new).into_iter().collect(),
            fork: None,
            queue: Queue::new(entropy),
            window: Window::Wide,
        }
    }

    /// An earlier run left `seed`, and `have`: chunks that verified under it. Was it `pinned` then, the user vouched
    /// for it then, not now: a canonical one is a candidate like any other, so that a false one isn't believed for
    /// ever. Another one can't be a candidate, and stays pinned (unless the user pins another one now). To be called
    /// before anything else, at most once.
    pub(super) fn resume(&mut self, seed: Arc<Seed>, pinned: bool, have: &Have) {
        let id = seed.id();
        let stays = pinned && !seed.is_canonical();
        if stays && self.trust == Trust::Hash && seed.file_hash() == self.file_hash {
            self.trust = Trust::List(id);
        }
        match self.offer(seed) {
            Offer::Taken | Offer::Known => {
                have.iter().for_each(|index| drop(self.verified(id, index)));
            }
            Offer::NotWanted | Offer::False(_) => {}
        }
    }

    /// `from` says that it holds the file under `seed_id`, `complete` or in part (which never counts, and takes an
    /// earlier claim back).
    pub(super) fn claim(&mut self, seed_id: SeedId, from: SocketAddr, complete: bool) {
        self.queue.claim(seed_id, from, complete);
    }

    /// `from` was banned: its claims count no more.
    pub(super) fn forget(&mut self, from: SocketAddr) {
        self.queue.forget(from);
    }

    /// The lists to ask for, best first, at most as many as there are places: those that no list fills yet, and
    /// those of lists that made no progress.
    pub(super) fn wanted(&self) -> Vec<SeedId> {
        match self.trust {
            Trust::List(id) if self.lists.is_empty() => vec![id],
            Trust::List(_) => Vec::new(),
            Trust::Hash if self.lists.first().is_some_and(|chosen| chosen.suffix() == 0) => Vec::new(),
            Trust::Hash => {
                let stuck = self.lists.iter().skip(1).filter(|list| list.stalls() > 0).count();
                let held = |id| self.lists.iter().any(|list| list.id() == id);
                let mut waiting = self.queue.waiting(|id| !held(id));
                waiting.truncate(MAX_LISTS.saturating_sub(self.lists.len()).saturating_add(stuck));
                waiting
            }
        }
    }

    /// Somebody sent the body of a list. One that nobody claims to hold completely is taken if a place is free.
    /// The first one taken is the chosen one.
    pub(super) fn offer(&mut self, seed: Arc<Seed>) -> Offer {
        let id = seed.id();
        if self.lists.iter().any(|list| list.id() == id) {
            return Offer::Known;
        }
        if seed.file_hash() != self.file_hash {
            return Offer::NotWanted;
        }
        match self.trust {
            Trust::List(pinned) if pinned == id => {}
            Trust::List(_) => return Offer::NotWanted,
            Trust::Hash if !seed.is_canonical() => {
                self.queue.dismiss(id);
                return Offer::False(None);
            }
            Trust::Hash if self.is_refuted(id) => return Offer::False(None),
            Trust::Hash => {}
        }
        if let Some(index) = self.lists.iter().find_map(|list| list.refutes(&seed)) {
            return Offer::False(Some(self.refute(id, index)));
        }
        if !self.has_place(id) {
            return Offer::NotWanted;
        }
        let mut list = List::new(seed);
        self.lists.iter().for_each(|other| list.inherit(other));
        self.lists.push(list);
        self.compare();
        Offer::Taken
    }

    /// The list under which chunks are stored. It changes when it is refuted or stalls, and at no other time.
    pub(super) fn chosen(&self) -> Option<&Arc<Seed>> {
        self.lists.first().map(List::seed)
    }

    /// Is this the list that is vouched for?
    pub(super) fn is_pinned(&self, seed_id: SeedId) -> bool {
        self.trust == Trust::List(seed_id)
    }

    /// All candidates, the chosen one first.
    pub(super) fn lists(&self) -> impl ExactSizeIterator<Item = &Arc<Seed>> {
        self.lists.iter().map(List::seed)
    }

    /// Is this list out of the question: refuted, or not canonical?
    pub(super) fn is_refuted(&self, seed_id: SeedId) -> bool {
        self.queue.dismissed().contains(&seed_id)
    }

    /// The lists that trackers need not name again: the latest that are out of the question.
    pub(super) fn refuted(&self) -> Vec<SeedId> {
        self.queue.dismissed().iter().rev().take(limits::MAX_EXCLUDED).copied().collect()
    }

    /// Bytes satisfied the step of chunk `index` in the list `seed_id`. Gives the lists that this refutes; the
    /// chosen one may be among them. Unless the list left since the chunk was asked for, or the chosen one
    /// changed, the step is one of the list that is chosen now.
    pub(super) fn verified(&mut self, seed_id: SeedId, index: u32) -> Vec<Refutation> {
        let Some(proof) = self.lists.iter().find(|list| list.id() == seed_id).map(|list| list.seed().clone())
        else {
            return Vec::new();
        };
        let mut impossible = Vec::new();
        for list in &mut self.lists {
            if list::same_step(&proof, list.seed(), index) {
                list.mark(index);
            } else if let Some(lie) = list::impossible(&proof, index, list.seed()) {
                impossible.push((list.id(), lie));
            }
        }
        let refutations: Vec<_> = impossible.into_iter().map(|(id, lie)| self.refute(id, lie)).collect();
        if !refutations.is_empty() {
            self.compare();
        }
        refutations
    }

    /// Is there one list only, and is it pinned or its last chunk verified? Not for ever: another one may come.
    pub(super) fn settled(&self) -> bool {
        match (self.trust, self.lists.as_slice()) {
            (Trust::List(_), [_]) => true,
            (Trust::Hash, [list]) => list.is_proven(),
            (Trust::List(_) | Trust::Hash, _) => false,
        }
    }

    /// May chunk `index` of the chosen list be fetched now (besides [`probes`](Self::probes))? From holders of any
    /// list, under its own seed id: the step is the same in all.
    pub(super) fn may_fetch(&self, index: u32) -> bool {
        let Some((chosen, others)) = self.lists.split_first() else { return false };
        let chunks = chosen.seed().chunks();
        if matches!(self.trust, Trust::List(_)) {
            return index < chunks;
        }
        let window = match self.window {
            Window::Narrow => NARROW,
            Window::Wide => NARROW.max(chunks / 4),
        };
        let reach = if chosen.is_proven() { window } else { 1 };
        index < chunks
            && index >= chosen.suffix().saturating_sub(reach)
            && others.iter().all(|list| list::same_step(chosen.seed(), list.seed(), index))
    }

    /// What to fetch before anything else, from holders of that list, under its seed id, even if another probe is
    /// under way: the last chunk of each list; once the length is proven, the chunk at which the lists part.
    pub(super) fn probes(&self) -> Vec<(SeedId, u32)> {
        let proven = self.lists.first().is_some_and(List::is_proven);
        let probe = |list: &List| match (self.trust, proven) {
            (Trust::List(_), _) => None,
            (Trust::Hash, true) => self.fork,
            (Trust::Hash, false) => list.seed().chunks().checked_sub(1),
        };
        self.lists.iter().filter_map(|list| Some((list.id(), probe(list)?))).collect()
    }

    /// The file's length in bytes, if it is more than a claim.
    pub(super) fn proven_length(&self) -> Option<u64> {
        let chosen = self.lists.first()?;
        let certain = matches!(self.trust, Trust::List(_)) || chosen.is_proven();
        certain.then(|| chosen.seed().length())
    }

    /// Time for progress is over, for now: to be called at each re-query while the lists aren't settled, and when
    /// nothing verified for long. A chosen list whose verified suffix hasn't grown since goes to the back, if that
    /// loses nothing; lists that didn't come when wanted wait behind those that were never asked for.
    pub(super) fn stalled(&mut self) {
        self.wanted().into_iter().for_each(|id| self.queue.tried(id));
        self.lists.iter_mut().for_each(List::look);
        self.yield_turn();
        self.queue.shuffle();
    }

    /// A chosen list without progress makes way for the next in which as much has verified. (If there is none,
    /// chunks would be dropped for nothing: which list is chosen changes nothing about what settles them.)
    fn yield_turn(&mut self) {
        let Some((chosen, others)) = self.lists.split_first() else { return };
        let next = others.iter().position(|list| list.verified() >= chosen.verified());
        if let Some(next) = next.filter(|_| chosen.stalls() > 0) {
            let chosen = self.lists.remove(0);
            self.lists.push(chosen);
            let next = self.lists.remove(next);
            self.lists.insert(0, next);
        }
    }

    /// Is there a place for the list `id`? If all are taken, the one that stalled most often makes room, but never
    /// the chosen one, whose turn it is, and only for one that somebody claims to hold. No evidence is lost: the
    /// verified suffix is the same in all.
    fn has_place(&mut self, id: SeedId) -> bool {
        if self.lists.len() < MAX_LISTS {
            return true;
        }
        let stuck = self.lists.iter().enumerate().skip(1).max_by_key(|(_, list)| list.stalls());
        let Some((place, list)) = stuck.filter(|(_, list)| list.stalls() > 0) else { return false };
        if !self.queue.is_claimed(id) {
            return false;
        }
        self.queue.tried(list.id());
        self.lists.remove(place);
        true
    }

    fn refute(&mut self, seed_id: SeedId, index: u32) -> Refutation {
        self.window = Window::Narrow;
        self.lists.retain(|list| list.id() != seed_id);
        self.queue.dismiss(seed_id);
        Refutation { seed_id, index }
    }

    /// Finds where the lists part last.
    fn compare(&mut self) {
        self.fork = self.lists.split_first().and_then(|(chosen, others)| {
            others.iter().filter_map(|list| list::fork(chosen.seed(), list.seed())).max()
        });
    }
}

/// The list of the file without bytes, if `file_hash` is its hash.
fn empty_seed(file_hash: FileHash) -> Option<Arc<Seed>> {
    let name = SafeName::new(&format!("{file_hash}")).ok()?;
    (file_hash == FileHash::of_nothing()).then(|| Arc::new(Seed::empty(name)))
}
