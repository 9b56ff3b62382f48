//! What a download may take in and keep: chunks that it asked for, and that fit the list under which it asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use samara::downloader::{Action, Event};
use samara::store::Op;
use samara::wire::Message;
use samara::wire::limits::MAX_ANY_OF;
use samara::wire::message::{Fetch, HaveSet};
use samara::wire::session::Fault;
use samara::{Hashed, Link, Seed, Sha2, Step};

use super::stage::Stage;

/// A request: a connection and a number.
pub(super) type At = (Link, u32);

/// The model.
pub(super) struct Model {
    stage: &'static Stage,
    pub(super) links: BTreeSet<Link>,
    /// Requests without an answer.
    pub(super) open: BTreeMap<At, Message>,
    /// The lists that peers were asked about, by the number of their `Test`; true once they passed.
    tests: BTreeMap<At, (Arc<Seed>, bool)>,
    /// Chunks whose bytes are coming.
    pub(super) coming: BTreeMap<At, Step>,
    /// Lists by which chunks were stored, the current one last.
    pub(super) adopted: Vec<Arc<Seed>>,
    phase: Phase,
}

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    /// All chunks are there: nobody is listened to any more.
    Publishing,
    /// It is done, has failed or was stopped.
    Over,
}

/// What an event allows or asks for.
pub(super) enum Expected {
    /// This chunk was asked for: its bytes are read, or the connection ends.
    Coming(At, Step),
    /// Nobody asked for that: the connection ends.
    Unsolicited(Link),
    /// The file has no such chunk: the connection ends.
    Beyond(Link),
    /// These bytes fit, and may be stored.
    Fits(u32, Bytes),
    /// These don't: their sender is banned.
    Bad(Link, u32),
    /// No chunk at all.
    Nothing,
}

