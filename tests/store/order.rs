//! The store's operations and their order.

use std::sync::Arc;
use std::time::Duration;

use crate::disk::Disk;
use crate::rig::{RENEWED, Rig, adopt, again, begun, file, lie};
use samara::Machine;
use samara::store::{Action, Config, DiskErrorKind, Event, File};

#[test]
fn the_list_is_durable_before_the_first_chunk_is_written() {
    let (bytes, seed) = file(100);
    let mut rig = Rig::new(Disk::default(), &seed, 1);
    rig.tell(Event::Open);
    rig.tell(adopt(&seed));
    rig.put(&seed, &bytes, 1);
    rig.run();
    let mut order = vec!["open"];
    order.extend(RENEWED);
    order.extend(["write 64", "append"]);
    assert_eq!(rig.ops(), order);
    assert!(matches!(
        &rig.said()[..],
        [Action::Opened { seed: None, .. }, Action::Adopted { have, .. }, Action::Stored { index: 1 }]
            if have.is_none()
    ));
}

#[test]
fn a_sync_begins_after_so_many_bytes_and_the_journal_follows_the_data() {
    let (bytes, seed) = file(640);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 0);
    rig.run();
    assert_eq!(rig.ops(), ["write 0", "append"]);
    rig.put(&seed, &bytes, 1);
    rig.run();
    assert_eq!(rig.ops(), ["write 64", "append", "sync Part", "append", "sync Journal"]);
}

#[test]
fn a_sync_begins_after_so_long_not_before() {
    let (bytes, seed) = file(640);
    let mut rig = begun(&seed);
    assert_eq!(rig.store.deadline(), None);
    rig.put(&seed, &bytes, 0);
    rig.run();
    let due = rig.store.deadline().unwrap();
    assert_eq!((due.at, due.timer), (rig.now + Duration::from_secs(5), "sync"));
    rig.wait(Duration::from_secs(5) - Duration::from_micros(1));
    assert_eq!(rig.run().ops(), ["write 0", "append"]);
    rig.wait(Duration::from_micros(1));
    assert_eq!(rig.store.deadline(), None, "no wake-up is wanted while it runs");
    assert_eq!(rig.run().ops(), ["sync Part", "append", "sync Journal"]);
    assert_eq!(rig.store.deadline(), None);
}

#[test]
fn a_finished_file_is_synced_before_it_gets_its_name_and_the_journal_goes_last() {
    let (bytes, seed) = file(100);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 0);
    rig.put(&seed, &bytes, 1);
    rig.run().ops();
    rig.said();
    rig.tell(Event::Publish);
    rig.run();
    assert_eq!(
        rig.ops(),
        [
            "sync Part",
            "look at Part",
            "rename Part to Target",
            "sync folder",
            "remove Journal",
            "remove NewJournal",
            "look at Target"
        ]
    );
    assert_eq!(rig.disk.read(File::Target), Some(&bytes[..]));
    assert_eq!(rig.disk.files(), [File::Target].into());
    let identity = rig.disk.look(File::Target).unwrap();
    assert!(matches!(rig.said()[..], [Action::Published { identity: said }] if said == identity));
    rig.tell(Event::Close);
    assert!(matches!(rig.said()[..], [Action::Closed]));
    assert_eq!(rig.run().ops(), [""; 0]);
}

#[test]
fn an_older_longer_part_file_is_cut() {
    let (bytes, seed) = file(100);
    let mut disk = begun(&seed).disk;
    disk.plant(File::Part, &[7; 300]);
    let mut rig = again(&disk, &seed);
    rig.tell(Event::Open);
    rig.tell(adopt(&seed));
    rig.put_all(&seed, &bytes, 0..2);
    rig.tell(Event::Publish);
    rig.run();
    assert!(rig.ops().contains(&"resize 100".into()));
    assert_eq!(rig.disk.read(File::Target), Some(&bytes[..]));
}

