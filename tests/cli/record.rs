//! `--record`: what happened to a process happens again in the core alone.

use std::fs;
use std::path::Path;

use samara_sim::{file, replay};

use crate::world::{CHUNK, World, rot};

/// Gives the code of `samara-sim replay`, and what it prints.
fn replay(recording: &Path, data: Option<&Path>) -> (u8, String) {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let code = replay::command(recording, data, false, &mut out, &mut errors);
    (code, String::from_utf8([out, errors].concat()).unwrap())
}

/// The recording replays with the same actions; gives what is printed.
#[track_caller]
fn same(recording: &Path, data: Option<&Path>) -> String {
    let (code, text) = replay(recording, data);
    assert_eq!(code, 0, "{text}");
    assert!(text.trim_end().ends_with(": the same as recorded"), "{text}");
    text
}

/// The three that `sim/tests/replay` keeps are made here: `KEEP_RECORDINGS=$PWD/sim/tests/recordings cargo test -p
/// samara-cli --test cli record` makes them anew after the core has changed.
#[cfg(unix)]
#[test]
fn a_transfer_replays_in_all_three_roles() {
    let world = World::new();
    let (tracker_file, seed_file, get_file) =
        (world.at("tracker.ndjson"), world.at("seed.ndjson"), world.at("get.ndjson"));
    let tracker = world.tracker(&["--record", "tracker.ndjson"]);
    fs::write(world.at("f"), file::random(4 * CHUNK + 100, 1)).unwrap();
    let seeder = world.seeder(&tracker, &world.at("f"), &["--record", "seed.ndjson"]);
    let get = ["get", &seeder.hash, "--tracker", &tracker.addr, "-o", "copy", "--listen", "127.0.0.1:0"];
    world.expect(0, &[&get[..], &["--record", "get.ndjson"]].concat());
    for running in [seeder.service.running, tracker.running] {
        running.signal("INT");
        assert_eq!(running.wait().code, 130);
    }

    let got = same(&get_file, Some(&world.at("copy")));
    assert!(got.contains("has verified chunk 4, 100 B") && got.contains("-> stopped"), "{got}");
    let seeded = same(&seed_file, None);
    assert!(seeded.contains("-> serve ") && seeded.contains("-> stopped"), "{seeded}");
    let tracked = same(&tracker_file, None);
    assert!(tracked.contains("-> note: names 1 holders of"), "{tracked}");

    let (code, text) = replay(&get_file, None);
    assert!(code == 2 && text.contains("--data"), "{text}");
    if let Some(folder) = std::env::var_os("KEEP_RECORDINGS") {
        for recording in [tracker_file, seed_file, get_file] {
            fs::copy(&recording, Path::new(&folder).join(recording.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn bad_chunks_are_kept_whole() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let rotten = world.file("rotten", 2 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &rotten, &[]);
    rot(&rotten);
    let get = ["get", &seeder.hash, "--tracker", &tracker.addr, "-o", "copy", "--record", "get.ndjson"];
    let ended = world.expect(5, &get);
    let recording = world.at("get.ndjson");
    let size = fs::metadata(&recording).unwrap().len();
    assert!(size > 2 * CHUNK as u64, "{size} B hold no chunk in hex: {ended:?}");
    let text = same(&recording, None);
    assert!(text.contains("which sent bad bytes for chunk"), "{text}");
}

#[test]
fn what_a_killed_download_left_is_hashed_again() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 24 * CHUNK, 1), &[]);
    let args = ["get", &seeder.link, "-o", "copy", "--json"];
    let mut get = world.spawn(&[&args[..], &["--limit", "4MiB/s", "--record", "killed.ndjson"]].concat());
    get.event_that("progress", |progress| progress["chunks"].as_u64() > Some(6));
    get.kill();
    world.expect(0, &[&args[..], &["--record", "resumed.ndjson"]].concat());

    let (code, text) = replay(&world.at("killed.ndjson"), Some(&world.at("copy")));
    assert!(code == 0 && text.contains("has verified chunk"), "{text}");
    let text = same(&world.at("resumed.ndjson"), Some(&world.at("copy")));
    assert!(text.contains(": checked Hashed("), "{text}");
}

#[test]
fn a_file_that_is_there_is_not_recorded_over() {
    let world = World::new();
    fs::write(world.at("precious"), "precious").unwrap();
    let ended = world.expect(10, &["tracker", "--listen", "127.0.0.1:0", "--record", "precious"]);
    assert!(ended.stderr.contains("precious") && ended.stderr.contains("another name"), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(world.at("precious")).unwrap(), "precious");
}

#[test]
fn a_process_that_could_not_start_leaves_no_recording() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 1, 1);
    let file = file.to_str().unwrap();
    world.expect(1, &["tracker", "--listen", &tracker.addr, "--record", "r"]);
    world.expect(1, &["seed", file, "--listen", &tracker.addr, "--record", "r"]);
    assert!(!world.at("r").exists());
}
