//! `--json`: every line of stdout is one object with the documented fields, and progress never lies.

use crate::world::{CHUNK, Ended, World, number};

/// Each event's fields, all of which have to be there.
const FIELDS: [(&str, &[&str]); 8] = [
    ("listening", &["role", "addr"]),
    ("seeding", &["path", "name", "length", "chunks", "file_hash", "seed_id", "link"]),
    ("progress", &["bytes", "length", "chunks", "peers", "stale", "banned", "rate"]),
    ("stale", &["addr", "why"]),
    ("banned", &["addr", "why"]),
    (
        "done",
        &[
            "path",
            "file_hash",
            "length",
            "seconds",
            "resumed_bytes",
            "fetched_bytes",
            "stale",
            "banned",
            "sources",
        ],
    ),
    ("error", &["code", "message", "peers"]),
    ("uploaded", &["bytes", "peers"]),
];

fn check(ended: &Ended) {
    for object in ended.objects() {
        let kind = object["event"].as_str().unwrap_or_else(|| panic!("no event: {object}"));
        let fields = FIELDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, fields)| *fields);
        for field in fields {
            assert!(object.get(field).is_some(), "{kind} has no {field}: {object}");
        }
    }
}

#[test]
fn a_download_is_told_line_by_line() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let mut seeder = world.seeder(&tracker, &world.file("f", 24 * CHUNK, 1), &["--limit-up", "3MiB/s"]);
    let ended = world.expect(0, &["get", &seeder.hash, "--tracker", &tracker.addr, "-o", "copy", "--json"]);
    check(&ended);
    let length = 24 * CHUNK as u64;
    let progress =
        ended.objects().into_iter().filter(|object| object["event"] == "progress").collect::<Vec<_>>();
    assert!(progress.len() >= 3, "two seconds, an event each half one: {}", ended.stdout);
    let bytes = progress.iter().map(|event| number(event, "bytes")).collect::<Vec<_>>();
    assert!(bytes.is_sorted() && bytes.iter().all(|bytes| *bytes <= length), "{bytes:?}");
    assert!(progress.iter().all(|event| event["length"].is_null() || event["length"] == length));
    assert!(!ended.stdout.contains("already present"));
    let kinds = ended.objects().iter().map(|object| object["event"].clone()).collect::<Vec<_>>();
    assert_eq!(kinds.last().unwrap(), "done");

    let uploaded = seeder.service.running.event_that("uploaded", |event| number(event, "bytes") >= length);
    assert!(number(&uploaded, "bytes") < length + length / 10, "{uploaded}");
    assert_eq!(number(&uploaded, "peers"), 1);
    seeder.service.running.signal("INT");
    check(&seeder.service.running.wait());
}

#[test]
fn without_json_only_results_are_on_stdout() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 4 * CHUNK, 1), &[]);
    let ended = world.expect(0, &["get", &seeder.link, "-o", "copy"]);
    assert_eq!(ended.stdout, format!("copy  sha256:{}\n", seeder.hash));
    assert!(ended.stderr.contains("fetching copy") || ended.stderr.contains("done: "), "{}", ended.stderr);
    let quiet = world.expect(0, &["get", &seeder.link, "-o", "copy2", "-q"]);
    assert_eq!(quiet.stderr, "");
    let shown = world.expect(0, &["get", &seeder.link, "-o", "copy3", "--progress", "json"]);
    assert!(shown.stderr.lines().any(|line| line.starts_with(r#"{"event":"progress""#)), "{}", shown.stderr);
    assert!(!shown.stdout.contains('{'));
}

#[test]
fn progress_can_be_turned_off() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 4 * CHUNK, 1), &[]);
    let ended = world.expect(0, &["get", &seeder.link, "-o", "copy", "--json", "--progress", "none"]);
    assert!(!ended.stdout.contains(r#""event":"progress""#) && ended.stdout.contains(r#""event":"done""#));
}

#[test]
fn a_warning_says_that_no_tracker_answers() {
    let world = World::new();
    world.file("f", 100, 1);
    let nobody = crate::world::nobody();
    let mut seeder = world.spawn(&["seed", "f", "--tracker", &nobody, "--listen", "127.0.0.1:0", "--json"]);
    seeder.event("listening");
    let tracker = world.service(&["tracker", "--json", "--listen", &nobody]);
    seeder.event("seeding");
    drop(tracker);
    seeder.signal("INT");
    assert_eq!(seeder.wait().code, 130);
}
