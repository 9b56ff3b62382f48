//! What joins lists to chunks: which list is chosen, what of it is there, and what each peer has of it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::candidates::{Offer as Verdict, Refutation};
use super::outcome::Seen;
use super::peers::Stage;
use super::picker::Picker;
use super::progress::Progress;
use super::{Action, Downloader, News, Note, Pin, Timer};
use crate::have::Have;
use crate::machine::Link;
use crate::seed::Seed;
use crate::wire::session::Fault;

/// How long lists that aren't settled are given before another one may have its turn.
const TURN: Duration = Duration::from_secs(4);

impl Downloader {
    /// An earlier run left this: the download begins.
    pub(super) fn resumed(&mut self, seed: Option<(Arc<Seed>, bool)>, have: Have, claimed: Have) {
        if self.phase != super::Phase::New {
            return;
        }
        self.phase = super::Phase::Running;
        self.start_clocks();
        self.wait_turn();
        if let Some((seed, pinned)) = seed.filter(|(seed, _)| fits(seed, &have, &claimed)) {
            self.candidates.resume(Arc::clone(&seed), pinned, &have);
            if self.candidates.chosen().is_some_and(|chosen| chosen.id() == seed.id()) {
                self.take_up(seed, pinned, have, claimed);
            }
        }
        self.choose();
    }

    /// Goes on with the journal's list.
    fn take_up(&mut self, seed: Arc<Seed>, pinned: bool, have: Have, claimed: Have) {
        if pinned && matches!(self.target.pin, Pin::Hash) && self.candidates.is_pinned(seed.id()) {
            self.target.pin = Pin::Id(seed.id());
        }
        let mut progress = Progress::resumed(Arc::clone(&seed), have, claimed);
        let bytes = progress.had_bytes();
        if self.pinned_id().is_some() != pinned {
            progress.adopting();
            self.out.push(Action::Adopt { seed: Arc::clone(&seed), pinned: !pinned });
        }
        self.progress = Some(progress);
        self.out.push(Action::Note(Note::Chosen { seed }));
        self.note_resumed(bytes);
        self.rebuild();
        self.prove();
    }

    fn note_resumed(&mut self, bytes: u64) {
        if bytes > 0 {
            self.out.push(Action::Note(Note::Resumed { bytes }));
        }
    }

    /// Somebody sent a list of this file. Says if it is false.
    pub(super) fn offered(&mut self, seed: Arc<Seed>) -> bool {
        match self.candidates.offer(seed) {
            Verdict::Taken => {
                self.choose();
                self.reconsider();
                false
            }
            Verdict::Known | Verdict::NotWanted => false,
            Verdict::False(refutation) => {
                refutation.into_iter().for_each(|refutation| self.refuted(refutation));
                true
            }
        }
    }

    /// A chunk satisfied its step in `seed`: what follows for the lists.
    pub(super) fn learn(&mut self, seed: &Seed, index: u32) {
        let settled = self.candidates.settled();
        let refutations = self.candidates.verified(seed.id(), index);
        if !settled || !refutations.is_empty() {
            // Others may be worth dialling now.
            self.news = News::Any;
        }
        self.wait_turn();
        self.prove();
        if refutations.is_empty() {
            if settled {
                let candidates = &self.candidates;
                self.picker.permit_more(|index| candidates.may_fetch(index));
            } else {
                self.permit();
            }
            return;
        }
        refutations.into_iter().for_each(|refutation| self.refuted(refutation));
        self.choose();
        self.reconsider();
        self.prove();
        self.hurry();
    }

    /// A list is refuted. Peers that claimed the chunk that can't exist lie; others that hold it may be fooled.
    fn refuted(&mut self, Refutation { seed_id, index }: Refutation) {
        self.out.push(Action::Note(Note::Refuted { seed_id }));
        for link in self.peers.links() {
            let Some(peer) = self.peers.get_mut(link) else { continue };
            if peer.has(seed_id, index) {
                self.ban(link, Fault::Useless);
                continue;
            }
            let before = peer.subs.len();
            peer.subs.retain(|sub| sub.seed.id() != seed_id);
            let fooled = peer.subs.is_empty() && before > 0;
            self.engage(link);
            if !self.inquire(link) && fooled {
                self.drop_peer(link, Fault::Idle);
            }
        }
    }

    /// The lists in memory have changed: who is asked about what, and which chunks may be fetched.
    fn reconsider(&mut self) {
        self.permit();
        self.book.unshelve();
        self.seek_lists();
        self.inquire_all();
        self.wait_turn();
    }

    /// Lists that aren't settled have had their time: perhaps another one comes further.
    pub(super) fn turn(&mut self) {
        self.candidates.stalled();
        self.choose();
        self.reconsider();
    }

