//! A seeder, its files and whoever asks for them, against a model of what it may say.

mod model;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samara::seeder::{Action, Config, Event, FileId, Note, Seeder, Served, TrackerId};
use samara::store::Identity;
use samara::wire::message::{Digest, Fetch, Message, Update, UpdateSet, Updated};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, limits};
use samara::{Have, Link, Machine, Time};

use self::model::{At, Model};
use super::draw::Draw;
use super::talk::Heard;

/// Any files and any questions: Test passes only if a look that came after it saw the file that was verified, only what is
/// held is served, and every request is answered once; no more wait for that than may.
pub fn seeder(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let mut bench = Bench::new(&mut draw);
    while !draw.is_over() {
        bench.happen(&mut draw);
    }
    bench.settle();
}

struct Bench {
    seeder: Seeder,
    model: Model,
    now: Time,
    /// What each file looks like now.
    disk: BTreeMap<FileId, Identity>,
    /// Questions to trackers without an answer.
    asks: Vec<(TrackerId, u32)>,
}

const FILES: u8 = 4;
const SLOTS: u8 = 5;
/// Chunks of one file that may be sent at once.
const SENDING: u16 = 2;
/// Requests for chunks of one file that may wait for that.
const QUEUE: u16 = 2;

impl Bench {
    fn new(draw: &mut Draw<'_>) -> Self {
        let config = Config {
            trackers: 2,
            node: 1_000,
            slots: SENDING,
            queue: QUEUE,
            // Whatever a wait costs: the limits are kept to the letter.
            moment: Duration::ZERO,
            port: 7_000,
            ..Config::default()
        };
        let seeder = Seeder::new(config, draw.any(), Time::ZERO);
        let (disk, asks) = (BTreeMap::new(), Vec::new());
        Self { seeder, model: Model::default(), now: Time::ZERO, disk, asks }
    }

    fn happen(&mut self, draw: &mut Draw<'_>) {
        let (file, link) = (FileId(draw.few(FILES).into()), self.link(draw));
        match draw.below(24) {
            0 | 8 => self.add(draw, file),
            1 => _ = self.touch(draw, file),
            2 => self.tell(Event::Gained { file, index: draw.index() }),
            3 => {
                let identity = self.touch(draw, file);
                self.tell(Event::Completed { file, identity });
            }
            4 => self.tell(Event::Remove { file, why: draw.gone() }),
            5 => {
                let from = draw.addr();
                self.tell(Event::Accepted { link, from });
            }
            6 => self.tell(Event::Closed { link }),
            7 => self.greet(draw, link),
            9 if draw.one_in(8) => self.tell(Event::Malformed { link, error: DecodeError::Magic }),
            9 => {
                let request = self.number(draw, link);
                self.tell(Event::UnknownRequest { link, request });
            }
            10..13 => {
                let message = Message::Test(draw.key());
                self.say(draw, link, message);
            }
            13..16 => {
                let fetch = self.fetch(draw, link);
                self.say(draw, link, Message::Fetch(fetch));
            }
            16 => {
                let target = draw.any::<u8>().into();
                self.tell(Event::Message { link, request: 0, message: Message::Cancel { target } });
            }
            17..19 => self.look(draw, file),
            19 | 20 => self.serve(draw, link),
            21 => self.answer(draw),
            22 => self.pass(draw),
            _ if draw.one_in(16) => self.tell(Event::Leave),
            _ => {
                let message = draw.message();
                self.say(draw, link, message);
            }
        }
    }

    /// One of the connections that there are, or one that is opened now; seldom one that isn't there.
    fn link(&mut self, draw: &mut Draw<'_>) -> Link {
        let link = Link { space: 0, slot: draw.few(SLOTS).into(), generation: 0 };
        if !self.model.links.contains_key(&link) && !draw.one_in(4) {
            let from = draw.addr();
            self.tell(Event::Accepted { link, from });
            self.greet(draw, link);
        }
        link
    }

