//! The conversation on one connection: what was asked, and what has become of it.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use samara::wire::Message;
use samara::wire::frame::Class;
use samara::wire::message::{Fetch, Rejection, SeedKey};
use samara::{FileHash, Time};

/// What was asked over a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk {
    last: u32,
    /// When the dialer first spoke.
    pub(crate) begun: Option<Time>,
    /// What the dialer drew when it started, once its Hello has arrived.
    pub(crate) token: Option<u64>,
    /// At which port the dialer serves, as it told a tracker.
    pub(crate) port: u16,
    /// Does what the tracker knows of that port go by this connection?
    pub(crate) owns: bool,
    pub(crate) asked: BTreeMap<u32, Asked>,
    /// What each Test was for: subscriptions go by its number.
    pub(crate) tests: BTreeMap<u32, SeedKey>,
    /// Tests that were answered by what is held, and nothing else since.
    told: BTreeSet<u32>,
    /// Chunks that the acceptor said it hasn't got, by the Test under which they were asked for.
    refused: BTreeSet<(u32, u32)>,
    /// Has the dialer taken its leave?
    pub(crate) left: bool,
    /// The peer was busy and owes nothing: it is not asked for a chunk before, by the time of the dialer's machine.
    pub(crate) quiet_until: Option<Time>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// When it was sent; when it arrived, once it has.
    pub(crate) at: Time,
    pub(crate) message: Message,
    pub(crate) stage: Stage,
    pub(crate) cancelled: bool,
    /// When its Cancel arrived.
    pub(crate) recalled: Option<Time>,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// On its way.
    Sent,
    /// With the one who answers.
    Waiting,
    /// A chunk is being sent.
    Serving,
    /// Answered; the answer is on its way.
    Answered,
}

/// How long an honest host that is up may owe the answer to a Fetch that waits for its turn.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long it may owe what it can answer at once.
const PROMPT: Duration = Duration::from_secs(1);

impl Talk {
    /// The dialer asks. Gives what is wrong with that, if something is.
    pub(crate) fn ask(&mut self, now: Time, request: u32, message: &Message) -> Option<String> {
        self.begun.get_or_insert(now);
        if let Message::Cancel { target } = message {
            if let Some(asked) = self.asked.get_mut(target) {
                asked.cancelled = true;
            }
            return None;
        }
        if matches!(message, Message::Hello(_)) {
            return None;
        }
        if message.class() != Class::Request {
            return Some(format!("asks by an answer: {message:?}"));
        }
        if request <= self.last {
            return Some(format!("asks #{request} after #{}", self.last));
        }
        self.last = request;
        if let Message::Test(key) = message {
            self.tests.insert(request, *key);
        }
        self.left |= matches!(message, Message::Leave);
        let mut wrong = None;
        if let Message::Fetch(Fetch { t, any_of }) = message
            && let Some(index) = any_of.iter().find(|index| self.refused.contains(&(*t, **index)))
        {
            wrong = Some(format!("asks for chunk {index} again, which the other hasn't got"));
        }
        let (stage, message) = (Stage::Sent, message.clone());
        self.asked.insert(request, Asked { at: now, message, stage, cancelled: false, recalled: None });
        wrong
    }

    /// What the dialer said arrives.
    pub(crate) fn arrive(&mut self, now: Time, request: u32, message: &Message) {
        if let Message::Hello(hello) = message {
            self.token.get_or_insert(hello.node);
        } else if let Message::Cancel { target } = message {
            self.asked.get_mut(target).into_iter().for_each(|asked| asked.recalled = Some(now));
        } else if let Some(asked) = self.asked.get_mut(&request).filter(|asked| asked.stage == Stage::Sent) {
            (asked.stage, asked.at) = (Stage::Waiting, now);
        }
    }

    /// The dialer hears something about a Test or a request that it made: what it must remember.
    pub(crate) fn hear(&mut self, request: u32, message: &Message) {
        if let Message::Gained(indices) = message {
            self.refused.retain(|(t, index)| *t != request || !indices.contains(index));
        } else if let (Message::Rejected(Rejection::NotHeld), Some(asked)) =
            (message, self.asked.get(&request))
            && let Message::Fetch(Fetch { t, any_of }) = &asked.message
        {
            self.refused.extend(any_of.iter().map(|index| (*t, *index)));
        }
    }

