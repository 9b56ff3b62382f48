//! What follows from a tracker's answers.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::{Announcement, Contact, Lease, Occasion, Phase};
use crate::seeder::desk::{Desk, Timer};
use crate::seeder::event::{FileId, Note};
use crate::wire::Message;
use crate::wire::message::{Refusal, SeedKey, Updated};

/// Bounds on the interval that a tracker may dictate.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);
/// The longest wait before an unreachable tracker is tried again.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

impl Lease {
    /// The tracker's answer to the question of this tag.
    pub(in crate::seeder) fn answered(&mut self, desk: &mut Desk<'_>, tag: u32, answer: Option<&Message>) {
        if self.publishing.is_sent(tag) {
            return self.published(desk, tag, answer);
        }
        match self.phase {
            Phase::Announcing(asked, what) if asked == tag => {
                self.phase = Phase::Resting;
                self.heard(desk, what, answer);
            }
            Phase::Leaving(asked) if asked == tag => self.phase = Phase::Left,
            Phase::Resting | Phase::Announcing(..) | Phase::Leaving(_) | Phase::Left => {}
        }
    }

    fn heard(&mut self, desk: &mut Desk<'_>, what: Announcement, answer: Option<&Message>) {
        match answer {
            Some(Message::Updated(updated)) => {
                self.contact = Contact::Up;
                self.interval = updated.interval.clamp(*INTERVALS.start(), *INTERVALS.end());
                self.publishing.want(&updated.want, desk.catalogue());
                self.updated(desk, what, updated);
                self.publish(desk);
            }
            Some(Message::Refused(why)) => {
                self.contact = Contact::Lost;
                desk.note(Note::Refused { tracker: desk.tracker(), why: *why });
                self.retry(desk);
            }
            Some(_) | None => {
                if self.contact == Contact::Up {
                    self.contact = Contact::Lost;
                }
                desk.note(Note::Unreachable { tracker: desk.tracker() });
                self.retry(desk);
            }
        }
    }

    fn updated(&mut self, desk: &mut Desk<'_>, what: Announcement, updated: &Updated) {
        self.epoch = Some(updated.epoch);
        let differs = updated.resend || updated.digest != self.view.digest();
        match what {
            Announcement::Page { .. } if updated.resend => {
                self.view.reset();
                self.retry(desk);
            }
            Announcement::Page { last: false } => self.page(desk),
            Announcement::Page { last: true } if differs => {
                self.view.reset();
                self.rest(desk);
            }
            // Also after a restart: it learns of it at its next announcement, whose moment is jittered, so that a
            // tracker that forgot everybody hears from all within an interval, and not at once.
            Announcement::Change | Announcement::Withdrawal if differs => {
                self.view.reset();
                self.page(desk);
            }
            Announcement::Page { last: true } | Announcement::Change => {
                self.rest(desk);
                self.settled(desk);
            }
            Announcement::Withdrawal => self.settled(desk),
        }
    }

    /// The tracker has what it was told.
    fn settled(&mut self, desk: &mut Desk<'_>) {
        if self.publishing.is_done() {
            self.delay = desk.first_delay();
        }
        self.swept = None;
        self.sweep(desk);
        if self.view.is_stale() && !desk.is_set(Timer::Changes) {
            self.tell(desk, Occasion::Change);
        }
    }

    /// The next announcement comes one interval from now at the latest.
    fn rest(&self, desk: &mut Desk<'_>) {
        desk.set_jittered(Timer::Announce, self.interval);
    }

    /// The next announcement comes after a while that grows each time. A tracker that was told everything may well
    /// know it then; if it took only some pages, or never answered, it is told all of them again.
    fn retry(&mut self, desk: &mut Desk<'_>) {
        if !self.view.is_whole() || self.epoch.is_none() {
            self.view.reset();
        }
        desk.set_jittered(Timer::Announce, self.delay);
        self.delay = self.delay.saturating_mul(2).min(LONGEST_DELAY);
    }

    fn published(&mut self, desk: &mut Desk<'_>, tag: u32, answer: Option<&Message>) {
        let Some(answer) = answer else {
            self.publishing.failed(tag);
            if self.is_settled() {
                self.contact = Contact::Lost;
                desk.note(Note::Unreachable { tracker: desk.tracker() });
                self.retry(desk);
            }
            return;
        };
        // A tracker without room for the seed still knows the file.
        if let Message::Refused(why) = answer
            && *why != Refusal::Quota
        {
            desk.note(Note::Refused { tracker: desk.tracker(), why: *why });
        }
        if let Some(key) = self.publishing.answered(tag)
            && self.is_settled()
            && self.knows(desk, key)
        {
            self.announce_files_of(desk, key);
        }
        self.publish(desk);
    }

    fn announce_files_of(&mut self, desk: &mut Desk<'_>, key: SeedKey) {
        let all = (key, FileId(0))..=(key, FileId(u32::MAX));
        let files: alloc::vec::Vec<_> = self.unannounced.range(all).copied().collect();
        for (key, file) in files {
            self.unannounced.remove(&(key, file));
            desk.announced(file);
        }
    }
}
