//! Golden vectors: the bytes of every message, pinned in `tests/golden/frames.txt`.
//!
//! The file is for readers of other implementations, too: `# meaning`, then `name header body` in hex.

#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use samara::wire::codec::{data_header, decode, encode};
use samara::wire::message::{
    Digest, Entry, Fetch, Gone, HaveSet, Hello, Holder, HolderAddr, Holders, List, Listing, Message, Query,
    Refusal, Rejection, SeedCount, SeedKey, Summary, Update, UpdateSet, Updated,
};
use samara::wire::{Decoded, Frame, seedfile};
use samara::{FileHash, SafeName, Seed, SeedBuilder, SeedId, Sha2};

const FRAMES: &str = include_str!("golden/frames.txt");
const SEED_FILE: &[u8] = include_bytes!("golden/example.seed");

/// The bytes 0, 1, …, 199 in chunks of 64.
fn seed() -> Arc<Seed> {
    let bytes: Vec<u8> = (0..200).collect();
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(200, 64).unwrap();
    builder.update(&bytes);
    Arc::new(builder.finish(SafeName::new("example.bin").unwrap()).unwrap())
}

const fn key(byte: u8) -> SeedKey {
    SeedKey { file_hash: FileHash::new([byte; 32]), seed_id: SeedId::new([byte | 0x80; 32]) }
}

const fn entry(byte: u8, complete: bool) -> Entry {
    Entry { key: key(byte), complete }
}

const fn update(base: u8, set: UpdateSet) -> Update {
    let base = Digest([base; 32]);
    Update { port: 7071, advertise: None, generation: 3, page: 0, last: true, base, set }
}

fn at(addr: &str) -> HolderAddr {
    HolderAddr::At(addr.parse().unwrap())
}

const RETRY: Duration = Duration::from_millis(1500);

/// Name, request number and message of each vector.
fn vectors() -> Vec<(&'static str, u32, Message)> {
    let mut all = connection();
    all.extend(tracker());
    all.extend(node());
    all
}

fn connection() -> Vec<(&'static str, u32, Message)> {
    vec![
        ("hello", 0, Message::Hello(Hello { version: 1, features: 0, node: 0x0102_0304_0506_0708 })),
        ("cancel", 0, Message::Cancel { target: 7 }),
        ("refused_version", 0, Message::Refused(Refusal::Version)),
        ("refused_port_in_use", 1, Message::Refused(Refusal::PortInUse)),
        ("refused_quota", 1, Message::Refused(Refusal::Quota)),
        ("refused_denied", 1, Message::Refused(Refusal::Denied)),
        ("refused_invalid", 1, Message::Refused(Refusal::Invalid)),
        ("unsupported", 2, Message::Unsupported),
    ]
}

fn tracker() -> Vec<(&'static str, u32, Message)> {
    let all = UpdateSet::All(vec![entry(1, true), entry(2, false)]);
    let delta = UpdateSet::Delta { added: vec![entry(2, true)], removed: vec![key(1)] };
    let advertise = Some("[2001:db8::7]:443".parse().unwrap());
    let page = Update { advertise, page: 1, last: false, ..update(0, UpdateSet::All(vec![])) };
    let updated = Updated {
        epoch: 0x1122_3344_5566_7788,
        warming: true,
        ttl: Duration::from_secs(60),
        interval: Duration::from_secs(20),
        digest: Digest([5; 32]),
        resend: false,
        want: vec![SeedId::new([0x81; 32])],
    };
    let resend = Updated { warming: false, resend: true, want: vec![], ..updated };
    let (file_hash, seed_id) = (key(1).file_hash, key(1).seed_id);
    let stale = vec![at("10.0.0.1:7071"), at("[2001:db8::7]:443"), HolderAddr::SameHost(9)];
    let query = Query { file_hash, seed_id: Some(seed_id), stale, refuted: vec![SeedId::new([0x99; 32])] };
    let bare = Query { seed_id: None, stale: vec![], refuted: vec![], ..query };
    let holders = Holders {
        seeds: vec![SeedCount { seed_id, complete: 2, partial: 1 }],
        holders: vec![
            Holder { addr: at("10.0.0.1:7071"), seed_id, complete: true },
            Holder { addr: HolderAddr::SameHost(7072), seed_id, complete: false },
        ],
        warming: false,
    };
    let about = Some((SafeName::new("a.bin").unwrap(), 200));
    let summaries = vec![
        Summary { key: key(1), about, complete: 2, partial: 1 },
        Summary { key: key(2), about: None, complete: 0, partial: 1 },
    ];
    vec![
        ("update_all", 1, Message::Update(update(0, all))),
        ("update_delta", 2, Message::Update(update(5, delta))),
        ("update_same", 3, Message::Update(update(5, UpdateSet::Same))),
        ("update_page", 4, Message::Update(page)),
        ("updated", 1, Message::Updated(updated)),
        ("updated_resend", 2, Message::Updated(resend)),
        ("publish", 5, Message::Publish(seed())),
        ("published", 5, Message::Published),
        ("withdraw", 6, Message::Withdraw(vec![key(1)])),
        ("leave", 7, Message::Leave),
        ("query", 8, Message::Query(query)),
        ("query_bare", 9, Message::Query(bare)),
        ("holders", 8, Message::Holders(holders)),
        ("list", 10, Message::List(List { after: 0, limit: 100 })),
        ("listing", 10, Message::Listing(Listing { summaries, next: Some(7) })),
        ("listing_end", 11, Message::Listing(Listing { summaries: vec![], next: None })),
        ("get_seed", 12, Message::GetSeed { file_hash, seed_id: Some(seed_id) }),
        ("get_seed_any", 13, Message::GetSeed { file_hash, seed_id: None }),
        ("seed", 12, Message::Seed(seed())),
        ("unknown", 13, Message::Unknown),
    ]
}

