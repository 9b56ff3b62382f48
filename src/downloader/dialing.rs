//! What joins addresses to connections: dialling, and all the ways in which a connection ends.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::peers::{Peer, Phase};
use super::{Action, Downloader, News, Note, Pin, Stale, Timer};
use crate::machine::Link;
use crate::time::Time;
use crate::wire::message::{Gone, Hello, VERSION};
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// Peers below which trackers are asked again at once.
const FEW: usize = 8;
/// How often peers that are of no use make room for others.
const ROTATE: Duration = Duration::from_secs(2);
/// How many do.
const ROTATED: usize = 4;
/// A live peer that sends its list is given so many times a Test's time.
const LIST_TESTS: u32 = 3;
/// So many times a Test's time complete strangers wait for one another if chunks come from others: else for one.
const WARY: u32 = 2;

impl Downloader {
    /// Dials as many as there is room for.
    pub(super) fn dial(&mut self) {
        let wait = self.strangers_wait();
        if wait.is_none() && core::mem::take(&mut self.shelved) {
            self.book.unshelve();
        }
        self.shelved |= wait.is_some();
        while self.has_room() {
            let (pin, wanted, candidates) = (&self.target.pin, &self.wanted, &self.candidates);
            let of_use = |id: &_| wanted.contains(id) || candidates.lists().any(|seed| seed.id() == *id);
            let next = self.book.next(self.now, |known| match pin {
                _ if wait.is_some() && known.is_complete_stranger() => false,
                Pin::Hash => known.claims.is_empty() || known.claims.iter().any(&of_use),
                Pin::Id(_) | Pin::Seed(_) => true,
            });
            let Some(addr) = next else { break };
            let link = self.peers.dial(addr, self.now);
            self.out.push(Action::Dial { link, addr });
            self.timers.set(Timer::Test(link), self.now + self.config.test_timeout);
            if self.history.dialed.is_none() {
                self.history.dialed = Some(self.now);
                self.restart_stall();
            }
        }
        let due = self.book.due().filter(|_| self.has_room());
        self.set_or_cancel(Timer::Redial, due.into_iter().chain(wait).min());
        if self.has_room() || !self.book.has_new() {
            self.timers.cancel(Timer::Rotate);
        } else {
            self.timers.set_earlier(Timer::Rotate, self.now + ROTATE);
        }
    }

    /// Until when nobody else is dialled of whom a tracker says that they have everything, if somebody who says so is
    /// connected and has sent nothing yet. Whoever fills trackers with such claims would have all places, and everybody's
    /// first requests, before anybody is known who says less.
    fn strangers_wait(&self) -> Option<Time> {
        let tests = if self.window.is_flowing() { WARY } else { 1 };
        let until = self.history.dialed? + self.config.test_timeout.saturating_mul(tests);
        let stranger = |peer: &Peer| peer.is_complete_stranger() && !self.book.is_given(peer.addr);
        (self.now < until && self.peers.iter().any(stranger)).then_some(until)
    }

    fn has_room(&self) -> bool {
        self.peers.len() < self.config.neighbours.max(1).into()
            && self.peers.testing() < self.config.testing.max(1).into()
    }

    /// All places are taken, and somebody new is known: peers that let requests expire, or have nothing that is
    /// wanted, make room. If there are none, the slowest does: whoever drew slow neighbours has others in time.
    pub(super) fn rotate(&mut self) {
        if !self.book.has_new() {
            return;
        }
        let useless = |peer: &&Peer| {
            let lacks = |have| !self.picker.is_interesting(have);
            let useless = peer.offer.as_ref().is_none_or(|offer| lacks(&offer.have));
            let idle = useless && peer.outstanding().0 == 0 && self.candidates.settled();
            peer.phase == Phase::Ready && (idle || peer.pace.is_snubbed())
        };
        let mut leaving: Vec<_> = self.peers.iter().filter(useless).map(|peer| peer.link).collect();
        if leaving.is_empty() {
            leaving.extend(self.slowest());
        }
        leaving.into_iter().take(ROTATED).for_each(|link| self.drop_peer(link, Fault::Idle));
    }

    /// The slowest partial holder that nothing is awaited from; those that never sent anything are the slowest.
    fn slowest(&self) -> Option<Link> {
        let spare = |peer: &&Peer| {
            let partial = peer.offer.as_ref().is_some_and(|offer| !offer.have.is_all());
            partial && peer.outstanding().0 == 0
        };
        self.peers.iter().filter(spare).min_by_key(|peer| peer.pace.rate()).map(|peer| peer.link)
    }

