//! What is interrupted goes on, and what is downloaded is seeded.

use std::fs;

use crate::world::{CHUNK, World, number, sha256, text, until};

#[test]
fn a_download_that_is_killed_again_and_again_keeps_what_it_has() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 48 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &[]);
    let args = ["get", seeder.link.as_str(), "-o", "copy", "--limit", "4MiB/s", "--json"];
    let mut before = 0;
    for _ in 0..3 {
        let mut get = world.spawn(&args);
        let goal = before + 6 * CHUNK as u64;
        let progress = get.event_that("progress", |progress| number(progress, "bytes") >= goal);
        before = number(&progress, "bytes");
        get.kill();
        assert!(!world.at("copy").exists() && world.at("copy.part").exists());
    }
    let done = world.expect(0, &args).event("done");
    let (resumed, fetched) = (number(&done, "resumed_bytes"), number(&done, "fetched_bytes"));
    assert_eq!(resumed + fetched, 48 * CHUNK as u64, "nothing intact is fetched again: {done}");
    assert!(resumed + CHUNK as u64 >= before, "{resumed} of {before} bytes were kept");
    assert_eq!(sha256(&world.at("copy")), seeder.hash);
    assert!(!world.at("copy.part.journal").exists());
}

/// Row 24 of the attacks: `kill -9` as soon as one more chunk is taken down, two hundred times.
#[test]
fn two_hundred_kills_cost_only_what_was_on_its_way() {
    const CHUNKS: usize = 512;
    const KILLS: u64 = 200;
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", CHUNKS * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &[]);
    // So slow that the file isn't whole before the last kill, on however busy a machine: the first chunk comes at once.
    let args = ["get", seeder.link.as_str(), "-o", "copy", "--json", "--limit", "256KiB/s"];
    let journal = || fs::metadata(world.at("copy.part.journal")).map_or(0, |metadata| metadata.len());
    for kill in 0..KILLS {
        let before = journal();
        let get = world.spawn(&args);
        until("one more chunk is taken down", || (journal() > before).then_some(()));
        get.kill();
        assert!(!world.at("copy").exists() && world.at("copy.part").exists(), "kill {kill}");
    }
    let done = world.expect(0, &args[..5]).event("done");
    let (resumed, fetched) = (number(&done, "resumed_bytes"), number(&done, "fetched_bytes"));
    assert!(resumed >= (KILLS - 1) * CHUNK as u64, "each run kept a chunk more: {done}");
    assert_eq!(resumed + fetched, (CHUNKS * CHUNK) as u64, "nothing intact is fetched again: {done}");
    assert_eq!(sha256(&world.at("copy")), seeder.hash);
}

#[cfg(unix)]
#[test]
fn after_an_orderly_stop_the_same_command_goes_on() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 32 * CHUNK, 1), &[]);
    let args = [
        "get",
        seeder.hash.as_str(),
        "--tracker",
        &tracker.addr,
        "-o",
        "copy",
        "--limit",
        "4MiB/s",
        "--json",
    ];
    let mut get = world.spawn(&args);
    let progress = get.event_that("progress", |progress| number(progress, "chunks") > 4);
    get.signal("INT");
    let ended = get.wait();
    assert_eq!((ended.code, number(&ended.event("error"), "code")), (130, 130));
    let done = world.expect(0, &args).event("done");
    assert!(number(&done, "resumed_bytes") >= number(&progress, "bytes"), "{done}");
    assert_eq!(sha256(&world.at("copy")), seeder.hash);
}

#[test]
fn a_downloader_seeds_when_the_first_seeders_are_gone() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 8 * CHUNK, 1), &[]);
    let (link, hash) = (seeder.link, seeder.hash);
    let first = ["get", &link, "-o", "first", "--listen", "127.0.0.1:0", "--seed-for", "forever", "--json"];
    let mut first = world.service(&first);
    first.running.event("done");
    seeder.service.running.kill();
    let done = world.expect(0, &["get", &link, "-o", "second", "--json"]).event("done");
    assert_eq!(sha256(&world.at("second")), hash);
    assert_eq!(done["sources"][0]["addr"], first.addr.as_str());
    first.running.signal("INT");
    assert_eq!(first.running.wait().code, 130);
}

#[test]
fn seeding_for_a_while_ends_by_itself() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", CHUNK, 1), &[]);
    let ended = world.expect(0, &["get", &seeder.link, "-o", "copy", "--seed-for", "1s", "--json"]);
    assert!(ended.event("done")["seconds"].as_f64().unwrap() < 30.0);
}

#[test]
fn a_partial_file_is_served_while_it_is_downloaded() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 48 * CHUNK, 1), &["--limit-up", "3MiB/s"]);
    let (link, slow) = (&seeder.link, ["--listen", "127.0.0.1:0", "--seed-for", "forever", "--json"]);
    let mut first = world.service(&[&["get", link, "-o", "first"], &slow[..]].concat());
    first.running.event_that("progress", |progress| number(progress, "chunks") > 8);
    let done = world.expect(0, &["get", link, "-o", "second", "--json"]).event("done");
    let sources = done["sources"].as_array().unwrap();
    assert!(sources.iter().any(|source| text(source, "addr") == first.addr), "{done}");
}