#[test]
fn files_that_are_not_its_own_are_left_alone() {
    let (_, seed) = file(100);
    let ours = begun(&seed).disk;
    let journal = ours.read(File::Journal).unwrap().to_vec();
    let opened = |part: Option<&[u8]>, journal: Option<&[u8]>| {
        let mut disk = Disk::default();
        let there = [(File::Part, part), (File::Journal, journal)];
        let there: Vec<_> = there.into_iter().filter_map(|(file, bytes)| Some((file, bytes?))).collect();
        there.iter().for_each(|(file, bytes)| disk.plant(*file, bytes));
        let mut rig = Rig::new(disk, &seed, 1);
        rig.tell(Event::Open);
        rig.run();
        assert_eq!(rig.ops(), ["open"]);
        assert!(there.iter().all(|(file, bytes)| rig.disk.read(*file) == Some(bytes)));
        match &rig.said()[..] {
            [Action::Opened { .. }] => None,
            [Action::Failed(error)] => Some(error.kind),
            said => panic!("{said:?}"),
        }
    };
    let foreign = Some(DiskErrorKind::Foreign);
    assert_eq!(opened(Some(b"a film"), None), foreign);
    assert_eq!(opened(None, Some(b"a diary")), foreign);
    assert_eq!(opened(None, Some(b"")), foreign);
    assert_eq!(opened(Some(b"some of it"), Some(&journal[..journal.len() / 2])), foreign);
    assert_eq!(opened(Some(b""), None), None);
    assert_eq!(opened(None, Some(&journal)), None);
    assert_eq!(opened(Some(b"some of it"), Some(&journal)), None);
}

#[test]
fn the_empty_file_is_published_too() {
    let (_, seed) = file(0);
    let mut rig = begun(&seed);
    rig.tell(Event::Publish);
    rig.run();
    assert_eq!(rig.disk.read(File::Target), Some(&[][..]));
}

#[test]
fn nothing_incomplete_is_published() {
    let (bytes, seed) = file(100);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 0);
    rig.tell(Event::Publish);
    rig.run();
    assert!(matches!(rig.said().last(), Some(Action::Failed(_))));
    assert_eq!(rig.disk.read(File::Target), None);
}

#[test]
fn a_store_that_failed_still_closes_whatever_it_is_told_before() {
    let (bytes, seed) = file(100);
    let mut rig = begun(&seed);
    rig.tell(Event::Publish);
    rig.run();
    rig.put(&seed, &bytes, 0);
    rig.tell(Event::Close);
    rig.run();
    assert!(matches!(&rig.said()[..], [Action::Failed(_), Action::Closed]));
}

#[test]
fn a_file_under_the_final_name_is_replaced_only_at_the_users_word() {
    let (bytes, seed) = file(100);
    for overwrite in [false, true] {
        let mut disk = Disk::default();
        disk.plant(File::Target, b"precious");
        let mut config = Config::new(seed.file_hash());
        config.overwrite = overwrite;
        let mut rig = Rig::with(disk, config, 1);
        rig.tell(Event::Open);
        rig.tell(adopt(&seed));
        rig.put_all(&seed, &bytes, 0..2);
        rig.tell(Event::Publish);
        rig.tell(Event::Close);
        rig.run();
        let there = rig.disk.read(File::Target).unwrap().to_vec();
        let said = rig.said();
        if overwrite {
            assert_eq!(there, bytes);
        } else {
            assert_eq!(there, b"precious");
            assert!(
                matches!(&said[4..], [Action::Failed(error), Action::Closed] if error.kind == DiskErrorKind::Exists)
            );
            assert!(rig.disk.files().contains(&File::Journal), "what is there can be resumed");
        }
    }
}