    /// Unless a chunk verifies before, another list may have its turn.
    fn wait_turn(&mut self) {
        if self.candidates.settled() {
            self.timers.cancel(Timer::Turn);
        } else {
            self.timers.set(Timer::Turn, self.now + TURN);
        }
    }

    /// Goes over to the list that is chosen now, if it is another one than before.
    fn choose(&mut self) {
        let Some(seed) = self.candidates.chosen().map(Arc::clone) else { return };
        let mut dropped = 0;
        match &mut self.progress {
            Some(progress) if progress.seed().id() == seed.id() => return,
            Some(progress) => dropped = progress.switch(Arc::clone(&seed)),
            None => self.progress = Some(Progress::begun(Arc::clone(&seed))),
        }
        let pinned = self.pinned_id().is_some();
        self.out.push(Action::Adopt { seed: Arc::clone(&seed), pinned });
        self.out.push(Action::Note(Note::Chosen { seed }));
        if dropped > 0 {
            self.out.push(Action::Note(Note::Dropped { bytes: dropped }));
        }
        self.history.proven = Seen::Never;
        self.rebuild();
        self.prove();
    }

    /// Says once for each chosen list that its length is certain.
    fn prove(&mut self) {
        if let Some(length) = self.candidates.proven_length().filter(|_| self.progress.is_some())
            && self.history.proven == Seen::Never
        {
            self.history.proven = Seen::Once;
            self.out.push(Action::Note(Note::Proven { length }));
        }
    }

    /// Counts anew what is wanted of the chosen list, who has it and who is asked for it.
    fn rebuild(&mut self) {
        let Some(progress) = &self.progress else { return };
        let seed = Arc::clone(progress.seed());
        self.picker = Picker::new(seed.chunks(), self.entropy.fork());
        progress.missing().for_each(|index| self.picker.want(index));
        self.permit();
        for peer in self.peers.iter_mut() {
            peer.offer = peer.best_offer(&seed);
            peer.offer.iter().for_each(|offer| self.picker.join(&offer.have));
            for request in peer.requests() {
                peer.change_fetch(request, |fetch| {
                    let asked = match fetch.stage {
                        Stage::Asked => fetch.any_of.clone(),
                        Stage::Receiving(index) => [index].into(),
                        Stage::Cancelled | Stage::Abandoned | Stage::Recalled(_) => Vec::new(),
                    };
                    let same = |index: &u32| {
                        seed.step(*index).is_some_and(|step| fetch.seed.step(*index) == Some(step))
                    };
                    fetch.held = asked.into_iter().filter(same).collect();
                    fetch.held.iter().for_each(|index| self.picker.hold(*index));
                });
            }
        }
    }

    /// Looks anew at what a peer has of the chosen list.
    pub(super) fn engage(&mut self, link: Link) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        if let Some(offer) = peer.offer.take() {
            self.picker.leave(&offer.have);
        }
        if let Some(progress) = &self.progress {
            peer.offer = peer.best_offer(progress.seed());
            peer.offer.iter().for_each(|offer| self.picker.join(&offer.have));
        }
    }

    /// Which chunks may be fetched now.
    fn permit(&mut self) {
        let candidates = &self.candidates;
        self.picker.permit(|index| candidates.may_fetch(index));
    }

    /// The store says what is there under the chosen list.
    pub(super) fn adopted(&mut self, have: Have, claimed: Have) {
        let Some(progress) = &mut self.progress else { return };
        let before = progress.had_bytes();
        if progress.adopted(have, claimed) {
            let more = progress.had_bytes().saturating_sub(before);
            self.note_resumed(more);
            self.rebuild();
        }
    }

    /// The store has read a claimed chunk again.
    pub(super) fn checked(&mut self, index: u32, ok: bool) {
        let Some(progress) = &mut self.progress else { return };
        if !progress.checked(index, ok) {
            return;
        }
        let seed = Arc::clone(progress.seed());
        if ok {
            let bytes = seed.step(index).map_or(0, |step| step.len.into());
            self.note_resumed(bytes);
            self.restart_stall();
            self.learn(&seed, index);
        } else {
            self.picker.want(index);
        }
    }

    /// The store has written a chunk.
    pub(super) fn stored(&mut self, index: u32) {
        if let Some(len) = self.progress.as_mut().and_then(|progress| progress.stored(index)) {
            if self.progress.as_ref().is_some_and(|progress| self.may_spend(progress.seed())) {
                self.no_news();
            }
            self.window.free(len.into());
        }
    }
}

/// Are the bitmaps those of this list?
fn fits(seed: &Seed, have: &Have, claimed: &Have) -> bool {
    have.chunks() == seed.chunks() && claimed.chunks() == seed.chunks()
}
