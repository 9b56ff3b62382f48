//! What the seeder is told of a download: from when on others may know of it, and which chunks they may have.

use alloc::sync::Arc;

use super::download::Effect;
use crate::downloader::{Note, Stale};
use crate::have::Have;
use crate::machine::Outbox;
use crate::seed::Seed;
use crate::seeder::{self, FileId};
use crate::store::Identity;
use crate::wire::message::Gone;

/// A file of which this node serves what is there, while the rest of it comes.
#[derive(Debug)]
pub(super) struct Sharing {
    file: FileId,
    list: Option<List>,
    holders: Holders,
}

/// What the chunks in the part file belong to.
#[derive(Debug)]
struct List {
    seed: Arc<Seed>,
    pinned: bool,
    shared: Shared,
}

/// What does the seeder hold of it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shared {
    /// Nothing: it doesn't know of it.
    No,
    /// Nothing yet, but it announces that there will be something.
    Introduced,
    /// Whatever is there.
    Yes,
}

/// Who has the file?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holders {
    /// Nobody, as far as is known.
    None,
    /// Somebody has all of it, as a tracker says.
    Named,
    /// Somebody passed Test.
    Tested,
}

impl Sharing {
    /// Nothing is there yet, and no list is known.
    pub(super) const fn new(file: FileId) -> Self {
        Self { file, list: None, holders: Holders::None }
    }

    /// An earlier run left these chunks.
    pub(super) fn resume(&mut self, seed: &Arc<Seed>, pinned: bool, have: &Have, out: &mut Outbox<Effect>) {
        self.list = Some(List { seed: Arc::clone(seed), pinned, shared: Shared::No });
        self.share(have, out);
    }

    /// Another list: what the seeder holds under the one before is withdrawn before anything is overwritten.
    pub(super) fn adopt(&mut self, seed: &Arc<Seed>, pinned: bool, out: &mut Outbox<Effect>) {
        match &self.list {
            Some(list) if list.seed.id() == seed.id() && list.pinned == pinned => {}
            Some(_) | None => {
                self.withdraw(out);
                self.list = Some(List { seed: Arc::clone(seed), pinned, shared: Shared::No });
            }
        }
    }

    /// The downloader learned something, perhaps of those who have the file.
    pub(super) fn learn(&mut self, note: &Note, out: &mut Outbox<Effect>) {
        if let Note::Tested { .. } = note {
            self.holders = Holders::Tested;
        } else if let Note::Found { complete: 1.., .. } = note
            && self.holders == Holders::None
        {
            self.holders = Holders::Named;
        } else if let Note::Stale { why: Stale::Gone(_), .. } = note
            && self.holders == Holders::Named
        {
            self.holders = Holders::None;
            if self.list.as_ref().is_some_and(|list| list.shared == Shared::Introduced) {
                self.withdraw(out);
            }
        }
        self.introduce(out);
    }

    /// Somebody has the file, so this node will have some of it. If its user vouched for the list, others may know at
    /// once: those who begin together are then neighbours before the first chunk comes, and not all of the few whom
    /// the first seeder had time for.
    fn introduce(&mut self, out: &mut Outbox<Effect>) {
        if self.holders == Holders::None {
            return;
        }
        if let Some(list) = self.list.as_mut().filter(|list| list.pinned && list.shared == Shared::No) {
            list.shared = Shared::Introduced;
            let none = Have::none(list.seed.chunks());
            out.push(list.add(self.file, none));
        }
    }

    /// These chunks may be served, if there are any.
    pub(super) fn share(&mut self, have: &Have, out: &mut Outbox<Effect>) {
        have.iter().for_each(|index| self.gained(index, out));
    }

    /// One more chunk may be served.
    pub(super) fn gained(&mut self, index: u32, out: &mut Outbox<Effect>) {
        let (file, Some(list)) = (self.file, self.list.as_mut()) else { return };
        match core::mem::replace(&mut list.shared, Shared::Yes) {
            Shared::No => {
                let mut have = Have::none(list.seed.chunks());
                have.insert(index);
                out.push(list.add(file, have));
            }
            Shared::Introduced | Shared::Yes => {
                out.push(Effect::Tell(seeder::Event::Gained { file, index }));
            }
        }
    }

    /// Nothing may be served any more.
    pub(super) fn withdraw(&mut self, out: &mut Outbox<Effect>) {
        if let Some(list) = self.list.as_mut().filter(|list| list.shared != Shared::No) {
            list.shared = Shared::No;
            out.push(Effect::Tell(seeder::Event::Remove { file: self.file, why: Gone::Withdrawn }));
        }
    }

    /// The whole file is in place. Gives its list, the first time.
    pub(super) fn complete(&mut self, identity: Identity, out: &mut Outbox<Effect>) -> Option<Arc<Seed>> {
        let (file, List { seed, shared, .. }) = (self.file, self.list.take()?);
        out.push(Effect::Tell(match shared {
            Shared::Introduced | Shared::Yes => seeder::Event::Completed { file, identity },
            Shared::No => {
                let (seed, have) = (Arc::clone(&seed), Have::all(seed.chunks()));
                seeder::Event::Add { file, seed, have, identity: Some(identity), publish: true }
            }
        }));
        Some(seed)
    }
}

impl List {
    fn add(&self, file: FileId, have: Have) -> Effect {
        let (seed, publish) = (Arc::clone(&self.seed), self.pinned);
        Effect::Tell(seeder::Event::Add { file, seed, have, identity: None, publish })
    }
}
