//! What a seeder may say and serve: what it was told to hold, what the files looked like when it last looked, and what
//! it was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use samara::seeder::{Event, FileId, Served};
use samara::store::Identity;
use samara::wire::Message;
use samara::wire::message::{Gone, HaveSet, SeedKey};
use samara::{Have, Link, Seed};

use crate::check::draw::key;
use crate::check::talk::Talk;

/// Subscriptions that one connection may have, open or over: the oldest that is over makes room for another one.
const MOST_SUBSCRIPTIONS: usize = 64;
/// Requests of one connection that may wait for their answers.
const MOST_OPEN: usize = 64;

/// A request, or the subscription that a `Test` opened: a connection and a number.
pub(super) type At = (Link, u32);

/// The model.
#[derive(Default)]
pub(super) struct Model {
    /// What is held; of two files with the same list, the one that came first is served.
    held: Vec<(FileId, Held)>,
    /// Why what is no longer held isn't.
    past: BTreeMap<SeedKey, Gone>,
    /// What the last event took away.
    taken: Option<(SeedKey, Gone)>,
    /// Files that are being looked at; false if the result won't count, since the name means another file now.
    looks: BTreeMap<FileId, bool>,
    pub(super) links: BTreeMap<Link, Talk>,
    /// Requests without an answer.
    pub(super) open: BTreeMap<At, Message>,
    /// Subscriptions.
    pub(super) subs: BTreeMap<At, SeedKey>,
    /// Subscriptions whose file is gone.
    over: BTreeSet<At>,
    /// What is being sent.
    pub(super) sending: BTreeMap<At, (FileId, SeedKey)>,
    /// It serves nobody any more.
    pub(super) stopping: bool,
}

/// A file.
pub(super) struct Held {
    pub(super) seed: Arc<Seed>,
    pub(super) have: Have,
    pub(super) identity: Option<Identity>,
}

impl Held {
    fn is_complete(&self) -> bool {
        self.identity.is_some() && self.have.is_all()
    }
}

impl Model {
    /// Something happens. Gives the file that turns out to have changed by it, if one does.
    pub(super) fn happens(&mut self, event: &Event) -> Option<FileId> {
        self.taken = None;
        match event {
            Event::Add { file, seed, have, identity, .. } if !self.stopping => {
                self.remove(*file, Gone::Withdrawn);
                self.past.remove(&key(seed));
                let held = Held { seed: Arc::clone(seed), have: have.clone(), identity: *identity };
                self.held.push((*file, held));
            }
            Event::Gained { file, index } => {
                self.get_mut(*file).map(|held| held.have.insert(*index));
            }
            Event::Completed { file, identity } => {
                if let Some(held) = self.get_mut(*file).filter(|held| held.identity.is_none()) {
                    (held.have, held.identity) = (Have::all(held.seed.chunks()), Some(*identity));
                }
            }
            Event::Remove { file, why } => self.remove(*file, *why),
            Event::Looked { file, identity } => return self.looked(*file, *identity),
            Event::Served { link, request, outcome } => return self.served((*link, *request), *outcome),
            Event::Closed { link } => self.close(*link),
            Event::Accepted { link, .. } => {
                self.close(*link);
                self.links.insert(*link, Talk::default());
            }
            Event::Leave => self.stopping = true,
            Event::Add { .. }
            | Event::Wake
            | Event::Message { .. }
            | Event::UnknownRequest { .. }
            | Event::Malformed { .. }
            | Event::Answer { .. } => {}
        }
        None
    }

    fn looked(&mut self, file: FileId, identity: Option<Identity>) -> Option<FileId> {
        let counts = self.looks.remove(&file) == Some(true);
        let other = self.get_mut(file).is_some_and(|held| held.identity != identity);
        (counts && other).then(|| self.remove(file, Gone::Changed))?;
        Some(file)
    }

    fn served(&mut self, at: At, outcome: Served) -> Option<FileId> {
        let (file, of) = self.sending.remove(&at)?;
        if matches!(outcome, Served::Whole | Served::Changed { sent: true }) {
            self.open.remove(&at);
        }
        let other = matches!(outcome, Served::Changed { .. });
        let same = self.get_mut(file).is_some_and(|held| key(&held.seed) == of);
        (other && same).then(|| self.remove(file, Gone::Changed))?;
        Some(file)
    }

    fn get_mut(&mut self, file: FileId) -> Option<&mut Held> {
        self.held.iter_mut().find(|(name, _)| *name == file).map(|(_, held)| held)
    }

