//! What an earlier run left: how much of it can be trusted, and how much has to be read again.

use super::journal::Journal;
use super::ledger::Ledger;
use super::{Action, DiskError, DiskErrorKind, Identity, Log, Part, Phase, Store};
use crate::have::Have;
use alloc::sync::Arc;

impl Store {
    /// The files are open. Without a journal that can be read, whatever the part file holds counts as nothing.
    pub(super) fn opened(&mut self, journal: Option<&[u8]>, part: Option<Identity>) {
        self.part = if part.is_some() { Part::Found } else { Part::Created };
        self.phase = Phase::Ready;
        let is_empty = part.is_none_or(|part| part.size == 0);
        let journal = match journal.map(Journal::parse) {
            // A store's journal is whole and durable before it writes anything: whatever else is there is somebody else's.
            None if is_empty => {
                let none = Have::none(0);
                return self.out.push(Action::Opened { seed: None, have: none.clone(), claimed: none });
            }
            None => return self.fail(foreign("resuming a part file without a journal")),
            Some(None) => return self.fail(foreign("reading the journal")),
            Some(Some(journal)) => journal,
        };
        if journal.seed.file_hash() != self.config.file_hash {
            return self.fail(foreign("resuming from the journal"));
        }
        let (ledger, log) = judge(journal, part);
        self.checks.add(ledger.claimed.iter());
        self.out.push(Action::Opened {
            seed: Some((Arc::clone(&ledger.seed), ledger.pinned)),
            have: ledger.have.clone(),
            claimed: ledger.claimed.clone(),
        });
        (self.ledger, self.log) = (Some(ledger), log);
    }
}

const fn foreign(doing: &'static str) -> DiskError {
    DiskError { kind: DiskErrorKind::Foreign, doing, os: None }
}

/// After an orderly stop, and if the part file looks the same since, what was certain then is certain now. All else
/// is a claim, and one beyond the part file's end is none.
fn judge(journal: Journal, part: Option<Identity>) -> (Ledger, Log) {
    let mut ledger = Ledger::empty(Arc::new(journal.seed), journal.pinned);
    let size = part.map_or(0, |part| part.size);
    let (certain, log) = match journal.clean {
        Some((identity, have)) if Some(identity) == part => (have, Log::Clean),
        Some((_, have)) => {
            have.iter().for_each(|index| _ = ledger.claimed.insert(index));
            (Have::none(have.chunks()), Log::Earlier)
        }
        None => (Have::none(ledger.seed.chunks()), Log::Earlier),
    };
    for index in journal.claimed.iter().filter(|index| !certain.has(*index)) {
        ledger.claimed.insert(index);
    }
    for index in 0..ledger.seed.chunks() {
        if ledger.seed.range(index).is_none_or(|range| range.end > size) {
            ledger.claimed.remove(index);
        }
    }
    ledger.have = certain;
    (ledger, log)
}
