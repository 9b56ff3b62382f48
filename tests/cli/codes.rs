//! Each exit code is reached.

use std::fs;

use crate::world::{CHUNK, Running, World, nobody, rot, sha256, text};

const NONE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

#[test]
fn code_2_for_what_is_no_target_or_no_option() {
    let world = World::new();
    world.file("not.seed", 100, 1);
    for target in ["sha256:12", "not.seed", "missing.seed", "samara:zz", "samara:?tr=a:1"] {
        let ended = world.expect(2, &["get", target, "--tracker", "127.0.0.1:1"]);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains("next: "), "{}", ended.stderr);
    }
    world.expect(2, &["get", NONE, "--no-such-option"]);
    world.expect(2, &["get", NONE, "--tracker", "no port"]);
    world.expect(2, &["nonsense"]);
    let ended = world.expect(2, &["get", NONE]);
    assert!(ended.stderr.contains("--tracker HOST:PORT"), "{}", ended.stderr);
    world.expect(2, &["seed", "missing"]);
    world.expect(2, &["node", "not.seed"]);
    world.expect(2, &["tracker", "--ttl", "0s"]);
}

#[test]
fn code_3_if_no_tracker_knows_the_file() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let ended = world.expect(3, &["get", NONE, "--tracker", &tracker.addr, "--json"]);
    let error = ended.event("error");
    assert_eq!(error["code"], 3);
    assert!(ended.stderr.contains(&tracker.addr), "it names the tracker: {}", ended.stderr);
    world.expect(3, &["peers", NONE, "--tracker", &tracker.addr]);
}

#[test]
fn code_4_names_each_holder_that_no_longer_has_it() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 3 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &[]);
    fs::remove_file(&file).unwrap();
    let ended = world.expect(4, &["get", &seeder.hash, "--tracker", &tracker.addr, "-o", "copy", "--json"]);
    let error = ended.event("error");
    assert_eq!(error["code"], 4);
    assert_eq!(error["peers"][0]["addr"], seeder.service.addr.as_str());
    assert_eq!(ended.event("stale")["addr"], seeder.service.addr.as_str());
    assert!(!world.at("copy").exists());
}

#[test]
fn code_5_if_all_that_comes_is_bad() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 4 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &[]);
    rot(&file);
    for target in [&seeder.hash, &seeder.link] {
        let ended = world.expect(5, &["get", target, "--tracker", &tracker.addr, "-o", "copy", "--json"]);
        assert_eq!(ended.event("banned")["addr"], seeder.service.addr.as_str());
        assert_eq!(ended.event("error")["code"], 5);
        assert!(ended.stderr.contains("bad bytes"), "{}", ended.stderr);
        assert!(!world.at("copy").exists(), "no wrong byte under the final name");
    }
}

#[test]
fn code_6_if_no_tracker_is_reached() {
    let (world, nobody) = (World::new(), nobody());
    for args in [
        &["get", NONE, "--tracker", &nobody][..],
        &["ls", "--tracker", &nobody],
        &["peers", NONE, "--tracker", &nobody],
    ] {
        let ended = world.expect(6, args);
        assert!(ended.stderr.contains(&nobody) && ended.stderr.contains("next: "), "{}", ended.stderr);
        assert!(!ended.stdout.contains(&nobody));
    }
}

#[test]
fn code_8_if_the_only_seeder_stops_in_the_middle() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 16 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &["--limit-up", "1MiB/s"]);
    let mut get = world.spawn(&["get", &seeder.link, "-o", "copy", "--stall-timeout", "3s", "--json"]);
    get.event_that("progress", |progress| progress["chunks"].as_u64() > Some(0));
    seeder.service.running.signal("STOP");
    let ended = get.wait();
    assert_eq!(ended.code, 8, "{ended:#?}");
    let error = ended.event("error");
    assert_eq!(error["peers"][0]["addr"], seeder.service.addr.as_str());
    assert!(text(&error, "next").contains("same command"));
}

