//! What a disk keeps, and what it loses.

use super::*;

fn write(disk: &mut Disk, offset: u64, byte: u8) {
    let op = Op::Write { offset, bytes: Bytes::from(vec![byte; 10]) };
    assert_eq!(disk.perform("f", op, Time::ZERO).0, Outcome::Done);
}

/// What `f.part` can look like after a crash.
fn survivors(disk: &Disk) -> Vec<Option<Vec<u8>>> {
    let crashed = (0..500).map(|seed| {
        let mut disk = disk.clone();
        disk.crash(&mut Entropy::new(seed));
        disk.bytes("f.part").map(<[u8]>::to_vec)
    });
    let mut all: Vec<_> = crashed.collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn a_crash_keeps_what_was_synced_and_any_of_the_rest() {
    let mut disk = Disk::new(1);
    disk.perform("f", Op::Open, Time::ZERO);
    assert_eq!(survivors(&disk), [None, Some(vec![])], "its name isn't durable");
    disk.perform("f", Op::SyncFolder, Time::ZERO);
    write(&mut disk, 0, 1);
    disk.perform("f", Op::Sync(File::Part), Time::ZERO);
    let synced = vec![1; 10];
    assert_eq!(survivors(&disk), [Some(synced.clone())]);
    write(&mut disk, 10, 2);
    write(&mut disk, 20, 3);
    let all = survivors(&disk);
    let lost_between = [synced.clone(), vec![0; 10], vec![3; 10]].concat();
    for possible in [synced, [vec![1; 10], vec![2; 10]].concat(), lost_between] {
        assert!(all.contains(&Some(possible)));
    }
    assert!(all.iter().flatten().all(|bytes| bytes.starts_with(&[1; 10])));
    assert!(all.iter().flatten().any(|bytes| bytes.len() == 25), "the last write can be torn");
}

#[test]
fn a_rename_is_durable_with_its_folder_only() {
    let mut disk = Disk::new(1);
    disk.perform("f", Op::Open, Time::ZERO);
    disk.perform("f", Op::SyncFolder, Time::ZERO);
    let rename = Op::Rename { from: File::Part, to: File::Target, replace: false };
    assert_eq!(disk.perform("f", rename.clone(), Time::ZERO).0, Outcome::Done);
    assert_eq!(survivors(&disk), [None, Some(vec![])]);
    disk.perform("f", Op::SyncFolder, Time::ZERO);
    assert_eq!(survivors(&disk), [None]);
    disk.put("f.part", b"another", Time::ZERO);
    let (Outcome::Failed(error), None) = disk.perform("f", rename, Time::ZERO) else {
        panic!("it was replaced")
    };
    assert_eq!(error.kind, DiskErrorKind::Exists);
}

#[test]
fn an_identity_shows_a_write_and_a_replacement_but_no_rot() {
    let mut disk = Disk::new(1);
    let before = disk.put("f.part", &[0; 20], Time::ZERO);
    disk.corrupt("f.part", 3);
    assert_eq!((disk.identity("f.part"), disk.bytes("f.part").map(|b| b[3])), (Some(before), Some(0xff)));
    disk.perform("f", Op::Write { offset: 0, bytes: Bytes::from_static(b"x") }, Time::from_micros(1));
    let written = disk.identity("f.part");
    assert_ne!(written, Some(before));
    disk.put("f.part", &[0; 20], Time::from_micros(1));
    assert_ne!(disk.identity("f.part"), written);
    disk.delete("f.part");
    assert_eq!(disk.identity("f.part"), None);
}
