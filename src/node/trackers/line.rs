//! The connection to one tracker.

use alloc::collections::VecDeque;
use core::net::SocketAddr;
use core::time::Duration;

use super::{Asker, Effect, Question, SPACE};
use crate::entropy::Entropy;
use crate::machine::{Link, Outbox};
use crate::seeder::TrackerId;
use crate::time::Time;
use crate::wire::message::{Hello, VERSION};
use crate::wire::session::{Caller, Fault, Told};
use crate::wire::{Message, limits};

/// The wait after the first failure.
const BACKOFF: Duration = Duration::from_millis(250);
/// The longest wait.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// One tracker: its connection, and the questions that wait for it.
#[derive(Debug)]
pub(super) struct Line {
    tracker: TrackerId,
    node: u64,
    timeout: Duration,
    entropy: Entropy,
    generation: u32,
    failures: u32,
    waiting: VecDeque<Question>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No connection, and nothing against dialling.
    Idle,
    /// No connection, and no dialling before this.
    Resting(Time),
    /// Being dialled until this.
    Dialling { link: Link, due: Time },
    /// Connected.
    Open { link: Link, at: SocketAddr, caller: Caller<Asked> },
}

/// A question that was sent.
#[derive(Debug)]
struct Asked {
    asker: Asker,
    tag: u32,
    due: Time,
}

impl Line {
    pub(super) const fn new(tracker: TrackerId, node: u64, timeout: Duration, entropy: Entropy) -> Self {
        Self {
            tracker,
            node,
            timeout,
            entropy,
            generation: 0,
            failures: 0,
            waiting: VecDeque::new(),
            state: State::Idle,
        }
    }

    /// The link in use.
    pub(super) const fn link(&self) -> Option<Link> {
        match self.state {
            State::Idle | State::Resting(_) => None,
            State::Dialling { link, .. } | State::Open { link, .. } => Some(link),
        }
    }

    /// When it wants to be woken.
    pub(super) fn due(&self) -> Option<Time> {
        match &self.state {
            State::Idle => None,
            State::Resting(until) => Some(*until).filter(|_| !self.waiting.is_empty()),
            State::Dialling { due, .. } => Some(*due),
            State::Open { caller, .. } => {
                let answer = caller.iter().next().map(|(_, asked)| asked.due);
                answer.into_iter().chain(caller.hello_due()).min()
            }
        }
    }

    pub(super) fn ask(&mut self, now: Time, question: Question, out: &mut Outbox<Effect>) {
        self.waiting.push_back(question);
        self.proceed(now, out);
    }

    pub(super) fn opened(&mut self, now: Time, at: SocketAddr, out: &mut Outbox<Effect>) {
        let State::Dialling { link, .. } = self.state else { return };
        let hello = Message::Hello(Hello { version: VERSION, features: 0, node: self.node });
        out.push(Effect::Send { link, request: 0, message: hello });
        self.state = State::Open { link, at, caller: Caller::new(now) };
        self.proceed(now, out);
    }

    pub(super) fn message(&mut self, now: Time, request: u32, message: Message, out: &mut Outbox<Effect>) {
        let State::Open { at, caller, .. } = &mut self.state else { return };
        match caller.admit(request, &message) {
            Ok(Told::Hello(hello)) if hello.node == self.node => self.fault(now, Fault::Myself, out),
            Ok(Told::Hello(_)) => {}
            Ok(Told::Answer(_)) if is_trackers(&message) => {
                if let Some(Asked { asker, tag, .. }) = caller.close(request) {
                    let (tracker, at) = (self.tracker, Some(*at));
                    out.push(Effect::Answer { asker, tracker, tag, at, answer: Some(message) });
                }
                self.failures = 0;
                self.proceed(now, out);
            }
            Ok(Told::Answer(_) | Told::Push { .. }) => self.fault(now, Fault::Unexpected, out),
            Err(fault) => self.fault(now, fault, out),
        }
    }

    pub(super) fn fault(&mut self, now: Time, fault: Fault, out: &mut Outbox<Effect>) {
        if let Some(link) = self.link() {
            out.push(Effect::Close { link, fault });
        }
        self.fail(now, out);
    }

