//! The store: a part file and its journal, safe at any crash.
//!
//! Orders are carried out in the order in which they came. Chunks are written side by side; a new list, publishing
//! and closing wait until nothing else is under way, and are done step by step (`errand.rs`). What the journal says
//! and how it is read again is in `journal.rs`.

mod checks;
mod config;
mod errand;
mod event;
mod jobs;
mod journal;
mod ledger;
mod opening;
mod orders;
mod sync;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

pub use config::Config;
pub use event::{Action, DiskError, DiskErrorKind, Event, File, Identity, Op, Outcome};

use crate::entropy::Entropy;
use crate::hash::Hashed;
use crate::machine::{Deadline, Machine, Outbox};
use crate::time::Time;
use checks::Checks;
use errand::{Close, Discard, Publish, Replace};
use jobs::{Job, Jobs};
use journal::{Record, Writer};
use ledger::Ledger;
use orders::Order;
use sync::Cycle;

/// One download's files. See [`Event`] and [`Action`].
#[derive(Debug)]
pub struct Store {
    config: Config,
    entropy: Entropy,
    now: Time,
    out: Outbox<Action>,
    phase: Phase,
    orders: VecDeque<Order>,
    part: Part,
    ledger: Option<Ledger>,
    log: Log,
    checks: Checks,
    cycle: Cycle,
    jobs: Jobs,
}

/// What the store is about.
#[derive(Debug)]
enum Phase {
    /// Nothing has been opened.
    New,
    /// The files are being opened.
    Opening,
    /// Chunks are written, checked and synced.
    Ready,
    /// A new journal is taking its place; `news` if for a new list.
    Replacing {
        step: Replace,
        news: bool,
    },
    Publishing(Publish),
    Published,
    Closing(Close),
    Discarding(Discard),
    /// The disk failed: nothing is trusted any more, nothing more is done.
    Failed,
    Closed,
}

/// Where the part file came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It was made by [`Op::Open`].
    Created,
    /// It was there.
    Found,
}

/// The journal on the disk.
#[derive(Debug)]
enum Log {
    /// There is none that could be read.
    None,
    /// An earlier run's, and it says the whole truth.
    Clean,
    /// An earlier run's, which is out of date or may have a torn tail.
    Earlier,
    /// This run's: records are appended.
    Open(Writer),
}

impl Store {
    /// A store that has opened nothing yet. `entropy` makes its journals differ from earlier ones.
    pub const fn new(config: Config, entropy: u64, now: Time) -> Self {
        Self {
            checks: Checks::new(config.checks),
            cycle: Cycle::new(config.sync_bytes, config.sync_after),
            config,
            entropy: Entropy::new(entropy),
            now,
            out: Outbox::new(),
            phase: Phase::New,
            orders: VecDeque::new(),
            part: Part::Found,
            ledger: None,
            log: Log::None,
            jobs: Jobs::new(),
        }
    }

    fn open(&mut self) {
        if matches!(self.phase, Phase::New) {
            self.phase = Phase::Opening;
            self.disk(Job::Open, Op::Open);
        }
    }

    /// Takes in how an operation ended.
    fn done(&mut self, job: u32, outcome: Outcome) {
        let Some(job) = self.jobs.end(job) else { return };
        if matches!(self.phase, Phase::Failed) {
            return;
        }
        match (job, outcome) {
            // The file is in place, and durably so: a journal that stays beside it does no harm.
            (Job::Errand, Outcome::Failed(_)) if self.is_tidying_up() => self.errand_done(&Outcome::Done),
            (_, Outcome::Failed(error)) => self.fail(error),
            (Job::Open, Outcome::Opened { journal, part }) => self.opened(journal.as_deref(), part),
            (Job::Write { index, len }, Outcome::Done) => self.written(index, len),
            (Job::Check { index }, Outcome::Checked(hashed)) => self.checked(index, &hashed),
            (Job::SyncData, Outcome::Done) => self.data_synced(),
            (Job::SyncJournal, Outcome::Done) => self.cycle.journal_synced(),
            (Job::Append, Outcome::Done) => {}
            (Job::Errand, outcome) => self.errand_done(&outcome),
            (
                Job::Open
                | Job::Write { .. }
                | Job::Check { .. }
                | Job::SyncData
                | Job::SyncJournal
                | Job::Append,
                Outcome::Done | Outcome::Opened { .. } | Outcome::Checked(_) | Outcome::Looked(_),
            ) => self.fail(wrong("carrying out an operation, whose outcome does not fit")),
        }
    }

