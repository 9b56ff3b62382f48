//! The connections that are dialled or open, and what each peer was asked and said.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::downloader::window::Pace;
use crate::hash::SeedId;
use crate::have::Have;
use crate::machine::Link;
use crate::seed::{Seed, Step};
use crate::time::Time;
use crate::wire::session::Caller;

#[cfg(test)]
mod tests;

/// Requests that a peer may leave unanswered after they were given up.
const MAX_ABANDONED: usize = 64;

/// All connections, by slot.
#[derive(Debug)]
pub(super) struct Peers {
    space: u16,
    slots: Vec<Slot>,
    /// How many connections there are.
    len: usize,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    peer: Option<Peer>,
}

/// One connection. What is looked at of every peer at every turn comes first, together.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Peer {
    pub(super) phase: Phase,
    /// Chunks that it said it had and then didn't.
    pub(super) broken: u8,
    pub(super) link: Link,
    /// How many chunks are awaited from it, and how many bytes: kept, since it is looked at all the time.
    awaited: (usize, u64),
    pub(super) pace: Pace,
    pub(super) session: Caller<Ask>,
    pub(super) addr: SocketAddr,
    /// What it was asked that it isn't asked again.
    pub(super) asked: Vec<Question>,
    /// The lists under which it passed Test.
    pub(super) subs: Vec<Sub>,
    /// What it has of the chosen list's chunks.
    pub(super) offer: Option<Offer>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not open yet.
    Dialing,
    /// Open; it passed no Test yet.
    Asking,
    /// It passed a Test.
    Ready,
}

/// What a peer can be asked once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A list: this one, or whichever it has.
    Seed(Option<SeedId>),
    /// Is the file there, under this list?
    Test(SeedId),
}

/// An open request.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// For a list.
    Seed(Option<SeedId>),
    /// Is the file there, under this list?
    Test(Arc<Seed>),
    /// For a chunk.
    Fetch(Fetch),
}

/// An open request for a chunk.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    /// The list under which it is judged.
    pub(super) seed: Arc<Seed>,
    /// The candidates.
    pub(super) any_of: Vec<u32>,
    /// Those that nobody else is to be asked for, because of this request.
    pub(super) held: Vec<u32>,
    /// Bytes kept free for it.
    pub(super) reserved: u64,
    pub(super) stage: Stage,
}

/// How far a request for a chunk has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Sent.
    Asked,
    /// Sent, and called back: an answer may still come.
    Cancelled,
    /// Called back and given up: nothing is kept free for it.
    Abandoned,
    /// This chunk is coming.
    Receiving(u32),
    /// This chunk is coming, and was called back.
    Recalled(u32),
}

/// A passed Test.
#[derive(Clone, Debug)]
pub(super) struct Sub {
    /// Its number.
    pub(super) t: u32,
    /// The list.
    pub(super) seed: Arc<Seed>,
    /// What the peer has.
    pub(super) have: Have,
}

/// What a peer has that is the same under the chosen list.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// The subscription to fetch under.
    pub(super) t: u32,
    /// Its list.
    pub(super) seed: Arc<Seed>,
    /// The chunks.
    pub(super) have: Have,
}

impl Peers {
    /// None yet; links will be in `space`.
    pub(super) const fn new(space: u16) -> Self {
        Self { space, slots: Vec::new(), len: 0 }
    }

