//! What `sha256sum` prints, in every way of getting there.

use super::*;
use alloc::{string::ToString, vec::Vec};
use sha2::Digest;

fn plain(bytes: &[u8]) -> FileHash {
    FileHash::new(sha2::Sha256::digest(bytes).into())
}

fn data(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 251) as u8).collect()
}

#[test]
fn any_length_in_any_pieces_gives_what_sha256sum_prints() {
    for length in (0..200).chain([1 << 16, (1 << 16) + 55]) {
        let bytes = data(length);
        for piece in [1, 63, 64, 65, 1000] {
            let mut hasher = Hasher::<Sha2>::new();
            bytes.chunks(piece).for_each(|part| hasher.update(part));
            assert_eq!(hasher.finish(), plain(&bytes), "{length} bytes in pieces of {piece}");
        }
    }
}

#[test]
fn chunks_hashed_apart_join_into_the_hash_of_the_whole() {
    let bytes = Bytes::from(data(3 * 128 + 77));
    let mut start = ChunkHash::INITIAL;
    for at in (0..bytes.len()).step_by(128) {
        let part = bytes.slice(at..bytes.len().min(at + 128));
        let last = (at + 128 > bytes.len()).then_some(bytes.len() as u64);
        start = Hashed::new::<Sha2>(start, last, part).end();
    }
    assert_eq!(start.as_bytes(), plain(&bytes).as_bytes());
}

#[test]
fn a_pair_is_two_singles() {
    let one = (ChunkHash::INITIAL, None, Bytes::from(data(256)));
    let two = (ChunkHash::new([9; 32]), Some(500), Bytes::from(data(116)));
    let singles =
        [one.clone(), two.clone()].map(|(start, last, bytes)| Hashed::new::<Sha2>(start, last, bytes));
    assert_eq!(Hashed::pair::<Sha2>([one, two]), singles);
}

#[test]
fn nothing_has_the_known_hash() {
    let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(FileHash::of_nothing().to_string(), known);
    assert_eq!(known.to_uppercase().parse(), Ok(FileHash::of_nothing()));
}

#[test]
fn what_is_not_64_hex_digits_is_no_hash() {
    for text in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66), &"é".repeat(32)] {
        assert_eq!(text.parse::<FileHash>(), Err(HashError), "{text}");
    }
}
