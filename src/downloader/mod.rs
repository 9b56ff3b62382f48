//! The downloader: from a hash to a verified file.
//!
//! ```text
//!  trackers ──▶ discover ──▶ book ──dial──▶ peers ──Test──▶ picker + window ──Fetch──▶ chunk ──verified──▶ store
//!               who to ask   whom to dial   who says what   which chunk, how much       │
//!                                                                 candidates ◀──────────┘ evidence
//! ```
//!
//! Each of these keeps one thing and knows nothing of the others; `progress` keeps what is there. What joins them is
//! in `asking` (trackers), `dialing` (connections), `testing` (what peers say of the file), `looking`, `fetching` and
//! `receiving` (chunks), `listing` (which list) and `ending` (the clocks).

mod asking;
mod book;
mod candidates;
mod config;
mod dialing;
mod discover;
mod ending;
mod event;
mod fault;
mod fetching;
mod listing;
mod looking;
mod outcome;
mod peers;
mod picker;
mod progress;
mod receiving;
mod testing;
mod window;

pub use config::Config;
pub use event::{Action, Event, Note, Pin, Stale, Target};
pub use fault::{DownloadError, Failure, PeerFate, PeerReport, TrackerFate};

use alloc::vec::Vec;

use crate::entropy::Entropy;
use crate::hash::SeedId;
use crate::machine::{Deadline, Link, Machine, Outbox};
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::Message;
use crate::wire::message::Rejection;

use book::Book;
use candidates::Candidates;
use discover::Discover;
use outcome::{End, History};
use peers::Peers;
use picker::Picker;
use progress::Progress;
use window::Window;

/// Timers that one wake-up handles at most; those that are left are still due.
const MAX_EXPIRED: usize = 64;

/// One download as a pure state machine: see [`Event`] and [`Action`].
#[derive(Debug)]
pub struct Downloader {
    target: Target,
    config: Config,
    now: Time,
    phase: Phase,
    out: Outbox<Action>,
    timers: Timers<Timer>,
    entropy: Entropy,
    discover: Discover,
    book: Book,
    peers: Peers,
    candidates: Candidates,
    /// Lists that are asked for: [`Candidates::wanted`], as of the last look.
    wanted: Vec<SeedId>,
    /// Of the chosen list, if there is one.
    progress: Option<Progress>,
    picker: Picker,
    window: Window,
    /// How many more requests the share in all allows, as of the last look at everybody and less what was asked since.
    left: usize,
    /// Complete strangers may wait on the book's shelf.
    shelved: bool,
    history: History,
    news: News,
}

/// What an event may have changed of what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// Anything.
    Any,
    /// This peer has more chunks, and nothing else.
    Gained(Link),
    /// A chunk came, is coming or isn't: what can be asked for, and nothing else.
    Chunk,
    /// Nothing can be asked for that couldn't be before.
    Nothing,
}

impl News {
    /// What an event brings at most, as long as no peer is lost over it.
    const fn of(event: &Event) -> Self {
        match event {
            Event::Wake
            | Event::Chunk { .. }
            | Event::Stored { .. }
            | Event::Message {
                message: Message::Chunk { .. } | Message::Rejected(Rejection::Busy { .. }),
                ..
            } => Self::Chunk,
            Event::Message { .. }
            | Event::Resumed { .. }
            | Event::Peers(_)
            | Event::Stop
            | Event::Answer { .. }
            | Event::Opened { .. }
            | Event::Malformed { .. }
            | Event::Closed { .. }
            | Event::Adopted { .. }
            | Event::Checked { .. }
            | Event::Published { .. }
            | Event::StoreFailed(_) => Self::Any,
        }
    }
}

/// How far a download has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It waits to hear what an earlier run left.
    New,
    /// It looks for chunks.
    Running,
    /// It has them all, and the store puts the file in place.
    Publishing,
    /// It is done, has failed, or was stopped.
    Over,
}

/// What a wake-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The user's time is over.
    Overall,
    /// Nothing has verified for too long.
    Stall,
    /// Nobody was left to ask for too long.
    Hopeless,
    /// Trackers are asked again.
    Round,
    /// Another list may have its turn.
    Turn,
    /// Peers that are of no use make room.
    Rotate,
    /// An address may be dialled again.
    Redial,
    /// A busy peer may be asked again.
    Retry,
    /// The rate limit allows a request.
    Limit,
    /// Peers may be late.
    Look,
    /// A dial and a Test have taken too long.
    Test(Link),
    /// A chunk is overdue.
    Request(Link, u32),
}

impl Timer {
    const fn name(self) -> &'static str {
        match self {
            Self::Overall => "timeout",
            Self::Stall => "stall",
            Self::Hopeless => "hopeless",
            Self::Round => "query",
            Self::Turn => "turn",
            Self::Rotate => "rotate",
            Self::Redial => "redial",
            Self::Retry => "retry",
            Self::Limit => "limit",
            Self::Look => "look",
            Self::Test(_) => "test",
            Self::Request(..) => "request",
        }
    }

    /// Does it only let something be asked for?
    const fn is_about_chunks(self) -> bool {
        matches!(self, Self::Retry | Self::Limit | Self::Look)
    }
}

