//! Orders, carried out in the order in which they came, and the errands that some of them are.

use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;

use super::errand::{Close, Discard, Next, Publish, Replace};
use super::jobs::Job;
use super::journal::{Record, Writer};
use super::ledger::Ledger;
use super::{Action, DiskError, DiskErrorKind, Identity, Log, Op, Outcome, Part, Phase, Store, wrong};
use crate::seed::Seed;

/// What the owner wants done.
#[derive(Debug)]
pub(super) enum Order {
    Adopt { seed: Arc<Seed>, pinned: bool },
    Put { index: u32, bytes: Bytes },
    Publish,
    Close,
}

impl Store {
    /// Does whatever can be done now.
    pub(super) fn proceed(&mut self) {
        match self.phase {
            Phase::Ready => {
                self.sync();
                while matches!(self.phase, Phase::Ready) && self.carry_out() {}
                if matches!(self.phase, Phase::Ready | Phase::Replacing { .. }) {
                    self.check_unless_closing();
                }
            }
            Phase::Replacing { .. } => self.check_unless_closing(),
            Phase::New | Phase::Published => self.close_if_quiet(),
            Phase::Failed => {
                self.orders.retain(|order| matches!(order, Order::Close));
                self.close_if_quiet();
            }
            Phase::Opening
            | Phase::Publishing(_)
            | Phase::Closing(_)
            | Phase::Discarding(_)
            | Phase::Closed => {}
        }
    }

    /// Nothing is left to be done: closes as soon as it is told to and nothing is under way.
    fn close_if_quiet(&mut self) {
        if matches!(self.orders.front(), Some(Order::Close)) && self.jobs.len() == 0 {
            self.closed();
        }
    }

    fn check_unless_closing(&mut self) {
        if !matches!(self.orders.front(), Some(Order::Close)) {
            self.check();
        }
    }

    /// Begins or carries out the first order; false if it has to wait, or there is none.
    fn carry_out(&mut self) -> bool {
        let quiet = self.is_quiet();
        match self.orders.pop_front() {
            None => false,
            Some(Order::Adopt { seed, pinned }) if quiet => {
                self.adopt(seed, pinned);
                true
            }
            Some(Order::Put { index, bytes }) if matches!(self.log, Log::Open(_)) => {
                self.put(index, bytes);
                true
            }
            Some(Order::Publish) if quiet => {
                self.publish();
                true
            }
            Some(Order::Close) if self.jobs.len() == 0 => {
                self.orders.push_front(Order::Close);
                self.close();
                true
            }
            Some(order @ Order::Put { .. }) if quiet => {
                self.orders.push_front(order);
                self.renew();
                true
            }
            Some(order) => {
                self.orders.push_front(order);
                false
            }
        }
    }

    /// Is nothing under way but checks?
    fn is_quiet(&self) -> bool {
        self.jobs.len() == self.checks.reading()
    }

    fn adopt(&mut self, seed: Arc<Seed>, pinned: bool) {
        if seed.file_hash() != self.config.file_hash {
            let doing = "taking a list of chunk hashes";
            return self.fail(DiskError { kind: DiskErrorKind::Foreign, doing, os: None });
        }
        let next = match &self.ledger {
            Some(ledger) if ledger.is(&seed, pinned) => return self.adopted(),
            Some(ledger) => ledger.switch(seed, pinned),
            None => Ledger::empty(seed, pinned),
        };
        self.checks.retain(|index| next.claimed.has(index));
        self.cycle.retain(|index| next.have.has(index));
        self.replace(next, true);
    }

    /// Replaces an earlier run's journal by one of this run, to which records can be appended.
    fn renew(&mut self) {
        match self.ledger.take() {
            Some(ledger) => self.replace(ledger, false),
            None => self.fail(wrong("storing a chunk before its list")),
        }
    }

    fn replace(&mut self, ledger: Ledger, news: bool) {
        let (mut writer, mut bytes) = Writer::begin(&ledger.seed, ledger.pinned, self.entropy.next());
        let claims = ledger.claims();
        if !claims.is_empty() {
            writer.record(&Record::Written(&claims), &mut bytes);
        }
        (self.ledger, self.log) = (Some(ledger), Log::Open(writer));
        self.replacing(Replace::Create(bytes.into()), news);
    }

