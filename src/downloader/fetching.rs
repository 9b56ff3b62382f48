//! What joins peers, picker and window: asking for chunks, and waiting for them no longer than is reasonable.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::LazyCell;
use core::time::Duration;

use super::looking::{Look, Rank};
use super::peers::{Fetch, Offer, Peer, Peers, Phase, Stage};
use super::{Action, Downloader, Timer};
use crate::machine::Link;
use crate::seed::Seed;
use crate::time::Time;
use crate::wire::Message;
use crate::wire::limits::MAX_ANY_OF;
use crate::wire::message;
use crate::wire::session::Fault;

/// Requests under way that settle which list is true, for each list and chunk.
const PROBES: usize = 2;
/// With the share used up, how soon to see who is late.
const LOOK: Duration = Duration::from_secs(1);
/// Free chunks that are about, per peer and candidate in a request: with fewer, a request names fewer candidates. While few
/// are about, those that wait in line somewhere can't be had from anybody who has nothing to do.
const SPARE: usize = 4;
/// So many peers are a crowd: a request to each is enough.
const CROWD: usize = 8;

impl Downloader {
    /// Asks for what settles between lists.
    pub(super) fn probe(&mut self) {
        for (seed_id, index) in self.candidates.probes() {
            let list = self.candidates.lists().find(|seed| seed.id() == seed_id);
            let Some(step) = list.and_then(|seed| seed.step(index)) else { continue };
            let asked = |peer: &&Peer| peer.is_fetching(&step);
            if self.peers.iter().filter(asked).count() >= PROBES {
                continue;
            }
            let able = |peer: &&Peer| {
                !asked(peer) && self.may_ask(peer) && peer.outstanding().0 <= 1 && peer.has(seed_id, index)
            };
            let rank = |peer: &&Peer| (peer.pace.snubs(), peer.outstanding().0);
            let Some(best) = self.peers.iter().filter(able).min_by_key(rank) else { continue };
            let Some(sub) = best.subs.iter().find(|sub| sub.seed.id() == seed_id) else { continue };
            let (link, t, seed) = (best.link, sub.t, Arc::clone(&sub.seed));
            if self.may_spend(&seed) {
                let held: Vec<_> =
                    [index].into_iter().filter(|index| self.is_common(&seed, *index)).collect();
                held.iter().for_each(|index| self.picker.hold(*index));
                self.send_fetch(link, t, seed, vec![index], held);
            }
        }
    }

    /// Asks everybody who has room, those of whom least is awaited first, as long as the share in all allows; then
    /// those on probation, whatever the share. Once bad bytes have come, whoever says that it has everything and has sent
    /// nothing yet is asked last. So is whoever is spared, and for no more than keeps a crowd busy.
    pub(super) fn fetch(&mut self) {
        let Look { ready, mut left, mut lacking, able, on_probation, sparing } = self.look();
        if left > 0 {
            self.fetch_in_turn(able, |this, link| {
                let spared = sparing && lacking == 0 && this.peers.get(link).is_some_and(Peer::is_complete);
                let asked = left > 0 && !spared && this.fetch_from(link, ready).is_some();
                left = left.saturating_sub(usize::from(asked));
                lacking = lacking.saturating_sub(usize::from(asked));
                asked
            });
        }
        self.fetch_in_turn(on_probation, |this, link| this.fetch_from(link, ready).is_some());
        self.left = left;
        // With the share used up, whatever frees some of it is time enough for those who were busy.
        let idle = left > 0 || !self.candidates.settled();
        let pauses = || self.peers.iter().filter_map(|peer| peer.pace.paused_until(self.now));
        self.set_or_cancel(Timer::Retry, idle.then(pauses).and_then(Iterator::min));
        self.set_clocks(sparing);
    }

    /// Lets peers be asked one after the other, in random order among equals, again and again as long as `ask` says
    /// that they were.
    fn fetch_in_turn(&mut self, mut peers: Vec<(Rank, Link)>, mut ask: impl FnMut(&mut Self, Link) -> bool) {
        self.entropy.shuffle(&mut peers);
        peers.sort_by_key(|(rank, _)| *rank);
        while !peers.is_empty() {
            peers.retain(|(_, link)| ask(self, *link));
        }
    }

