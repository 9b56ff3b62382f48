//! The upload slots and the queue of one file: who may send, who waits, who has to come back later.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use super::event::FileId;
use super::peer::{Asker, Peer, Prefix, Turns};
use super::places::Places;
use crate::machine::Link;
use crate::time::Time;
use crate::wire::message::Rejection;

/// A chunk that is there to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// From which file.
    pub(super) file: FileId,
    /// Which of its chunks.
    pub(super) index: u32,
    /// Where it lies, in bytes.
    pub(super) range: Range<u64>,
}

impl Chunk {
    /// Its length in bytes.
    pub(super) const fn len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }
}

/// A request without a slot.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// Whose.
    pub(super) asker: Asker,
    /// Its candidates.
    pub(super) any_of: Vec<u32>,
}

/// A request with a slot.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    /// Whose.
    pub(super) asker: Asker,
    /// What is sent.
    pub(super) chunk: Chunk,
    /// Since when.
    pub(super) since: Time,
    /// Why it was told to stop, if it was.
    pub(super) ending: Option<Rejection>,
}

/// What becomes of a new request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It waits.
    Queued,
    /// It waits in place of this one.
    Displaced(Asker),
    /// No place for it.
    Full,
}

/// One file's uploads.
#[derive(Debug)]
pub(super) struct Lane {
    sending: Vec<Sending>,
    waiting: VecDeque<Waiting>,
    sent: Vec<u16>,
    /// How long a chunk takes.
    pace: Duration,
    /// How long after one the next is done.
    beat: Duration,
}

/// What a chunk is thought to take before the first was sent.
const FIRST_PACE: Duration = Duration::from_millis(50);

impl Lane {
    /// Nobody asks yet.
    pub(super) const fn new() -> Self {
        Self {
            sending: Vec::new(),
            waiting: VecDeque::new(),
            sent: Vec::new(),
            pace: FIRST_PACE,
            beat: FIRST_PACE,
        }
    }

    /// Finds a place for a request. While others wait, a network has one place in the queue; and whoever was
    /// served longer ago takes the place of the newest request of whoever was served most.
    pub(super) fn admit(&mut self, request: Waiting, places: Places, turns: &Turns) -> Admission {
        let prefix = request.asker.peer.prefix();
        let others = self.waiting.iter().any(|other| other.asker.peer.prefix() != prefix);
        let has_its_place = others && self.places_of_prefix(prefix) > 0;
        let places = places.at(self.beat);
        let free = places.slots.saturating_sub(self.sending.len());
        if !has_its_place && self.waiting.len() < places.queue.saturating_add(free) {
            self.waiting.push_back(request);
            return Admission::Queued;
        }
        let most_served = (0_usize..)
            .zip(&self.waiting)
            .filter(|(_, other)| self.yields(other.asker.peer, request.asker.peer, turns))
            .max_by_key(|(at, other)| (self.claim(other.asker.peer, turns), *at))
            .map(|(at, _)| at);
        match most_served.and_then(|at| self.waiting.remove(at)) {
            Some(displaced) => {
                self.waiting.push_back(request);
                Admission::Displaced(displaced.asker)
            }
            None => Admission::Full,
        }
    }

    /// Does a waiting request of `holder` give up its place for one of `newcomer`? Between networks the network
    /// counts, within one the peer. Who has a place takes no second one.
    fn yields(&self, holder: Peer, newcomer: Peer, turns: &Turns) -> bool {
        let (theirs, ours) = (holder.prefix(), newcomer.prefix());
        if theirs != ours {
            return self.places_of_prefix(ours) == 0
                && (self.places_of_prefix(theirs) > 1 || turns.of_prefix(theirs) > turns.of_prefix(ours));
        }
        self.places_of_peer(newcomer) == 0
            && (self.places_of_peer(holder) > 1 || turns.of_peer(holder) > turns.of_peer(newcomer))
    }

    /// How much a peer has already: places and turns of its network, then its own.
    fn claim(&self, peer: Peer, turns: &Turns) -> (usize, u64, usize, u64) {
        let prefix = peer.prefix();
        (
            self.places_of_prefix(prefix),
            turns.of_prefix(prefix),
            self.places_of_peer(peer),
            turns.of_peer(peer),
        )
    }

    fn places_of_prefix(&self, prefix: Prefix) -> usize {
        self.waiting.iter().filter(|other| other.asker.peer.prefix() == prefix).count()
    }

    fn places_of_peer(&self, peer: Peer) -> usize {
        self.waiting.iter().filter(|other| other.asker.peer == peer).count()
    }

    /// Is somebody waiting, and a slot free?
    pub(super) fn is_ready(&self, places: Places) -> bool {
        !self.waiting.is_empty() && self.sending.len() < places.at(self.beat).slots
    }

