//! A node and its lease: what lets all entries of a node live and expire together.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::address::Identity;
use super::prefixes::Place;
use crate::machine::Link;
use crate::wire::message::{Digest, Entry, SeedKey};

/// An address that is announced, whoever announces it.
#[derive(Debug)]
pub(super) struct Node {
    /// The address.
    pub(super) identity: Identity,
    /// The source whose quota it uses.
    pub(super) source: u32,
    /// Its prefix.
    pub(super) place: Place,
    /// Entries that it is counted for.
    pub(super) charge: u32,
    /// The set that others are told of.
    pub(super) live: Option<u32>,
    /// An announcement whose last page hasn't come yet.
    pub(super) draft: Option<Box<Draft>>,
}

/// One set of entries.
#[derive(Debug)]
pub(super) struct Lease {
    /// How far it has come.
    pub(super) phase: Phase,
    /// Whose.
    pub(super) node: u32,
    /// The number of the node's prefix.
    pub(super) prefix: u32,
    /// The process that announced it.
    pub(super) token: u64,
    /// The connection that speaks for it, while that is open.
    pub(super) link: Option<Link>,
    /// How many entries it has.
    pub(super) entries: u32,
    /// Their digest.
    pub(super) digest: Digest,
    /// Bodies that its node was asked for and hasn't published yet.
    pub(super) owed: u32,
    /// Bodies that it wasn't asked for yet, since one answer names only so many.
    pub(super) unasked: u32,
}

/// The life of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Pages are still coming: nobody is told of it.
    Pending,
    /// It counts until its deadline.
    Live,
    /// It was replaced, ended or ran out; its entries are being removed.
    Dead,
}

/// An unfinished announcement.
#[derive(Debug)]
pub(super) struct Draft {
    /// The connection that it comes over.
    pub(super) link: Link,
    /// The process that announces.
    pub(super) token: u64,
    /// Which announcement of the process.
    pub(super) generation: u64,
    /// The page that has to come next.
    pub(super) next: u32,
    /// What has come so far.
    pub(super) pages: Pages,
}

/// The pages of an unfinished announcement.
#[derive(Debug)]
pub(super) enum Pages {
    /// Of a whole set: a pending lease.
    All {
        /// Its number.
        lease: u32,
    },
    /// Of a change: kept until it is complete.
    Delta(Change),
}

/// A change of a set.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// New, or changed in completeness.
    pub(super) added: Vec<Entry>,
    /// No longer held.
    pub(super) removed: Vec<SeedKey>,
}

impl Change {
    /// Entries named.
    pub(super) const fn len(&self) -> usize {
        self.added.len().saturating_add(self.removed.len())
    }

    /// Adds what a later page says.
    pub(super) fn extend(&mut self, later: Self) {
        self.added.extend(later.added);
        self.removed.extend(later.removed);
    }
}

impl Node {
    /// The pending lease, if a whole set is being announced.
    pub(super) fn pending(&self) -> Option<u32> {
        match self.draft.as_ref()?.pages {
            Pages::All { lease } => Some(lease),
            Pages::Delta(_) => None,
        }
    }

    /// Entries that wait in an unfinished change.
    pub(super) fn buffered(&self) -> u32 {
        match self.draft.as_ref().map(|draft| &draft.pages) {
            Some(Pages::Delta(change)) => u32::try_from(change.len()).unwrap_or(u32::MAX),
            Some(Pages::All { .. }) | None => 0,
        }
    }
}
