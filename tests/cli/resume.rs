//! What is interrupted goes on, and what is downloaded is seeded.

use crate::world::{CHUNK, World, number, sha256, text};

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
    let (link, hash) = (seeder.link.clone(), seeder.hash.clone());
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
    let (link, slow) = (seeder.link.clone(), ["--listen", "127.0.0.1:0", "--seed-for", "forever", "--json"]);
    let mut first = world.service(&[&["get", &link, "-o", "first"], &slow[..]].concat());
    first.running.event_that("progress", |progress| number(progress, "chunks") > 8);
    let done = world.expect(0, &["get", &link, "-o", "second", "--json"]).event("done");
    let sources = done["sources"].as_array().unwrap();
    assert!(sources.iter().any(|source| text(source, "addr") == first.addr), "{done}");
}
