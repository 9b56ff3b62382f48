//! The conversation on one connection: what was asked, and what has become of it.

use std::collections::BTreeMap;

use samara::Time;
use samara::wire::Message;
use samara::wire::frame::Class;
use samara::wire::message::SeedKey;

/// What was asked over a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk {
    last: u32,
    /// At which port the dialer serves, as it told a tracker.
    pub(crate) port: u16,
    pub(crate) asked: BTreeMap<u32, Asked>,
    /// What each Test was for: subscriptions go by its number.
    pub(crate) tests: BTreeMap<u32, SeedKey>,
    /// The peer was busy and owes nothing: it is not asked for a chunk before, by the dialer's clock.
    pub(crate) quiet_until: Option<Time>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// When it was sent.
    pub(crate) at: Time,
    pub(crate) message: Message,
    pub(crate) stage: Stage,
    pub(crate) cancelled: bool,
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

impl Talk {
    /// The dialer asks. Gives what is wrong with that, if something is.
    pub(crate) fn ask(&mut self, now: Time, request: u32, message: &Message) -> Option<String> {
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
        let asked = Asked { at: now, message: message.clone(), stage: Stage::Sent, cancelled: false };
        self.asked.insert(request, asked);
        None
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, request: u32) {
        if let Some(asked) = self.asked.get_mut(&request).filter(|asked| asked.stage == Stage::Sent) {
            asked.stage = Stage::Waiting;
        }
    }

    /// The acceptor answers. Gives what is wrong with that, if something is.
    pub(crate) fn answer(&mut self, request: u32, message: &Message) -> Option<String> {
        match message.class() {
            Class::Request if matches!(message, Message::Hello(_)) => return None,
            Class::Request => return Some(format!("asks over an accepted connection: {message:?}")),
            Class::Push => {
                let known = self.tests.contains_key(&request);
                return (!known).then(|| format!("pushes to #{request}, which is no Test: {message:?}"));
            }
            Class::Answer | Class::Data => {}
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

    #[test]
    fn each_request_is_answered_once() {
        let mut talk = Talk::default();
        assert_eq!(talk.ask(Time::ZERO, 1, &Message::Leave), None);
        assert!(talk.answer(1, &Message::Published).is_some(), "before it arrived");
        let mut talk = Talk::default();
        talk.ask(Time::ZERO, 1, &Message::Leave);
        talk.arrive(1);
        assert_eq!(talk.answer(1, &Message::Published), None);
        assert!(talk.answer(1, &Message::Published).is_some_and(|wrong| wrong.contains("too often")));
        assert!(talk.answer(2, &Message::Published).is_some_and(|wrong| wrong.contains("nobody")));
        assert!(talk.ask(Time::ZERO, 1, &Message::Leave).is_some(), "numbers only grow");
        assert!(talk.answer(3, &Message::Gained(vec![1])).is_some(), "no Test opened that");
    }
}
