//! A downloader and its store, against a model of what they may take in and keep.

mod model;
mod stage;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use samara::downloader::{Action, Config, Downloader, Event};
use samara::seeder::TrackerId;
use samara::store::{self, File, Op, Store};
use samara::wire::DecodeError;
use samara::wire::message::{HaveSet, Holder, HolderAddr, Holders, Message};
use samara::{Entropy, Have, Link, Machine, Time};

use self::model::{At, Model};
use self::stage::{BARE, PINNED, Stage};
use super::draw::Draw;
use crate::disk::{self, Disk, Harm};
use crate::file;

/// Any peers, trackers and disk: a chunk that nobody asked for is never accepted, none is stored that does not fit the
/// list, and a file that is put in place is the file.
pub fn download(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let mut rig = Rig::new(&mut draw);
    while !draw.is_over() {
        rig.happen(&mut draw);
    }
}

/// The finished file's name.
const NAME: &str = "file";

struct Rig {
    stage: &'static Stage,
    downloader: Downloader,
    store: Store,
    disk: Disk,
    /// Disk operations that wait for their turn.
    jobs: VecDeque<(u32, Op)>,
    /// What the downloader is still to be told.
    inbox: VecDeque<Event>,
    asks: Vec<(TrackerId, u32, Message)>,
    now: Time,
    model: Model,
}

impl Rig {
    fn new(draw: &mut Draw<'_>) -> Self {
        let stage: &Stage = if draw.one_in(4) { &BARE } else { &PINNED };
        let (downloader, store) = machines(stage, draw, Time::ZERO);
        let (disk, jobs, inbox, asks) = (Disk::new(1), VecDeque::new(), VecDeque::new(), Vec::new());
        let (now, model) = (Time::ZERO, Model::new(stage));
        let mut rig = Self { stage, downloader, store, disk, jobs, inbox, asks, now, model };
        rig.tell_store(store::Event::Open);
        rig
    }

    fn happen(&mut self, draw: &mut Draw<'_>) {
        let links: Vec<Link> = self.model.links.iter().copied().collect();
        let gone = Link { space: 1, slot: draw.few(4).into(), generation: 0 };
        let link = if links.is_empty() || draw.one_in(32) { gone } else { draw.of(&links) };
        match draw.below(24) {
            0..3 => (0..1 << draw.below(4)).for_each(|_| self.disk()),
            3 => self.tell(Event::Peers(vec![peer(draw)])),
            4 | 5 => self.answer(draw),
            6 | 7 => self.tell(Event::Opened { link }),
            8 if draw.one_in(4) => self.tell(Event::Closed { link }),
            8..10 => self.tell(Event::Message { link, request: 0, message: Message::Hello(draw.hello()) }),
            10..15 => self.reply(draw),
            15..18 => self.chunk(draw, link),
            18 => {
                let request = draw.few(8).into();
                let message =
                    Message::Chunk { index: draw.index(), len: draw.of(&[64, 55, 1, 100, 256 << 10]) };
                self.tell(Event::Message { link, request, message });
            }
            19 => {
                let message = Message::Gained(draw.list(4, Draw::index));
                self.tell(Event::Message { link, request: draw.few(4).into(), message });
            }
            20 if draw.one_in(4) => self.tell(Event::Malformed { link, error: DecodeError::Magic }),
            20 => {
                let message = draw.message();
                self.tell(Event::Message { link, request: draw.few(8).into(), message });
            }
            21 | 22 => {
                let due = self.deadline().filter(|_| draw.any());
                self.now = self.now.max(due.unwrap_or_else(|| self.now + draw.span()));
                self.tell_store(store::Event::Wake);
                self.tell(Event::Wake);
            }
            _ => self.trouble(draw),
        }
    }

    fn deadline(&self) -> Option<Time> {
        let both = [self.downloader.deadline(), self.store.deadline()];
        both.into_iter().flatten().map(|deadline| deadline.at).min()
    }