    /// A file that the dialer was told of, and that the acceptor doesn't hold any more, without a word.
    pub(crate) fn untold(&self, holds: impl Fn(FileHash) -> bool) -> Option<SeedKey> {
        let keys = self.told.iter().filter_map(|t| self.tests.get(t));
        keys.copied().find(|key| !holds(key.file_hash))
    }

    /// A request that the acceptor should have answered by now, if it still `holds` what that is about.
    pub(crate) fn overdue(&self, now: Time, holds: impl Fn(FileHash) -> bool) -> Option<(u32, &Asked)> {
        let late = |asked: &Asked| match self.key(asked) {
            None => now.since(asked.at) > PROMPT,
            Some(key) if !holds(key.file_hash) => now.since(asked.at) > PROMPT,
            Some(_) => {
                now.since(asked.at) > PATIENCE || asked.recalled.is_some_and(|at| now.since(at) > PROMPT)
            }
        };
        let mut waiting = self.asked.iter().filter(|(_, asked)| asked.stage == Stage::Waiting);
        waiting.find(|(_, asked)| late(asked)).map(|(request, asked)| (*request, asked))
    }

    /// The acceptor answers. Gives what is wrong with that, if something is.
    pub(crate) fn answer(&mut self, request: u32, message: &Message) -> Option<String> {
        if matches!(message, Message::Have(_)) {
            self.told.insert(request);
        } else if matches!(message, Message::Gone(_)) {
            self.told.remove(&request);
        }
        match message.class() {
            Class::Request if matches!(message, Message::Hello(_)) => return None,
            Class::Request => return Some(format!("asks over an accepted connection: {message:?}")),
            Class::Push => {
                let known = self.tests.contains_key(&request);
                return (!known).then(|| format!("pushes to #{request}, which is no Test: {message:?}"));
            }
            Class::Answer | Class::Data => {}
        }
        if self.token.is_none() {
            return Some(format!("answers #{request} of somebody who said no Hello: {message:?}"));
        }
        if request == 0 && matches!(message, Message::Refused(_)) {
            return None;
        }
        let Some(asked) = self.asked.get_mut(&request) else {
            let push = matches!(message, Message::Gone(_)) && self.tests.contains_key(&request);
            return (!push).then(|| format!("answers #{request}, which nobody asks: {message:?}"));
        };
        let (next, right) = match (message, asked.stage) {
            (_, Stage::Sent) => (Stage::Answered, false),
            (Message::Chunk { .. }, Stage::Waiting) => (Stage::Serving, true),
            (Message::Chunk { .. }, Stage::Serving | Stage::Answered) => (Stage::Serving, false),
            (Message::Gone(_), Stage::Answered) => (Stage::Answered, true),
            (Message::Rejected(_), Stage::Serving) => (Stage::Answered, true),
            (_, Stage::Serving | Stage::Answered) => (Stage::Answered, false),
            (_, Stage::Waiting) => (Stage::Answered, true),
        };
        let wrong =
            (!right).then(|| format!("answers #{request} once too often: {message:?}, {:?}", asked.stage));
        asked.stage = next;
        wrong
    }

    /// All bytes of a chunk are sent.
    pub(crate) fn served(&mut self, request: u32) {
        if let Some(asked) = self.asked.get_mut(&request) {
            asked.stage = Stage::Answered;
        }
    }

    /// An answer that is no announcement of a chunk, or a whole chunk, has come: the request is over.
    pub(crate) fn over(&mut self, request: u32) -> Option<Asked> {
        self.asked.remove(&request)
    }

