//! Who is told about new chunks: each `Test` that was answered with `Have` opens a subscription.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use crate::machine::{Deadline, Link};
use crate::time::Time;
use crate::timers::Timers;
use crate::wire::limits::MAX_GAINED;
use crate::wire::message::{Gone, Message, SeedKey};

/// All subscriptions. Each file has one log of what came since anybody subscribed, and each subscriber a place in
/// it, so that one more chunk costs the same however many listen.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    standing: BTreeMap<(Link, u32), Standing>,
    feeds: BTreeMap<SeedKey, Feed>,
    timers: Timers<SeedKey>,
}

/// What a subscription's number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Open: chunks of this file may be asked for.
    Open(SeedKey),
    /// Over: the file is gone.
    Over(Gone),
}

#[derive(Debug, Default)]
struct Feed {
    /// Each chunk at most once, so never longer than the file's list.
    log: Vec<u32>,
    /// When the last one came, and the smoothed time between two.
    last: Option<Time>,
    every: Duration,
    told: BTreeMap<(Link, u32), usize>,
}

/// One push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Push {
    /// Over which connection.
    pub(super) link: Link,
    /// To which subscription.
    pub(super) request: u32,
    /// What.
    pub(super) message: Message,
}

/// Chunks that come at shorter intervals (smoothed) wait for the next one, and so are told in pairs: then messages cost
/// more than the wait. Others are told at once, for somebody may have nothing to do until then.
const QUICK: Duration = Duration::from_millis(20);
/// What any longer interval counts as, so that a stream is known as one after a few chunks.
const LONG: Duration = Duration::from_millis(100);
/// Most pushes in one go.
const BURST: usize = 64;
/// Most subscriptions of one connection, over or open.
const MOST: usize = 64;

impl Subscriptions {
    /// Opens a subscription; from here on its holder hears what is new. Says if there was room.
    pub(super) fn open(&mut self, link: Link, request: u32, key: SeedKey) -> bool {
        if !self.has_room(link) {
            return false;
        }
        self.standing.insert((link, request), Standing::Open(key));
        let feed = self.feeds.entry(key).or_default();
        feed.told.insert((link, request), feed.log.len());
        true
    }

    /// Is there room for one more on this connection? The oldest that is over makes some.
    fn has_room(&mut self, link: Link) -> bool {
        let all = (Bound::Included((link, 0)), Bound::Included((link, u32::MAX)));
        if self.standing.range(all).take(MOST).count() < MOST {
            return true;
        }
        let over = |standing: &Standing| matches!(standing, Standing::Over(_));
        let oldest = self.standing.range(all).find(|(_, standing)| over(standing)).map(|(at, _)| *at);
        oldest.is_some_and(|at| self.standing.remove(&at).is_some())
    }

    /// What this number stands for, if it is or was a subscription.
    pub(super) fn standing(&self, link: Link, request: u32) -> Option<Standing> {
        self.standing.get(&(link, request)).copied()
    }

    /// A chunk has come.
    pub(super) fn gained(&mut self, now: Time, key: SeedKey, index: u32) {
        if let Some(feed) = self.feeds.get_mut(&key) {
            let wait = feed.gained(now, index);
            self.timers.set_earlier(key, now + wait);
        }
    }

    /// What is to be pushed by now: a bounded number, the rest at the next call.
    pub(super) fn due(&mut self, now: Time) -> Vec<Push> {
        let mut pushes = Vec::new();
        while pushes.len() < BURST
            && let Some(key) = self.timers.expired(now)
        {
            let Some(feed) = self.feeds.get_mut(&key) else { continue };
            let room = BURST.saturating_sub(pushes.len());
            pushes.reserve(room.min(feed.told.len()));
            pushes.extend(feed.news().take(room));
            if feed.told.values().any(|told| *told < feed.log.len()) {
                self.timers.set(key, now);
            }
        }
        pushes
    }

    /// The file is gone: all its subscriptions are over. Gives what is to be said to them.
    pub(super) fn gone(&mut self, key: SeedKey, why: Gone) -> Vec<Push> {
        self.timers.cancel(key);
        let Some(feed) = self.feeds.remove(&key) else { return Vec::new() };
        let over = |(link, request): (Link, u32)| {
            self.standing.insert((link, request), Standing::Over(why));
            Push { link, request, message: Message::Gone(why) }
        };
        feed.told.into_keys().map(over).collect()
    }

    /// A connection ended, and its subscriptions with it.
    pub(super) fn closed(&mut self, link: Link) {
        let all = (Bound::Included((link, 0)), Bound::Included((link, u32::MAX)));
        let ended: Vec<_> = self.standing.range(all).map(|(at, standing)| (*at, *standing)).collect();
        for (at, standing) in ended {
            self.standing.remove(&at);
            if let Standing::Open(key) = standing
                && let Some(feed) = self.feeds.get_mut(&key)
            {
                feed.told.remove(&at);
                if feed.told.is_empty() {
                    self.feeds.remove(&key);
                    self.timers.cancel(key);
                }
            }
        }
    }

