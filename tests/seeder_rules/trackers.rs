//! A tracker as small as the protocol allows, written from DESIGN.md and not from the seeder.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use samara::seeder::{Action, TrackerId};
use samara::wire::Message;
use samara::wire::message::{Digest, Entry, Refusal, SeedKey, Update, UpdateSet, Updated};

use super::harness::Bench;

pub(crate) struct Tracker {
    pub(crate) id: TrackerId,
    pub(crate) epoch: u64,
    pub(crate) interval: Duration,
    /// What it keeps for the node; none without a lease.
    pub(crate) lease: Option<BTreeMap<SeedKey, bool>>,
    /// It asks for seeds that it has never seen.
    pub(crate) curious: bool,
    pub(crate) seeds: BTreeSet<SeedKey>,
    /// It can't be reached.
    pub(crate) down: bool,
    /// What came, in words.
    pub(crate) log: Vec<String>,
    page: (u64, BTreeMap<SeedKey, bool>),
}

impl Tracker {
    pub(crate) fn new() -> Self {
        Self {
            id: TrackerId(0),
            epoch: 1,
            interval: Duration::from_secs(20),
            lease: None,
            curious: false,
            seeds: BTreeSet::new(),
            down: false,
            log: Vec::new(),
            page: (0, BTreeMap::new()),
        }
    }

    /// It forgets everything.
    pub(crate) fn restart(&mut self) {
        self.epoch += 1;
        self.lease = None;
        self.seeds.clear();
    }

    /// The log since the last call.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    pub(crate) fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        for (key, complete) in self.lease.iter().flatten() {
            digest.add(&Entry { key: *key, complete: *complete });
        }
        digest
    }

    /// Its answer; none while it is down.
    pub(crate) fn answer(&mut self, request: &Message) -> Option<Message> {
        if self.down {
            return None;
        }
        Some(match request {
            Message::Update(update) => self.update(update),
            Message::Withdraw(keys) => {
                self.log.push(format!("Withdraw {}", keys.len()));
                if let Some(lease) = self.lease.as_mut() {
                    lease.retain(|key, _| !keys.contains(key));
                }
                self.updated(self.lease.is_none())
            }
            Message::Publish(seed) => {
                self.log.push(format!("Publish {}", seed.name().as_str()));
                self.seeds.insert(super::harness::key(seed));
                Message::Published
            }
            Message::Leave => {
                self.log.push("Leave".into());
                self.lease = None;
                self.updated(false)
            }
            other => panic!("{other:?} is no request to a tracker"),
        })
    }

    fn update(&mut self, update: &Update) -> Message {
        let (page, last) = (update.page, if update.last { " last" } else { "" });
        match &update.set {
            UpdateSet::All(entries) => {
                self.log.push(format!("All {} page {page}{last}", entries.len()));
                if page == 0 {
                    assert!(update.generation > self.page.0, "generations grow");
                    self.page = (update.generation, BTreeMap::new());
                } else if self.page.0 != update.generation {
                    return self.updated(true);
                }
                self.page.1.extend(entries.iter().map(|entry| (entry.key, entry.complete)));
                if update.last {
                    self.lease = Some(std::mem::take(&mut self.page.1));
                }
                self.updated(false)
            }
            UpdateSet::Delta { added, removed } => {
                self.log.push(format!("Delta +{} -{}", added.len(), removed.len()));
                let resend = self.lease.is_none() || update.base != self.digest();
                if let Some(lease) = self.lease.as_mut().filter(|_| !resend) {
                    lease.extend(added.iter().map(|entry| (entry.key, entry.complete)));
                    lease.retain(|key, _| !removed.contains(key));
                }
                self.updated(resend)
            }
            UpdateSet::Same => {
                self.log.push("Same".into());
                self.updated(self.lease.is_none() || update.base != self.digest())
            }
        }
    }

    fn updated(&self, resend: bool) -> Message {
        let unknown = self.lease.iter().flatten().filter(|(key, _)| !self.seeds.contains(key));
        let want = unknown.map(|(key, _)| key.seed_id).take(if self.curious { 4_096 } else { 0 }).collect();
        Message::Updated(Updated {
            epoch: self.epoch,
            warming: false,
            ttl: self.interval * 3,
            interval: self.interval,
            digest: self.digest(),
            resend,
            want,
        })
    }

    /// Answers what was asked of it, and what follows; gives everything else.
    pub(crate) fn serve(&mut self, bench: &mut Bench, actions: Vec<Action>) -> Vec<Action> {
        let mut queue: std::collections::VecDeque<_> = actions.into();
        let mut rest = Vec::new();
        while let Some(action) = queue.pop_front() {
            match action {
                Action::Ask { tracker, tag, request } if tracker == self.id => {
                    let answer = self.answer(&request);
                    queue.extend(bench.tell(samara::seeder::Event::Answer { tracker, tag, answer }));
                }
                other => rest.push(other),
            }
        }
        rest
    }

    /// Lets time pass while it answers.
    pub(crate) fn run(&mut self, bench: &mut Bench, span: Duration) -> Vec<Action> {
        let (end, mut rest) = (bench.now + span, Vec::new());
        while let Some(actions) = bench.step(end) {
            rest.extend(self.serve(bench, actions));
        }
        rest
    }
}

pub(crate) const QUOTA: Option<Message> = Some(Message::Refused(Refusal::Quota));
