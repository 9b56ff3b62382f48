//! What is trusted, and what is read again, after a stop or a crash.

use std::time::Duration;

use samara::store::{Action, DiskErrorKind, Event, File, Op};
use samara::{Entropy, Have};

use crate::disk::Keep;
use crate::rig::{RENEWED, again, begun, file};

#[test]
fn after_an_orderly_stop_claims_are_trusted_and_the_journal_is_replaced_before_a_write() {
    let (bytes, seed) = file(200);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 2);
    rig.run().ops();
    rig.tell(Event::Close);
    rig.run();
    assert_eq!(rig.ops(), ["sync Part", "look at Part", "append", "sync Journal"]);
    assert!(matches!(rig.said().last(), Some(Action::Closed)));

    let mut rig = again(&rig.disk, &seed);
    rig.run();
    assert_eq!(rig.ops(), ["open"]);
    assert!(matches!(
        &rig.said()[..],
        [Action::Opened { seed: Some((there, false)), have, claimed }]
            if *there == seed && have.iter().eq([2]) && claimed.is_none()
    ));
    rig.put(&seed, &bytes, 0);
    rig.run();
    assert_eq!(rig.ops()[..5], [&RENEWED[..], &["write 0"]].concat());
}

#[test]
fn after_an_orderly_stop_a_part_file_that_looks_different_is_read_again() {
    let (bytes, seed) = file(200);
    let mut rig = begun(&seed);
    rig.put_all(&seed, &bytes, 0..4);
    rig.tell(Event::Close);
    rig.run();
    let mut edited = bytes.clone();
    edited[70] ^= 1;
    rig.disk.plant(File::Part, &edited);

    let mut rig = again(&rig.disk, &seed);
    rig.run();
    let said = rig.said();
    assert!(matches!(&said[0], Action::Opened { have, claimed, .. } if have.is_none() && claimed.is_all()));
    let failed = said.iter().filter(|action| matches!(action, Action::Checked { ok: false, .. }));
    assert!(matches!(failed.collect::<Vec<_>>()[..], [Action::Checked { index: 1, .. }]));
    assert_eq!(said.len(), 5);

    // What failed isn't claimed next time, and the rest need not be read again.
    rig.tell(Event::Close);
    rig.run();
    let mut rig = again(&rig.disk, &seed);
    rig.run();
    assert!(matches!(
        &rig.said()[..],
        [Action::Opened { have, claimed, .. }] if have.iter().eq([0, 2, 3]) && claimed.is_none()
    ));
}

#[test]
fn after_a_kill_claims_are_read_again_a_few_at_a_time_while_missing_chunks_are_stored() {
    let (bytes, seed) = file(640);
    let mut rig = begun(&seed);
    rig.put_all(&seed, &bytes, 0..9);
    rig.run();
    let mut rig = again(&rig.disk, &seed);
    rig.step();
    assert!(
        matches!(&rig.said()[..], [Action::Opened { have, claimed, .. }] if have.is_none() && claimed.count() == 9)
    );
    rig.put(&seed, &bytes, 9);
    rig.run();
    let ops = rig.ops();
    assert_eq!(ops.iter().filter(|op| op.starts_with("check")).count(), 9);
    let said = rig.said();
    assert_eq!(said.iter().filter(|said| matches!(said, Action::Checked { ok: true, .. })).count(), 9);
    assert!(said.iter().any(|said| matches!(said, Action::Stored { index: 9 })));
    rig.tell(Event::Publish);
    assert_eq!(rig.run().disk.read(File::Target), Some(&bytes[..]));
}

#[test]
fn zeros_are_data_only_if_they_match() {
    let (_, seed) = file(640);
    let mut rig = begun(&seed);
    rig.put_all(&seed, &[0; 640], 0..10);
    rig.run();
    let mut rig = again(&rig.disk, &seed);
    rig.run();
    assert!(rig.said()[1..].iter().all(|said| matches!(said, Action::Checked { ok: false, .. })));
}

#[test]
fn a_claim_beyond_the_part_files_end_is_none() {
    let (bytes, seed) = file(200);
    let mut rig = begun(&seed);
    rig.put_all(&seed, &bytes, 0..4);
    rig.run();
    rig.disk.run(&Op::Resize { length: 199 });
    let mut rig = again(&rig.disk, &seed);
    rig.step();
    assert!(matches!(&rig.said()[..], [Action::Opened { claimed, .. }] if claimed.iter().eq([0, 1, 2])));
}

#[test]
fn a_journal_without_its_part_file_claims_nothing() {
    let (bytes, seed) = file(200);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 0);
    rig.run();
    rig.disk.run(&Op::Remove(File::Part));
    let mut rig = again(&rig.disk, &seed);
    rig.run();
    assert!(matches!(&rig.said()[..], [Action::Opened { seed: Some(_), claimed, .. }] if claimed.is_none()));
}

#[test]
fn another_files_journal_is_refused_and_left_alone() {
    let (bytes, seed) = file(200);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 0);
    rig.run();
    let mut rig = again(&rig.disk, &file(300).1);
    rig.tell(Event::Close);
    rig.run();
    assert_eq!(rig.ops(), ["open"]);
    assert!(
        matches!(rig.said()[..], [Action::Failed(error), Action::Closed] if error.kind == DiskErrorKind::Foreign)
    );
}

#[test]
fn what_a_sync_cycle_made_durable_survives_any_crash() {
    let (bytes, seed) = file(640);
    let mut rig = begun(&seed);
    rig.put_all(&seed, &bytes, 0..10);
    rig.run();
    rig.wait(Duration::from_secs(5));
    rig.run();
    let mut entropy = Entropy::new(1);
    rig.disk.crash(&mut entropy, |_| Keep::Lost);
    let mut rig = again(&rig.disk, &seed);
    rig.run();
    assert!(matches!(&rig.said()[0], Action::Opened { claimed, .. } if *claimed == Have::all(10)));
    rig.tell(Event::Publish);
    assert_eq!(rig.run().disk.read(File::Target), Some(&bytes[..]));
}

#[test]
fn a_stop_right_after_a_start_leaves_the_journal_of_the_last_orderly_stop() {
    let (bytes, seed) = file(200);
    let mut rig = begun(&seed);
    rig.put(&seed, &bytes, 1);
    rig.tell(Event::Close);
    rig.run();
    for _ in 0..2 {
        rig = again(&rig.disk, &seed);
        rig.tell(Event::Close);
        assert_eq!(rig.run().ops(), ["open"]);
        let said = rig.said();
        assert!(matches!(&said[..], [Action::Opened { have, .. }, Action::Closed] if have.iter().eq([1])));
    }
}
