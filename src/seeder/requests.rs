//! What peers ask, and what they are answered.

use core::net::SocketAddr;
use core::time::Duration;

use super::event::{Action, Note, Served};
use super::peer::Asker;
use super::sessions::Accepted;
use super::subscriptions::{Push, Standing};
use super::uploads::Verdict;
use super::{Seeder, Stage};
use crate::machine::Link;
use crate::wire::Message;
use crate::wire::message::{Fetch, HaveSet, Hello, Refusal, Rejection, SeedKey, VERSION};
use crate::wire::session::{Asked, Fault};

/// When to repeat a `Test` for which there is no room.
const TEST_AGAIN: Duration = Duration::from_secs(1);

impl Seeder {
    pub(super) fn accepted(&mut self, link: Link, from: SocketAddr) {
        self.closed(link);
        if self.stage == Stage::Stopping {
            return self.outbox.push(Action::Close { link, fault: Fault::Stopping });
        }
        match self.sessions.accept(self.now, link, from) {
            Accepted::Welcome => {}
            Accepted::InPlaceOf(other) => self.close(other, Fault::Full),
            Accepted::Full => self.turn_away(link, from, Fault::Full),
        }
    }

    pub(super) fn message(&mut self, link: Link, request: u32, message: Message) {
        let Some(asked) = self.sessions.admit(self.now, link, request, &message) else { return };
        match asked {
            Ok(Asked::Hello(hello)) => self.hello(link, hello),
            Ok(Asked::Cancel { target }) => {
                if let Some(verdict) = self.uploads.cancel(link, target) {
                    self.carry_out(verdict);
                }
            }
            Ok(Asked::Request) => self.request(link, request, message),
            Err(fault @ Fault::Version(_)) => {
                self.send_hello(link);
                self.send(link, 0, Message::Refused(Refusal::Version));
                self.close(link, fault);
            }
            Err(fault) => self.close(link, fault),
        }
    }

    pub(super) fn unknown_request(&mut self, link: Link, request: u32) {
        match self.sessions.admit_unknown(self.now, link, request) {
            Some(Ok(())) => self.answer(link, request, Message::Unsupported),
            Some(Err(fault)) => self.close(link, fault),
            None => {}
        }
    }

    fn hello(&mut self, link: Link, hello: Hello) {
        self.send_hello(link);
        if hello.node == self.node {
            self.close(link, Fault::Myself);
        }
    }

    fn send_hello(&mut self, link: Link) {
        self.send(link, 0, Message::Hello(Hello { version: VERSION, features: 0, node: self.node }));
    }

    fn request(&mut self, link: Link, request: u32, message: Message) {
        match message {
            Message::Test(key) => self.test(link, request, key),
            Message::Fetch(fetch) => self.fetch(link, request, fetch),
            Message::GetSeed { file_hash, seed_id } => {
                let seed = self.library.seed(file_hash, seed_id);
                self.answer(link, request, seed.map_or(Message::Unknown, Message::Seed));
            }
            // A tracker's business, or no requests at all.
            Message::Update(_)
            | Message::Publish(_)
            | Message::Withdraw(_)
            | Message::Leave
            | Message::Query(_)
            | Message::List(_)
            | Message::Hello(_)
            | Message::Cancel { .. }
            | Message::Refused(_)
            | Message::Unsupported
            | Message::Updated(_)
            | Message::Published
            | Message::Holders(_)
            | Message::Listing(_)
            | Message::Seed(_)
            | Message::Unknown
            | Message::Have(_)
            | Message::Gone(_)
            | Message::Busy { .. }
            | Message::Chunk { .. }
            | Message::Rejected(_)
            | Message::Gained(_) => self.answer(link, request, Message::Unsupported),
        }
    }

    /// Is the file really still here? A complete one is looked at first.
    pub(super) fn test(&mut self, link: Link, request: u32, key: SeedKey) {
        match self.library.serving(key) {
            None => {
                let why = self.library.why_gone(key);
                self.answer(link, request, Message::Gone(why));
            }
            Some((_, held)) if held.identity.is_none() => self.have(link, request, key),
            Some((file, _)) if self.looks.wait(file, link, request) => self.look(file),
            Some(_) => self.refuse_test(link, request),
        }
    }

    /// Opens a subscription: what is here at this instant, and from here on what comes.
    pub(super) fn have(&mut self, link: Link, request: u32, key: SeedKey) {
        let Some(have) = self.library.serving(key).map(|(_, held)| HaveSet::from(&held.have)) else { return };
        if self.subscriptions.open(link, request, key) {
            self.answer(link, request, Message::Have(have));
        } else {
            self.refuse_test(link, request);
        }
    }