    fn greet(&mut self, draw: &mut Draw<'_>, link: Link) {
        self.tell(Event::Message { link, request: 0, message: Message::Hello(draw.hello()) });
    }

    /// A file is held from now on: a whole one, or a part of one that is being downloaded.
    fn add(&mut self, draw: &mut Draw<'_>, file: FileId) {
        let (seed, publish) = (draw.seed(), draw.any());
        let mut have = Have::all(seed.chunks());
        let identity = if draw.any() {
            Some(self.touch(draw, file))
        } else {
            have = Have::none(seed.chunks());
            draw.list(8, Draw::index).into_iter().for_each(|index| _ = have.insert(index));
            None
        };
        self.tell(Event::Add { file, seed: Arc::clone(&seed), have, identity, publish });
    }

    /// Somebody edits, replaces or deletes a file, or puts it back as it was. Gives what it looked like meanwhile.
    fn touch(&mut self, draw: &mut Draw<'_>, file: FileId) -> Identity {
        let identity = Identity { device: 1, inode: file.0.into(), size: 700, modified: draw.few(3).into() };
        if draw.one_in(4) {
            self.disk.remove(&file);
        } else {
            self.disk.insert(file, identity);
        }
        identity
    }

    /// A look ends; most often one that was asked for.
    fn look(&mut self, draw: &mut Draw<'_>, file: FileId) {
        let looking = self.model.looking();
        let file = if looking.is_empty() || draw.one_in(16) { file } else { draw.of(&looking) };
        self.tell(Event::Looked { file, identity: self.disk.get(&file).copied() });
    }

    /// The sending of a chunk ends; most often of one that is being sent.
    fn serve(&mut self, draw: &mut Draw<'_>, link: Link) {
        let sending: Vec<At> = self.model.sending.keys().copied().collect();
        let (link, request) = if sending.is_empty() || draw.one_in(16) {
            (link, draw.any::<u8>().into())
        } else {
            draw.of(&sending)
        };
        let changed = Served::Changed { sent: draw.any() };
        let outcome = draw.of(&[Served::Whole, Served::Whole, Served::Stopped, changed]);
        self.tell(Event::Served { link, request, outcome });
    }

    fn fetch(&self, draw: &mut Draw<'_>, link: Link) -> Fetch {
        let fetch = draw.fetch();
        let subs: Vec<u32> = self.model.subs.keys().filter(|at| at.0 == link).map(|at| at.1).collect();
        let t = if subs.is_empty() || draw.one_in(16) { fetch.t } else { draw.of(&subs) };
        Fetch { t, ..fetch }
    }