    /// A connection to `addr`, in the first slot that is not in use.
    pub(super) fn dial(&mut self, addr: SocketAddr, now: Time) -> Link {
        let free = self.slots.iter().position(|slot| slot.peer.is_none());
        let at = free.unwrap_or(self.slots.len());
        if free.is_none() {
            self.slots.push(Slot { generation: 0, peer: None });
        }
        let mut link = Link { space: self.space, slot: u16::try_from(at).unwrap_or(u16::MAX), generation: 0 };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.generation = slot.generation.wrapping_add(1);
            link.generation = slot.generation;
            slot.peer = Some(Peer::new(link, addr, now));
            self.len = self.len.saturating_add(1);
        }
        link
    }

    /// The connection of this name, unless it is of the past.
    pub(super) fn get(&self, link: Link) -> Option<&Peer> {
        self.slots.get(usize::from(link.slot))?.peer.as_ref().filter(|peer| peer.link == link)
    }

    /// The same, to change.
    pub(super) fn get_mut(&mut self, link: Link) -> Option<&mut Peer> {
        self.slots.get_mut(usize::from(link.slot))?.peer.as_mut().filter(|peer| peer.link == link)
    }

    /// Ends a connection.
    pub(super) fn remove(&mut self, link: Link) -> Option<Peer> {
        let peer = self.slots.get_mut(usize::from(link.slot))?.peer.take_if(|peer| peer.link == link)?;
        self.len = self.len.saturating_sub(1);
        Some(peer)
    }

    /// All connections.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.slots.iter().filter_map(|slot| slot.peer.as_ref())
    }

    /// All connections, to change.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.slots.iter_mut().filter_map(|slot| slot.peer.as_mut())
    }

    /// The names of all connections.
    pub(super) fn links(&self) -> Vec<Link> {
        self.iter().map(|peer| peer.link).collect()
    }

    /// How many connections there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// How many are being dialled or tested. One that is sending a list is neither.
    pub(super) fn testing(&self) -> usize {
        self.iter().filter(|peer| peer.phase != Phase::Ready && !peer.is_sending_list()).count()
    }

    /// How many passed Test.
    pub(super) fn ready(&self) -> usize {
        self.iter().filter(|peer| peer.phase == Phase::Ready).count()
    }
}

impl Peer {
    fn new(link: Link, addr: SocketAddr, now: Time) -> Self {
        Self {
            link,
            addr,
            phase: Phase::Dialing,
            session: Caller::new(now),
            pace: Pace::new(now),
            asked: Vec::new(),
            subs: Vec::new(),
            offer: None,
            broken: 0,
            awaited: (0, 0),
        }
    }