    /// Takes out the request whose turn it is: networks without a slot first, then peers without one, then the one
    /// served longest ago.
    pub(super) fn next(&mut self, turns: &Turns) -> Option<Waiting> {
        let rank = |peer: Peer| {
            let prefix = peer.prefix();
            let slot_of_prefix = self.sending.iter().any(|other| other.asker.peer.prefix() == prefix);
            let slot_of_peer = self.sending.iter().any(|other| other.asker.peer == peer);
            (slot_of_prefix, slot_of_peer, turns.of_prefix(prefix), turns.of_peer(peer))
        };
        let first = (0_usize..).zip(&self.waiting).min_by_key(|(at, other)| (rank(other.asker.peer), *at));
        let at = first.map(|(at, _)| at)?;
        self.waiting.remove(at)
    }

    /// The candidate that was sent least often, never-sent ones first; among equals the first named.
    pub(super) fn least_sent(&self, candidates: impl Iterator<Item = Chunk>) -> Option<Chunk> {
        candidates.min_by_key(|chunk| self.sent.get(chunk.index as usize).copied().unwrap_or(0))
    }

    /// Gives a request a slot.
    pub(super) fn begin(&mut self, sending: Sending) {
        let index = sending.chunk.index as usize;
        if self.sent.len() <= index {
            self.sent.resize(index.saturating_add(1), 0);
        }
        if let Some(count) = self.sent.get_mut(index) {
            *count = count.saturating_add(1);
        }
        self.sending.push(sending);
    }

    /// Frees the slot of a request whose chunk was sent.
    pub(super) fn finish(&mut self, now: Time, link: Link, request: u32) -> Option<Sending> {
        let at_once = u32::try_from(self.sending.len().max(1)).unwrap_or(u32::MAX);
        let done = self.free(link, request)?;
        let took = now.since(done.since);
        self.pace = self.pace.saturating_mul(3).saturating_add(took) / 4;
        self.beat = self.beat.saturating_mul(3).saturating_add(took / at_once) / 4;
        Some(done)
    }

    /// Frees the slot of a request whose chunk was not sent, or not wholly: so it counts as not sent.
    pub(super) fn abandon(&mut self, link: Link, request: u32) -> Option<Sending> {
        let done = self.free(link, request)?;
        if let Some(count) = self.sent.get_mut(done.chunk.index as usize) {
            *count = count.saturating_sub(1);
        }
        Some(done)
    }

    fn free(&mut self, link: Link, request: u32) -> Option<Sending> {
        let is_it = |sending: &Sending| sending.asker.link == link && sending.asker.request == request;
        let at = self.sending.iter().position(is_it)?;
        Some(self.sending.swap_remove(at))
    }

    /// Takes a request out of the queue.
    pub(super) fn leave(&mut self, link: Link, request: u32) -> Option<Asker> {
        let is_it = |waiting: &Waiting| waiting.asker.link == link && waiting.asker.request == request;
        let at = self.waiting.iter().position(is_it)?;
        self.waiting.remove(at).map(|waiting| waiting.asker)
    }

    /// Notes why a request that is being sent has to stop; gives whose it is, if that is news.
    pub(super) fn stop(&mut self, link: Link, request: u32, why: Rejection) -> Option<Asker> {
        let is_it = |sending: &&mut Sending| sending.asker.link == link && sending.asker.request == request;
        let sending = self.sending.iter_mut().find(is_it)?;
        if sending.ending.is_some() {
            return None;
        }
        sending.ending = Some(why);
        Some(sending.asker)
    }

    /// The file is no longer served: empties the queue, and forgets what was sent. Gives those who waited, and those
    /// who have a slot.
    pub(super) fn dismiss(&mut self) -> (Vec<Asker>, Vec<Asker>) {
        self.sent = Vec::new();
        let waiting = self.waiting.drain(..).map(|waiting| waiting.asker).collect();
        (waiting, self.sending.iter().map(|sending| sending.asker).collect())
    }

    /// Is this request being sent while another peer waits?
    pub(super) fn keeps_others_waiting(&self, link: Link, request: u32) -> bool {
        let is_it = |sending: &&Sending| sending.asker.link == link && sending.asker.request == request;
        self.sending.iter().find(is_it).is_some_and(|sending| {
            self.waiting.iter().any(|waiting| waiting.asker.peer != sending.asker.peer)
        })
    }

    /// When to ask again, as far as the slots go: when those who are here will have been served.
    pub(super) fn wait(&self) -> Duration {
        let (ahead, slots) = (self.waiting.len().saturating_add(1), self.sending.len().max(1));
        self.pace.saturating_mul(u32::try_from(ahead.div_ceil(slots)).unwrap_or(u32::MAX))
    }

    /// How many wait.
    pub(super) fn queued(&self) -> usize {
        self.waiting.len()
    }

    /// Is there nothing to remember?
    pub(super) fn is_blank(&self) -> bool {
        self.sending.is_empty() && self.waiting.is_empty() && self.sent.is_empty()
    }
}