    /// A tracker answers, or doesn't.
    fn answer(&mut self, draw: &mut Draw<'_>) {
        if self.asks.is_empty() {
            return;
        }
        let (tracker, tag) = self.asks.swap_remove(draw.below(self.asks.len()));
        let (ttl, interval) = (Duration::from_secs(60), Duration::from_secs(20));
        let updated = |draw: &mut Draw<'_>| Updated {
            epoch: draw.few(2).into(),
            warming: false,
            ttl,
            interval,
            digest: Digest([draw.few(2); 32]),
            resend: draw.one_in(4),
            want: draw.list(2, |draw| draw.key().seed_id),
        };
        let answer = match draw.below(4) {
            0 => None,
            1 => Some(draw.message()),
            _ => Some(Message::Updated(updated(draw))),
        };
        self.tell(Event::Answer { tracker, tag, answer });
    }

    fn pass(&mut self, draw: &mut Draw<'_>) {
        let due = self.seeder.deadline().map(|deadline| deadline.at).filter(|_| draw.any());
        self.now = self.now.max(due.unwrap_or_else(|| self.now + draw.span()));
        self.tell(Event::Wake);
    }

    /// The number of a request: the next one, or one that is wrong.
    fn number(&self, draw: &mut Draw<'_>, link: Link) -> u32 {
        let last = self.model.links.get(&link).map_or(0, |talk| talk.last);
        if draw.one_in(32) { draw.few(3).into() } else { last.saturating_add(1) }
    }

    fn say(&mut self, draw: &mut Draw<'_>, link: Link, message: Message) {
        let request = self.number(draw, link);
        self.tell(Event::Message { link, request, message });
    }

    /// Hands in an event, and looks whether what follows may follow.
    fn tell(&mut self, event: Event) {
        let changed = self.model.happens(&event);
        let heard = self.hear(&event);
        self.seeder.handle(self.now, event.clone());
        let said: Vec<_> = std::iter::from_fn(|| self.seeder.poll()).collect();
        let changes: Vec<_> = said.iter().filter_map(changed_file).collect();
        assert_eq!(changes, Vec::from_iter(changed), "what has changed, after {event:?}");
        if let Some((link, heard)) = heard {
            self.judge(link, heard, &said);
        }
        said.into_iter().for_each(|action| self.follow(&event, action));
        assert!(self.model.is_sound(), "somebody was not told: {event:?}");
        assert!(self.model.is_bounded(QUEUE.into()), "too much is left to be answered: {event:?}");
    }

    /// Takes down what is asked.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other events ask nothing")]
    fn hear(&mut self, event: &Event) -> Option<(Link, Heard)> {
        let (link, request, message) = match event {
            Event::Message { link, request, message } => (*link, *request, message.clone()),
            Event::UnknownRequest { link, request } => (*link, *request, Message::Unsupported),
            _ => return None,
        };
        let talk = self.model.links.get_mut(&link)?;
        let mut heard = match event {
            Event::UnknownRequest { .. } => talk.hear_unknown(request),
            _ => talk.hear(request, &message),
        };
        if let (Heard::Request, Message::Fetch(fetch)) = (heard, &message) {
            heard = match self.model.subscription(link, fetch.t) {
                Err(()) => Heard::Fault(Fault::OutOfTurn),
                Ok(of) => {
                    let held = of.and_then(|of| self.model.serving(of)).map(|(_, held)| held.seed.chunks());
                    let beyond = held.is_some_and(|chunks| fetch.any_of.iter().any(|index| *index >= chunks));
                    if beyond { Heard::Fault(Fault::OutOfRange) } else { heard }
                }
            };
        }
        if heard == Heard::Request {
            self.model.open.insert((link, request), message);
        }
        Some((link, heard))
    }

    /// A fault ends the connection, and a greeting is answered.
    fn judge(&self, link: Link, heard: Heard, said: &[Action]) {
        let closed = |fault| said.contains(&Action::Close { link, fault });
        match heard {
            Heard::Fault(fault) => assert!(closed(fault) || closed(Fault::Flood), "{fault:?}: {said:?}"),
            Heard::Hello => {
                let greets = |action: &Action| {
                    matches!(action, Action::Send { request: 0, message: Message::Hello(_), .. })
                };
                assert!(said.iter().any(greets), "{said:?}");
            }
            Heard::Request | Heard::Cancel => {}
        }
    }

    fn follow(&mut self, event: &Event, action: Action) {
        match action {
            Action::Send { request: 0, message, .. } => {
                assert!(matches!(message, Message::Hello(_) | Message::Refused(_)), "{message:?}");
            }
            Action::Send { link, request, message } => match self.model.open.remove(&(link, request)) {
                Some(question) => self.answered(event, (link, request), question, message),
                None => self.pushed((link, request), message),
            },
            Action::Serve { link, request, file, identity, index, range } => {
                let Some(Message::Fetch(fetch)) = self.model.open.get(&(link, request)) else {
                    panic!("nobody asked for chunk {index} under {link:?} {request}")
                };
                let of = self.model.subs.get(&(link, fetch.t)).copied();
                let (serving, held) = of.and_then(|of| self.model.serving(of)).expect("a file that is held");
                assert!(fetch.any_of.contains(&index) && held.have.has(index), "chunk {index} for {fetch:?}");
                let exists = held.seed.range(index);
                assert_eq!((serving, held.identity, exists), (file, identity, Some(range)));
                let now = self.model.sending.insert((link, request), (file, of.expect("as before")));
                assert_eq!(now, None, "sent twice");
                let beside = self.model.sending.values().filter(|sending| Some(sending.1) == of).count();
                assert!(beside <= SENDING.into(), "{beside} at once");
            }
            Action::Stop { link, request } => {
                assert!(self.model.sending.contains_key(&(link, request)), "{request} is not being sent");
            }
            Action::Close { link, .. } => self.model.close(link),
            Action::Look { file } => self.model.look(file),
            Action::Ask { tracker, tag, request } => {
                self.announces(&request);
                self.asks.push((tracker, tag));
            }
            Action::Announced { .. } | Action::Left | Action::Note(_) => {}
        }
    }

    /// Only what is held is announced, and as complete only what is.
    fn announces(&self, request: &Message) {
        let Message::Update(Update { set, .. }) = request else { return };
        let entries = match set {
            UpdateSet::All(entries) | UpdateSet::Delta { added: entries, .. } => entries.as_slice(),
            UpdateSet::Same => &[],
        };
        for entry in entries {
            assert!(self.model.may_announce(entry.key, entry.complete), "{entry:?} is announced");
        }
    }

    /// The last word on a request.
    #[expect(clippy::wildcard_enum_match_arm, reason = "everything else is not a node's business")]
    fn answered(&mut self, event: &Event, at: At, question: Message, answer: Message) {
        match (question, answer) {
            (Message::Test(of), Message::Have(have)) => self.model.tested(at, of, &have, event),
            (Message::Test(of), Message::Gone(why)) => self.model.gone(of, why),
            (Message::Test(_), answer) => assert!(matches!(answer, Message::Busy { .. }), "{answer:?}"),
            (Message::Fetch(_), Message::Rejected(why)) => {
                let sending = self.model.sending.contains_key(&at);
                assert!(!sending, "{why:?} of what is being sent");
            }
            (Message::GetSeed { file_hash, seed_id }, answer) => {
                let fits = |seed: &&Arc<samara::Seed>| {
                    seed.file_hash() == file_hash && seed_id.is_none_or(|id| id == seed.id())
                };
                let all: Vec<_> = self.model.seeds().filter(fits).collect();
                match answer {
                    Message::Seed(seed) => assert!(all.contains(&&seed), "{seed:?} is not held"),
                    answer => assert!(answer == Message::Unknown && all.is_empty(), "{answer:?}: {all:?}"),
                }
            }
            (_, answer) => assert_eq!(answer, Message::Unsupported),
        }
    }

    /// News to a subscription.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is pushed")]
    fn pushed(&mut self, at: At, message: Message) {
        match message {
            Message::Gone(why) => self.model.unsubscribed(at, why),
            Message::Gained(indices) => {
                let of = self.model.subs.get(&at).copied();
                let (_, held) = of.and_then(|of| self.model.serving(of)).expect("a file that is held");
                assert!((1..=limits::MAX_GAINED).contains(&indices.len()));
                assert!(indices.iter().all(|index| held.have.has(*index)), "{indices:?} of {:?}", held.have);
            }
            other => panic!("{other:?} to {at:?}, which asked nothing"),
        }
    }

    /// Every look and every chunk ends: then every request has its answer.
    fn settle(&mut self) {
        loop {
            let sending = self.model.sending.keys().next().copied();
            if let Some(file) = self.model.looking().first().copied() {
                self.tell(Event::Looked { file, identity: self.disk.get(&file).copied() });
            } else if let Some((link, request)) = sending {
                self.tell(Event::Served { link, request, outcome: Served::Whole });
            } else {
                break;
            }
        }
        assert!(self.model.open.is_empty(), "never answered: {:?}", self.model.open);
    }
}

const fn changed_file(action: &Action) -> Option<FileId> {
    if let Action::Note(Note::Changed { file }) = action { Some(*file) } else { None }
}