#[test]
fn a_switch_keeps_the_chunks_whose_whole_step_is_equal() {
    let (bytes, seed) = file(640);
    let wrong = lie(&seed, 4);
    let mut rig = begun(&wrong);
    rig.put_all(&wrong, &bytes, 0..8);
    rig.tell(adopt(&seed));
    rig.put(&seed, &bytes, 4);
    rig.run();
    let ops = rig.ops();
    let renewed = ops.iter().position(|op| op == RENEWED[0]).unwrap();
    assert_eq!(ops[renewed..renewed + 5], [&RENEWED[..], &["write 256"]].concat());
    let said = rig.said();
    assert!(matches!(&said[8], Action::Adopted { have, .. } if have.iter().eq([0, 1, 2, 3, 6, 7])));

    // The claims of the new journal are the survivors and what came since.
    let mut rig = again(&rig.disk, &seed);
    rig.step();
    assert!(matches!(
        &rig.said()[..],
        [Action::Opened { seed: Some((there, _)), claimed, .. }]
            if there.id() == seed.id() && claimed.iter().eq([0, 1, 2, 3, 4, 6, 7])
    ));
}

#[test]
fn a_switch_while_claims_are_read_drops_those_of_other_steps() {
    let (bytes, seed) = file(640);
    let wrong = lie(&seed, 1);
    let mut rig = begun(&wrong);
    rig.put_all(&wrong, &bytes, 0..10);
    rig.run();
    let mut rig = again(&rig.disk, &seed);
    rig.step();
    rig.tell(adopt(&seed));
    rig.run();
    let mut checked: Vec<u32> = Vec::new();
    for said in rig.said() {
        if let Action::Checked { index, ok } = said {
            assert!(ok);
            checked.push(index);
        }
    }
    checked.sort_unstable();
    assert_eq!(checked, [0, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn the_same_list_again_is_taken_at_once_unless_it_is_pinned_now() {
    let (_, seed) = file(200);
    let mut rig = begun(&seed);
    rig.tell(adopt(&seed));
    assert_eq!(rig.run().ops(), [""; 0]);
    assert!(matches!(&rig.said()[..], [Action::Adopted { .. }]));
    rig.tell(Event::Adopt { seed: Arc::clone(&seed), pinned: true });
    assert_eq!(rig.run().ops(), RENEWED);
}

#[test]
fn what_holds_nothing_is_removed_at_the_end_but_not_what_was_there_before() {
    let (bytes, seed) = file(200);
    let mut rig = Rig::new(Disk::default(), &seed, 1);
    rig.tell(Event::Open);
    rig.tell(Event::Close);
    rig.run();
    assert!(rig.disk.files().is_empty());

    let mut rig = begun(&seed);
    rig.tell(Event::Close);
    rig.run();
    assert!(rig.disk.files().is_empty());

    let mut disk = Disk::default();
    disk.plant(File::Part, &bytes);
    let mut rig = again(&disk, &seed);
    rig.tell(Event::Close);
    rig.run();
    assert_eq!(rig.ops(), ["open"]);
    assert!(matches!(rig.said().last(), Some(Action::Closed)));
}

#[test]
fn a_store_that_was_never_opened_closes_at_once() {
    let (_, seed) = file(200);
    let mut rig = Rig::new(Disk::default(), &seed, 1);
    rig.tell(Event::Close);
    assert!(matches!(rig.said()[..], [Action::Closed]));
}

#[test]
fn orders_that_make_no_sense_write_nothing_and_fail() {
    let (bytes, seed) = file(200);
    let (_, other) = file(300);
    let short = Event::Put { index: 0, bytes: bytes::Bytes::copy_from_slice(&bytes[..63]) };
    let mut early = Rig::new(Disk::default(), &seed, 1);
    early.tell(Event::Open);
    early.run().ops();
    early.put(&seed, &bytes, 0);
    let (mut foreign, mut unfit) = (begun(&seed), begun(&seed));
    foreign.tell(adopt(&other));
    unfit.tell(short);
    let cases = [
        (early, DiskErrorKind::Other, "storing a chunk before its list"),
        (foreign, DiskErrorKind::Foreign, "taking a list of chunk hashes"),
        (unfit, DiskErrorKind::Other, "storing a chunk that does not fit"),
    ];
    for (mut rig, kind, doing) in cases {
        assert_eq!(rig.run().ops(), [""; 0], "{doing}");
        let said = rig.said();
        let Some(Action::Failed(error)) = said.last() else { panic!("{doing}: {said:?}") };
        assert_eq!((error.kind, error.doing), (kind, doing));
    }
}
