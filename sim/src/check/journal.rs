//! A journal that somebody has been at.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use samara::store::{Action, Config, Event, Identity, Op, Outcome, Store};
use samara::{FileHash, Hashed, Hasher, Machine, Seed, Sha2, Time};

use super::draw::{Draw, SEEDS};
use crate::file;

/// Whatever stands in a journal, the store claims exactly what its whole records say, nothing beyond the part file's
/// end, and counts nothing that it hasn't read again, unless the stop was orderly and the file looks the same since.
pub fn journal(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    if draw.one_in(4) {
        return raw(draw.rest());
    }
    let part = draw.perhaps(identity);
    let (mut journal, mut truth) = (HEADER.clone(), Truth::default());
    let mut whole = true;
    while !draw.is_over() {
        let mut record = record(&mut draw);
        let harm = draw.below(16);
        match harm {
            2 => record.push(0),
            3 => _ = record.pop(),
            _ => {}
        }
        let intact = [&record[..], &check(&journal, &record)].concat();
        let mut bytes = intact.clone();
        match harm {
            0 => {
                // Nothing that follows may happen to be what is missing.
                let at = 1 + draw.below(bytes.len() - 1);
                bytes.truncate(at);
                bytes.push(!intact[at]);
            }
            1 => bytes[draw.below(intact.len())] ^= 1 << draw.below(8),
            _ => {}
        }
        whole = whole && bytes == intact && truth.read(&record);
        journal.extend(bytes);
    }
    opens_with(&journal, part, truth.certain(part), truth.claimed(part));
}

/// The list of the journal.
fn seed() -> &'static Arc<Seed> {
    &SEEDS[0]
}

/// Bytes of a record's check, and of the header's.
const CHECK: usize = 8;

/// What a store writes in front.
static HEADER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut store = Store::new(Config::new(seed().file_hash()), 1, Time::ZERO);
    store.handle(Time::ZERO, Event::Open);
    store.handle(Time::ZERO, Event::Adopt { seed: Arc::clone(seed()), pinned: true });
    opens(&mut store, Outcome::Opened { journal: None, part: None });
    let create =
        |action| if let Action::Disk { op: Op::Create { bytes }, .. } = action { Some(bytes) } else { None };
    std::iter::from_fn(|| store.poll()).find_map(create).expect("a new list is written down first").to_vec()
});

/// The store's files are opened.
fn opens(store: &mut Store, outcome: Outcome) {
    match store.poll() {
        Some(Action::Disk { job, op: Op::Open }) => store.handle(Time::ZERO, Event::Done { job, outcome }),
        other => panic!("a store begins by opening its files, not by {other:?}"),
    }
}

