//! Who is sent which chunk, and when: the slots of all files, the upload limit, and readers that are too slow.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use super::config::Config;
use super::event::Served;
use super::lane::{Admission, Chunk, Lane, Sending, Waiting};
use super::peer::{Asker, Turns};
use super::places::Places;
use super::rate::Bucket;
use crate::machine::{Deadline, Link};
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::message::{Gone, Rejection, SeedKey};

/// All uploads of a seeder.
#[derive(Debug)]
pub(super) struct Uploads {
    places: Places,
    bucket: Bucket,
    turns: Turns,
    lanes: BTreeMap<SeedKey, Lane>,
    requests: BTreeMap<(Link, u32), SeedKey>,
    ready: BTreeSet<SeedKey>,
    last: Option<SeedKey>,
    timers: Timers<Timer>,
    /// Bytes per second.
    slowest: u64,
    /// Readers that were too slow since the last chunk that went out whole.
    hurried: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Limit,
    Slow(Link, u32),
}

/// What is to be done about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send it this chunk.
    Serve(Asker, Chunk),
    /// Stop sending; the answer comes when that is done.
    Stop(Asker),
    /// It is not, or no longer, answered with a chunk.
    Reject(Asker, Rejection),
}

/// How a request with a slot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    /// Whose.
    pub(super) asker: Asker,
    /// Under which key.
    pub(super) key: SeedKey,
    /// Which chunk.
    pub(super) chunk: Chunk,
    /// What still has to be said; nothing if the chunk went out whole.
    pub(super) rejection: Option<Rejection>,
}

/// A reader may take this long for any chunk, and longer for one that the slowest rate would take longer for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The patience doubles with each reader that was too slow since the last chunk that went out whole, so many times at
/// most: if nobody is quick enough, it is this node's own line that is slow, and somebody must get a chunk in the end.
const DOUBLINGS: u32 = 7;
/// How often a slow reader is looked at again, while nobody waits.
const RECHECK: Duration = Duration::from_secs(1);
/// Most chunks begun in one go.
const BURST: usize = 64;
/// What a hint to come back later lies between.
const HINTS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(10));

impl Uploads {
    /// No uploads, under the limits of `config`.
    pub(super) fn new(config: &Config, now: Time) -> Self {
        let cap = |set: u16| if set == 0 { usize::MAX } else { usize::from(set) };
        Self {
            places: Places { slots: cap(config.slots), queue: cap(config.queue), moment: config.moment },
            bucket: Bucket::new(config.limit_up, config.limit_up / 10, now),
            turns: Turns::default(),
            lanes: BTreeMap::new(),
            requests: BTreeMap::new(),
            ready: BTreeSet::new(),
            last: None,
            timers: Timers::new(),
            slowest: config.slowest.max(1),
            hurried: 0,
        }
    }

    /// Takes a request for one of `any_of`. Gives who has to come back later, if somebody has.
    pub(super) fn fetch(
        &mut self,
        now: Time,
        key: SeedKey,
        asker: Asker,
        any_of: Vec<u32>,
    ) -> Option<Verdict> {
        let lane = self.lanes.entry(key).or_insert_with(Lane::new);
        let loser = match lane.admit(Waiting { asker, any_of }, self.places, &self.turns) {
            Admission::Queued => None,
            Admission::Displaced(other) => Some(other),
            Admission::Full => Some(asker),
        };
        self.requests.insert((asker.link, asker.request), key);
        let loser = loser.inspect(|loser| {
            self.requests.remove(&(loser.link, loser.request));
        });
        self.settle(key);
        loser.map(|loser| Verdict::Reject(loser, Rejection::Busy { retry_after: self.hint(now, key) }))
    }

    /// How long somebody who finds this file's queue full should wait: until those who are here are served.
    fn hint(&mut self, now: Time, key: SeedKey) -> Duration {
        let Some(lane) = self.lanes.get(&key) else { return HINTS.0 };
        let ahead = u32::try_from(lane.queued().saturating_add(1)).unwrap_or(u32::MAX);
        let debt = self.bucket.ready(now).since(now);
        lane.wait().max(debt.saturating_mul(ahead)).clamp(HINTS.0, HINTS.1)
    }

    /// The asker wants no (more) answer to this request.
    pub(super) fn cancel(&mut self, link: Link, request: u32) -> Option<Verdict> {
        let key = *self.requests.get(&(link, request))?;
        let lane = self.lanes.get_mut(&key)?;
        if let Some(asker) = lane.leave(link, request) {
            self.requests.remove(&(link, request));
            self.settle(key);
            return Some(Verdict::Reject(asker, Rejection::Cancelled));
        }
        let asker = lane.stop(link, request, Rejection::Cancelled)?;
        Some(Verdict::Stop(asker))
    }

    /// A request's sending has ended.
    pub(super) fn served(
        &mut self,
        now: Time,
        link: Link,
        request: u32,
        outcome: Served,
    ) -> Option<Finished> {
        let key = *self.requests.get(&(link, request))?;
        let lane = self.lanes.get_mut(&key)?;
        let gone = Rejection::Gone(Gone::Changed);
        let (Sending { asker, chunk, .. }, rejection) = match outcome {
            Served::Whole | Served::Changed { sent: true } => {
                self.hurried = 0;
                (lane.finish(now, link, request)?, None)
            }
            Served::Changed { sent: false } => (lane.abandon(link, request)?, Some(gone)),
            Served::Stopped => {
                let done = lane.abandon(link, request)?;
                let why = done.ending.unwrap_or(Rejection::Cancelled);
                (done, Some(why))
            }
        };
        self.requests.remove(&(link, request));
        self.timers.cancel(Timer::Slow(link, request));
        self.settle(key);
        Some(Finished { asker, key, chunk, rejection })
    }