impl Downloader {
    /// A download of `target`. It does nothing before [`Event::Resumed`].
    pub fn new(target: Target, config: Config, entropy: u64, now: Time) -> Self {
        let mut entropy = Entropy::new(entropy);
        Self {
            now,
            phase: Phase::New,
            out: Outbox::new(),
            timers: Timers::new(),
            discover: Discover::new(config.trackers, config.requery),
            book: Book::new(entropy.fork()),
            peers: Peers::new(config.space),
            candidates: Candidates::new(&target, entropy.fork()),
            wanted: Vec::new(),
            progress: None,
            picker: Picker::new(0, entropy.fork()),
            window: Window::new(config.budget, config.limit, now),
            left: 0,
            shelved: false,
            history: History::default(),
            news: News::Any,
            entropy,
            target,
            config,
        }
    }

    /// What each event leads to, before [`advance`](Self::advance) does whatever can be done now.
    fn take(&mut self, event: Event) {
        match event {
            Event::Wake => self.wake(),
            Event::Resumed { seed, have, claimed } => self.resumed(seed, have, claimed),
            Event::Peers(addrs) => self.given(&addrs),
            Event::Stop => self.stopped(),
            Event::Answer { tracker, tag, at, answer } => self.answered(tracker, tag, at, answer),
            Event::Opened { link } => self.opened(link),
            Event::Message { link, request, message } => self.told(link, request, message),
            Event::Chunk { link, request, hashed } => self.received(link, request, hashed),
            Event::Malformed { link, error } => self.malformed(link, error),
            Event::Closed { link } => self.closed(link),
            Event::Adopted { have, claimed } => self.adopted(have, claimed),
            Event::Checked { index, ok } => self.checked(index, ok),
            Event::Stored { index } => self.stored(index),
            Event::Published { identity } => self.published(identity),
            Event::StoreFailed(error) => self.fail(End::Disk(error)),
        }
    }

    fn wake(&mut self) {
        for _ in 0..MAX_EXPIRED {
            match self.timers.expired(self.now) {
                Some(timer) => self.expired(timer),
                None => break,
            }
        }
    }

    fn expired(&mut self, timer: Timer) {
        if !timer.is_about_chunks() {
            self.news = News::Any;
        }
        match timer {
            Timer::Overall => self.timed_out(),
            Timer::Stall => self.stalled(),
            Timer::Hopeless => self.fail(End::Hopeless),
            Timer::Round => self.round(),
            Timer::Turn => self.turn(),
            Timer::Rotate => self.rotate(),
            Timer::Test(link) => self.untested(link),
            Timer::Request(link, request) => self.overdue(link, request),
            Timer::Redial | Timer::Retry | Timer::Limit | Timer::Look => {}
        }
    }

    /// Does what can be done now.
    fn advance(&mut self) {
        if self.phase == Phase::Running && !self.publish_if_complete() {
            if self.is_lacking() {
                self.ask_first();
                self.dial();
                self.probe();
                self.fetch();
            }
            self.watch();
        }
    }

    /// Does what can be done now that could not be done before. Most of what happens is that some peer has one more
    /// chunk, which costs no look at all the others; or that a chunk comes, which makes nobody worth dialling.
    fn advance_with(&mut self, news: News) {
        match news {
            News::Gained(link) if self.phase == Phase::Running => {
                if self.is_lacking() {
                    self.fetch_more(link);
                }
            }
            News::Chunk if self.phase == Phase::Running && self.candidates.settled() => {
                if !self.publish_if_complete() && self.is_lacking() {
                    self.fetch();
                }
            }
            News::Nothing if self.phase == Phase::Running && self.candidates.settled() => {
                self.publish_if_complete();
            }
            News::Gained(_) | News::Chunk | News::Nothing | News::Any => self.advance(),
        }
    }

    /// What an event brought turned out to be nothing that lets more be asked for.
    fn no_news(&mut self) {
        if self.news == News::Chunk {
            self.news = News::Nothing;
        }
    }

    /// Is there anything to ask others for?
    fn is_lacking(&self) -> bool {
        self.progress.is_none() || self.picker.wanted() > 0
    }
}

impl Machine for Downloader {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: Event) {
        self.now = self.now.max(now);
        let last =
            || matches!(event, Event::Wake | Event::Stop | Event::Published { .. } | Event::StoreFailed(_));
        let heard = match self.phase {
            Phase::New | Phase::Running => true,
            Phase::Publishing => last(),
            Phase::Over => false,
        };
        if heard {
            self.news = News::of(&event);
            self.take(event);
            self.advance_with(self.news);
        }
    }

    fn poll(&mut self) -> Option<Action> {
        self.out.pop()
    }

    fn deadline(&self) -> Option<Deadline> {
        self.timers.deadline(Timer::name)
    }
}
