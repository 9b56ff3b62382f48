//! Is each file still what it was? Looks at identities, for those who ask and once in each announcement.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;

use super::event::FileId;
use crate::machine::Link;

/// Which files are being looked at, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Looks {
    asked: BTreeMap<FileId, Asked>,
    tests: BTreeSet<(FileId, Link, u32)>,
    files: BTreeMap<(Link, u32), FileId>,
    round: Round,
}

/// One look of which the result isn't there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The result counts.
    Valid,
    /// The file was removed since: the result means nothing.
    Void,
    /// As before, and the name is in use again, with somebody who wants a look at the new file.
    VoidThenAgain,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Round {
    #[default]
    Done,
    /// Files up to this one were looked at.
    Walking(Option<FileId>),
}

/// What a result is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It counts.
    Valid,
    /// It is to be ignored.
    Void,
    /// It is to be ignored, and the file looked at again.
    Again,
}

/// Most looks of a round that are under way at once.
const WINDOW: usize = 256;
/// Most `Test`s that wait for one look.
const MOST_TESTS: usize = 1_024;

impl Looks {
    /// Wants a look at a file. Says if it has to be asked for; else one is under way already.
    #[must_use]
    pub(super) fn want(&mut self, file: FileId) -> bool {
        let asked = self.asked.get(&file).copied();
        let (next, ask) = match asked {
            None => (Asked::Valid, true),
            Some(Asked::Valid) => (Asked::Valid, false),
            Some(Asked::Void | Asked::VoidThenAgain) => (Asked::VoidThenAgain, false),
        };
        self.asked.insert(file, next);
        ask
    }

    /// Lets a `Test` wait for the next look at a file; says if there was room.
    #[must_use]
    pub(super) fn wait(&mut self, file: FileId, link: Link, request: u32) -> bool {
        if self.tests_of(file).take(MOST_TESTS).count() >= MOST_TESTS {
            return false;
        }
        self.tests.insert((file, link, request));
        self.files.insert((link, request), file);
        true
    }

    fn tests_of(&self, file: FileId) -> impl Iterator<Item = (Link, u32)> {
        let tests = self.tests.range((file, Link { space: 0, slot: 0, generation: 0 }, 0)..);
        tests.take_while(move |test| test.0 == file).map(|test| (test.1, test.2))
    }

    /// Takes out all `Test`s that wait for a look at this file.
    pub(super) fn take_tests(&mut self, file: FileId) -> Vec<(Link, u32)> {
        let tests: Vec<_> = self.tests_of(file).collect();
        for (link, request) in &tests {
            self.tests.remove(&(file, *link, *request));
            self.files.remove(&(*link, *request));
        }
        tests
    }

    /// A connection ended: its `Test`s need no answer.
    pub(super) fn closed(&mut self, link: Link) {
        let all = (Bound::Included((link, 0)), Bound::Included((link, u32::MAX)));
        let tests: Vec<_> = self.files.range(all).map(|(at, file)| (*at, *file)).collect();
        for ((link, request), file) in tests {
            self.files.remove(&(link, request));
            self.tests.remove(&(file, link, request));
        }
    }

    /// A file is no longer held: a look under way means nothing.
    pub(super) fn removed(&mut self, file: FileId) {
        if let Some(asked) = self.asked.get_mut(&file) {
            *asked = Asked::Void;
        }
    }

    /// A result came.
    pub(super) fn looked(&mut self, file: FileId) -> Outcome {
        match self.asked.remove(&file) {
            Some(Asked::Valid) => Outcome::Valid,
            Some(Asked::VoidThenAgain) => Outcome::Again,
            Some(Asked::Void) | None => Outcome::Void,
        }
    }

    /// Begins to look at every file, unless that is going on.
    pub(super) fn begin_round(&mut self) {
        if self.round == Round::Done {
            self.round = Round::Walking(None);
        }
    }

    /// The next files of the round to ask for, as many as may be under way. `next` gives the file after one.
    pub(super) fn walk(&mut self, next: impl Fn(Option<FileId>) -> Option<FileId>) -> Vec<FileId> {
        let mut files = Vec::new();
        while let Round::Walking(last) = self.round
            && self.asked.len() < WINDOW
        {
            let Some(file) = next(last) else {
                self.round = Round::Done;
                break;
            };
            self.round = Round::Walking(Some(file));
            if self.want(file) {
                files.push(file);
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(1);

    const fn link(slot: u16) -> Link {
        Link { space: 0, slot, generation: 0 }
    }

    #[test]
    fn many_who_wait_share_one_look() {
        let mut looks = Looks::default();
        assert!(looks.want(FILE) && !looks.want(FILE));
        assert!(looks.wait(FILE, link(1), 1) && looks.wait(FILE, link(2), 1) && looks.wait(FILE, link(3), 9));
        looks.closed(link(2));
        assert_eq!(looks.looked(FILE), Outcome::Valid);
        assert_eq!(looks.take_tests(FILE), [(link(1), 1), (link(3), 9)]);
        assert_eq!(looks.take_tests(FILE), []);
        assert!(looks.want(FILE));
    }

    #[test]
    fn a_result_for_a_file_that_was_removed_means_nothing() {
        let mut looks = Looks::default();
        assert_eq!(looks.looked(FILE), Outcome::Void);
        assert!(looks.want(FILE));
        looks.removed(FILE);
        assert_eq!(looks.looked(FILE), Outcome::Void);
        assert!(looks.want(FILE));
        looks.removed(FILE);
        assert!(!looks.want(FILE), "the name is in use again, but its first look is still under way");
        assert_eq!(looks.looked(FILE), Outcome::Again);
    }

    #[test]
    fn a_round_reaches_each_file_once_with_a_bounded_number_under_way() {
        let (mut looks, files) = (Looks::default(), 10_000);
        let next = |after: Option<FileId>| {
            let next = after.map_or(0, |file| file.0 + 1);
            (next < files).then_some(FileId(next))
        };
        looks.begin_round();
        let (mut asked, mut seen) = (looks.walk(next), 0);
        assert_eq!(asked.len(), WINDOW);
        while let Some(file) = asked.pop() {
            looks.looked(file);
            seen += 1;
            asked.extend(looks.walk(next));
            if seen < 5_000 {
                looks.begin_round();
            }
            assert!(asked.len() <= WINDOW);
        }
        assert_eq!(seen, files);
    }

    #[test]
    fn one_file_has_only_so_many_who_wait() {
        let mut looks = Looks::default();
        assert!((0..1_024).all(|request| looks.wait(FILE, link(1), request)));
        assert!(!looks.wait(FILE, link(2), 1) && looks.wait(FileId(2), link(2), 1));
    }
}