    pub(super) fn closed(&mut self, now: Time, out: &mut Outbox<Effect>) {
        match &self.state {
            // A tracker that ends a connection on which nothing is open may have restarted.
            State::Open { caller, .. } if caller.is_empty() && caller.hello().is_some() => {
                self.state = State::Idle;
            }
            State::Idle | State::Resting(_) | State::Dialling { .. } | State::Open { .. } => {
                self.fail(now, out)
            }
        }
    }

    pub(super) fn wake(&mut self, now: Time, out: &mut Outbox<Effect>) {
        match self.state {
            State::Idle => {}
            State::Resting(_) => self.proceed(now, out),
            State::Dialling { .. } | State::Open { .. } => {
                if self.due().is_some_and(|due| due <= now) {
                    self.fault(now, Fault::Slow, out);
                }
            }
        }
    }

    pub(super) fn stop(&mut self, out: &mut Outbox<Effect>) {
        if let Some(link) = self.link() {
            out.push(Effect::Close { link, fault: Fault::Stopping });
        }
        self.waiting.clear();
        self.state = State::Idle;
    }

    /// Dials if it may, and sends what waits if there is a connection.
    fn proceed(&mut self, now: Time, out: &mut Outbox<Effect>) {
        match &mut self.state {
            State::Resting(until) if *until > now => {}
            State::Idle | State::Resting(_) => {
                if !self.waiting.is_empty() {
                    self.dial(now, out);
                }
            }
            State::Dialling { .. } => {}
            State::Open { link, caller, .. } => {
                while caller.len() < limits::MAX_OUTSTANDING {
                    let Some(Question { asker, tag, request }) = self.waiting.pop_front() else { break };
                    let number = caller.open(Asked { asker, tag, due: now + self.timeout });
                    out.push(Effect::Send { link: *link, request: number, message: request });
                }
            }
        }
    }

    fn dial(&mut self, now: Time, out: &mut Outbox<Effect>) {
        self.generation = self.generation.wrapping_add(1);
        let link = Link { space: SPACE, slot: self.tracker.0, generation: self.generation };
        out.push(Effect::Dial { link, tracker: self.tracker });
        self.state = State::Dialling { link, due: now + self.timeout };
    }

    /// Every question is answered with none, and the next one waits before it dials.
    fn fail(&mut self, now: Time, out: &mut Outbox<Effect>) {
        let wait = BACKOFF.saturating_mul(1 << self.failures.min(8)).min(MAX_BACKOFF);
        self.failures = self.failures.saturating_add(1);
        let state = core::mem::replace(&mut self.state, State::Resting(now + self.entropy.jitter(wait)));
        let tracker = self.tracker;
        let mut none = |asker, tag| out.push(Effect::Answer { asker, tracker, tag, at: None, answer: None });
        if let State::Open { caller, .. } = state {
            caller.iter().for_each(|(_, asked)| none(asked.asker, asked.tag));
        }
        self.waiting.drain(..).for_each(|question| none(question.asker, question.tag));
    }
}

/// May a tracker answer with this? (A chunk's announcement would make the driver wait for a decision.)
const fn is_trackers(message: &Message) -> bool {
    match message {
        Message::Refused(_)
        | Message::Unsupported
        | Message::Updated(_)
        | Message::Published
        | Message::Holders(_)
        | Message::Listing(_)
        | Message::Seed(_)
        | Message::Unknown => true,
        Message::Hello(_)
        | Message::Cancel { .. }
        | Message::Update(_)
        | Message::Publish(_)
        | Message::Withdraw(_)
        | Message::Leave
        | Message::Query(_)
        | Message::List(_)
        | Message::GetSeed { .. }
        | Message::Test(_)
        | Message::Have(_)
        | Message::Gone(_)
        | Message::Busy { .. }
        | Message::Fetch(_)
        | Message::Chunk { .. }
        | Message::Rejected(_)
        | Message::Gained(_) => false,
    }
}
