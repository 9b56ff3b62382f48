//! Chunks that a machine waits for.

use alloc::collections::BTreeMap;

use crate::machine::Link;
use crate::seed::Step;
use crate::seeder::FileId;

/// What chunks that a machine has asked for have to be: who writes and who reads a recording learn it from the same
/// actions.
#[derive(Clone, Debug, Default)]
pub struct Awaited {
    received: BTreeMap<(Link, u32), Step>,
    checked: BTreeMap<(FileId, u32), Step>,
}

impl Awaited {
    /// A chunk is to come over a connection.
    pub(super) fn receive(&mut self, link: Link, request: u32, step: Step) {
        self.received.insert((link, request), step);
    }

    /// It came, or it never will.
    pub(super) fn received(&mut self, link: Link, request: u32) -> Option<Step> {
        self.received.remove(&(link, request))
    }

    /// A chunk is to be read from the disk.
    pub(super) fn check(&mut self, file: FileId, job: u32, step: Step) {
        self.checked.insert((file, job), step);
    }

    /// It was, or couldn't be.
    pub(super) fn checked(&mut self, file: FileId, job: u32) -> Option<Step> {
        self.checked.remove(&(file, job))
    }

    /// Nothing more comes over this connection.
    pub(super) fn closed(&mut self, link: Link) {
        self.received.retain(|(of, _), _| *of != link);
    }
}
