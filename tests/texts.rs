//! What people are told when what they typed, opened or were sent does not do.

use samara::downloader::{Failure, PeerFate, TrackerFate};
use samara::wire::message::Refusal;
use samara::wire::session::Fault;
use samara::wire::{DecodeError, seedfile};
use samara::{SafeName, SeedBuilder, ShareLink};

fn link(parameters: &str) -> String {
    format!("samara:{}?{parameters}", "ab".repeat(32))
}

#[test]
fn a_link_that_does_not_do_says_which_part_and_what_it_should_be() {
    let said = |text: &str| text.parse::<ShareLink>().unwrap_err().to_string();
    assert_eq!(said("https://example.org/file"), "a link begins with samara:");
    assert_eq!(said("samara:ab"), "after samara: a link has a SHA-256 of 64 hex digits");
    assert_eq!(said(&link(&"x".repeat(8 << 10))), "a link has at most 8192 bytes");
    assert_eq!(said(&link("n=%2")), "the link has a % without two hex digits, or bytes that are no text");
    assert_eq!(said(&link("tr=here")), "a tracker in the link (tr=) is not HOST:PORT");
    assert_eq!(said(&link(&"tr=a:1&".repeat(17))), "the link has more than 16 trackers");
    assert_eq!(said(&link("id=ab")), "the link's seed id (id=) is not 64 hex digits");
    assert_eq!(said(&link("l=1e9")), "the link's length (l=) is not a number of bytes up to 1 TiB");
    assert_eq!(said(&link("l=1&l=1")), "the link says id=, n= or l= twice");
    let name =
        "the link's name (n=) does not do: the file name begins with a space, or ends with a dot or space";
    assert_eq!(said(&link("n=a.")), name);
}

#[test]
fn a_name_that_could_do_harm_says_why() {
    let said = |name: &str| SafeName::new(name).unwrap_err().to_string();
    assert_eq!(said(""), "a file name has 1 to 255 bytes");
    assert_eq!(said("a/b"), "the file name has a separator, a control character or one of :*?\"<>|");
    assert_eq!(said("a\u{202e}b"), "the file name has an invisible or direction-changing character");
    assert_eq!(said(" a"), "the file name begins with a space, or ends with a dot or space");
    assert_eq!(said("nul.txt"), "the file name is reserved for a device on Windows");
}

#[test]
fn a_seed_file_that_does_not_do_says_what_is_wrong_with_it() {
    let mut builder: SeedBuilder = SeedBuilder::with_chunk_size(200, 64).unwrap();
    builder.update(&[7; 200]);
    let bytes = seedfile::to_bytes(&builder.finish(SafeName::new("a file").unwrap()).unwrap());
    let said = |bytes: &[u8]| seedfile::from_bytes(bytes).unwrap_err().to_string();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        said(&bytes)
    };
    assert_eq!(said(b"#!/bin/sh\n"), "this is not a seed file");
    assert_eq!(with(8, 2), "the seed file has version 2, and only 1 is known");
    assert_eq!(with(bytes.len() - 1, 0), "the seed file is damaged");
    assert_eq!(said(&vec![0; 3 << 20]), "a seed file has at most 2097509 bytes");
    let malformed = "the seed file is malformed: ";
    let name = "the file name has a separator, a control character or one of :*?\"<>|";
    assert_eq!(with(18, b'/'), format!("{malformed}{name}"));
    let size = "the chunk size is not a power of two from 64 B to 16 MiB";
    assert_eq!(with(32, 65), format!("{malformed}{size}"));
    assert_eq!(with(24, 0), format!("{malformed}the chunk hashes do not fit the length"));
    assert_eq!(with(30, 1), format!("{malformed}the file has more than 65,536 chunks"));
    assert_eq!(with(36, 0), format!("{malformed}the last chunk hash is not the file hash"));
}

#[test]
fn whoever_is_turned_away_is_said_to_have_done_something() {
    let malformed = |error| Fault::Malformed(error).to_string();
    assert_eq!(malformed(DecodeError::Magic), "the other side does not speak samara");
    assert_eq!(malformed(DecodeError::Body { kind: 1 }), "a frame of kind 1 has a malformed body");
    assert_eq!(malformed(DecodeError::Flags { kind: 1, flags: 260 }), "a frame of kind 1 has flags 0x104");
    assert_eq!(malformed(DecodeError::TooLong { kind: 1, len: 27 }), "a frame of kind 1 claims 27 bytes");
    assert_eq!(Fault::Unsolicited.to_string(), "sent a chunk that was not asked for");
    assert_eq!(Fault::Flood.to_string(), "sent too many requests");
}

#[test]
fn a_download_that_failed_says_why_and_what_became_of_whom() {
    assert_eq!(Failure::TimedOut.to_string(), "the time for this download ran out");
    let stalled = |missing| Failure::Stalled { missing }.to_string();
    assert_eq!(stalled(None), "stalled: no new chunk came");
    assert_eq!(stalled(Some(3)), "stalled: nobody could serve chunk 3");
    assert_eq!(PeerFate::Untried.to_string(), "was not tried");
    assert_eq!(PeerFate::Busy.to_string(), "was busy");
    let banned = PeerFate::Banned(Fault::BadChunk { index: 3 });
    assert_eq!(banned.to_string(), "was banned: it sent bad bytes for chunk 3");
    let banned = PeerFate::Banned(Fault::Malformed(DecodeError::Magic));
    assert_eq!(banned.to_string(), "was banned: the other side does not speak samara");
    assert_eq!(TrackerFate::Refused(Refusal::Quota).to_string(), "refused: Quota");
}
