//! Every event has a form that can be written and read again.

use std::sync::Arc;

use bytes::Bytes;
use samara::downloader::{self, Pin, Target};
use samara::node::{Action, Download, Event};
use samara::record::{Awaited, Entry, FromRecord, Recorded, Restorer, Signed, ToRecord};
use samara::seeder::{FileId, Served};
use samara::store::{self, DiskError, DiskErrorKind, Identity, Op, Outcome};
use samara::wire::message::{Hello, Rejection};
use samara::wire::{DecodeError, Message};
use samara::{Hashed, Link, Seed, Sha2, Step, Time, tracker};
use samara_sim::file;

use super::memory;

const LINK: Link = Link { space: 2, slot: 65_535, generation: u32::MAX };
const FILE: FileId = FileId(3);
const IDENTITY: Identity = Identity { device: u64::MAX, inode: 1, size: 1_000, modified: i64::MIN };

fn seed() -> Arc<Seed> {
    file::seed(&file::random(1_000, 2), 256)
}

fn hello() -> Message {
    Message::Hello(Hello { version: 9, features: u64::MAX, node: 7 })
}

/// The chunk at `index`, whole or not.
fn chunk(index: u32, whole: bool) -> (Step, Hashed) {
    let (seed, bytes) = (seed(), file::random(1_000, 2));
    let (step, range) = (seed.step(index).unwrap(), seed.range(index).unwrap());
    let mut part = bytes[range.start as usize..range.end as usize].to_vec();
    part[0] ^= u8::from(!whole);
    (step, Hashed::new::<Sha2>(step.start, step.last, part.into()))
}

/// Through an entry's text and back.
fn through_text(event: Recorded) -> Recorded {
    let entry = Entry { at: Time::from_micros(u64::MAX), event, actions: vec!["Note 0".to_owned()] };
    let text = serde_json::to_string(&entry).unwrap();
    let read: Entry = serde_json::from_str(&text).unwrap();
    assert_eq!(read, entry, "{text}");
    read.event
}

fn restorer() -> Restorer {
    Restorer::new(memory(file::random(1_000, 2)))
}

#[track_caller]
fn survives(event: &Event) {
    let recorded = through_text(event.to_record(&mut Awaited::default()));
    let restored = Event::from_record(recorded, &mut restorer()).unwrap();
    assert_eq!(format!("{restored:?}"), format!("{event:?}"));
}

#[test]
fn every_event_of_a_node() {
    let order = |pin| {
        let target = Target { file_hash: seed().file_hash(), pin };
        let config = downloader::Config {
            timeout: Some(std::time::Duration::from_micros(1)),
            limit: u64::MAX,
            ..downloader::Config::default()
        };
        let store = store::Config { overwrite: true, ..store::Config::new(target.file_hash) };
        let peers = vec!["[::1]:1".parse().unwrap()];
        Event::Download(Box::new(Download { file: FILE, target, peers, config, store }))
    };
    let disk = |outcome| Event::Disk { file: FILE, job: 1, outcome };
    let error = DiskError { kind: DiskErrorKind::Full, doing: "writing", os: Some(-1) };
    let journal = Some(Bytes::from_static(b"\0\xff"));
    for event in [
        Event::Wake,
        Event::Share { file: FILE, seed: seed(), identity: IDENTITY },
        Event::Unshare { file: FILE },
        order(Pin::Hash),
        order(Pin::Id(seed().id())),
        order(Pin::Seed(seed())),
        Event::Stop,
        Event::Accepted { link: LINK, from: "1.2.3.4:5".parse().unwrap() },
        Event::Opened { link: LINK, peer: "[fe80::1]:65535".parse().unwrap() },
        Event::Message { link: LINK, request: 0, message: hello() },
        Event::Message { link: LINK, request: 9, message: Message::Seed(seed()) },
        Event::UnknownRequest { link: LINK, request: 1 },
        Event::Malformed { link: LINK, error: DecodeError::Flags { kind: 1, flags: 2 } },
        Event::Malformed { link: LINK, error: DecodeError::Magic },
        Event::Closed { link: LINK },
        Event::Served { link: LINK, request: 1, outcome: Served::Whole },
        Event::Served { link: LINK, request: 1, outcome: Served::Changed { sent: true } },
        Event::Looked { file: FILE, identity: Some(IDENTITY) },
        Event::Looked { file: FILE, identity: None },
        disk(Outcome::Done),
        disk(Outcome::Opened { journal, part: Some(IDENTITY) }),
        disk(Outcome::Opened { journal: None, part: None }),
        disk(Outcome::Looked(IDENTITY)),
        disk(Outcome::Failed(error)),
    ] {
        survives(&event);
    }
}