    /// Does it say that it has everything?
    pub(super) fn is_complete(&self) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.have.is_all())
    }

    /// Does it say that it has everything, and nothing has come from it yet?
    pub(super) fn is_complete_stranger(&self) -> bool {
        self.pace.rate().is_none() && !self.pace.is_snubbed() && self.is_complete()
    }

    /// Is it alive, and sending a list?
    pub(super) fn is_sending_list(&self) -> bool {
        self.session.hello().is_some() && self.session.iter().any(|(_, ask)| matches!(ask, Ask::Seed(_)))
    }

    /// Is a question to it open that isn't about a chunk?
    pub(super) fn is_asked(&self) -> bool {
        self.session.iter().any(|(_, ask)| !matches!(ask, Ask::Fetch(_)))
    }

    /// The open requests for chunks.
    pub(super) fn fetches(&self) -> impl Iterator<Item = (u32, &Fetch)> {
        self.session.iter().filter_map(|(request, ask)| match ask {
            Ask::Fetch(fetch) => Some((request, fetch)),
            Ask::Seed(_) | Ask::Test(_) => None,
        })
    }

    /// The numbers of the open requests for chunks.
    pub(super) fn requests(&self) -> Vec<u32> {
        self.fetches().map(|(request, _)| request).collect()
    }

    /// Opens a request for a chunk, and numbers it.
    pub(super) fn open_fetch(&mut self, fetch: Fetch) -> u32 {
        self.count(None, Some(fetch.weight()));
        self.session.open(Ask::Fetch(fetch))
    }

    /// Ends an open request for a chunk.
    pub(super) fn close_fetch(&mut self, request: u32) -> Option<Fetch> {
        self.fetch(request)?;
        match self.session.close(request)? {
            Ask::Fetch(fetch) => {
                self.count(Some(fetch.weight()), None);
                Some(fetch)
            }
            Ask::Seed(_) | Ask::Test(_) => None,
        }
    }

    /// Takes note of how a request's part in what is awaited has changed.
    fn count(&mut self, before: Option<(usize, u64)>, after: Option<(usize, u64)>) {
        let ((less, fewer), (more, bytes)) = (before.unwrap_or_default(), after.unwrap_or_default());
        self.awaited = (
            self.awaited.0.saturating_add(more).saturating_sub(less),
            self.awaited.1.saturating_add(bytes).saturating_sub(fewer),
        );
    }

    /// The passed Test under this list.
    pub(super) fn sub(&self, seed_id: SeedId) -> Option<&Sub> {
        self.subs.iter().find(|sub| sub.seed.id() == seed_id)
    }

    /// Does it have chunk `index` under this list?
    pub(super) fn has(&self, seed_id: SeedId, index: u32) -> bool {
        self.sub(seed_id).is_some_and(|sub| sub.have.has(index))
    }

    /// What it has of the chunks of `chosen`: under that list if it passed a Test under it, else what is the same
    /// under another one.
    pub(super) fn best_offer(&self, chosen: &Seed) -> Option<Offer> {
        let offer = |sub: &Sub, have| Offer { t: sub.t, seed: Arc::clone(&sub.seed), have };
        if let Some(sub) = self.sub(chosen.id()) {
            return Some(offer(sub, sub.have.clone()));
        }
        let common = |sub: &Sub| {
            let mut have = Have::none(chosen.chunks());
            let same =
                |index: &u32| chosen.step(*index).is_some_and(|step| sub.seed.step(*index) == Some(step));
            sub.have.iter().filter(same).for_each(|index| {
                have.insert(index);
            });
            have
        };
        let offers = self.subs.iter().map(|sub| offer(sub, common(sub)));
        offers.max_by_key(|offer| offer.have.count())
    }

    /// One open request for a chunk.
    pub(super) fn fetch(&self, request: u32) -> Option<&Fetch> {
        match self.session.get(request)? {
            Ask::Fetch(fetch) => Some(fetch),
            Ask::Seed(_) | Ask::Test(_) => None,
        }
    }

    /// Changes an open request for a chunk.
    pub(super) fn change_fetch<R>(
        &mut self,
        request: u32,
        change: impl FnOnce(&mut Fetch) -> R,
    ) -> Option<R> {
        let Ask::Fetch(fetch) = self.session.get_mut(request)? else { return None };
        let before = fetch.weight();
        let result = change(fetch);
        let after = fetch.weight();
        self.count(Some(before), Some(after));
        Some(result)
    }

    /// How many chunks are awaited from it, and how many bytes.
    pub(super) const fn outstanding(&self) -> (usize, u64) {
        self.awaited
    }

    /// Does it owe so many answers that it is not worth asking again?
    pub(super) fn is_mute(&self) -> bool {
        self.session.len() > MAX_ABANDONED.saturating_add(self.outstanding().0)
    }

    /// Is it asked for this chunk already?
    pub(super) fn is_fetching(&self, step: &Step) -> bool {
        self.fetches().any(|(_, fetch)| {
            fetch.is_awaited()
                && fetch.any_of.contains(&step.index)
                && fetch.seed.step(step.index).as_ref() == Some(step)
        })
    }
}

impl Fetch {
    /// Its part in what is awaited: how many chunks, how many bytes.
    const fn weight(&self) -> (usize, u64) {
        if self.is_awaited() { (1, self.reserved) } else { (0, 0) }
    }

    /// Is it hoped that something comes?
    pub(super) const fn is_awaited(&self) -> bool {
        match self.stage {
            Stage::Asked | Stage::Receiving(_) => true,
            Stage::Cancelled | Stage::Abandoned | Stage::Recalled(_) => false,
        }
    }
}
