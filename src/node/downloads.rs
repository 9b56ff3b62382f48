//! All downloads under way: found by file, by the space of their links, and by their deadlines.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::download::{Download, Effect};
use crate::machine::Deadline;
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
    /// By the space of their links.
    running: BTreeMap<u16, Running>,
    spaces: BTreeMap<FileId, u16>,
    next_space: u16,
    /// Those that may have effects to hand out, the first one last. A list, because it is filled and emptied by each event,
    /// and a tree would go back and forth to the allocator.
    touched: Vec<u16>,
    timers: Timers<u16>,
    /// The earliest deadline: kept, since it is asked for after every event, and few change it.
    due: Option<Deadline>,
}

#[derive(Debug)]
struct Running {
    due: Option<Deadline>,
    /// In a box: else even a tree of one would be as large as eleven.
    download: Box<Download>,
}

impl Downloads {
    /// None.
    pub(super) const fn new() -> Self {
        Self {
            running: BTreeMap::new(),
            spaces: BTreeMap::new(),
            next_space: FIRST_SPACE,
            touched: Vec::new(),
            timers: Timers::new(),
            due: None,
        }
    }

    /// A space for one more download: one that hasn't been in use for as long as possible, so that late events of
    /// old links find nobody. None if all are in use.
    pub(super) fn space(&mut self) -> Option<u16> {
        let spaces = (self.next_space..=u16::MAX).chain(FIRST_SPACE..self.next_space);
        let space = spaces.into_iter().find(|space| !self.is_in_use(*space))?;
        self.next_space = space.checked_add(1).unwrap_or(FIRST_SPACE);
        Some(space)
    }

    /// Has one of them its links in this space?
    pub(super) fn is_in_use(&self, space: u16) -> bool {
        self.running.contains_key(&space)
    }

    /// Is there one of this name?
    pub(super) fn contains(&self, file: FileId) -> bool {
        self.spaces.contains_key(&file)
    }

    /// Adds one, whose links are in `space`.
    pub(super) fn add(&mut self, file: FileId, space: u16, download: Download) {
        self.spaces.insert(file, space);
        self.running.insert(space, Running { due: None, download: Box::new(download) });
        self.with(space, |_| {});
    }

    /// Lets something happen to the one of this name.
    pub(super) fn with_file(&mut self, file: FileId, act: impl FnOnce(&mut Download)) {
        if let Some(space) = self.spaces.get(&file) {
            self.with(*space, act);
        }
    }

    /// Lets something happen to the one whose links are in `space`, if there is one.
    pub(super) fn with(&mut self, space: u16, act: impl FnOnce(&mut Download)) {
        let Some(Running { due, download }) = self.running.get_mut(&space) else { return };
        act(download);
        let before = core::mem::replace(due, download.deadline());
        let after = *due;
        if let Err(at) = self.touched.binary_search_by(|other| space.cmp(other)) {
            self.touched.insert(at, space);
        }
        if before != after {
            match after {
                Some(deadline) => self.timers.set(space, deadline.at),
                None => self.timers.cancel(space),
            }
            self.look_at_the_clock();
        }
    }

    /// Wakes those that are due.
    pub(super) fn wake(&mut self, now: Time) {
        for _ in 0..WOKEN {
            let Some((_, space)) = self.timers.next().filter(|(at, _)| *at <= now) else { return };
            self.with(space, |download| download.wake(now));
        }
    }

    /// Stops all.
    pub(super) fn stop(&mut self, now: Time) {
        let spaces: Vec<_> = self.running.keys().copied().collect();
        // From the last, so that each is put at the end of the list of those touched.
        spaces.into_iter().rev().for_each(|space| self.with(space, |download| download.stop(now)));
    }

    /// Has each ended?
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The oldest effect of one.
    pub(super) fn poll(&mut self) -> Option<Effect> {
        while let Some(&space) = self.touched.last() {
            let effect = self.running.get_mut(&space).and_then(|running| running.download.poll());
            match effect {
                Some(Effect::Ended(file)) => self.remove(file, space),
                Some(effect) => return Some(effect),
                None => _ = self.touched.pop(),
            }
        }
        None
    }

    /// When a wake-up is wanted.
    pub(super) const fn deadline(&self) -> Option<Deadline> {
        self.due
    }

    fn look_at_the_clock(&mut self) {
        self.due = self.timers.next().and_then(|(_, space)| self.running.get(&space)?.due);
    }

    fn remove(&mut self, file: FileId, space: u16) {
        self.running.remove(&space);
        self.spaces.remove(&file);
        self.touched.retain(|other| *other != space);
        self.timers.cancel(space);
        self.look_at_the_clock();
    }
}
