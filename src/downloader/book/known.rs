//! What is known of one address.

use alloc::vec::Vec;
use core::time::Duration;

use super::turn::{Turn, backoff};
use crate::downloader::fault::PeerFate;
use crate::hash::SeedId;
use crate::time::Time;
use crate::wire::message::HolderAddr;

/// An address in the book.
#[derive(Debug)]
pub(in crate::downloader) struct Known {
    /// What a tracker called it; none if only the user did.
    pub(super) named: Option<HolderAddr>,
    /// Did a tracker say that it has everything?
    pub(super) complete: bool,
    pub(super) given: bool,
    /// How often trackers named it, as far as that matters.
    pub(super) mentions: u8,
    /// The lists that it claims, oldest first.
    pub(in crate::downloader) claims: Vec<SeedId>,
    pub(super) place: Place,
    pub(super) fate: PeerFate,
    /// Has it ever passed Test?
    pub(super) passed: bool,
    /// Connections in a row that brought nothing.
    pub(super) failures: u32,
    /// Was it reported as stale?
    pub(super) stale: bool,
    pub(super) chunks: u32,
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Ready(Turn, u64),
    Waiting(Time),
    /// It is of no use for now.
    Shelf,
    Linked,
    Never,
}

impl Known {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self {
            named: None,
            complete: false,
            given: false,
            mentions: 0,
            claims: Vec::new(),
            place: Place::Linked,
            fate: PeerFate::Untried,
            passed: false,
            failures: 0,
            stale: false,
            chunks: 0,
        }
    }

    /// Does only a tracker say that it has everything?
    pub(in crate::downloader) const fn is_complete_stranger(&self) -> bool {
        self.complete && !self.given && self.chunks == 0
    }

    pub(super) fn is_hope(&self) -> bool {
        matches!(self.fate, PeerFate::Untried | PeerFate::Busy) && self.place != Place::Shelf
    }

    pub(super) const fn is_useful(&self) -> bool {
        self.passed && !matches!(self.fate, PeerFate::Banned(_))
    }

    pub(super) fn backoff(&self) -> Duration {
        backoff(self.failures, self.given || self.chunks > 0)
    }
}