#[test]
fn every_event_of_a_tracker() {
    let addr = "1.2.3.4:5".parse().unwrap();
    for event in [
        tracker::Event::Wake,
        tracker::Event::Accepted { link: LINK, from: addr, local: "[::]:7".parse().unwrap() },
        tracker::Event::Message { link: LINK, request: 0, message: hello() },
        tracker::Event::UnknownRequest { link: LINK, request: 1 },
        tracker::Event::Malformed { link: LINK, error: DecodeError::TooLong { kind: 1, len: 2 } },
        tracker::Event::Closed { link: LINK },
    ] {
        let recorded = through_text(event.to_record(&mut Awaited::default()));
        let restored = tracker::Event::from_record(recorded, &mut restorer()).unwrap();
        assert_eq!(format!("{restored:?}"), format!("{event:?}"));
    }
}

/// The same chunk, over the network and from the disk.
fn both(step: Step, hashed: &Hashed) -> [(Action, Event); 2] {
    let op = Op::Check { offset: 0, step };
    let outcome = Outcome::Checked(hashed.clone());
    [
        (
            Action::Receive { link: LINK, request: 4, step },
            Event::Chunk { link: LINK, request: 4, hashed: hashed.clone() },
        ),
        (Action::Disk { file: FILE, job: 4, op }, Event::Disk { file: FILE, job: 4, outcome }),
    ]
}

#[test]
fn a_chunk_that_was_asked_for_is_read_from_the_file_and_hashed_again() {
    for index in 0..4 {
        let (step, hashed) = chunk(index, true);
        for (action, event) in both(step, &hashed) {
            let (mut awaited, mut restorer) = (Awaited::default(), restorer());
            assert_eq!(action.sign(&mut awaited), action.sign(&mut restorer.awaited));
            let recorded = through_text(event.to_record(&mut awaited));
            assert!(format!("{recorded:?}").contains("Fits"), "{recorded:?}");
            let restored = Event::from_record(recorded.clone(), &mut restorer).unwrap();
            assert_eq!(format!("{restored:?}"), format!("{event:?}"));
            // It comes once for each time that it was asked for.
            assert!(Event::from_record(recorded, &mut restorer).is_err());
        }
    }
}

#[test]
fn any_other_chunk_is_kept_whole() {
    let (step, bad) = chunk(3, false);
    let (_, whole) = chunk(3, true);
    for hashed in [bad, Hashed::new::<Sha2>(step.start, None, whole.bytes().slice(..77))] {
        for (action, event) in both(step, &hashed) {
            let mut awaited = Awaited::default();
            action.sign(&mut awaited);
            let recorded = through_text(event.to_record(&mut awaited));
            assert!(format!("{recorded:?}").contains("Bad"), "{recorded:?}");
            let restored = Event::from_record(recorded, &mut Restorer::default()).unwrap();
            assert_eq!(format!("{restored:?}"), format!("{event:?}"));
        }
    }
}

#[test]
fn a_chunk_that_was_refused_or_whose_connection_ended_is_awaited_no_more() {
    let (step, hashed) = chunk(1, true);
    let rejected = Message::Rejected(Rejection::Cancelled);
    for end in [Event::Message { link: LINK, request: 4, message: rejected }, Event::Closed { link: LINK }] {
        let mut awaited = Awaited::default();
        Action::Receive { link: LINK, request: 4, step }.sign(&mut awaited);
        end.to_record(&mut awaited);
        let chunk = Event::Chunk { link: LINK, request: 4, hashed: hashed.clone() };
        let recorded = chunk.to_record(&mut awaited);
        assert!(format!("{recorded:?}").contains("Bad"), "{recorded:?}");
    }
}

#[test]
fn signatures_differ_wherever_actions_do() {
    let write = |offset, byte, len| Op::Write { offset, bytes: vec![byte; len].into() };
    let bytes = |bytes: &'static [u8]| Bytes::from_static(bytes);
    let disk = |job, op| Action::Disk { file: FILE, job, op };
    let send = |request, node| {
        let message = Message::Hello(Hello { version: 1, features: 0, node });
        Action::Send { link: LINK, request, message }
    };
    let actions = [
        send(0, 1),
        send(0, 2),
        send(1, 2),
        disk(1, Op::Create { bytes: bytes(b"ab") }),
        disk(1, Op::Create { bytes: bytes(b"ac") }),
        disk(1, Op::Append { bytes: bytes(b"ab") }),
        disk(1, write(0, 0, 10)),
        disk(1, write(0, 1, 10)),
        disk(1, write(1, 0, 10)),
        disk(1, write(0, 0, 11)),
        disk(1, write(0, 0, 1_000)),
        disk(2, Op::SyncFolder),
        Action::Look { file: FILE },
        Action::Look { file: FileId(4) },
        Action::Stopped,
    ];
    let mut signatures: Vec<_> = actions.iter().map(|action| action.sign(&mut Awaited::default())).collect();
    assert!(signatures[0].starts_with("Send ") && signatures[3].starts_with("Disk "), "{signatures:?}");
    assert!(signatures[12].starts_with("Look ") && signatures[14].starts_with("Stopped "), "{signatures:?}");
    signatures.sort();
    signatures.dedup();
    assert_eq!(signatures.len(), actions.len());
}
