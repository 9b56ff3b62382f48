//! All downloads under way: found by file, by the space of their links, and by their deadlines.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::download::{Download, Effect};
use crate::machine::{Deadline, Link};
use crate::seeder::FileId;
use crate::time::Time;
use crate::timers::Timers;

/// The first space that downloads get; those below are the accepted links' and the trackers'.
const FIRST_SPACE: u16 = super::trackers::SPACE + 1;

/// Downloads woken by one wake-up; more are woken by the next, which is wanted at once.
const WOKEN: usize = 64;

/// The downloads under way.
#[derive(Debug)]
pub(super) struct Downloads {
    /// In boxes: else even a tree of one would be as large as eleven.
    files: BTreeMap<FileId, (u16, Box<Download>)>,
    spaces: BTreeMap<u16, FileId>,
    next_space: u16,
    /// Those that may have effects to hand out, the first one last. A list, because it is filled and emptied by each event,
    /// and a tree would go back and forth to the allocator.
    touched: Vec<FileId>,
    timers: Timers<FileId>,
}

impl Downloads {
    /// None.
    pub(super) const fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            spaces: BTreeMap::new(),
            next_space: FIRST_SPACE,
            touched: Vec::new(),
            timers: Timers::new(),
        }
    }

    /// A space for one more download: one that hasn't been in use for as long as possible, so that late events of
    /// old links find nobody. None if all are in use.
    pub(super) fn space(&mut self) -> Option<u16> {
        let spaces = (self.next_space..=u16::MAX).chain(FIRST_SPACE..self.next_space);
        let space = spaces.into_iter().find(|space| !self.spaces.contains_key(space))?;
        self.next_space = space.checked_add(1).unwrap_or(FIRST_SPACE);
        Some(space)
    }

    /// Is there one of this name?
    pub(super) fn contains(&self, file: FileId) -> bool {
        self.files.contains_key(&file)
    }

    /// Adds one, whose links are in `space`.
    pub(super) fn add(&mut self, file: FileId, space: u16, download: Download) {
        self.spaces.insert(space, file);
        self.files.insert(file, (space, Box::new(download)));
        self.touch(file);
    }

    /// Whose link is this?
    pub(super) fn owner(&self, link: Link) -> Option<FileId> {
        self.spaces.get(&link.space).copied()
    }

    /// Lets something happen to one.
    pub(super) fn with(&mut self, file: FileId, act: impl FnOnce(&mut Download)) {
        if let Some((_, download)) = self.files.get_mut(&file) {
            act(download);
            self.touch(file);
        }
    }

    /// Wakes those that are due.
    pub(super) fn wake(&mut self, now: Time) {
        for _ in 0..WOKEN {
            let Some(file) = self.timers.expired(now) else { return };
            self.with(file, |download| download.wake(now));
        }
    }

    /// Stops all.
    pub(super) fn stop(&mut self, now: Time) {
        self.files.values_mut().for_each(|(_, download)| download.stop(now));
        self.touched = self.files.keys().rev().copied().collect();
    }

    /// Has each ended?
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The oldest effect of one.
    pub(super) fn poll(&mut self) -> Option<Effect> {
        while let Some(&file) = self.touched.last() {
            let effect = self.files.get_mut(&file).and_then(|(_, download)| download.poll());
            match effect {
                Some(Effect::Ended) => self.remove(file),
                Some(effect) => return Some(effect),
                None => _ = self.touched.pop(),
            }
        }
        None
    }

    /// When a wake-up is wanted.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let (_, file) = self.timers.next()?;
        self.files.get(&file)?.1.deadline()
    }

    fn touch(&mut self, file: FileId) {
        if let Err(at) = self.touched.binary_search_by(|other| file.cmp(other)) {
            self.touched.insert(at, file);
        }
        match self.files.get(&file).and_then(|(_, download)| download.deadline()) {
            Some(deadline) => self.timers.set(file, deadline.at),
            None => self.timers.cancel(file),
        }
    }

    fn remove(&mut self, file: FileId) {
        if let Some((space, _)) = self.files.remove(&file) {
            self.spaces.remove(&space);
        }
        self.touched.retain(|other| *other != file);
        self.timers.cancel(file);
    }
}
