//! The questions to trackers: when to ask whom, and what became of it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::downloader::fault::TrackerFate;
use crate::hash::SeedId;
use crate::seeder::TrackerId;
use crate::time::Time;
use crate::wire::message::Refusal;

#[cfg(test)]
mod tests;

/// The longest wait between two rounds of questions.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The trackers. Each has at most one open question about holders, and one per wanted list.
#[derive(Debug)]
pub(super) struct Discover {
    fates: Vec<Option<TrackerFate>>,
    open: BTreeMap<(TrackerId, u32), Question>,
    /// Lists that were asked for since the last round.
    asked: BTreeSet<(TrackerId, SeedId)>,
    tag: u32,
    /// When the last round was.
    last: Option<Time>,
    /// How long to wait after it, at first and now.
    least: Duration,
    wait: Duration,
}

/// What a tracker is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Who holds the file?
    Holders,
    /// The list itself.
    Seed(SeedId),
}

impl Discover {
    /// For so many trackers; `least` is the first wait between two rounds.
    pub(super) fn new(trackers: u16, least: Duration) -> Self {
        let least = least.min(MAX_WAIT);
        Self {
            fates: vec![None; trackers.into()],
            open: BTreeMap::new(),
            asked: BTreeSet::new(),
            tag: 0,
            last: None,
            least,
            wait: least,
        }
    }

    /// When the next round is due. Without trackers never: there is nobody to ask.
    pub(super) fn due(&self) -> Option<Time> {
        let last = self.last.filter(|_| !self.fates.is_empty())?;
        Some(last + self.wait)
    }

    /// Has there been a round?
    pub(super) const fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Something is lacking: the next round comes after the first wait, unless it is to come sooner.
    pub(super) fn hurry(&mut self) {
        self.wait = self.wait.min(self.least);
    }

    /// Much happens in little time: the next round comes after half of the first wait.
    pub(super) fn hasten(&mut self) {
        self.wait = self.wait.min(self.least / 2);
    }

    /// Begins a round at `now`: whom to ask for holders, with which tag. The next round waits twice as long.
    pub(super) fn round(&mut self, now: Time) -> Vec<(TrackerId, u32)> {
        if self.last.is_some() {
            self.wait = self.wait.saturating_mul(2).min(MAX_WAIT);
        }
        self.last = Some(now);
        self.asked.clear();
        self.ask(Question::Holders)
    }

    /// Whom to ask for the list `seed_id`, with which tag: everybody who wasn't asked since the last round.
    pub(super) fn seed(&mut self, seed_id: SeedId) -> Vec<(TrackerId, u32)> {
        self.ask(Question::Seed(seed_id))
    }

    fn ask(&mut self, question: Question) -> Vec<(TrackerId, u32)> {
        let mut asks = Vec::new();
        for tracker in (0..).map(TrackerId).take(self.fates.len()) {
            let news = match question {
                Question::Holders => true,
                Question::Seed(seed_id) => self.asked.insert((tracker, seed_id)),
            };
            let mut mine = self.open.range((tracker, 0)..=(tracker, u32::MAX));
            if news && !mine.any(|(_, open)| *open == question) {
                self.tag = self.tag.wrapping_add(1);
                self.open.insert((tracker, self.tag), question);
                asks.push((tracker, self.tag));
            }
        }
        asks
    }

    /// Which question this answers; none if it wasn't asked.
    pub(super) fn answered(&mut self, tracker: TrackerId, tag: u32) -> Option<Question> {
        self.open.remove(&(tracker, tag))
    }

    /// `tracker` couldn't be reached. What it once said stands.
    pub(super) fn failed(&mut self, tracker: TrackerId) {
        if let Some(fate) = self.fates.get_mut(usize::from(tracker.0)) {
            fate.get_or_insert(TrackerFate::Unreachable);
        }
    }

    /// `tracker` named so many holders.
    pub(super) fn named(&mut self, tracker: TrackerId, holders: u32) {
        let Some(fate) = self.fates.get_mut(usize::from(tracker.0)) else { return };
        *fate = Some(match (*fate, holders) {
            (Some(TrackerFate::Named(before)), more) => TrackerFate::Named(before.saturating_add(more)),
            (_, 0) => TrackerFate::Unknown,
            (_, count) => TrackerFate::Named(count),
        });
    }

    /// `tracker` refused. What it once named stands.
    pub(super) fn refused(&mut self, tracker: TrackerId, why: Refusal) {
        if let Some(fate) = self.fates.get_mut(usize::from(tracker.0)) {
            match fate {
                Some(TrackerFate::Named(_)) => {}
                Some(TrackerFate::Unreachable | TrackerFate::Unknown | TrackerFate::Refused(_)) | None => {
                    *fate = Some(TrackerFate::Refused(why));
                }
            }
        }
    }

    /// Is there a tracker that is yet to answer for the first time?
    pub(super) fn has_hope(&self) -> bool {
        self.fates.iter().any(Option::is_none)
    }

    /// What became of each.
    pub(super) fn reports(&self) -> Vec<(TrackerId, TrackerFate)> {
        let fate = |fate: &Option<TrackerFate>| fate.unwrap_or(TrackerFate::Unreachable);
        (0..).map(TrackerId).zip(self.fates.iter().map(fate)).collect()
    }
}