    /// When to look who is late, with the share used up or somebody spared; and when the rate limit allows more.
    fn set_clocks(&mut self, sparing: bool) {
        if self.left == 0 || sparing {
            self.timers.set_earlier(Timer::Look, self.now + LOOK);
        }
        self.set_or_cancel(Timer::Limit, self.window.wait(self.now));
    }

    pub(super) fn set_or_cancel(&mut self, timer: Timer, at: Option<Time>) {
        match at {
            Some(at) => self.timers.set(timer, at),
            None => self.timers.cancel(timer),
        }
    }

    /// The same when only this peer has news: nobody else can be asked who couldn't be before, but for those that were
    /// spared, who wait for the next look.
    pub(super) fn fetch_more(&mut self, link: Link) {
        let Some(peer) = self.peers.get(link) else { return };
        let probation = peer.pace.is_snubbed();
        // Looked at first because it costs least.
        if self.left == 0 && !probation || !self.may_ask(peer) {
            return;
        }
        let Some(Offer { have, .. }) = &peer.offer else { return };
        if !self.picker.is_interesting(have) && self.picker.free() > 0 {
            return;
        }
        let ready = self.peers.ready();
        while (self.left > 0 || probation) && self.fetch_from(link, ready).is_some() {
            self.left = self.left.saturating_sub(usize::from(!probation));
        }
        self.set_clocks(false);
    }

    /// Asks one peer for one chunk out of several, if that is possible.
    fn fetch_from(&mut self, link: Link, ready: usize) -> Option<()> {
        let peer = self.peers.get(link).filter(|peer| self.may_ask(peer))?;
        let Offer { t, seed, have } = peer.offer.as_ref()?;
        if peer.outstanding().0 >= peer.pace.room(seed.chunk_size(), ready == 1) || !self.may_spend(seed) {
            return None;
        }
        let about = self.picker.free().saturating_sub(self.picker.rare());
        let spare = (about / ready.max(1).saturating_mul(SPARE)).clamp(1, MAX_ANY_OF);
        // Of chunks that only complete holders have, those give away each once before they give any twice, if they may
        // choose; and naming many keeps them from no other peer. Some are left for further requests: more with few
        // peers, who are to have several each.
        let spared = if ready < CROWD { SPARE } else { 2 };
        let rare = if have.is_all() { self.picker.rare().min(self.picker.free() / spared) } else { 0 };
        let most = rare.clamp(spare, MAX_ANY_OF);
        let mut any_of = self.picker.pick(have, most);
        if any_of.is_empty() {
            let coming = LazyCell::new(|| coming(&self.peers, self.now));
            let mine = |index| {
                coming.binary_search(&index).is_ok()
                    || seed.step(index).is_some_and(|step| peer.is_fetching(&step))
            };
            any_of.push(self.picker.double(have, mine)?);
        }
        let (t, seed) = (*t, Arc::clone(seed));
        self.send_fetch(link, t, seed, any_of.clone(), any_of);
        Some(())
    }

    pub(super) fn may_ask(&self, peer: &Peer) -> bool {
        peer.phase == Phase::Ready && !peer.pace.is_paused(self.now) && !peer.is_mute()
    }

    /// Do the budget and the rate limit allow one more chunk?
    pub(super) fn may_spend(&self, seed: &Seed) -> bool {
        self.window.wait(self.now).is_none() && self.window.has_room(largest(seed), seed.chunk_size())
    }