#[test]
fn code_8_if_the_time_for_all_of_it_runs_out() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 64 * CHUNK, 1), &["--limit-up", "1MiB/s"]);
    let ended = world.expect(8, &["get", &seeder.link, "-o", "copy", "--timeout", "3s", "--json"]);
    assert_eq!(ended.event("error")["code"], 8);
}

#[test]
fn code_9_if_the_target_lies_below_a_file_or_nowhere() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 100, 1), &[]);
    for output in ["f/copy", "f/deep/copy", "nowhere/copy", "nowhere/"] {
        let ended = world.expect(9, &["get", &seeder.link, "-o", output]);
        assert!(ended.stderr.contains(output) && ended.stderr.contains("next: "), "{}", ended.stderr);
    }
}

#[test]
fn code_9_names_the_file_and_blames_no_tracker() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 100, 1), &[]);
    fs::create_dir(world.at("copy.part")).unwrap();
    let ended = world.expect(9, &["get", &seeder.link, "-o", "copy", "--json"]);
    let error = ended.event("error");
    assert!(text(&error, "message").starts_with("cannot write copy: "), "{error}");
    assert_eq!(error["trackers"], serde_json::json!([]), "the disk failed, and nobody else");
    assert!(text(&error, "next").contains("-o with another"), "a folder is in the way: {error}");
}

#[test]
fn code_9_if_a_part_file_or_a_journal_is_somebody_else_s() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 100, 1), &[]);
    for (name, there) in [("film", "film.part"), ("diary", "diary.part.journal")] {
        fs::write(world.at(there), there).unwrap();
        let ended = world.expect(9, &["get", &seeder.link, "-o", name, "--json"]);
        let error = ended.event("error");
        assert!(text(&error, "message").contains("is not of this download"), "{error}");
        assert!(text(&error, "next").contains("-o with another name"), "{error}");
        assert_eq!(fs::read_to_string(world.at(there)).unwrap(), there);
        assert!(!world.at(name).exists());
    }
}

#[cfg(unix)]
#[test]
fn code_9_at_the_limit_of_a_file_s_size() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 16 * CHUNK, 1), &[]);
    let script = "ulimit -f 1024; exec samara get \"$1\" -o copy --json";
    let ended = Running::start(world.wrapped("sh", &["-c", script, "sh", &seeder.link])).wait();
    assert_eq!(ended.code, 9, "{ended:#?}");
    assert_eq!(ended.event("error")["code"], 9);
    assert!(!world.at("copy").exists());
}

#[test]
fn code_10_if_another_file_is_there() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 3 * CHUNK, 1);
    let other = world.file("other", 3 * CHUNK, 2);
    let (before, seeder) = (sha256(&other), world.seeder(&tracker, &file, &[]));
    let ended = world.expect(10, &["get", &seeder.link, "-o", "other", "--json"]);
    assert!(text(&ended.event("error"), "next").contains("--overwrite"));
    assert_eq!(sha256(&other), before, "it is untouched");
    world.expect(10, &["get", &seeder.hash, "--tracker", &tracker.addr, "-o", "other"]);
    world.expect(0, &["get", &seeder.link, "-o", "other", "--overwrite"]);
    assert_eq!(sha256(&other), seeder.hash);
}

#[cfg(unix)]
#[test]
fn signals_stop_everything_with_130_and_143() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 64 * CHUNK, 1), &["--limit-up", "1MiB/s"]);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut get = world.spawn(&["get", &seeder.link, "-o", "copy", "--json"]);
        get.event_that("progress", |progress| progress["peers"].as_u64() > Some(0));
        get.signal(signal);
        let ended = get.wait();
        assert_eq!(ended.code, code, "{ended:#?}");
        assert!(!world.at("copy").exists() && world.at("copy.part").exists());
    }
    seeder.service.running.signal("INT");
    assert_eq!(seeder.service.running.wait().code, 130);
    tracker.running.signal("TERM");
    assert_eq!(tracker.running.wait().code, 143);
}