    /// A connection ended: its requests need no answer, its slots are free.
    pub(super) fn closed(&mut self, link: Link) {
        let all = (Bound::Included((link, 0)), Bound::Included((link, u32::MAX)));
        let requests: Vec<_> = self.requests.range(all).map(|(at, key)| (at.1, *key)).collect();
        for (request, key) in requests {
            self.requests.remove(&(link, request));
            self.timers.cancel(Timer::Slow(link, request));
            if let Some(lane) = self.lanes.get_mut(&key)
                && lane.leave(link, request).is_none()
            {
                lane.abandon(link, request);
            }
            self.settle(key);
        }
    }

    /// The file is no longer served.
    pub(super) fn gone(&mut self, key: SeedKey, why: Gone) -> Vec<Verdict> {
        let Some(lane) = self.lanes.get_mut(&key) else { return Vec::new() };
        let why = Rejection::Gone(why);
        let (waiting, sending) = lane.dismiss();
        let news = |asker: &Asker| lane.stop(asker.link, asker.request, why).is_some();
        let stops: Vec<_> = sending.into_iter().filter(news).map(Verdict::Stop).collect();
        waiting.iter().for_each(|asker| {
            self.requests.remove(&(asker.link, asker.request));
        });
        self.settle(key);
        waiting.into_iter().map(|asker| Verdict::Reject(asker, why)).chain(stops).collect()
    }

    /// Gives free slots to those who wait, one file after the other, as far as the limit allows. `held` is the chunk
    /// of a file if it is there.
    pub(super) fn pump(&mut self, now: Time, held: impl Fn(SeedKey, u32) -> Option<Chunk>) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        self.timers.cancel(Timer::Limit);
        while let Some(key) = self.turn() {
            let ready = self.bucket.ready(now);
            if ready > now || verdicts.len() >= BURST {
                self.timers.set(Timer::Limit, ready);
                break;
            }
            self.last = Some(key);
            verdicts.extend(self.start(now, key, &held));
        }
        verdicts
    }

    /// The file whose turn it is.
    fn turn(&self) -> Option<SeedKey> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        self.ready.range((after, Bound::Unbounded)).next().or_else(|| self.ready.first()).copied()
    }

    fn start(
        &mut self,
        now: Time,
        key: SeedKey,
        held: impl Fn(SeedKey, u32) -> Option<Chunk>,
    ) -> Option<Verdict> {
        let lane = self.lanes.get_mut(&key)?;
        let Waiting { asker, any_of } = lane.next(&self.turns)?;
        let candidates = any_of.into_iter().filter_map(|index| held(key, index));
        let verdict = match lane.least_sent(candidates) {
            Some(chunk) => {
                self.turns.serve(asker.peer);
                self.bucket.take(chunk.len());
                let due = PATIENCE.max(Duration::from_secs(chunk.len().div_ceil(self.slowest)));
                let due = due.saturating_mul(1 << self.hurried.min(DOUBLINGS));
                self.timers.set(Timer::Slow(asker.link, asker.request), now + due);
                lane.begin(Sending { asker, chunk: chunk.clone(), since: now, ending: None });
                Verdict::Serve(asker, chunk)
            }
            None => {
                self.requests.remove(&(asker.link, asker.request));
                Verdict::Reject(asker, Rejection::NotHeld)
            }
        };
        self.settle(key);
        Some(verdict)
    }

    /// Keeps `ready` in step with one lane, and forgets a lane that has nothing to remember.
    fn settle(&mut self, key: SeedKey) {
        let Some(lane) = self.lanes.get(&key) else { return };
        if lane.is_ready(self.places) {
            self.ready.insert(key);
        } else {
            self.ready.remove(&key);
        }
        if lane.is_blank() {
            self.lanes.remove(&key);
        }
    }

    /// One connection that reads too slowly while others wait, if there is one.
    pub(super) fn slow(&mut self, now: Time) -> Option<Link> {
        for _ in 0..BURST {
            match self.timers.expired(now)? {
                Timer::Limit => {}
                Timer::Slow(link, request) if self.hinders(link, request) => {
                    self.hurried = self.hurried.saturating_add(1);
                    return Some(link);
                }
                Timer::Slow(link, request) => self.timers.set(Timer::Slow(link, request), now + RECHECK),
            }
        }
        None
    }

    fn hinders(&self, link: Link, request: u32) -> bool {
        let lane = self.requests.get(&(link, request)).and_then(|key| self.lanes.get(key));
        lane.is_some_and(|lane| lane.keeps_others_waiting(link, request))
    }

    /// When it wants to be woken.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.timers.deadline(|timer| match timer {
            Timer::Limit => "upload limit",
            Timer::Slow(..) => "slow reader",
        })
    }
}

#[cfg(test)]
mod tests;
