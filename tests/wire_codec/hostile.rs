//! Bytes that no honest peer sends.

use samara::wire::codec::decode;
use samara::wire::message::{
    Gone, HaveSet, Hello, HolderAddr, List, Message, Query, Refusal, Rejection, UpdateSet, Updated,
};
use samara::wire::{DecodeError, Decoded, Frame};
use samara::{FileHash, SafeName, Seed};

use super::{bytes_of, frame, message_in};

fn body_error<T>(kind: u16) -> Result<T, DecodeError> {
    Err(DecodeError::Body { kind })
}

/// One message of each kind, with its number and class.
fn one_of_each() -> Vec<(u16, u16, Message)> {
    use samara::wire::message::{Digest, Fetch, Holders, Listing, SeedKey, Update};
    let seed = std::sync::Arc::new(Seed::empty(SafeName::new("n").unwrap()));
    let key = SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() };
    let (file_hash, seed_id, base) = (key.file_hash, Some(key.seed_id), Digest([0; 32]));
    let set = UpdateSet::Same;
    let update = Update { port: 1, advertise: None, generation: 0, page: 0, last: true, base, set };
    let span = std::time::Duration::from_secs(1);
    let updated = Updated {
        epoch: 0,
        warming: false,
        ttl: span,
        interval: span,
        digest: base,
        resend: false,
        want: vec![key.seed_id],
    };
    let stale = vec![HolderAddr::SameHost(1)];
    vec![
        (1, 0, Message::Hello(Hello { version: 1, features: 0, node: 1 })),
        (2, 0, Message::Cancel { target: 1 }),
        (3, 1, Message::Refused(Refusal::Quota)),
        (4, 1, Message::Unsupported),
        (16, 0, Message::Update(update)),
        (17, 1, Message::Updated(updated)),
        (18, 0, Message::Publish(seed.clone())),
        (19, 1, Message::Published),
        (20, 0, Message::Withdraw(vec![key])),
        (21, 0, Message::Leave),
        (22, 0, Message::Query(Query { file_hash, seed_id, stale, refuted: vec![] })),
        (23, 1, Message::Holders(Holders { seeds: vec![], holders: vec![], warming: true })),
        (24, 0, Message::List(List { after: 0, limit: 1 })),
        (25, 1, Message::Listing(Listing { summaries: vec![], next: None })),
        (26, 0, Message::GetSeed { file_hash, seed_id }),
        (27, 1, Message::Seed(seed)),
        (28, 1, Message::Unknown),
        (32, 0, Message::Test(key)),
        (33, 1, Message::Have(HaveSet::Some(vec![1]))),
        (34, 1, Message::Gone(Gone::Never)),
        (35, 1, Message::Busy { retry_after: span }),
        (36, 0, Message::Fetch(Fetch { t: 1, any_of: vec![0] })),
        (37, 1, Message::Chunk { index: 0, len: 1 }),
        (38, 1, Message::Rejected(Rejection::NotHeld)),
        (39, 2, Message::Gained(vec![0])),
    ]
}

#[test]
fn a_body_that_is_a_byte_short_or_long_is_rejected() {
    for (kind, class, message) in one_of_each() {
        let bytes = bytes_of(&message);
        assert_eq!(bytes, frame(kind, class, &bytes[12..]), "{message:?}");
        let long = frame(kind, class, &[&bytes[12..], &[0]].concat());
        assert!(
            matches!(decode(&long), Err(DecodeError::Body { .. } | DecodeError::TooLong { .. })),
            "{message:?}"
        );
        if bytes.len() > 12 {
            let short = frame(kind, class, &bytes[12..bytes.len() - 1]);
            assert_eq!(decode(&short), body_error(kind), "{message:?}");
        }
    }
}

