//! Each bound of `limits`: exactly at it is fine, one above is not.

use std::time::Duration;

use samara::wire::codec::{decode, encode};
use samara::wire::message::{
    Digest, Entry, Fetch, HaveSet, Holder, HolderAddr, Holders, Listing, Message, Query, Rejection,
    SeedCount, SeedKey, Summary, Update, UpdateSet, Updated,
};
use samara::wire::{DecodeError, Decoded, Frame, limits};
use samara::{ChunkHash, FileHash, SafeName, Seed, SeedId};

use super::{bytes_of, frame, message_in};

const KEY: SeedKey = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
const ID: SeedId = SeedId::new([3; 32]);
const ENTRY: Entry = Entry { key: KEY, complete: true };

/// Fits with `most`, and is rejected, as too long or as malformed, with one more.
fn bounded<T: Clone>(one: T, most: usize, message: impl Fn(Vec<T>) -> Message) {
    let fits = message(vec![one.clone(); most]);
    assert_eq!(message_in(&bytes_of(&fits)).as_ref(), Ok(&fits));
    let exceeds = bytes_of(&message(vec![one; most + 1]));
    assert!(matches!(decode(&exceeds), Err(DecodeError::Body { .. } | DecodeError::TooLong { .. })));
}

fn update(page: u32, set: UpdateSet) -> Message {
    let advertise = Some("[::1]:1".parse().unwrap());
    Message::Update(Update {
        port: 1,
        advertise,
        generation: 0,
        page,
        last: true,
        base: Digest([0; 32]),
        set,
    })
}

#[test]
fn lists_have_their_longest() {
    bounded(ENTRY, limits::MAX_ENTRIES, |all| update(0, UpdateSet::All(all)));
    bounded(ENTRY, limits::MAX_ENTRIES, |added| update(0, UpdateSet::Delta { added, removed: vec![] }));
    bounded(KEY, limits::MAX_ENTRIES, |removed| update(0, UpdateSet::Delta { added: vec![], removed }));
    bounded(ENTRY, limits::MAX_ENTRIES - 1, |added| {
        update(0, UpdateSet::Delta { added, removed: vec![KEY] })
    });
    bounded(KEY, limits::MAX_ENTRIES - 1, |removed| {
        update(0, UpdateSet::Delta { added: vec![ENTRY], removed })
    });
    bounded(KEY, limits::MAX_ENTRIES, Message::Withdraw);
    bounded(0, limits::MAX_GAINED, Message::Gained);
    bounded(0, limits::MAX_CHUNKS as usize / 8, |bits| Message::Have(HaveSet::Some(bits)));
    bounded(ID, limits::MAX_WANT, |want| {
        let span = Duration::from_millis(u32::MAX.into());
        let digest = Digest([0; 32]);
        Message::Updated(Updated {
            epoch: 1,
            warming: true,
            ttl: span,
            interval: span,
            digest,
            resend: true,
            want,
        })
    });
}

#[test]
fn lists_of_queries_and_their_answers_have_their_longest() {
    let v6 = HolderAddr::At("[::1]:1".parse().unwrap());
    let query = |stale, refuted| {
        Message::Query(Query { file_hash: KEY.file_hash, seed_id: Some(ID), stale, refuted })
    };
    bounded(v6, limits::MAX_EXCLUDED, |stale| query(stale, vec![ID; limits::MAX_EXCLUDED]));
    bounded(HolderAddr::SameHost(1), limits::MAX_EXCLUDED, |stale| query(stale, vec![]));
    bounded(ID, limits::MAX_EXCLUDED, |refuted| query(vec![], refuted));
    let count = SeedCount { seed_id: ID, complete: 1, partial: 1 };
    let holder = Holder { addr: v6, seed_id: ID, complete: true };
    bounded(count, limits::MAX_SEED_IDS, |seeds| {
        Message::Holders(Holders { seeds, holders: vec![holder; limits::MAX_HOLDERS], warming: true })
    });
    bounded(holder, limits::MAX_HOLDERS, |holders| {
        Message::Holders(Holders { seeds: vec![], holders, warming: true })
    });
    let name = SafeName::new(&"n".repeat(limits::MAX_NAME)).unwrap();
    let summary = Summary { key: KEY, about: Some((name, 1)), complete: 1, partial: 1 };
    let short = Summary { about: None, ..summary };
    bounded(summary, limits::MAX_SUMMARIES, |summaries| {
        Message::Listing(Listing { summaries, next: Some(1) })
    });
    bounded(short, limits::MAX_SUMMARIES, |summaries| Message::Listing(Listing { summaries, next: None }));
}