    fn send_fetch(&mut self, link: Link, t: u32, seed: Arc<Seed>, any_of: Vec<u32>, held: Vec<u32>) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let longest = any_of.iter().filter_map(|index| seed.step(*index)).map(|step| step.len).max();
        let reserved = longest.map_or(0, u64::from);
        let (count, _) = peer.outstanding();
        peer.pace.asked(self.now, count);
        let candidates = any_of.clone();
        let fetch = Fetch { seed, any_of, held, reserved, stage: Stage::Asked };
        let request = peer.open_fetch(fetch);
        self.window.spend(self.now, reserved);
        let message = Message::Fetch(message::Fetch { t, any_of: candidates });
        self.out.push(Action::Send { link, request, message });
        self.give_time(link, request);
    }

    /// Sets when a request is overdue.
    pub(super) fn give_time(&mut self, link: Link, request: u32) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let (_, outstanding) = peer.outstanding();
        let Some((reserved, stage)) = peer.fetch(request).map(|fetch| (fetch.reserved, fetch.stage)) else {
            return;
        };
        let coming = matches!(stage, Stage::Receiving(_) | Stage::Recalled(_));
        let ahead = outstanding.saturating_sub(reserved);
        let slowest = self.window.at_limit(reserved);
        let stranger = self.window.for_strangers(reserved, !self.candidates.settled(), coming);
        let patience = peer.pace.patience(reserved, ahead, slowest, stranger);
        self.timers.set(Timer::Request(link, request), self.now + patience);
    }

    /// A request is overdue: it is called back and its chunks are asked of others, if there are any. If not, and
    /// nothing comes at all, perhaps the peer's machine was restarted: it is dialled again. The peer is on
    /// probation. A chunk that keeps trickling in after that costs the connection.
    pub(super) fn overdue(&mut self, link: Link, request: u32) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(fetch) = peer.fetch(request) else { return };
        let reserved = fetch.reserved;
        match fetch.stage {
            Stage::Asked | Stage::Receiving(_) => {
                let only_one =
                    !fetch.held.is_empty() && fetch.held.iter().all(|index| self.picker.holders(*index) <= 1);
                let is_silent = peer.pace.is_silent(self.now, reserved);
                peer.pace.snub();
                if only_one && is_silent {
                    self.drop_peer(link, Fault::Slow);
                } else if only_one {
                    self.give_time(link, request);
                } else {
                    self.recall(link, request);
                    self.give_up(link, request);
                }
            }
            Stage::Cancelled => self.give_up(link, request),
            Stage::Recalled(_) => self.drop_peer(link, Fault::Slow),
            Stage::Abandoned => {}
        }
    }

    /// Calls a request back. What it held is free for others.
    pub(super) fn recall(&mut self, link: Link, request: u32) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let news = peer.change_fetch(request, |fetch| {
            fetch.held.drain(..).for_each(|index| self.picker.release(index));
            fetch.stage = match fetch.stage {
                Stage::Asked => Stage::Cancelled,
                Stage::Receiving(index) => Stage::Recalled(index),
                Stage::Cancelled | Stage::Abandoned | Stage::Recalled(_) => return false,
            };
            true
        });
        if news != Some(true) {
            return;
        }
        self.out.push(Action::Send { link, request: 0, message: Message::Cancel { target: request } });
    }

    /// Keeps nothing free any more for a request that was called back, unless its bytes are on the way already.
    fn give_up(&mut self, link: Link, request: u32) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(stage) = peer.fetch(request).map(|fetch| fetch.stage) else { return };
        match stage {
            Stage::Cancelled => {
                let reserved = peer.change_fetch(request, |fetch| {
                    fetch.stage = Stage::Abandoned;
                    core::mem::take(&mut fetch.reserved)
                });
                self.window.refund(reserved.unwrap_or(0));
                self.timers.cancel(Timer::Request(link, request));
            }
            Stage::Recalled(_) => self.give_time(link, request),
            Stage::Asked | Stage::Receiving(_) | Stage::Abandoned => {}
        }
    }

    /// Is chunk `index` the same in `seed` and in the chosen list, and missing?
    pub(super) fn is_common(&self, seed: &Seed, index: u32) -> bool {
        self.progress.as_ref().is_some_and(|progress| {
            progress.is_missing(index) && progress.seed().step(index) == seed.step(index)
        })
    }
}

/// The chunks that will come from somebody who isn't late, in order: those that are coming already, and those that wait
/// their turn at a peer that has sent others. A second copy would only be a duplicate.
fn coming(peers: &Peers, now: Time) -> Vec<u32> {
    let size = |peer: &Peer| peer.offer.as_ref().map_or(0, |offer| offer.seed.chunk_size());
    let mut coming = Vec::new();
    for peer in peers.iter().filter(|peer| !peer.pace.is_late(now, size(peer))) {
        let delivers = peer.pace.rate().is_some();
        for (_, fetch) in peer.fetches() {
            match fetch.stage {
                Stage::Receiving(index) => coming.push(index),
                Stage::Asked if delivers => coming.extend_from_slice(&fetch.held),
                Stage::Asked | Stage::Cancelled | Stage::Abandoned | Stage::Recalled(_) => {}
            }
        }
    }
    coming.sort_unstable();
    coming
}

/// The most bytes that a chunk of this list can have.
fn largest(seed: &Seed) -> u64 {
    u64::from(seed.chunk_size()).min(seed.length())
}