    fn adopted(&mut self) {
        if let Some(Ledger { have, claimed, .. }) = &self.ledger {
            self.out.push(Action::Adopted { have: have.clone(), claimed: claimed.clone() });
        }
    }

    fn put(&mut self, index: u32, bytes: Bytes) {
        let range = self.ledger.as_ref().and_then(|ledger| ledger.seed.range(index));
        let len = bytes.len() as u64;
        match range.filter(|range| range.end.saturating_sub(range.start) == len) {
            Some(range) => self.disk(Job::Write { index, len }, Op::Write { offset: range.start, bytes }),
            None => self.fail(wrong("storing a chunk that does not fit")),
        }
    }

    fn publish(&mut self) {
        if self.ledger.as_ref().is_some_and(|ledger| ledger.have.is_all()) {
            self.publishing(Publish::Sync);
        } else {
            self.fail(wrong("putting an incomplete file in place"));
        }
    }

    /// Nothing worth keeping is removed if it is this download's; what is certain already stays as it is.
    fn close(&mut self) {
        match (&self.ledger, &self.log) {
            (None, _) if self.part == Part::Found => self.closed(),
            (None, _) => self.discarding(Discard::Part),
            (Some(ledger), _) if ledger.is_empty() => self.discarding(Discard::Part),
            (Some(_), Log::Clean) => self.closed(),
            (Some(_), Log::Open(_)) => self.closing(Close::Sync),
            (Some(_), Log::Earlier | Log::None) => self.renew(),
        }
    }

    fn closed(&mut self) {
        self.phase = Phase::Closed;
        self.orders.clear();
        self.out.push(Action::Closed);
    }

    /// Is the finished file in place, and only what is no longer needed still being removed?
    pub(super) const fn is_tidying_up(&self) -> bool {
        matches!(self.phase, Phase::Publishing(Publish::RemoveJournal(_) | Publish::RemoveNewJournal(_)))
    }

    /// A step of the errand has ended: the next one.
    pub(super) fn errand_done(&mut self, outcome: &Outcome) {
        match core::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Replacing { step, news } => match step.next() {
                Next::Step(step) => self.replacing(step, news),
                Next::End(()) if news => self.adopted(),
                Next::End(()) => {}
            },
            Phase::Publishing(step) => match step.next(outcome, self.length()) {
                Ok(Next::Step(step)) => self.publishing(step),
                Ok(Next::End(identity)) => {
                    self.phase = Phase::Published;
                    self.out.push(Action::Published { identity });
                }
                Err(error) => self.fail(error),
            },
            Phase::Closing(step) => match step.next(outcome, |identity| self.last_records(identity)) {
                Ok(Next::Step(step)) => self.closing(step),
                Ok(Next::End(())) => self.closed(),
                Err(error) => self.fail(error),
            },
            Phase::Discarding(step) => match step.next() {
                Next::Step(step) => self.discarding(step),
                Next::End(()) => self.closed(),
            },
            phase @ (Phase::New
            | Phase::Opening
            | Phase::Ready
            | Phase::Published
            | Phase::Failed
            | Phase::Closed) => self.phase = phase,
        }
    }

    fn replacing(&mut self, step: Replace, news: bool) {
        self.disk(Job::Errand, step.op());
        self.phase = Phase::Replacing { step, news };
    }

    fn publishing(&mut self, step: Publish) {
        self.disk(Job::Errand, step.op(self.length(), self.config.overwrite));
        self.phase = Phase::Publishing(step);
    }

    fn closing(&mut self, step: Close) {
        self.disk(Job::Errand, step.op());
        self.phase = Phase::Closing(step);
    }

    fn discarding(&mut self, step: Discard) {
        self.disk(Job::Errand, step.op());
        self.phase = Phase::Discarding(step);
    }

    fn length(&self) -> u64 {
        self.ledger.as_ref().map_or(0, |ledger| ledger.seed.length())
    }

    /// An orderly stop's: what became durable with the last sync, and that everything is.
    fn last_records(&mut self, identity: Identity) -> Vec<u8> {
        let (mut bytes, durable) = (Vec::new(), self.cycle.take());
        if let (Log::Open(writer), Some(ledger)) = (&mut self.log, &self.ledger) {
            writer.record(&Record::Durable(&durable), &mut bytes);
            writer.record(&Record::Clean(identity, &ledger.have), &mut bytes);
        }
        bytes
    }
}