    fn refuse_test(&mut self, link: Link, request: u32) {
        self.answer(link, request, Message::Busy { retry_after: TEST_AGAIN });
        self.told_to_come_back(link);
    }

    fn fetch(&mut self, link: Link, request: u32, Fetch { t, any_of }: Fetch) {
        let (Some(standing), Some(peer)) = (self.subscriptions.standing(link, t), self.sessions.peer(link))
        else {
            return self.close(link, Fault::OutOfTurn);
        };
        let held = match standing {
            Standing::Open(key) => self.library.serving(key).map(|(_, held)| (key, held)),
            Standing::Over(why) => {
                return self.answer(link, request, Message::Rejected(Rejection::Gone(why)));
            }
        };
        let Some((key, held)) = held else { return self.close(link, Fault::OutOfTurn) };
        if any_of.iter().any(|index| *index >= held.seed.chunks()) {
            return self.close(link, Fault::OutOfRange);
        }
        if !any_of.iter().any(|index| held.have.has(*index)) {
            return self.answer(link, request, Message::Rejected(Rejection::NotHeld));
        }
        if let Some(verdict) = self.uploads.fetch(self.now, key, Asker { link, request, peer }, any_of) {
            self.carry_out(verdict);
        }
    }

    /// Begins to send what there are slots for.
    pub(super) fn upload(&mut self) {
        for verdict in self.uploads.pump(self.now, |key, index| self.library.chunk(key, index)) {
            self.carry_out(verdict);
        }
    }

    pub(super) fn carry_out(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Serve(Asker { link, request, .. }, chunk) => {
                let identity = self.library.get(chunk.file).and_then(|held| held.identity);
                let (file, index, range) = (chunk.file, chunk.index, chunk.range);
                self.outbox.push(Action::Serve { link, request, file, identity, index, range });
            }
            Verdict::Stop(Asker { link, request, .. }) => self.outbox.push(Action::Stop { link, request }),
            Verdict::Reject(Asker { link, request, .. }, why) => {
                self.answer(link, request, Message::Rejected(why));
                if let Rejection::Busy { .. } = why {
                    self.told_to_come_back(link);
                }
            }
        }
    }

    /// Whoever doesn't listen to that is cut off.
    fn told_to_come_back(&mut self, link: Link) {
        if self.sessions.is_pushy(self.now, link) {
            self.close(link, Fault::Flood);
        }
    }

    pub(super) fn served(&mut self, link: Link, request: u32, outcome: Served) {
        let Some(done) = self.uploads.served(self.now, link, request, outcome) else { return };
        match done.rejection {
            Some(why) => self.answer(link, request, Message::Rejected(why)),
            None => {
                self.sessions.answered(self.now, link);
                if let Some(to) = self.sessions.from(link) {
                    let bytes = u32::try_from(done.chunk.len()).unwrap_or(u32::MAX);
                    self.outbox.push(Action::Note(Note::Uploaded { file: done.chunk.file, to, bytes }));
                }
            }
        }
        let is_held = self.library.get(done.chunk.file).is_some_and(|held| held.key() == done.key);
        match outcome {
            Served::Changed { .. } if is_held => self.changed(done.chunk.file),
            Served::Changed { .. } | Served::Whole | Served::Stopped => {}
        }
    }

    /// The last word on a request.
    fn answer(&mut self, link: Link, request: u32, message: Message) {
        self.sessions.answered(self.now, link);
        self.send(link, request, message);
    }

    /// Tells subscribers what is new, as far as it is due.
    pub(super) fn push_news(&mut self) {
        for push in self.subscriptions.due(self.now) {
            self.push(push);
        }
    }

    pub(super) fn push(&mut self, Push { link, request, message }: Push) {
        self.send(link, request, message);
    }

    fn send(&mut self, link: Link, request: u32, message: Message) {
        self.outbox.push(Action::Send { link, request, message });
    }

    pub(super) fn close(&mut self, link: Link, fault: Fault) {
        if let Some(from) = self.sessions.from(link) {
            self.turn_away(link, from, fault);
            self.closed(link);
        }
    }

    fn turn_away(&mut self, link: Link, from: SocketAddr, why: Fault) {
        self.outbox.push(Action::Close { link, fault: why });
        if !why.is_routine() {
            self.outbox.push(Action::Note(Note::TurnedAway { from, why }));
        }
    }

    pub(super) fn closed(&mut self, link: Link) {
        self.sessions.close(link);
        self.looks.closed(link);
        self.subscriptions.closed(link);
        self.uploads.closed(link);
    }
}