    fn remove(&mut self, file: FileId, why: Gone) {
        let Some(at) = self.held.iter().position(|(name, _)| *name == file) else { return };
        let of = key(&self.held.remove(at).1.seed);
        if self.serving(of).is_none() {
            self.past.insert(of, why);
        }
        self.taken = Some((of, why));
        self.looks.entry(file).and_modify(|counts| *counts = false);
    }

    /// A connection is over.
    pub(super) fn close(&mut self, link: Link) {
        self.links.remove(&link);
        self.open.retain(|at, _| at.0 != link);
        self.subs.retain(|at, _| at.0 != link);
        self.over.retain(|at| at.0 != link);
        self.sending.retain(|at, _| at.0 != link);
    }

    /// A file is to be looked at.
    pub(super) fn look(&mut self, file: FileId) {
        assert!(self.looks.insert(file, true).is_none(), "{file:?} is being looked at already");
    }

    /// Files that are being looked at.
    pub(super) fn looking(&self) -> Vec<FileId> {
        self.looks.keys().copied().collect()
    }

    /// The file that is served under a key.
    pub(super) fn serving(&self, of: SeedKey) -> Option<(FileId, &Held)> {
        self.held.iter().find(|(_, held)| key(&held.seed) == of).map(|(file, held)| (*file, held))
    }

    /// Everything that is held.
    pub(super) fn seeds(&self) -> impl Iterator<Item = &Arc<Seed>> {
        self.held.iter().map(|(_, held)| &held.seed)
    }

    /// May trackers be told that this is held, and wholly or not?
    pub(super) fn may_announce(&self, of: SeedKey, complete: bool) -> bool {
        self.serving(of).is_some_and(|(_, held)| held.is_complete() == complete)
    }

    /// `Test` is answered with `Have`: that has to be so now, by a look that came after the question.
    pub(super) fn tested(&mut self, at: At, of: SeedKey, said: &HaveSet, event: &Event) {
        let Some((file, held)) = self.serving(of) else { panic!("{of:?} is not held, and passes Test") };
        let same = |looked: FileId, identity: Option<Identity>| looked == file && identity == held.identity;
        let seen = matches!(event, Event::Looked { file, identity } if same(*file, *identity));
        assert!(
            held.identity.is_none() || seen,
            "nobody has looked at {file:?}, and it passes Test: {event:?}"
        );
        assert_eq!(*said, HaveSet::from(&held.have));
        let open = self.subs.keys().filter(|sub| sub.0 == at.0).count();
        let over: Vec<At> = self.over.iter().filter(|sub| sub.0 == at.0).copied().collect();
        if open + over.len() == MOST_SUBSCRIPTIONS {
            let oldest = over.first().expect("no connection has more subscriptions than it may");
            self.over.remove(oldest);
        }
        self.subs.insert(at, of);
    }

    /// A file is said to be gone, in answer to `Test` or to those who subscribed.
    pub(super) fn gone(&self, of: SeedKey, why: Gone) {
        let past = self.past.get(&of).copied().unwrap_or(Gone::Never);
        let now = self.serving(of).is_none() && why == past;
        assert!(now || self.taken == Some((of, why)), "{of:?} is not gone, or not because {why:?}");
    }

    /// A subscriber is told so.
    pub(super) fn unsubscribed(&mut self, at: At, why: Gone) {
        let Some(of) = self.subs.remove(&at) else { panic!("a push to {at:?}, which subscribed to nothing") };
        assert_eq!(self.taken, Some((of, why)), "a push to {at:?}");
        self.over.insert(at);
    }

    /// Nobody is left who still believes in what was taken away.
    pub(super) fn is_sound(&self) -> bool {
        self.subs.values().all(|of| self.serving(*of).is_some())
    }

    /// Nobody has more requests open than may be, and no file more that wait to be sent.
    pub(super) fn is_bounded(&self, queue: usize) -> bool {
        let (mut open, mut waiting) = (BTreeMap::new(), BTreeMap::new());
        for (at, question) in &self.open {
            *open.entry(at.0).or_insert(0) += 1;
            if let Message::Fetch(fetch) = question
                && !self.sending.contains_key(at)
            {
                *waiting.entry(self.subs.get(&(at.0, fetch.t))).or_insert(0) += 1;
            }
        }
        open.values().all(|open| *open <= MOST_OPEN) && waiting.values().all(|waiting| *waiting <= queue)
    }

    /// Which file a request for chunks goes to; none if its subscription is over, an error if there never was one.
    pub(super) fn subscription(&self, link: Link, t: u32) -> Result<Option<SeedKey>, ()> {
        match self.subs.get(&(link, t)) {
            Some(of) => Ok(Some(*of)),
            None if self.over.contains(&(link, t)) => Ok(None),
            None => Err(()),
        }
    }
}
