//! What joins trackers to the rest: rounds of questions, and their answers.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::discover::Question;
use super::outcome::Seen;
use super::{Action, Downloader, Note, Pin, Timer};
use crate::hash::SeedId;
use crate::seeder::TrackerId;
use crate::wire::Message;
use crate::wire::message::{Holders, Query};

impl Downloader {
    /// The first round, when there is something to ask for.
    pub(super) fn ask_first(&mut self) {
        if !self.discover.has_begun() {
            self.round();
        }
    }

    /// Asks all trackers who holds the file, and for the lists that are wanted.
    pub(super) fn round(&mut self) {
        if !self.is_lacking() {
            self.timers.set(Timer::Round, self.now + self.config.requery);
            return;
        }
        let query = Query {
            file_hash: self.target.file_hash,
            seed_id: self.pinned_id(),
            stale: self.book.stale(),
            refuted: self.candidates.refuted(),
        };
        for (tracker, tag) in self.discover.round(self.now) {
            self.out.push(Action::Ask { tracker, tag, request: Message::Query(query.clone()) });
        }
        self.seek_lists();
        self.set_round();
    }

    /// Something is lacking: asks again soon.
    pub(super) fn hurry(&mut self) {
        self.discover.hurry();
        self.set_round();
    }

    /// The first chunk came quickly. A crowd that begins at the same time as this node was unknown when it asked, and may
    /// be through before it asks again.
    pub(super) fn hasten(&mut self) {
        self.discover.hasten();
        self.set_round();
    }

    fn set_round(&mut self) {
        if let Some(due) = self.discover.due() {
            self.timers.set(Timer::Round, due);
        }
    }

    /// Asks trackers, and peers that claim to have them, for the lists that are wanted now.
    pub(super) fn seek_lists(&mut self) {
        let wanted = self.candidates.wanted();
        let file_hash = self.target.file_hash;
        for id in &wanted {
            for (tracker, tag) in self.discover.seed(*id) {
                let request = Message::GetSeed { file_hash, seed_id: Some(*id) };
                self.out.push(Action::Ask { tracker, tag, request });
            }
        }
        if self.wanted != wanted {
            self.wanted = wanted;
            self.book.unshelve();
            self.inquire_all();
        }
    }

    /// The list that the user pinned.
    pub(super) fn pinned_id(&self) -> Option<SeedId> {
        match &self.target.pin {
            Pin::Hash => None,
            Pin::Id(id) => Some(*id),
            Pin::Seed(seed) => Some(seed.id()),
        }
    }

    /// A tracker answered.
    pub(super) fn answered(
        &mut self,
        tracker: TrackerId,
        tag: u32,
        at: Option<SocketAddr>,
        answer: Option<Message>,
    ) {
        let Some(question) = self.discover.answered(tracker, tag) else { return };
        match (question, answer) {
            (Question::Holders, Some(Message::Holders(holders))) => self.found(tracker, at, &holders),
            (Question::Seed(id), Some(Message::Seed(seed))) if seed.id() == id => {
                self.offered(seed);
            }
            (Question::Seed(_), Some(_)) => {}
            (Question::Holders, Some(Message::Refused(why))) => self.discover.refused(tracker, why),
            (Question::Holders | Question::Seed(_), _) => {
                self.discover.failed(tracker);
                self.out.push(Action::Note(Note::Unreachable { tracker }));
            }
        }
    }

    /// A tracker named holders.
    fn found(&mut self, tracker: TrackerId, at: Option<SocketAddr>, holders: &Holders) {
        let at = at.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |at| at.ip());
        let (mut count, mut complete) = (0_u32, 0_u32);
        for holder in &holders.holders {
            let Some(addr) = holder.addr.resolve(at) else { continue };
            if self.pinned_id().is_some_and(|id| id != holder.seed_id)
                || self.candidates.is_refuted(holder.seed_id)
                || !self.book.name(addr, holder)
            {
                continue;
            }
            count = count.saturating_add(1);
            complete = complete.saturating_add(holder.complete.into());
            self.candidates.claim(holder.seed_id, addr, holder.complete);
        }
        if count > 0 {
            self.history.holder = Seen::Once;
        }
        self.discover.named(tracker, count);
        self.out.push(Action::Note(Note::Found { tracker, holders: count, complete }));
        self.seek_lists();
    }

    /// The user gave peers.
    pub(super) fn given(&mut self, addrs: &[SocketAddr]) {
        addrs.iter().for_each(|addr| self.book.give(*addr));
        if !addrs.is_empty() {
            self.history.holder = Seen::Once;
        }
    }
}