    /// What seldom happens: power is lost or the program ends, the disk fails, the driver says what isn't so.
    fn trouble(&mut self, draw: &mut Draw<'_>) {
        match draw.below(8) {
            0 | 1 => {
                self.disk.crash(&mut Entropy::new(draw.any()));
                self.begin_again(draw);
            }
            2 => {
                self.tell(Event::Stop);
                self.tell_store(store::Event::Close);
                while !self.jobs.is_empty() {
                    self.disk();
                }
                self.begin_again(draw);
            }
            3 => self.disk.harm(Harm {
                fails: Some(self.disk.operations() + u64::from(draw.few(4))),
                ..Harm::default()
            }),
            4 => self.tell_store(store::Event::Done { job: u32::MAX, outcome: store::Outcome::Done }),
            5 => self.tell(Event::Stored { index: draw.index() }),
            6 => self.tell(Event::Checked { index: draw.index(), ok: draw.any() }),
            _ => {
                let have = if draw.any() { Have::all(11) } else { Have::none(draw.few(12).into()) };
                self.tell(Event::Adopted { have, claimed: Have::none(11) });
            }
        }
    }

    fn begin_again(&mut self, draw: &mut Draw<'_>) {
        (self.downloader, self.store) = machines(self.stage, draw, self.now);
        (self.jobs, self.asks) = (VecDeque::new(), Vec::new());
        self.model = Model::new(self.stage);
        self.tell_store(store::Event::Open);
    }

    /// The oldest operation is carried out.
    fn disk(&mut self) {
        let Some((job, op)) = self.jobs.pop_front() else { return };
        let (outcome, _) = self.disk.perform(NAME, op, self.now);
        self.tell_store(store::Event::Done { job, outcome });
    }

