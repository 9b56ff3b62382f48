//! Another codec reads and writes the same bytes: the format is the specification's, not one crate's.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use samara::wire::Message;
use samara::wire::message::{Digest, Entry, Fetch, Rejection, SeedKey, Update, UpdateSet};
use samara::{FileHash, SafeName, SeedBuilder, SeedId, Sha2};
use wincode::config::DefaultConfig;
use wincode::{SchemaRead, SchemaWrite};

use super::{bytes_of, frame, message_in};

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
struct WireFetch {
    t: u32,
    any_of: Vec<u32>,
}

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
enum WireRejected {
    NotHeld,
    Busy { retry_after: u32 },
    Cancelled,
    Gone(WireGone),
}

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
enum WireGone {
    Never,
    Withdrawn,
    Changed,
}

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
struct WireSeed {
    name: String,
    length: u64,
    chunk_size: u32,
    file_hash: [u8; 32],
    chunk_hashes: Vec<[u8; 32]>,
}

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
struct WireUpdate {
    port: u16,
    advertise: Option<WireAddr>,
    generation: u64,
    page: u32,
    last: bool,
    base: [u8; 32],
    set: WireSet,
}

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
enum WireAddr {
    V4([u8; 4], u16),
    V6([u8; 16], u16),
}

#[derive(SchemaRead, SchemaWrite, Debug, PartialEq, Eq)]
enum WireSet {
    All(Vec<([u8; 32], [u8; 32], bool)>),
    Delta { added: Vec<([u8; 32], [u8; 32], bool)>, removed: Vec<([u8; 32], [u8; 32])> },
    Same,
}

/// The same bytes from both codecs, and the same meaning in both.
fn agree<T>(kind: u16, flags: u16, message: &Message, theirs: &T)
where
    T: SchemaWrite<DefaultConfig, Src = T>
        + for<'de> SchemaRead<'de, DefaultConfig, Dst = T>
        + PartialEq
        + Debug,
{
    let body = wincode::serialize(theirs).unwrap();
    assert_eq!(bytes_of(message), frame(kind, flags, &body));
    assert_eq!(message_in(&frame(kind, flags, &body)).as_ref(), Ok(message));
    assert_eq!(&wincode::deserialize::<T>(&bytes_of(message)[12..]).unwrap(), theirs);
}

proptest! {
    /// No name that Windows reserves ends in y.
    #[test]
    fn seeds_are_the_same(bytes in vec(any::<u8>(), 0..2000), name in "[a-zä]{1,40}y") {
        let mut builder = SeedBuilder::<Sha2>::with_chunk_size(bytes.len() as u64, 128).unwrap();
        builder.update(&bytes);
        let seed = builder.finish(SafeName::new(&name).unwrap()).unwrap();
        let theirs = WireSeed {
            name,
            length: seed.length(),
            chunk_size: seed.chunk_size(),
            file_hash: *seed.file_hash().as_bytes(),
            chunk_hashes: seed.chunk_hashes().iter().map(|hash| *hash.as_bytes()).collect(),
        };
        agree(18, 0, &Message::Publish(seed.clone().into()), &theirs);
        agree(27, 1, &Message::Seed(seed.into()), &theirs);
    }

    #[test]
    fn fetches_are_the_same(t: u32, any_of in proptest::collection::btree_set(0..65_536_u32, 1..=8)) {
        let any_of: Vec<u32> = any_of.into_iter().collect();
        agree(36, 0, &Message::Fetch(Fetch { t, any_of: any_of.clone() }), &WireFetch { t, any_of });
    }

    #[test]
    fn updates_are_the_same(
        head: (u16, Option<([u8; 4], u16)>, u64, bool, [u8; 32]),
        page in 0..256_u32,
        entries in vec(any::<([u8; 32], [u8; 32], bool)>(), 0..9),
        kept: bool,
    ) {
        let (port, v4, generation, last, base) = head;
        let key = |file: [u8; 32], seed| SeedKey { file_hash: FileHash::new(file), seed_id: SeedId::new(seed) };
        let all: Vec<Entry> = entries.iter().map(|&(f, s, complete)| Entry { key: key(f, s), complete }).collect();
        let keys: Vec<_> = entries.iter().map(|&(f, s, _)| (f, s)).collect();
        let removed = all.iter().map(|entry| entry.key).collect();
        let advertise = v4.map(Into::into);
        let (set, their_set) = if kept {
            (UpdateSet::Delta { added: all, removed }, WireSet::Delta { added: entries, removed: keys })
        } else {
            (UpdateSet::All(all), WireSet::All(entries))
        };
        let ours = Update { port, advertise, generation, page, last, base: Digest(base), set };
        let advertise = v4.map(|(octets, port)| WireAddr::V4(octets, port));
        let theirs = WireUpdate { port, advertise, generation, page, last, base, set: their_set };
        agree(16, 0, &Message::Update(ours), &theirs);
    }
}

#[test]
fn the_other_variants_are_the_same() {
    use samara::wire::message::Gone;
    let table = [
        (Rejection::NotHeld, WireRejected::NotHeld),
        (
            Rejection::Busy { retry_after: std::time::Duration::from_millis(9) },
            WireRejected::Busy { retry_after: 9 },
        ),
        (Rejection::Cancelled, WireRejected::Cancelled),
        (Rejection::Gone(Gone::Never), WireRejected::Gone(WireGone::Never)),
        (Rejection::Gone(Gone::Withdrawn), WireRejected::Gone(WireGone::Withdrawn)),
        (Rejection::Gone(Gone::Changed), WireRejected::Gone(WireGone::Changed)),
    ];
    for (ours, theirs) in table {
        agree(38, 1, &Message::Rejected(ours), &theirs);
    }
    let advertise = Some("[2001:db8::7]:443".parse().unwrap());
    let v6 = WireAddr::V6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], 443);
    let base = Digest([4; 32]);
    let ours = Update { port: 1, advertise, generation: 2, page: 3, last: true, base, set: UpdateSet::Same };
    let theirs = WireUpdate {
        port: 1,
        advertise: Some(v6),
        generation: 2,
        page: 3,
        last: true,
        base: [4; 32],
        set: WireSet::Same,
    };
    agree(16, 0, &Message::Update(ours), &theirs);
}
