//! What a store's operations do to real files, and what they refuse to touch.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use samara::hash::{ChunkHash, Hashed, Sha2};
use samara::seed::Step;
use samara::store::{DiskErrorKind, File, Identity, Op, Outcome};
use tempfile::TempDir;

use super::{FileSystem, sys};
use crate::env::{Disk, Part};

struct Place {
    folder: TempDir,
    part: Arc<dyn Part>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let part = FileSystem.part(&folder.path().join("f"));
        Self { folder, part }
    }

    fn opened() -> Self {
        let place = Self::new();
        assert_eq!(place.run(Op::Open), Outcome::Opened { journal: None, part: None });
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, op: Op) -> Outcome {
        self.part.perform(op)
    }

    fn done(&self, op: Op) {
        assert_eq!(self.run(op), Outcome::Done);
    }

    fn failed(&self, op: Op) -> DiskErrorKind {
        failed(&*self.part, op)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn failed(part: &dyn Part, op: Op) -> DiskErrorKind {
    match part.perform(op) {
        Outcome::Failed(error) => error.kind,
        outcome @ (Outcome::Done | Outcome::Opened { .. } | Outcome::Checked(_) | Outcome::Looked(_)) => {
            panic!("{outcome:?}")
        }
    }
}

fn look(path: &Path) -> Identity {
    sys::identity(&fs::metadata(path).unwrap())
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[test]
fn a_whole_download_goes_through_its_files() {
    let place = Place::opened();
    place.done(Op::Create { bytes: bytes("list ") });
    place.done(Op::Sync(File::NewJournal));
    place.done(Op::Rename { from: File::NewJournal, to: File::Journal, replace: true });
    place.done(Op::SyncFolder);
    place.done(Op::Resize { length: 10 });
    place.done(Op::Write { offset: 5, bytes: bytes("world") });
    place.done(Op::Write { offset: 0, bytes: bytes("hello") });
    place.done(Op::Append { bytes: bytes("one ") });
    place.done(Op::Append { bytes: bytes("two") });
    place.done(Op::Sync(File::Part));
    assert_eq!(place.names(), ["f.part", "f.part.journal"]);
    assert_eq!(fs::read(place.path("f.part.journal")).unwrap(), b"list one two");

    let step = Step { index: 0, start: ChunkHash::INITIAL, end: ChunkHash::INITIAL, len: 4, last: None };
    let hashed = Hashed::new::<Sha2>(ChunkHash::INITIAL, None, bytes("worl"));
    assert_eq!(place.run(Op::Check { offset: 5, step }), Outcome::Checked(hashed));
    assert_eq!(place.failed(Op::Check { offset: 7, step }), DiskErrorKind::Other, "beyond the end");

    let content = place.part.content().unwrap();
    place.done(Op::Rename { from: File::Part, to: File::Target, replace: false });
    place.done(Op::Remove(File::Journal));
    place.done(Op::Remove(File::Journal));
    assert_eq!(place.names(), ["f"]);
    assert_eq!(fs::read(place.path("f")).unwrap(), b"helloworld");
    assert_eq!(place.run(Op::Look(File::Target)), Outcome::Looked(look(&place.path("f"))));
    let mut five = [0; 5];
    content.read_at(&mut five, 5).unwrap();
    assert_eq!(&five, b"world", "who reads the part file goes on after its rename");
}

#[test]
fn a_later_run_finds_what_an_earlier_one_left_and_appends_to_it() {
    let place = Place::opened();
    place.done(Op::Write { offset: 0, bytes: bytes("data") });
    place.done(Op::Create { bytes: bytes("list ") });
    place.done(Op::Rename { from: File::NewJournal, to: File::Journal, replace: true });
    let Place { folder, part } = place;
    drop(part);
    let part = FileSystem.part(&folder.path().join("f"));
    let place = Place { folder, part };
    let there = look(&place.path("f.part"));
    assert_eq!(place.run(Op::Open), Outcome::Opened { journal: Some(bytes("list ")), part: Some(there) });
    place.done(Op::Append { bytes: bytes("more") });
    assert_eq!(fs::read(place.path("f.part.journal")).unwrap(), b"list more");
    assert_eq!(fs::read(place.path("f.part")).unwrap(), b"data");
}

#[test]
fn what_is_no_plain_file_is_neither_followed_nor_written() {
    type Make = fn(&Place, &Path);
    let make: [(&str, Make); 4] = [
        ("a symbolic link", |place, path| symlink(place.path("precious"), path).unwrap()),
        ("a dangling link", |place, path| symlink(place.path("nowhere"), path).unwrap()),
        ("a second name", |place, path| fs::hard_link(place.path("precious"), path).unwrap()),
        ("a pipe", |_, path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        }),
    ];
    for (what, make) in make {
        for name in ["f.part", "f.part.journal"] {
            let place = Place::new();
            fs::write(place.path("precious"), "precious").unwrap();
            make(&place, &place.path(name));
            assert_eq!(place.failed(Op::Open), DiskErrorKind::NotPlain, "{what} at {name}");
            assert_eq!(fs::read(place.path("precious")).unwrap(), b"precious");
            assert!(!place.path("nowhere").exists());
        }
    }
}

#[test]
fn whatever_lies_where_a_new_journal_goes_is_replaced_and_not_followed() {
    let place = Place::opened();
    fs::write(place.path("precious"), "precious").unwrap();
    symlink(place.path("precious"), place.path("f.part.journal.new")).unwrap();
    place.done(Op::Create { bytes: bytes("list") });
    assert!(fs::symlink_metadata(place.path("f.part.journal.new")).unwrap().is_file());
    assert_eq!(fs::read(place.path("precious")).unwrap(), b"precious");
}

#[test]
fn one_download_at_a_time_holds_the_part_file() {
    let place = Place::opened();
    let other = FileSystem.part(&place.path("f"));
    assert_eq!(failed(&*other, Op::Open), DiskErrorKind::Locked);
    assert_eq!(failed(&*other, Op::Write { offset: 0, bytes: bytes("x") }), DiskErrorKind::Other);
    let Place { folder, part } = place;
    drop(part);
    assert!(matches!(other.perform(Op::Open), Outcome::Opened { part: Some(_), .. }));
    drop(folder);
}

#[test]
fn a_target_that_is_there_stays_unless_it_may_be_replaced() {
    let place = Place::opened();
    fs::write(place.path("f"), "old").unwrap();
    place.done(Op::Write { offset: 0, bytes: bytes("new") });
    let rename = |replace| Op::Rename { from: File::Part, to: File::Target, replace };
    assert_eq!(place.failed(rename(false)), DiskErrorKind::Exists);
    let portable = sys::link_new(&place.path("f.part"), &place.path("f"));
    assert_eq!(portable.map_err(|error| sys::kind(&error)), Err(DiskErrorKind::Exists));
    assert_eq!(fs::read(place.path("f")).unwrap(), b"old");
    place.done(rename(true));
    assert_eq!(fs::read(place.path("f")).unwrap(), b"new");
    sys::link_new(&place.path("f"), &place.path("g")).unwrap();
    assert_eq!(place.names(), ["g"], "the portable way renames, too");
}

#[test]
fn what_the_operating_system_says_is_told_apart() {
    let place = Place::new();
    let part = |path: &Path| failed(&*FileSystem.part(path), Op::Open);
    assert_eq!(part(&place.path("nowhere/f")), DiskErrorKind::NoFolder);
    fs::write(place.path("file"), "").unwrap();
    assert_eq!(part(&place.path("file/f")), DiskErrorKind::NoFolder);
    // Not even root can make files there.
    assert!(matches!(part(Path::new("/proc/self/f")), DiskErrorKind::Denied | DiskErrorKind::NoFolder));
    let kind = |number| sys::kind(&std::io::Error::from_raw_os_error(number));
    assert_eq!([28, 122, 27].map(kind), [DiskErrorKind::Full; 3], "ENOSPC, EDQUOT, EFBIG");
    assert_eq!([13, 1, 30].map(kind), [DiskErrorKind::Denied; 3], "EACCES, EPERM, EROFS");
    assert_eq!(kind(5), DiskErrorKind::Other, "EIO");
}