    /// A tracker answers, or doesn't.
    fn answer(&mut self, draw: &mut Draw<'_>) {
        if self.asks.is_empty() {
            return;
        }
        let (tracker, tag, question) = self.asks.swap_remove(draw.below(self.asks.len()));
        let stage = self.stage;
        let holder = |draw: &mut Draw<'_>| Holder {
            addr: HolderAddr::At(peer(draw)),
            seed_id: stage.drawn(draw).id(),
            complete: draw.any(),
        };
        let answer = match (draw.below(8), question) {
            (0, _) => None,
            (1, _) => Some(draw.message()),
            (_, Message::GetSeed { .. }) => Some(Message::Seed(Arc::clone(stage.drawn(draw)))),
            _ => Some(Message::Holders(Holders { holders: draw.list(4, holder), ..draw.holders() })),
        };
        self.tell(Event::Answer { tracker, tag, at: draw.perhaps(|draw| draw.addr()), answer });
    }

    /// A peer answers one of the requests that are open: as it should, more or less.
    fn reply(&mut self, draw: &mut Draw<'_>) {
        let open: Vec<At> = self.model.open.keys().copied().collect();
        if open.is_empty() {
            return;
        }
        let (link, request) = draw.of(&open);
        let message = match self.model.open.get(&(link, request)) {
            _ if draw.one_in(16) => draw.message(),
            Some(Message::GetSeed { seed_id, .. }) => {
                let asked = seed_id.and_then(|id| self.stage.list(id)).filter(|_| draw.any());
                let list = asked.unwrap_or_else(|| self.stage.drawn(draw));
                Message::Seed(Arc::clone(list))
            }
            Some(Message::Test(_)) => match draw.below(8) {
                0 => Message::Gone(draw.gone()),
                1 => Message::Busy { retry_after: draw.span() },
                2 => Message::Have(draw.have_set()),
                _ => Message::Have(HaveSet::All),
            },
            Some(Message::Fetch(fetch)) => {
                let index = if draw.one_in(16) { draw.index() } else { draw.of(&fetch.any_of) };
                let step = self.stage.drawn(draw).step(index);
                match draw.below(8) {
                    0 => Message::Rejected(draw.rejection()),
                    _ => {
                        let len = step.map_or(1, |step| step.len);
                        let len = match draw.below(32) {
                            31 => len + 1,
                            30 => len - 1,
                            _ => len,
                        };
                        Message::Chunk { index, len }
                    }
                }
            }
            Some(_) | None => draw.message(),
        };
        self.tell(Event::Message { link, request, message });
    }

    /// The bytes of a chunk that was announced are there, or of one that wasn't.
    fn chunk(&mut self, draw: &mut Draw<'_>, link: Link) {
        let coming: Vec<_> = self.model.coming.iter().map(|(at, step)| (*at, *step)).collect();
        if coming.is_empty() || draw.one_in(16) {
            let list = self.stage.drawn(draw);
            let step = list.step(draw.any::<u32>() % list.chunks()).expect("one of its chunks");
            let hashed = self.stage.chunk(draw, step);
            return self.tell(Event::Chunk { link, request: draw.few(8).into(), hashed });
        }
        let ((link, request), step) = draw.of(&coming);
        let hashed = self.stage.chunk(draw, step);
        self.tell(Event::Chunk { link, request, hashed });
    }

    fn tell(&mut self, event: Event) {
        self.inbox.push_back(event);
        self.run();
    }

    fn tell_store(&mut self, event: store::Event) {
        self.store(event);
        self.run();
    }

    fn run(&mut self) {
        while let Some(event) = self.inbox.pop_front() {
            self.download(event);
        }
    }

    /// Hands an event to the downloader, and looks whether what follows may follow.
    fn download(&mut self, event: Event) {
        let expected = self.model.happens(&event);
        self.downloader.handle(self.now, event);
        let said: Vec<_> = std::iter::from_fn(|| self.downloader.poll()).collect();
        self.model.judge(&expected, &said);
        for action in said {
            self.model.follow(&expected, &action);
            match action {
                Action::Ask { tracker, tag, request } => self.asks.push((tracker, tag, request)),
                Action::Adopt { seed, pinned } => self.store(store::Event::Adopt { seed, pinned }),
                Action::Put { index, bytes } => self.store(store::Event::Put { index, bytes }),
                Action::Publish => self.store(store::Event::Publish),
                Action::Dial { .. }
                | Action::Send { .. }
                | Action::Receive { .. }
                | Action::Close { .. }
                | Action::Done { .. }
                | Action::Failed(_)
                | Action::Note(_) => {}
            }
        }
        let waits = self.downloader.deadline().is_some();
        assert!(waits || !self.model.is_running(), "it waits for ever");
    }

    /// Hands an event to the store, and what follows to the downloader.
    fn store(&mut self, event: store::Event) {
        self.store.handle(self.now, event);
        while let Some(action) = self.store.poll() {
            self.inbox.push_back(match action {
                store::Action::Disk { job, op } => {
                    self.model.writes(&op);
                    self.jobs.push_back((job, op));
                    continue;
                }
                store::Action::Opened { seed, have, claimed } => Event::Resumed { seed, have, claimed },
                store::Action::Adopted { have, claimed } => Event::Adopted { have, claimed },
                store::Action::Checked { index, ok } => {
                    assert!(!ok || self.is_on_disk(index), "chunk {index} is not what it was");
                    Event::Checked { index, ok }
                }
                store::Action::Stored { index } => Event::Stored { index },
                store::Action::Published { identity } => {
                    let bytes = self.disk.bytes(NAME).expect("it is in place");
                    assert!(file::is(bytes, self.stage.lists[0].0.file_hash()), "another file is in place");
                    Event::Published { identity }
                }
                store::Action::Failed(error) => Event::StoreFailed(error),
                store::Action::Closed => continue,
            });
        }
    }

    fn is_on_disk(&self, index: u32) -> bool {
        let part = disk::name(NAME, File::Part);
        self.model.adopted.iter().any(|list| {
            let read = list.range(index).and_then(|range| self.disk.read(&part, range));
            read.is_some_and(|bytes| model::accepts(list, index, &bytes))
        })
    }
}

fn machines(stage: &Stage, draw: &mut Draw<'_>, now: Time) -> (Downloader, Store) {
    let target = stage.target(draw);
    let mut config = store::Config::new(target.file_hash);
    (config.sync_bytes, config.sync_after) = (128, Duration::from_secs(1));
    let store = Store::new(config, draw.any(), now);
    let config = Config { trackers: 1, neighbours: 3, budget: 0, node: 1_000, ..Config::default() };
    (Downloader::new(target, config, draw.any(), now), store)
}

fn peer(draw: &mut Draw<'_>) -> SocketAddr {
    SocketAddr::from(([10, 0, draw.few(6), 1], 7_000))
}