    /// When it wants to be woken.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.timers.deadline(|_| "gained chunks")
    }
}

impl Feed {
    /// Takes down one more chunk; gives how long the news may wait.
    fn gained(&mut self, now: Time, index: u32) -> Duration {
        self.log.push(index);
        if let Some(last) = self.last.replace(now) {
            self.every = self.every.saturating_mul(3).saturating_add(now.since(last).min(LONG)) / 4;
        }
        if self.every < QUICK { self.every } else { Duration::ZERO }
    }

    /// One message for each subscriber that hasn't heard all, noted as said when it is taken.
    fn news(&mut self) -> impl Iterator<Item = Push> {
        let log = &self.log;
        self.told.iter_mut().filter_map(|(&(link, request), told)| {
            let news: Vec<u32> = log.iter().skip(*told).take(MAX_GAINED).copied().collect();
            if news.is_empty() {
                return None;
            }
            *told = told.saturating_add(news.len());
            Some(Push { link, request, message: Message::Gained(news) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{FileHash, SeedId};

    const KEY: SeedKey = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };

    const fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1_000)
    }

    const fn link(slot: u16) -> Link {
        Link { space: 0, slot, generation: 0 }
    }

    fn gained(push: &Push) -> (u16, u32, usize) {
        let Message::Gained(indices) = &push.message else { panic!("{push:?}") };
        (push.link.slot, push.request, indices.len())
    }

    #[test]
    fn quick_chunks_wait_for_others_and_each_subscriber_hears_what_is_new_to_it() {
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.open(link(1), 1, KEY));
        let all = |pushes: Vec<Push>| pushes.iter().map(gained).collect::<Vec<_>>();
        subscriptions.gained(at(0), KEY, 6);
        assert_eq!(all(subscriptions.due(at(0))), [(1, 1, 1)], "others may wait for the first");
        for (now, index) in [(12, 7), (24, 8), (36, 9)] {
            subscriptions.gained(at(now), KEY, index);
        }
        assert!(subscriptions.open(link(2), 5, KEY));
        subscriptions.gained(at(40), KEY, 10);
        assert_eq!(all(subscriptions.due(at(40))), [(1, 1, 4), (2, 5, 1)], "as long as one takes to come");
        subscriptions.gained(at(240), KEY, 11);
        assert_eq!(all(subscriptions.due(at(240))), [(1, 1, 1), (2, 5, 1)], "these take their time");
        assert!(subscriptions.due(at(500)).is_empty() && subscriptions.deadline().is_none());
    }

    #[test]
    fn long_news_and_many_listeners_are_spread() {
        let mut subscriptions = Subscriptions::default();
        (0..100).for_each(|slot| assert!(subscriptions.open(link(slot), 1, KEY)));
        (0..1_500).for_each(|index| subscriptions.gained(at(0), KEY, index));
        let mut pushes = Vec::new();
        while let Some(deadline) = subscriptions.deadline() {
            let some = subscriptions.due(deadline.at);
            assert!((1..=BURST).contains(&some.len()), "{}", some.len());
            pushes.extend(some);
        }
        let total: usize = pushes.iter().map(|push| gained(push).2).sum();
        assert_eq!((pushes.len(), total), (200, 150_000));
        assert!(pushes.iter().all(|push| gained(push).2 <= MAX_GAINED));
    }

    #[test]
    fn a_file_that_is_gone_ends_its_subscriptions() {
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.open(link(1), 1, KEY));
        subscriptions.gained(at(0), KEY, 7);
        let pushes = subscriptions.gone(KEY, Gone::Changed);
        assert_eq!(pushes, [Push { link: link(1), request: 1, message: Message::Gone(Gone::Changed) }]);
        assert_eq!(subscriptions.standing(link(1), 1), Some(Standing::Over(Gone::Changed)));
        assert_eq!(subscriptions.standing(link(1), 2), None);
        assert!(subscriptions.due(at(500)).is_empty());
    }

    #[test]
    fn one_connection_has_so_many_subscriptions_and_those_that_are_over_make_room() {
        let mut subscriptions = Subscriptions::default();
        (1..=64).for_each(|request| assert!(subscriptions.open(link(1), request, KEY)));
        assert!(!subscriptions.open(link(1), 65, KEY) && subscriptions.open(link(2), 1, KEY));
        subscriptions.gone(KEY, Gone::Changed);
        assert!(subscriptions.open(link(1), 66, KEY));
        assert_eq!(subscriptions.standing(link(1), 1), None);
        subscriptions.closed(link(1));
        subscriptions.closed(link(2));
        assert!(subscriptions.standing.is_empty() && subscriptions.feeds.is_empty());
    }
}