fn node() -> Vec<(&'static str, u32, Message)> {
    let gone = |why| Message::Rejected(Rejection::Gone(why));
    vec![
        ("test", 1, Message::Test(key(1))),
        ("have_all", 1, Message::Have(HaveSet::All)),
        ("have_some", 1, Message::Have(HaveSet::Some(vec![0b0000_1011, 0b0000_0001]))),
        ("gone_never", 1, Message::Gone(Gone::Never)),
        ("gone_withdrawn", 1, Message::Gone(Gone::Withdrawn)),
        ("gone_changed", 1, Message::Gone(Gone::Changed)),
        ("busy", 1, Message::Busy { retry_after: RETRY }),
        ("fetch", 2, Message::Fetch(Fetch { t: 1, any_of: vec![3, 0] })),
        ("chunk", 2, Message::Chunk { index: 3, len: 8 }),
        ("rejected_not_held", 2, Message::Rejected(Rejection::NotHeld)),
        ("rejected_busy", 2, Message::Rejected(Rejection::Busy { retry_after: RETRY })),
        ("rejected_cancelled", 2, Message::Rejected(Rejection::Cancelled)),
        ("rejected_gone", 2, gone(Gone::Changed)),
        ("gained", 1, Message::Gained(vec![0, 3, 65_535])),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().as_chunks::<2>().0;
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The bytes pinned under a name.
fn pinned(name: &str) -> Vec<u8> {
    let line = FRAMES.lines().find(|line| line.split(' ').next() == Some(name));
    unhex(&line.unwrap_or_else(|| panic!("no vector {name}")).split(' ').skip(1).collect::<String>())
}

#[test]
fn every_message_has_exactly_the_pinned_bytes() {
    for (name, request, message) in vectors() {
        let mut bytes = Vec::new();
        encode(request, &message, &mut bytes);
        assert_eq!(hex(&bytes), hex(&pinned(name)), "{name}");
    }
}

#[test]
fn the_pinned_bytes_mean_exactly_these_messages() {
    for (name, request, message) in vectors() {
        let bytes = pinned(name);
        let frame = Frame::Message { request, message };
        assert_eq!(decode(&bytes), Ok(Decoded::Frame { frame, used: bytes.len() }), "{name}");
    }
}

#[test]
fn frames_without_a_message_are_pinned_too() {
    let data = pinned("data");
    assert_eq!(data_header(2, 8), data[..12]);
    let frame = |name: &str| match decode(&pinned(name)) {
        Ok(Decoded::Frame { frame, used }) => (frame, used),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(frame("data"), (Frame::Data { request: 2, len: 8 }, 12));
    let gone = Frame::Message { request: 1, message: Message::Gone(Gone::Withdrawn) };
    assert_eq!(frame("gone_pushed"), (gone, 16));
    assert_eq!(frame("unknown_request"), (Frame::UnknownRequest { request: 14 }, 15));
    assert_eq!(frame("unknown_push"), (Frame::Unknown, 12));
}

#[test]
fn each_vector_in_the_file_is_one_of_ours_and_says_what_it_means() {
    let mut known: BTreeSet<_> = vectors().into_iter().map(|(name, _, _)| name).collect();
    known.extend(["data", "gone_pushed", "unknown_request", "unknown_push"]);
    let mut lines = FRAMES.lines().filter(|line| !line.is_empty());
    while let Some(meaning) = lines.next() {
        assert!(meaning.starts_with("# ") && meaning.len() > 10, "{meaning}");
        let name = lines.next().unwrap().split(' ').next().unwrap();
        assert!(known.remove(name), "{name}");
    }
    assert!(known.is_empty(), "not in the file: {known:?}");
}

#[test]
fn the_example_seed_file_has_exactly_the_pinned_bytes() {
    assert_eq!(hex(&seedfile::to_bytes(&seed())), hex(SEED_FILE));
    assert_eq!(seedfile::from_bytes(SEED_FILE).as_ref(), Ok(&*seed()));
}
