//! The helpers for files.

use std::cell::Cell;
use std::fs;

use samara_tokio::files::{hash, identity, sha256, verify};

use super::{data, name};

#[test]
fn a_hashed_file_verifies_and_its_damage_is_found_to_the_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let bytes = data((1 << 20) + 5);
    fs::write(&path, &bytes).unwrap();
    let told = Cell::new(0);
    let (seed, looked) = hash(&path, name(), &|bytes| told.set(bytes)).unwrap();
    assert_eq!((looked, told.get()), (identity(&path).unwrap(), bytes.len() as u64));
    assert_eq!(sha256(&path, &|_| ()).unwrap(), seed.file_hash());
    for threads in [0, 1, 3] {
        assert_eq!(verify(&seed, &path, threads, &|bytes| told.set(bytes)).unwrap(), []);
        assert_eq!(told.get(), bytes.len() as u64);
    }

    let chunk = 256 << 10;
    let check = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let bad = verify(&seed, &path, 0, &|_| ()).unwrap();
        bad.into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
    };
    let mut damaged = bytes.clone();
    for at in [chunk, 2 * chunk + 7, 4 * chunk + 4] {
        damaged[at] ^= 1;
    }
    let (len, chunk) = (bytes.len() as u64, chunk as u64);
    assert_eq!(check(&damaged), [(chunk, 3 * chunk), (4 * chunk, len)]);
    assert_eq!(check(&bytes[..bytes.len() - 1]), [(4 * chunk, len)]);
    assert_eq!(check(&bytes[..10]), [(0, len)]);
    let longer = [&bytes[..], b"tail"].concat();
    assert_eq!(check(&longer), [(len, len + 4)]);
    damaged.extend(b"tail");
    assert_eq!(check(&damaged), [(chunk, 3 * chunk), (4 * chunk, len + 4)]);
}

#[test]
fn an_empty_file_has_a_seed_and_what_is_no_file_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, "").unwrap();
    let (seed, _) = hash(&path, name(), &|_| ()).unwrap();
    assert_eq!(verify(&seed, &path, 0, &|_| ()).unwrap(), []);
    assert!(hash(folder.path(), name(), &|_| ()).is_err());
    assert!(identity(&folder.path().join("nowhere")).is_err());
}

#[test]
fn a_file_that_grows_while_it_is_hashed_has_no_seed() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, data(3 << 20)).unwrap();
    let grow = |_| {
        fs::File::options().append(true).open(&path).unwrap().write_all(b"x").unwrap();
    };
    assert!(hash(&path, name(), &grow).is_err());
}