#[test]
fn the_largest_seed_fits_and_one_more_hash_does_not() {
    let name = SafeName::new(&"n".repeat(limits::MAX_NAME)).unwrap();
    let hashes = vec![ChunkHash::new([3; 32]); limits::MAX_CHUNKS as usize];
    let seed = Seed::new(name, 1 << 40, 16 << 20, FileHash::new([3; 32]), hashes).unwrap();
    let message = Message::Publish(seed.into());
    let mut bytes = bytes_of(&message);
    assert_eq!(message_in(&bytes), Ok(message));
    let len = u32::from_le_bytes(bytes[..4].try_into().unwrap()) + 32;
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    assert_eq!(decode(&bytes[..12]), Err(DecodeError::TooLong { kind: 18, len }));
}

#[test]
fn numbers_have_their_largest() {
    let table = [
        (update(limits::MAX_PAGES - 1, UpdateSet::Same), update(limits::MAX_PAGES, UpdateSet::Same)),
        (Message::Chunk { index: 65_535, len: 1 }, Message::Chunk { index: 65_536, len: 1 }),
        (Message::Chunk { index: 0, len: 16 << 20 }, Message::Chunk { index: 0, len: (16 << 20) + 1 }),
        (Message::Chunk { index: 0, len: 1 }, Message::Chunk { index: 0, len: 0 }),
        (Message::Gained(vec![65_535]), Message::Gained(vec![65_536])),
        (fetch(&[65_535]), fetch(&[65_536])),
    ];
    for (fits, exceeds) in table {
        assert_eq!(message_in(&bytes_of(&fits)).as_ref(), Ok(&fits));
        assert!(matches!(decode(&bytes_of(&exceeds)), Err(DecodeError::Body { .. })), "{exceeds:?}");
    }
}

fn fetch(any_of: &[u32]) -> Message {
    Message::Fetch(Fetch { t: 1, any_of: any_of.to_vec() })
}

#[test]
fn a_fetch_names_one_to_eight_different_chunks() {
    let body = Err(DecodeError::Body { kind: 36 });
    assert!(message_in(&bytes_of(&fetch(&[7, 6, 5, 4, 3, 2, 1, 0]))).is_ok());
    assert_eq!(decode(&bytes_of(&fetch(&[]))), body);
    assert_eq!(decode(&bytes_of(&fetch(&[1, 2, 1]))), body);
    let nine = bytes_of(&fetch(&[0, 1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(decode(&nine), Err(DecodeError::TooLong { kind: 36, len: 48 }));
}

#[test]
fn a_span_beyond_49_days_is_sent_as_49_days() {
    let most = Duration::from_millis(u32::MAX.into());
    let sent = Message::Rejected(Rejection::Busy { retry_after: Duration::MAX });
    assert_eq!(message_in(&bytes_of(&sent)), Ok(Message::Rejected(Rejection::Busy { retry_after: most })));
}

#[test]
fn data_is_1_byte_to_256_kib() {
    let header = |len| decode(&samara::wire::codec::data_header(7, len));
    let fits = |len| Ok(Decoded::Frame { frame: Frame::Data { request: 7, len }, used: 12 });
    assert_eq!(header(1), fits(1));
    assert_eq!(header(limits::MAX_DATA), fits(limits::MAX_DATA));
    assert_eq!(header(0), Err(DecodeError::Body { kind: 5 }));
    assert_eq!(
        header(limits::MAX_DATA + 1),
        Err(DecodeError::TooLong { kind: 5, len: limits::MAX_DATA + 1 })
    );
    for flags in [0, 1, 2, 7] {
        assert_eq!(decode(&frame(5, flags, &[1])), Err(DecodeError::Flags { kind: 5, flags }));
    }
}

#[test]
fn unknown_kinds_are_skipped_up_to_4_kib() {
    let most = limits::MAX_UNKNOWN;
    let body = vec![0xff; most as usize + 1];
    let whole = |frame, len: usize| Ok(Decoded::Frame { frame, used: 12 + len });
    assert_eq!(
        decode(&frame(999, 0, &body[1..])),
        whole(Frame::UnknownRequest { request: 7 }, most as usize)
    );
    for flags in [1, 2, 3, 0xfff1] {
        assert_eq!(decode(&frame(999, flags, &body[..5])), whole(Frame::Unknown, 5));
    }
    assert_eq!(decode(&frame(999, 0, &body[1..])[..100]), Ok(Decoded::Need(12 + most as usize)));
    assert_eq!(decode(&frame(999, 0, &body)[..12]), Err(DecodeError::TooLong { kind: 999, len: most + 1 }));
    let mut next = frame(0, 1, &[]);
    encode(7, &Message::Leave, &mut next);
    assert_eq!(decode(&next), whole(Frame::Unknown, 0));
}