    fn written(&mut self, index: u32, len: u64) {
        self.append(&Record::Written(&[index]));
        if let Some(ledger) = &mut self.ledger {
            ledger.gain(index);
        }
        self.cycle.written(self.now, index, len);
        self.out.push(Action::Stored { index });
    }

    /// A claimed chunk was read again. If another list took over meanwhile, it may no longer be of interest.
    fn checked(&mut self, index: u32, hashed: &Hashed) {
        self.checks.end();
        let Some(ledger) = self.ledger.as_mut().filter(|ledger| ledger.claimed.has(index)) else { return };
        let ok = ledger.seed.step(index).is_some_and(|step| step.accepts(hashed));
        if ok {
            ledger.gain(index);
        } else {
            ledger.claimed.remove(index);
        }
        if matches!(self.log, Log::Clean) {
            self.log = Log::Earlier;
        }
        self.out.push(Action::Checked { index, ok });
    }

    fn data_synced(&mut self) {
        let durable = self.cycle.data_synced();
        self.append(&Record::Durable(&durable));
        self.disk(Job::SyncJournal, Op::Sync(File::Journal));
    }

    /// Adds a record to this run's journal.
    fn append(&mut self, record: &Record<'_>) {
        if let Log::Open(writer) = &mut self.log {
            let mut bytes = Vec::new();
            writer.record(record, &mut bytes);
            self.disk(Job::Append, Op::Append { bytes: bytes.into() });
        }
    }

    /// Reads claimed chunks, as many at once as the settings allow.
    fn check(&mut self) {
        while let Some(index) = self.checks.start() {
            let chunk = self.ledger.as_ref().filter(|ledger| ledger.claimed.has(index));
            let Some((step, range)) = chunk.and_then(|it| it.seed.step(index).zip(it.seed.range(index)))
            else {
                self.checks.end();
                continue;
            };
            self.disk(Job::Check { index }, Op::Check { offset: range.start, step });
        }
    }

    fn sync(&mut self) {
        if self.cycle.begin(self.now) {
            self.disk(Job::SyncData, Op::Sync(File::Part));
        }
    }

    fn disk(&mut self, job: Job, op: Op) {
        let job = self.jobs.start(job);
        self.out.push(Action::Disk { job, op });
    }

    fn fail(&mut self, error: DiskError) {
        self.phase = Phase::Failed;
        self.out.push(Action::Failed(error));
    }
}

impl Machine for Store {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: Event) {
        self.now = self.now.max(now);
        match event {
            Event::Wake => {}
            Event::Open => self.open(),
            Event::Adopt { seed, pinned } => self.orders.push_back(Order::Adopt { seed, pinned }),
            Event::Put { index, bytes } => self.orders.push_back(Order::Put { index, bytes }),
            Event::Publish => self.orders.push_back(Order::Publish),
            Event::Close => self.orders.push_back(Order::Close),
            Event::Done { job, outcome } => self.done(job, outcome),
        }
        self.proceed();
    }

    fn poll(&mut self) -> Option<Action> {
        self.out.pop()
    }

    fn deadline(&self) -> Option<Deadline> {
        let due = self.cycle.due().filter(|_| matches!(self.phase, Phase::Ready));
        due.map(|at| Deadline { at, timer: "sync" })
    }
}

/// A failure that the disk didn't report itself.
const fn wrong(doing: &'static str) -> DiskError {
    DiskError { kind: DiskErrorKind::Other, doing, os: None }
}