#[test]
fn the_class_has_to_fit_the_kind_and_spare_flags_are_zero() {
    for (kind, class, message) in one_of_each() {
        for flags in [0, 1, 2, 3, 4 | class, 0x8000 | class] {
            let verdict = decode(&frame(kind, flags, &bytes_of(&message)[12..]));
            if flags == class || (kind == 34 && flags == 2) {
                assert!(verdict.is_ok(), "{message:?}");
            } else {
                assert_eq!(verdict, Err(DecodeError::Flags { kind, flags }), "{message:?}");
            }
        }
    }
}

#[test]
fn a_hello_needs_the_magic_word_but_no_known_version() {
    let hello = bytes_of(&Message::Hello(Hello { version: 77, features: u64::MAX, node: 1 }));
    assert!(message_in(&hello).is_ok());
    for at in 12..20 {
        let mut bad = hello.clone();
        bad[at] ^= 0x20;
        assert_eq!(decode(&bad), Err(DecodeError::Magic));
    }
}

#[test]
fn other_protocols_are_turned_away_by_their_first_bytes() {
    for line in
        ["GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "\u{13}BitTorrent protocol", "EHLO there.\r\n"]
    {
        assert!(decode(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn flags_inside_bodies_are_0_or_1() {
    let have = |tag: u8| frame(33, 1, &[tag, 0, 0, 0]);
    assert_eq!(message_in(&have(0)), Ok(Message::Have(HaveSet::All)));
    assert_eq!(decode(&have(2)), body_error(33), "an enum has no third variant");
    assert_eq!(decode(&frame(33, 1, &[0, 1, 0, 0])), body_error(33));
    let get = |mark: u8| frame(26, 0, &[&[1; 32][..], &[mark]].concat());
    let file_hash = FileHash::new([1; 32]);
    assert_eq!(message_in(&get(0)), Ok(Message::GetSeed { file_hash, seed_id: None }));
    assert_eq!(decode(&get(2)), body_error(26), "an option is there or not");
    let holders = |warming: u8| frame(23, 1, &[&[0; 16][..], &[warming]].concat());
    assert!(message_in(&holders(1)).is_ok());
    assert_eq!(decode(&holders(2)), body_error(23), "a bool is 0 or 1");
}

#[test]
fn counts_without_the_bytes_for_them_are_rejected() {
    for count in [1, 2, 8, 9, 1 << 20, 1 << 32, 1 << 61, u64::MAX] {
        let count = count.to_le_bytes();
        assert_eq!(decode(&frame(39, 2, &count)), body_error(39));
        assert_eq!(decode(&frame(20, 0, &count)), body_error(20));
        assert_eq!(decode(&frame(33, 1, &[&[1, 0, 0, 0], &count[..]].concat())), body_error(33));
        assert_eq!(decode(&frame(18, 0, &count)), body_error(18));
        assert_eq!(decode(&frame(25, 1, &count)), body_error(25));
    }
}

#[test]
fn a_seed_is_consistent_and_safely_named_or_no_seed() {
    let seed = Seed::empty(SafeName::new("name").unwrap());
    let bytes = bytes_of(&Message::Seed(seed.into()));
    let with = |at: usize, value: u8| {
        let mut bad = bytes.clone();
        bad[12 + at] = value;
        decode(&bad)
    };
    assert!(matches!(with(8, b'N'), Ok(Decoded::Frame { .. })));
    for evil in [b'/', b'\\', 0, 0x1b, 0x80, b' '] {
        assert_eq!(with(8, evil), body_error(27), "the name");
    }
    assert_eq!(with(12, 1), body_error(27), "a length without chunks");
    assert_eq!(with(20, 1), body_error(27), "a chunk size that is no power of two");
    assert_eq!(with(24, 0), body_error(27), "another hash than that of nothing");
}

#[test]
fn gone_is_understood_as_answer_and_as_push() {
    let pushed = frame(34, 2, &[2, 0, 0, 0]);
    let frame = Frame::Message { request: 7, message: Message::Gone(Gone::Changed) };
    assert_eq!(decode(&pushed), Ok(Decoded::Frame { frame, used: 16 }));
}
