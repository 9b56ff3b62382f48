//! The clocks of a download, and its ends.

use alloc::boxed::Box;

use super::outcome::{End, failure};
use super::progress::Progress;
use super::{Action, DownloadError, Downloader, Phase, Timer};
use crate::store::Identity;
use crate::timers::Timers;
use crate::wire::session::Fault;

impl Downloader {
    /// The download begins.
    pub(super) fn start_clocks(&mut self) {
        if let Some(timeout) = self.config.timeout {
            self.timers.set(Timer::Overall, self.now + timeout);
        }
        self.restart_stall();
    }

    /// A new chunk has verified, or somebody is dialled for the first time. At a low rate limit the time-out is never
    /// less than two chunks take.
    pub(super) fn restart_stall(&mut self) {
        let chunk = self.progress.as_ref().map_or(0, |progress| progress.seed().chunk_size());
        let least = self.window.at_limit(u64::from(chunk).saturating_mul(2));
        self.timers.set(Timer::Stall, self.now + self.config.stall_timeout.max(least));
    }

    /// Nothing has verified for too long. The store takes the time that it needs to put the file in place.
    pub(super) fn stalled(&mut self) {
        match self.phase {
            Phase::New | Phase::Over => {}
            Phase::Running => self.fail(End::Stalled),
            Phase::Publishing => self.restart_stall(),
        }
    }

    /// The user's time is over.
    pub(super) fn timed_out(&mut self) {
        match self.phase {
            Phase::New | Phase::Publishing | Phase::Over => {}
            Phase::Running => self.fail(End::TimedOut),
        }
    }

    /// With nobody left to ask, and nobody ever of use, there is hope for a short time only.
    pub(super) fn watch(&mut self) {
        let hope = self.book.has_hope() || self.book.has_useful() || self.discover.has_hope();
        if hope || !self.is_lacking() {
            self.timers.cancel(Timer::Hopeless);
        } else {
            self.timers.set_earlier(Timer::Hopeless, self.now + self.config.hopeless);
        }
    }

    /// Every step of one list is verified and stored: has the file put in place. Says if so.
    pub(super) fn publish_if_complete(&mut self) -> bool {
        let complete = self.progress.as_ref().is_some_and(Progress::is_complete);
        if complete {
            self.phase = Phase::Publishing;
            self.timers = Timers::new();
            self.restart_stall();
            self.close_all(Fault::Finished);
            self.out.push(Action::Publish);
        }
        complete
    }

    /// The file is in place.
    pub(super) fn published(&mut self, identity: Identity) {
        if self.phase == Phase::Publishing {
            self.end(Fault::Finished);
            self.out.push(Action::Done { identity });
        }
    }

    /// The download has failed.
    pub(super) fn fail(&mut self, end: End) {
        if self.phase == Phase::Over {
            return;
        }
        let trackers = self.discover.reports();
        let left = self.book.has_hope() || self.book.has_useful();
        let first = || self.progress.as_ref().and_then(|progress| progress.missing().next());
        let missing = self.picker.orphan().or_else(first);
        let why = failure(end, self.history, &trackers, left, missing);
        let peers = self.book.reports();
        self.end(Fault::Finished);
        self.out.push(Action::Failed(Box::new(DownloadError { why, peers, trackers })));
    }

    /// The node is stopping.
    pub(super) fn stopped(&mut self) {
        self.end(Fault::Stopping);
    }

    fn end(&mut self, fault: Fault) {
        self.close_all(fault);
        self.phase = Phase::Over;
        self.timers = Timers::new();
    }

    fn close_all(&mut self, fault: Fault) {
        self.peers.links().into_iter().for_each(|link| drop(self.close(link, fault)));
    }
}
