//! Stale and corrupt seeders, trackers and seeders that die: the download goes on, and says who it was.

use std::fs;
use std::path::Path;

use crate::world::{CHUNK, Seeder, Service, World, number, rot, sha256, text};

/// A slow good seeder, so that everybody is asked, and another one.
fn two(world: &World, tracker: &Service, length: usize) -> (Seeder, Seeder) {
    let (good, bad) = (world.file("good", length, 1), world.file("bad", length, 1));
    let good = world.seeder(tracker, &good, &["--limit-up", "8MiB/s"]);
    (good, world.seeder(tracker, &bad, &[]))
}

#[test]
fn a_stale_seeder_is_named_and_the_others_are_used() {
    let ways: [(&str, fn(&Path)); 3] = [
        ("deleted", |file| fs::remove_file(file).unwrap()),
        ("truncated", |file| fs::File::options().write(true).open(file).unwrap().set_len(10).unwrap()),
        ("replaced", |file| {
            let other = file.with_extension("new");
            fs::write(&other, crate::world::bytes(8 * CHUNK, 9)).unwrap();
            fs::rename(other, file).unwrap();
        }),
    ];
    for (way, spoil) in ways {
        let world = World::new();
        let tracker = world.tracker(&[]);
        let (good, stale) = two(&world, &tracker, 8 * CHUNK);
        spoil(&world.at("bad"));
        let ended = world.expect(0, &["get", &good.hash, "--tracker", &tracker.addr, "-o", "copy", "--json"]);
        assert_eq!(sha256(&world.at("copy")), good.hash, "{way}");
        assert_eq!(text(&ended.event("stale"), "addr"), stale.service.addr, "{way}");
        let done = ended.event("done");
        assert_eq!((number(&done, "stale"), number(&done, "banned")), (1, 0), "{way}");
        assert!(ended.stderr.contains(&stale.service.addr), "{way}: {}", ended.stderr);
    }
}

#[test]
fn a_corrupt_seeder_is_banned_and_named_and_its_bytes_are_refused() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let (good, corrupt) = two(&world, &tracker, 32 * CHUNK);
    rot(&world.at("bad"));
    for (target, copy) in [(&good.hash, "copy"), (&good.link, "copy2")] {
        let ended = world.expect(0, &["get", target, "--tracker", &tracker.addr, "-o", copy, "--json"]);
        assert_eq!(sha256(&world.at(copy)), good.hash);
        let banned = ended.event("banned");
        assert_eq!(text(&banned, "addr"), corrupt.service.addr);
        assert!(text(&banned, "why").contains("bad bytes for chunk"));
        let done = ended.event("done");
        assert_eq!(number(&done, "banned"), 1);
        assert_eq!(done["sources"].as_array().unwrap().len(), 1, "no byte of it was kept");
        assert_eq!(done["sources"][0]["addr"], good.service.addr.as_str());
    }
}

#[test]
fn another_seeder_takes_over_from_one_that_is_killed() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 32 * CHUNK, 1);
    let slow = ["--limit-up", "2MiB/s"];
    let (first, second) = (world.seeder(&tracker, &file, &slow), world.seeder(&tracker, &file, &slow));
    let mut get = world.spawn(&["get", &first.link, "-o", "copy", "--json"]);
    get.event_that("progress", |progress| number(progress, "chunks") > 2 && number(progress, "peers") == 2);
    let hash = first.hash.clone();
    first.service.running.kill();
    let done = get.event("done");
    assert_eq!(get.wait().code, 0);
    assert_eq!(sha256(&world.at("copy")), hash);
    let sources = done["sources"].as_array().unwrap();
    assert!(sources.iter().any(|source| source["addr"] == second.service.addr.as_str()), "{done}");
}

#[test]
fn a_download_goes_on_without_its_tracker() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 16 * CHUNK, 1), &["--limit-up", "2MiB/s"]);
    let mut get = world.spawn(&["get", &seeder.link, "-o", "copy", "--json"]);
    get.event_that("progress", |progress| number(progress, "chunks") > 0);
    tracker.running.kill();
    let ended = get.wait();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(sha256(&world.at("copy")), seeder.hash);
}

#[test]
fn two_slow_seeders_both_give() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 32 * CHUNK, 1);
    let slow = ["--limit-up", "3MiB/s"];
    let seeders = [world.seeder(&tracker, &file, &slow), world.seeder(&tracker, &file, &slow)];
    let done = world.expect(0, &["get", &seeders[0].link, "-o", "copy", "--json"]).event("done");
    let length = number(&done, "length");
    let sources = done["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 2, "{done}");
    assert!(sources.iter().all(|source| number(source, "bytes") * 10 >= length * 3), "each 30 %: {done}");
    assert_eq!(sources.iter().map(|source| number(source, "bytes")).sum::<u64>(), length);
}
