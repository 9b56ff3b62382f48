//! What a peer is asked about the file as a whole, and what it says: lists, Tests, and news of its chunks.

use alloc::sync::Arc;
use core::time::Duration;

use super::outcome::Seen;
use super::peers::{Ask, Peer, Phase, Question, Sub};
use super::{Action, Downloader, News, Note, Pin, Timer};
use crate::hash::SeedId;
use crate::machine::Link;
use crate::seed::Seed;
use crate::wire::Message;
use crate::wire::message::{Gone, HaveSet, SeedKey};
use crate::wire::session::{Fault, Told};

/// The least and the longest that a busy peer is left alone.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(30));

/// A pause as a peer wishes it, within reason.
pub(super) fn pause(wish: Duration) -> Duration {
    wish.clamp(PAUSES.0, PAUSES.1)
}

impl Downloader {
    /// A message from a peer.
    pub(super) fn told(&mut self, link: Link, request: u32, message: Message) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        match (peer.session.admit(request, &message), message) {
            (Ok(Told::Hello(hello)), _) => self.greeted(link, hello),
            (Ok(Told::Push { subscription }), Message::Gained(indices)) => {
                self.gained(link, subscription, &indices);
            }
            (Ok(Told::Push { subscription }), Message::Gone(why)) => self.gone(link, subscription, why),
            (Ok(Told::Answer(Ask::Fetch(_))), Message::Chunk { index, len }) => {
                self.announced(link, request, index, len);
            }
            (Ok(Told::Answer(Ask::Fetch(_))), Message::Rejected(why)) => self.rejected(link, request, why),
            (Ok(Told::Answer(Ask::Fetch(_))), Message::Refused(_) | Message::Unsupported) => {
                self.refused(link, request);
            }
            (Ok(Told::Answer(Ask::Seed(_) | Ask::Test(_))), message) => self.replied(link, request, message),
            (Ok(Told::Push { .. } | Told::Answer(_)), _) => self.ban(link, Fault::Unexpected),
            (Err(fault), _) => self.ban(link, fault),
        }
    }

    /// The answer to a question about the whole file.
    fn replied(&mut self, link: Link, request: u32, message: Message) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        match (peer.session.close(request), message) {
            (Some(Ask::Seed(id)), Message::Seed(seed)) => self.handed(link, id, seed),
            (Some(Ask::Test(seed)), Message::Have(have)) => self.tested(link, request, seed, have),
            (Some(Ask::Test(_)), Message::Gone(why)) => self.ask_or(link, |this| this.dismiss(link, why)),
            (Some(Ask::Test(_)), Message::Busy { retry_after }) => {
                self.ask_or(link, |this| this.turned_away(link, pause(retry_after)));
            }
            (_, Message::Unknown | Message::Refused(_) | Message::Unsupported) => {
                self.ask_or(link, |this| this.dismiss(link, Gone::Never));
            }
            _ => self.ban(link, Fault::Unexpected),
        }
    }

    /// A peer sent a list. One that was asked for by its id has to be that.
    fn handed(&mut self, link: Link, asked: Option<SeedId>, seed: Arc<Seed>) {
        let Some(addr) = self.peers.get(link).map(|peer| peer.addr) else { return };
        if seed.file_hash() != self.target.file_hash || asked.is_some_and(|id| id != seed.id()) {
            return self.ban(link, Fault::Unexpected);
        }
        self.book.claim(addr, seed.id());
        if self.offered(seed) {
            self.ask_or(link, |this| this.dismiss(link, Gone::Never));
        } else {
            self.ask_or(link, |this| this.drop_peer(link, Fault::Idle));
        }
    }

    /// Asks a peer something else. If there is nothing, and it hasn't passed any Test, it is of no use (`or`).
    pub(super) fn ask_or(&mut self, link: Link, or: impl FnOnce(&mut Self)) {
        let untested = |peer: &Peer| peer.phase == Phase::Asking;
        if !self.inquire(link) && self.peers.get(link).is_some_and(untested) {
            or(self);
        }
    }

    /// Asks everybody who can be asked something.
    pub(super) fn inquire_all(&mut self) {
        self.peers.links().into_iter().for_each(|link| {
            self.inquire(link);
        });
    }

    /// A peer passed a Test, whose number now names its subscription.
    fn tested(&mut self, link: Link, t: u32, seed: Arc<Seed>, have: HaveSet) {
        let Some(have) = have.into_have(seed.chunks()) else { return self.ban(link, Fault::OutOfRange) };
        if !self.candidates.lists().any(|list| list.id() == seed.id()) {
            return self.ask_or(link, |this| this.drop_peer(link, Fault::Idle));
        }
        let Some(peer) = self.peers.get_mut(link) else { return };
        let (addr, chunks, complete) = (peer.addr, have.count(), have.is_all());
        peer.phase = Phase::Ready;
        self.timers.cancel(Timer::Test(link));
        self.history.passed = Seen::Once;
        self.book.passed(addr);
        self.book.claim(addr, seed.id());
        self.candidates.claim(seed.id(), addr, complete);
        self.out.push(Action::Note(Note::Tested { addr, chunks }));
        peer.subs.push(Sub { t, seed, have });
        self.engage(link);
        self.inquire(link);
    }

    /// Asks a peer the next question about the whole file, if one is useful and none is open. Says if one is open.
    pub(super) fn inquire(&mut self, link: Link) -> bool {
        let Some(peer) = self.peers.get(link).filter(|peer| peer.phase != Phase::Dialing) else {
            return false;
        };
        let next = self.next_question(peer);
        let file_hash = self.target.file_hash;
        let Some(peer) = self.peers.get_mut(link) else { return false };
        let Some((question, ask)) = next else { return peer.is_asked() };
        let message = match &ask {
            Ask::Seed(seed_id) => Message::GetSeed { file_hash, seed_id: *seed_id },
            Ask::Test(seed) => Message::Test(SeedKey { file_hash, seed_id: seed.id() }),
            Ask::Fetch(_) => return false,
        };
        peer.asked.push(question);
        let request = peer.session.open(ask);
        self.out.push(Action::Send { link, request, message });
        true
    }

    /// A Test under each list in memory that the peer claims, or whichever it is asked about if it claims none; then
    /// the lists that it claims and that are wanted, or whichever it has. One question at a time, except that a
    /// Test doesn't wait for a list that has come from elsewhere.
    fn next_question(&self, peer: &Peer) -> Option<(Question, Ask)> {
        let claims = self.book.claims(peer.addr);
        let is_new = |question: &Question| !peer.asked.contains(question);
        let claimed = |id: SeedId| self.pinned_id().is_some() || claims.is_empty() || claims.contains(&id);
        let testing = peer.session.iter().any(|(_, ask)| matches!(ask, Ask::Test(_)));
        let mut lists = self.candidates.lists().filter(|seed| claimed(seed.id()));
        let test = lists.find(|seed| is_new(&Question::Test(seed.id())));
        if let Some(seed) = test.filter(|_| !testing) {
            return Some((Question::Test(seed.id()), Ask::Test(Arc::clone(seed))));
        }
        let wanted = self.wanted.iter().copied().filter(|id| claimed(*id) && !claims.is_empty());
        let any = matches!(self.target.pin, Pin::Hash) && claims.is_empty();
        let pinned = self.pinned_id().filter(|_| self.candidates.chosen().is_none());
        let mut lists = pinned.into_iter().chain(wanted).map(Some).chain(any.then_some(None));
        let id = lists.find(|id| is_new(&Question::Seed(*id))).filter(|_| !peer.is_asked())?;
        Some((Question::Seed(id), Ask::Seed(id)))
    }

    /// A peer has more chunks.
    fn gained(&mut self, link: Link, t: u32, indices: &[u32]) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(sub) = peer.subs.iter_mut().find(|sub| sub.t == t) else { return };
        if indices.iter().any(|index| *index >= sub.seed.chunks()) {
            return self.ban(link, Fault::OutOfRange);
        }
        for index in indices {
            sub.have.insert(*index);
            let Some(offer) = peer.offer.as_mut().filter(|offer| offer.t == t) else { continue };
            let chosen = self.progress.as_ref().and_then(|progress| progress.seed().step(*index));
            if chosen.is_some() && offer.seed.step(*index) == chosen {
                self.picker.insert(&mut offer.have, *index);
            }
        }
        if peer.offer.is_none() {
            self.engage(link);
        } else if self.candidates.settled() {
            self.news = News::Gained(link);
        }
    }

    /// A peer no longer holds the file under the list of subscription `t`.
    pub(super) fn gone(&mut self, link: Link, t: u32, why: Gone) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(at) = peer.subs.iter().position(|sub| sub.t == t) else { return };
        let sub = peer.subs.remove(at);
        self.candidates.claim(sub.seed.id(), peer.addr, false);
        if peer.subs.is_empty() {
            self.dismiss(link, why);
        } else {
            self.engage(link);
        }
    }
}