    /// A dialled connection is open: says hello and asks at once.
    pub(super) fn opened(&mut self, link: Link) {
        let Some(peer) = self.peers.get_mut(link).filter(|peer| peer.phase == Phase::Dialing) else { return };
        peer.phase = Phase::Asking;
        let hello = Hello { version: VERSION, features: 0, node: self.config.node };
        self.out.push(Action::Send { link, request: 0, message: Message::Hello(hello) });
        if !self.inquire(link) {
            self.drop_peer(link, Fault::Idle);
        }
    }

    /// A peer said who it is.
    pub(super) fn greeted(&mut self, link: Link, hello: Hello) {
        let Some(peer) = self.peers.get(link) else { return };
        if hello.node == self.config.node {
            let addr = peer.addr;
            self.close(link, Fault::Myself);
            self.book.forget(addr);
            self.candidates.forget(addr);
        } else if peer.is_sending_list() {
            let due = self.now + self.config.test_timeout.saturating_mul(LIST_TESTS);
            self.timers.set(Timer::Test(link), due);
        }
    }

    /// A dial or a Test has taken too long.
    pub(super) fn untested(&mut self, link: Link) {
        if let Some(peer) = self.peers.get(link).filter(|peer| peer.phase != Phase::Ready) {
            let addr = peer.addr;
            self.close(link, Fault::Slow);
            self.failed(addr, Stale::Unreachable);
        }
    }

    /// A connection ended, or didn't come about.
    pub(super) fn closed(&mut self, link: Link) {
        let Some(peer) = self.detach(link) else { return };
        match peer.phase {
            Phase::Dialing | Phase::Asking => self.failed(peer.addr, Stale::Unreachable),
            Phase::Ready => self.lost(peer.addr),
        }
    }

    /// A peer broke the rules: it is closed, and not dialled again.
    pub(super) fn ban(&mut self, link: Link, fault: Fault) {
        let Some(peer) = self.close(link, fault) else { return };
        self.candidates.forget(peer.addr);
        if self.book.ban(peer.addr, fault) {
            self.out.push(Action::Note(Note::Banned { addr: peer.addr, fault }));
        }
        self.miss();
    }

    /// A peer sent bytes that are no frame.
    pub(super) fn malformed(&mut self, link: Link, error: DecodeError) {
        self.ban(link, Fault::Malformed(error));
    }

    /// A peer doesn't hold the file (any more).
    pub(super) fn dismiss(&mut self, link: Link, why: Gone) {
        if let Some(peer) = self.close(link, Fault::Useless) {
            self.failed(peer.addr, Stale::Gone(why));
        }
    }

    /// A peer is of no use now, but may be later.
    pub(super) fn drop_peer(&mut self, link: Link, fault: Fault) {
        if let Some(peer) = self.close(link, fault) {
            match peer.phase {
                Phase::Dialing | Phase::Asking => self.book.later(peer.addr, self.now),
                Phase::Ready => self.lost(peer.addr),
            }
        }
    }

    /// A peer has no time for a Test.
    pub(super) fn turned_away(&mut self, link: Link, retry_after: Duration) {
        if let Some(peer) = self.close(link, Fault::Idle) {
            self.book.busy(peer.addr, self.now + retry_after);
        }
    }

    fn lost(&mut self, addr: SocketAddr) {
        self.book.lost(addr, self.now);
        self.out.push(Action::Note(Note::Lost { addr }));
        self.miss();
    }

    fn failed(&mut self, addr: SocketAddr, why: Stale) {
        self.candidates.forget(addr);
        if self.book.failed(addr, why, self.now) {
            self.out.push(Action::Note(Note::Stale { addr, why }));
            self.miss();
        }
    }

    /// A peer less: if few are left, or a chunk has no holder now, trackers are asked again at once.
    fn miss(&mut self) {
        if self.peers.ready() < FEW || self.picker.orphan().is_some() {
            self.hurry();
        }
    }

    /// Closes a connection, and forgets what was expected of it.
    pub(super) fn close(&mut self, link: Link, fault: Fault) -> Option<Peer> {
        let peer = self.detach(link)?;
        self.out.push(Action::Close { link, fault });
        Some(peer)
    }

    fn detach(&mut self, link: Link) -> Option<Peer> {
        let peer = self.peers.remove(link)?;
        self.news = News::Any;
        self.timers.cancel(Timer::Test(link));
        for (request, fetch) in peer.fetches() {
            self.timers.cancel(Timer::Request(link, request));
            self.window.refund(fetch.reserved);
            fetch.held.iter().for_each(|index| self.picker.release(*index));
        }
        if let Some(offer) = &peer.offer {
            self.picker.leave(&offer.have);
        }
        Some(peer)
    }
}
