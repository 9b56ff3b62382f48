//! A real run, in all its roles, does again what it did.
//!
//! If the core is meant to do something else from now on, make the recordings anew: `tests/cli/record.rs` says how.

use samara_sim::replay::Replayed;

use super::{GET, SEED, TRACKER, data, memory, run, told};

#[test]
fn each_role_does_what_it_did() {
    for (name, recording) in [("get", GET), ("seed", SEED), ("tracker", TRACKER)] {
        let replayed = run(recording, memory(data())).unwrap_or_else(|error| panic!("{name}: {error}"));
        let events = recording.lines().count() as u64 - 1;
        assert_eq!(replayed, Replayed { events, torn: 0, ..replayed }, "{name}");
        assert!(replayed.actions >= 8, "{name}: {replayed:?}");
    }
}

#[test]
fn only_the_role_that_receives_chunks_needs_the_file() {
    run(SEED, None).unwrap();
    run(TRACKER, None).unwrap();
    let error = run(GET, None).unwrap_err().to_string();
    assert!(error.contains("the file itself is needed (--data PATH)"), "{error}");
}

#[test]
fn a_replay_reads_like_the_story_of_the_run() {
    let (get, seed, tracker) = (told(GET), told(SEED), told(TRACKER));
    for index in 0..5 {
        assert!(get.contains(&format!("-> note of file 0: has verified chunk {index}, ")), "{get}");
        assert!(seed.contains(&format!(" chunk {index} of file 0")), "{seed}");
    }
    assert!(get.contains("data: Hashed(") && get.contains("-> file 0 is done: Seed("), "{get}");
    assert!(seed.contains("share file 0: Seed(") && seed.contains("-> file 0 is announced"), "{seed}");
    assert!(tracker.contains("Update: all [") && tracker.contains("-> note: names 1 holders"), "{tracker}");
}

#[test]
fn bytes_of_chunks_are_not_recorded() {
    let bytes = data();
    let hex: String = bytes[..32].iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(GET.contains("\"fits\":") && !GET.contains(&hex));
    assert!(GET.len() < 200 * GET.lines().count(), "{} B are too many", GET.len());
}