fn digest(parts: &[&[u8]]) -> FileHash {
    let mut hasher = Hasher::<Sha2>::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

/// What follows a record at the end of `journal`.
fn check(journal: &[u8], record: &[u8]) -> [u8; CHECK] {
    let header = digest(&[&HEADER[..HEADER.len() - CHECK]]);
    let digest = digest(&[header.as_bytes(), &(journal.len() as u64).to_le_bytes(), record]);
    *digest.as_bytes().first_chunk().expect("a hash is longer")
}

fn identity(draw: &mut Draw<'_>) -> Identity {
    let length = seed().length();
    let size = draw.of(&[0, 64, 640, length, length + 1, 63, 639, length - 1]);
    Identity { device: 1, inode: draw.few(2).into(), size, modified: 0 }
}

/// A record, or what looks a little like one.
fn record(draw: &mut Draw<'_>) -> Vec<u8> {
    match draw.below(8) {
        0 => draw.list(20, Draw::any),
        1..4 => {
            let Identity { device, inode, size, modified } = identity(draw);
            let numbers = [device, inode, size].map(u64::to_le_bytes).concat();
            [&[3], &numbers[..], &modified.to_le_bytes(), &draw.any::<[u8; 2]>()].concat()
        }
        _ => {
            let length = draw.few(6);
            let indices: Vec<_> = (0..length).map(|_| u32::from(draw.few(12))).collect();
            let count = u32::from(length) + u32::from(draw.one_in(16));
            let indices = indices.iter().flat_map(|index| index.to_le_bytes());
            [1 + draw.any::<u8>() % 2].into_iter().chain(count.to_le_bytes()).chain(indices).collect()
        }
    }
}

/// What the whole records say.
#[derive(Default)]
struct Truth {
    written: BTreeSet<u32>,
    clean: Option<(Vec<u8>, BTreeSet<u32>)>,
}

impl Truth {
    /// Takes in a record; false if it is none.
    fn read(&mut self, record: &[u8]) -> bool {
        let chunks = seed().chunks();
        match record {
            [1 | 2, a, b, c, d, indices @ ..] => {
                let count = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                let (indices, rest) = indices.as_chunks();
                let indices: Vec<_> = indices.iter().map(|four| u32::from_le_bytes(*four)).collect();
                let whole = rest.is_empty() && indices.len() == count && indices.iter().all(|i| *i < chunks);
                if whole {
                    self.written.extend(indices);
                    self.clean = None;
                }
                whole
            }
            [3, rest @ ..] if rest.len() == 32 + 2 => {
                let (identity, bits) = rest.split_at(32);
                let bits = u16::from_le_bytes([bits[0], bits[1]]);
                let have: BTreeSet<u32> = (0..16).filter(|index| bits >> index & 1 == 1).collect();
                let whole = have.iter().all(|index| *index < chunks);
                if whole {
                    self.clean = Some((identity.to_vec(), have));
                }
                whole
            }
            _ => false,
        }
    }

    /// What is certain, if the part file looks like this.
    fn certain(&self, part: Option<Identity>) -> BTreeSet<u32> {
        let same = |(then, _): &&(Vec<u8>, BTreeSet<u32>)| {
            part.is_some_and(|Identity { device, inode, size, modified }| {
                let numbers = [device, inode, size].map(u64::to_le_bytes).concat();
                *then == [&numbers[..], &modified.to_le_bytes()].concat()
            })
        };
        self.clean.as_ref().filter(same).map(|(_, have)| have.clone()).unwrap_or_default()
    }

    /// What is claimed, and has to be read again.
    fn claimed(&self, part: Option<Identity>) -> BTreeSet<u32> {
        let size = part.map_or(0, |part| part.size);
        let fits = |index: &u32| seed().range(*index).is_some_and(|range| range.end <= size);
        let mut claimed = self.written.clone();
        claimed.extend(self.clean.iter().flat_map(|(_, have)| have));
        claimed.retain(|index| fits(index) && !self.certain(part).contains(index));
        claimed
    }
}

/// Opens a store on this journal, and lets it read its claims again: every other one is bad.
fn opens_with(journal: &[u8], part: Option<Identity>, certain: BTreeSet<u32>, mut claims: BTreeSet<u32>) {
    let mut store = opened(journal, part);
    match store.poll() {
        Some(Action::Opened { seed: Some((list, true)), have, claimed }) => {
            assert_eq!(list, *seed());
            assert_eq!(have.iter().collect::<BTreeSet<_>>(), certain, "what is certain");
            assert_eq!(claimed.iter().collect::<BTreeSet<_>>(), claims, "what is claimed");
        }
        other => panic!("the journal's header is whole, and yet: {other:?}"),
    }
    let bytes = file::random(11 * 64 - 9, 1);
    while let Some(action) = store.poll() {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else may follow")]
        match action {
            Action::Disk { job, op: Op::Check { offset, step } } => {
                let start = usize::try_from(offset).expect("a small file");
                let mut chunk = bytes[start..start + step.len as usize].to_vec();
                chunk[0] ^= u8::from(step.index % 2 == 1);
                let hashed = Hashed::new::<Sha2>(step.start, step.last, Bytes::from(chunk));
                store.handle(Time::ZERO, Event::Done { job, outcome: Outcome::Checked(hashed) });
            }
            Action::Checked { index, ok } => {
                assert!(claims.remove(&index), "chunk {index} was not claimed");
                assert_eq!(ok, index % 2 == 0, "chunk {index}");
            }
            other => panic!("nobody has asked for {other:?}"),
        }
    }
    assert!(claims.is_empty(), "claims that were never looked at: {claims:?}");
}

fn opened(journal: &[u8], part: Option<Identity>) -> Store {
    let mut store = Store::new(Config::new(seed().file_hash()), 1, Time::ZERO);
    store.handle(Time::ZERO, Event::Open);
    opens(&mut store, Outcome::Opened { journal: Some(Bytes::copy_from_slice(journal)), part });
    store
}

/// Any bytes at all: no panic, no list of another file, and what no store wrote is not replaced.
fn raw(bytes: &[u8]) {
    let part = Identity { device: 1, inode: 0, size: seed().length(), modified: 0 };
    match opened(bytes, Some(part)).poll() {
        Some(Action::Opened { seed: Some((list, _)), .. }) => {
            assert_eq!(list.file_hash(), seed().file_hash())
        }
        Some(Action::Failed(_)) => {}
        other => panic!("opened, and then: {other:?}"),
    }
}
