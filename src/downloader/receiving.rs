//! What comes of a request for a chunk: the chunk itself, or why it doesn't come.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::outcome::Seen;
use super::peers::{Fetch, Stage};
use super::testing::pause;
use super::{Action, Downloader, News, Note, Timer};
use crate::hash::Hashed;
use crate::machine::Link;
use crate::seed::{Seed, Step};
use crate::wire::message::Rejection;
use crate::wire::session::Fault;
use core::net::SocketAddr;
use core::time::Duration;

/// Promises that a peer may break before it is dropped.
const MAX_BROKEN: u8 = 3;
/// How long a peer is left alone that refused without a reason.
const PAUSE: Duration = Duration::from_secs(1);

impl Downloader {
    /// A chunk is about to come: if it was asked for, its bytes are to be read and hashed.
    pub(super) fn announced(&mut self, link: Link, request: u32, index: u32, len: u32) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(fetch) = peer.fetch(request) else { return };
        let step = fetch.seed.step(index).filter(|step| step.len == len && fetch.any_of.contains(&index));
        let Some(step) = step else { return self.ban(link, Fault::Unsolicited) };
        let bytes = u64::from(len);
        match fetch.stage {
            Stage::Asked | Stage::Cancelled => self.window.refund(fetch.reserved.saturating_sub(bytes)),
            Stage::Abandoned if self.window.has_room(bytes, fetch.seed.chunk_size()) => {
                self.window.spend(self.now, bytes);
            }
            Stage::Abandoned => return self.drop_peer(link, Fault::Slow),
            Stage::Receiving(_) | Stage::Recalled(_) => return self.ban(link, Fault::Unexpected),
        }
        let changed = peer.change_fetch(request, |fetch| {
            let is_all = fetch.held.len() == 1 && fetch.reserved == bytes;
            fetch.reserved = bytes;
            fetch.stage = Stage::Receiving(index);
            let unchosen = fetch.held.extract_if(.., |held| *held != index);
            unchosen.for_each(|held| self.picker.release(held));
            !is_all
        });
        if changed == Some(false) {
            self.no_news();
        }
        self.out.push(Action::Receive { link, request, step });
        self.give_time(link, request);
    }

    /// A chunk was read and hashed. If it isn't what its step says, its sender is banned: it alone sent it, and
    /// nobody honest has it.
    pub(super) fn received(&mut self, link: Link, request: u32, hashed: Hashed) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(Stage::Receiving(index) | Stage::Recalled(index)) =
            peer.fetch(request).map(|fetch| fetch.stage)
        else {
            return;
        };
        let Some(fetch) = self.retire(link, request) else { return };
        let Some(step) = fetch.seed.step(index).filter(|step| step.accepts(&hashed)) else {
            self.window.free(fetch.reserved);
            self.history.bad = Seen::Once;
            return self.ban(link, Fault::BadChunk { index });
        };
        let Some(peer) = self.peers.get_mut(link) else { return };
        if self.shelved && peer.is_complete_stranger() {
            // It is one no longer, and others wait for that.
            self.news = News::Any;
        }
        let took = peer.pace.delivered(self.now, step.len);
        let addr = peer.addr;
        let is_first = !self.window.is_flowing();
        self.window.press(took);
        if is_first && self.window.is_swift() {
            self.hasten();
        }
        self.accept(addr, &fetch.seed, step, hashed);
    }

    /// Bytes satisfied a step of `seed`.
    fn accept(&mut self, from: SocketAddr, seed: &Arc<Seed>, step: Step, hashed: Hashed) {
        let Step { index, len: bytes, .. } = step;
        self.book.delivered(from);
        self.learn(seed, index);
        if !self.is_common(seed, index) {
            self.window.free(bytes.into());
            return;
        }
        let certain = self.candidates.lists().all(|list| list.step(index) == Some(step));
        let grown = self.progress.as_mut().is_some_and(|progress| progress.put(step));
        self.picker.finish(index);
        self.out.push(Action::Put { index, bytes: hashed.into_bytes() });
        self.out.push(Action::Note(Note::Verified { index, bytes, from }));
        if certain || grown {
            self.restart_stall();
        }
        self.call_off(index);
    }

    /// Calls back every other request for a chunk that has come.
    fn call_off(&mut self, index: u32) {
        if !self.picker.is_held(index) {
            return;
        }
        let mut idle = Vec::new();
        for peer in self.peers.iter_mut() {
            let link = peer.link;
            for request in peer.requests() {
                peer.change_fetch(request, |fetch| {
                    let holds = fetch.held.extract_if(.., |held| *held == index).count() > 0;
                    if holds {
                        self.picker.release(index);
                    }
                    if holds && fetch.held.is_empty() {
                        idle.push((link, request));
                    }
                });
            }
        }
        idle.into_iter().for_each(|(link, request)| self.recall(link, request));
    }

    /// A chunk isn't coming, or not the rest of it.
    pub(super) fn rejected(&mut self, link: Link, request: u32, why: Rejection) {
        let Some(fetch) = self.retire(link, request) else { return };
        self.window.refund(fetch.reserved);
        match why {
            Rejection::NotHeld => {
                self.not_held(link, &fetch);
                self.broke_promise(link);
            }
            Rejection::Busy { retry_after } => {
                self.window.ease();
                self.turned_down(link, pause(retry_after));
            }
            Rejection::Cancelled if fetch.is_awaited() => self.broke_promise(link),
            Rejection::Cancelled => {}
            Rejection::Gone(why) => {
                let sub = self.peers.get(link).and_then(|peer| peer.sub(fetch.seed.id()));
                if let Some(t) = sub.map(|sub| sub.t) {
                    self.gone(link, t, why);
                }
            }
        }
    }

    /// A peer refused a request for a chunk altogether.
    pub(super) fn refused(&mut self, link: Link, request: u32) {
        let Some(fetch) = self.retire(link, request) else { return };
        self.window.refund(fetch.reserved);
        self.pause(link, PAUSE);
        self.broke_promise(link);
    }

    /// It doesn't have these chunks after all.
    fn not_held(&mut self, link: Link, fetch: &Fetch) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some(sub) = peer.subs.iter_mut().find(|sub| sub.seed.id() == fetch.seed.id()) else { return };
        for index in &fetch.any_of {
            sub.have.remove(*index);
            if let Some(offer) = peer.offer.as_mut().filter(|offer| offer.t == sub.t) {
                self.picker.remove(&mut offer.have, *index);
            }
        }
        if self.picker.orphan().is_some() {
            self.hurry();
        }
    }

    fn broke_promise(&mut self, link: Link) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        peer.broken = peer.broken.saturating_add(1);
        if peer.broken >= MAX_BROKEN {
            self.drop_peer(link, Fault::Useless);
        }
    }

    /// A peer is too busy. While it still owes other chunks it is merely asked for fewer at a time; one that serves
    /// nothing for now is left alone as long as it wishes.
    fn turned_down(&mut self, link: Link, span: Duration) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        match peer.outstanding() {
            (0, _) => self.pause(link, span),
            (others, _) => peer.pace.narrow(others),
        }
    }

    fn pause(&mut self, link: Link, span: Duration) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        peer.pace.pause(self.now + span);
    }

    /// Ends a request: what it held is free, what was kept free for it is the caller's to give back.
    fn retire(&mut self, link: Link, request: u32) -> Option<Fetch> {
        let fetch = self.peers.get_mut(link)?.close_fetch(request)?;
        self.timers.cancel(Timer::Request(link, request));
        fetch.held.iter().for_each(|index| self.picker.release(*index));
        Some(fetch)
    }
}