    /// Requests for chunks that wait at the acceptor.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = SeedKey> {
        let fetches =
            self.asked.values().filter(|asked| matches!(asked.stage, Stage::Waiting | Stage::Serving));
        fetches.filter_map(|asked| self.key(asked))
    }

    /// Requests for chunks that are open, as the dialer sees it.
    pub(crate) fn open(&self) -> impl Iterator<Item = (u32, &Asked, SeedKey)> {
        self.asked.iter().filter_map(|(request, asked)| Some((*request, asked, self.key(asked)?)))
    }

    /// The file and list that a `Fetch` is about.
    pub(crate) fn key(&self, asked: &Asked) -> Option<SeedKey> {
        let Message::Fetch(fetch) = &asked.message else { return None };
        self.tests.get(&fetch.t).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::SeedId;
    use samara::wire::message::{Hello, VERSION};

    fn greeted() -> Talk {
        let mut talk = Talk::default();
        talk.arrive(Time::ZERO, 0, &Message::Hello(Hello { version: VERSION, features: 0, node: 1 }));
        talk
    }

    #[test]
    fn what_can_be_answered_at_once_is_soon_overdue() {
        let after = |secs| Time::ZERO + Duration::from_secs(secs);
        let key = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
        let (test, fetch) = (Message::Test(key), Message::Fetch(Fetch { t: 1, any_of: vec![0] }));
        let mut talk = greeted();
        talk.ask(Time::ZERO, 1, &test);
        assert!(talk.overdue(after(99), |_| true).is_none(), "it is still on its way");
        talk.arrive(after(99), 1, &test);
        assert!(talk.overdue(after(100), |_| true).is_none());
        assert!(talk.overdue(after(101), |_| true).is_some());
        assert_eq!(talk.answer(1, &Message::Have(samara::wire::message::HaveSet::All)), None);
        talk.ask(after(101), 2, &fetch);
        talk.arrive(after(101), 2, &fetch);
        assert!(talk.overdue(after(110), |_| true).is_none(), "it waits for its turn");
        assert!(talk.overdue(after(110), |_| false).is_some(), "the file is gone");
        talk.arrive(after(110), 0, &Message::Cancel { target: 2 });
        assert!(talk.overdue(after(111), |_| true).is_none());
        assert!(talk.overdue(after(112), |_| true).is_some(), "it was cancelled");
    }

    #[test]
    fn each_request_is_answered_once() {
        let mut talk = Talk::default();
        assert_eq!(talk.ask(Time::ZERO, 1, &Message::Leave), None);
        assert!(talk.answer(1, &Message::Published).is_some(), "before it arrived");
        let mut talk = Talk::default();
        talk.ask(Time::ZERO, 1, &Message::Leave);
        talk.arrive(Time::ZERO, 1, &Message::Leave);
        assert!(talk.answer(1, &Message::Published).is_some_and(|wrong| wrong.contains("no Hello")));
        let mut talk = greeted();
        talk.ask(Time::ZERO, 1, &Message::Leave);
        talk.arrive(Time::ZERO, 1, &Message::Leave);
        assert_eq!(talk.answer(1, &Message::Published), None);
        assert!(talk.answer(1, &Message::Published).is_some_and(|wrong| wrong.contains("too often")));
        assert!(talk.answer(2, &Message::Published).is_some_and(|wrong| wrong.contains("nobody")));
        assert!(talk.ask(Time::ZERO, 1, &Message::Leave).is_some(), "numbers only grow");
        assert!(talk.answer(3, &Message::Gained(vec![1])).is_some(), "no Test opened that");
    }
    #[test]
    fn what_is_refused_is_not_asked_for_again_and_what_is_gone_is_said() {
        let key = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
        let fetch = Message::Fetch(Fetch { t: 1, any_of: vec![4, 5] });
        let mut talk = greeted();
        talk.ask(Time::ZERO, 1, &Message::Test(key));
        talk.arrive(Time::ZERO, 1, &Message::Test(key));
        assert_eq!(talk.untold(|_| false), None);
        talk.answer(1, &Message::Have(samara::wire::message::HaveSet::All));
        assert_eq!((talk.untold(|_| true), talk.untold(|_| false)), (None, Some(key)));
        assert_eq!(talk.ask(Time::ZERO, 2, &fetch), None);
        talk.hear(2, &Message::Rejected(Rejection::NotHeld));
        talk.hear(1, &Message::Gained(vec![4]));
        assert!(talk.ask(Time::ZERO, 3, &fetch).is_some_and(|wrong| wrong.contains("chunk 5 again")));
        talk.hear(1, &Message::Gained(vec![5]));
        assert_eq!(talk.ask(Time::ZERO, 4, &fetch), None);
        talk.answer(1, &Message::Gone(samara::wire::message::Gone::Withdrawn));
        assert_eq!(talk.untold(|_| false), None);
    }
}