impl Model {
    /// Nothing has happened yet.
    pub(super) fn new(stage: &'static Stage) -> Self {
        let (links, open, tests, coming) =
            (BTreeSet::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { stage, links, open, tests, coming, adopted: Vec::new(), phase: Phase::New }
    }

    /// Has it begun, and not ended?
    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Publishing)
    }

    /// Something happens to the downloader.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other events bring no chunk")]
    pub(super) fn happens(&mut self, event: &Event) -> Expected {
        match event {
            Event::Message { link, request, message } if self.links.contains(link) => {
                self.heard((*link, *request), message)
            }
            Event::Chunk { link, request, hashed } => self.came((*link, *request), hashed),
            Event::Closed { link } => {
                self.close(*link);
                Expected::Nothing
            }
            Event::Resumed { seed, .. } => {
                self.adopted.extend(seed.iter().map(|(seed, _)| Arc::clone(seed)));
                if self.phase == Phase::New {
                    self.phase = Phase::Running;
                }
                Expected::Nothing
            }
            Event::Stop => {
                self.phase = Phase::Over;
                Expected::Nothing
            }
            _ => Expected::Nothing,
        }
    }

    fn heard(&mut self, at: At, message: &Message) -> Expected {
        match (self.open.get(&at), message) {
            (Some(Message::Fetch(fetch)), Message::Chunk { index, len })
                if !self.coming.contains_key(&at) =>
            {
                let list = self.tests.get(&(at.0, fetch.t)).map(|(seed, _)| seed);
                let step = list.and_then(|seed| seed.step(*index));
                match step.filter(|step| step.len == *len && fetch.any_of.contains(index)) {
                    Some(step) => Expected::Coming(at, step),
                    None => Expected::Unsolicited(at.0),
                }
            }
            (_, Message::Chunk { .. }) => Expected::Unsolicited(at.0),
            (Some(Message::Fetch(_)), Message::Rejected(_) | Message::Refused(_) | Message::Unsupported) => {
                self.open.remove(&at);
                self.coming.remove(&at);
                Expected::Nothing
            }
            // News, which answers nothing. Of a list that turned out to be false nobody wants to hear any.
            (_, Message::Gained(indices)) => {
                let truth = self.stage.lists[0].0.id();
                let list = self.tests.get(&at).filter(|(list, passed)| *passed && list.id() == truth);
                let beyond = |(list, _): &(Arc<Seed>, bool)| indices.iter().any(|i| *i >= list.chunks());
                if list.is_some_and(beyond) { Expected::Beyond(at.0) } else { Expected::Nothing }
            }
            (None, Message::Gone(_)) => {
                self.tests.entry(at).and_modify(|(_, passed)| *passed = false);
                Expected::Nothing
            }
            (Some(Message::Test(_)), answer) => {
                self.open.remove(&at);
                let Some((list, passed)) = self.tests.get_mut(&at) else { return Expected::Nothing };
                *passed = matches!(answer, Message::Have(_));
                let beyond =
                    |set: &HaveSet| matches!(set, HaveSet::Some(bits) if !is_bitmap(bits, list.chunks()));
                if let Message::Have(set) = answer
                    && beyond(set)
                {
                    return Expected::Beyond(at.0);
                }
                Expected::Nothing
            }
            (Some(Message::GetSeed { .. }), _) => {
                self.open.remove(&at);
                Expected::Nothing
            }
            (Some(_) | None, _) => Expected::Nothing,
        }
    }

    fn came(&mut self, at: At, hashed: &Hashed) -> Expected {
        let Some(step) = self.coming.remove(&at) else { return Expected::Nothing };
        self.open.remove(&at);
        if fits(&step, hashed) {
            Expected::Fits(step.index, hashed.bytes().clone())
        } else {
            Expected::Bad(at.0, step.index)
        }
    }

    /// Is that what follows?
    pub(super) fn judge(&self, expected: &Expected, said: &[Action]) {
        let closed =
            |of: Link| said.iter().any(|action| matches!(action, Action::Close { link, .. } if *link == of));
        let receives = |action: &Action| matches!(action, Action::Receive { .. });
        match expected {
            _ if matches!(self.phase, Phase::Publishing | Phase::Over) => {}
            Expected::Coming((link, request), step) => {
                let (link, request, step) = (*link, *request, *step);
                let taken = said.contains(&Action::Receive { link, request, step });
                assert!(taken || closed(link), "{step:?} was asked for: {said:?}");
            }
            Expected::Unsolicited(link) => {
                assert!(closed(*link), "a chunk that nobody asked for has no consequence: {said:?}");
            }
            Expected::Beyond(link) => {
                assert!(closed(*link), "a chunk that the file does not have has no consequence: {said:?}");
            }
            Expected::Bad(link, index) => {
                let bans = Action::Close { link: *link, fault: Fault::BadChunk { index: *index } };
                assert!(said.contains(&bans), "a bad chunk has no consequence: {said:?}");
            }
            Expected::Fits(..) | Expected::Nothing => {}
        }
        let bad = |action: &Action| matches!(action, Action::Close { fault: Fault::BadChunk { .. }, .. });
        let may_ban = matches!(expected, Expected::Bad(..));
        assert!(may_ban || !said.iter().any(bad), "banned for bytes that others sent: {said:?}");
        let may_receive = matches!(expected, Expected::Coming(..));
        assert!(may_receive || !said.iter().any(receives), "a chunk that was not asked for: {said:?}");
    }

    /// The downloader does this.
    pub(super) fn follow(&mut self, expected: &Expected, action: &Action) {
        match action {
            Action::Dial { link, .. } => assert!(self.links.insert(*link), "{link:?} is in use"),
            Action::Send { link, request, message } => self.asks((*link, *request), message),
            Action::Receive { link, request, step } => _ = self.coming.insert((*link, *request), *step),
            Action::Close { link, .. } => self.close(*link),
            Action::Adopt { seed, .. } => self.adopted.push(Arc::clone(seed)),
            Action::Put { index, bytes } => {
                let fits = matches!(expected, Expected::Fits(i, b) if i == index && b == bytes);
                assert!(fits, "chunk {index} is stored, and did not just come");
                let list = self.adopted.last().expect("a list comes before its chunks");
                assert!(accepts(list, *index, bytes), "chunk {index} does not fit {list:?}");
            }
            Action::Publish => self.phase = Phase::Publishing,
            Action::Done { .. } | Action::Failed(_) => {
                assert!(self.phase != Phase::Over, "over twice");
                self.phase = Phase::Over;
            }
            Action::Ask { .. } | Action::Note(_) => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other messages ask for no chunk")]
    fn asks(&mut self, at: At, message: &Message) {
        match message {
            Message::Test(key) => {
                let list = self.stage.list(key.seed_id).expect("a list that somebody offered");
                self.tests.insert(at, (Arc::clone(list), false));
            }
            Message::Fetch(Fetch { t, any_of }) => {
                let Some((list, true)) = self.tests.get(&(at.0, *t)) else {
                    panic!("no Test {t} was passed")
                };
                assert!((1..=MAX_ANY_OF).contains(&any_of.len()), "{any_of:?}");
                assert!(any_of.iter().all(|index| *index < list.chunks()), "{any_of:?}");
            }
            _ => {}
        }
        if at.1 > 0 {
            self.open.insert(at, message.clone());
        }
    }

    fn close(&mut self, link: Link) {
        self.links.remove(&link);
        self.open.retain(|at, _| at.0 != link);
        self.tests.retain(|at, _| at.0 != link);
        self.coming.retain(|at, _| at.0 != link);
    }

    /// The store does this to the disk: only what fits a list is written where that list has it.
    pub(super) fn writes(&self, op: &Op) {
        let Op::Write { offset, bytes } = op else { return };
        let fits = |list: &&Arc<Seed>| {
            let index = u32::try_from(offset / u64::from(list.chunk_size())).unwrap_or(u32::MAX);
            list.range(index).is_some_and(|range| range.start == *offset) && accepts(list, index, bytes)
        };
        assert!(self.adopted.iter().any(|list| fits(&list)), "bytes at {offset} that nobody has verified");
    }
}

/// Is this a bitmap of so many chunks?
fn is_bitmap(bits: &[u8], chunks: u32) -> bool {
    let spare = (8 - chunks % 8) % 8;
    bits.len() == chunks.div_ceil(8) as usize && bits.last().is_none_or(|last| last.leading_zeros() >= spare)
}

/// Are these the bytes of that chunk, by this list?
pub(super) fn accepts(list: &Seed, index: u32, bytes: &Bytes) -> bool {
    let step = list.step(index);
    step.is_some_and(|step| fits(&step, &Hashed::new::<Sha2>(step.start, step.last, bytes.clone())))
}

/// What the core's own judgement of chunks has to be.
fn fits(step: &Step, hashed: &Hashed) -> bool {
    let came = (hashed.start(), hashed.end(), hashed.bytes().len(), hashed.last());
    came == (step.start, step.end, step.len as usize, step.last)
}
