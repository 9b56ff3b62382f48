//! `samara bench`, and what it advises to try.

use std::fs;

use crate::world::{CHUNK, World, number};

#[test]
fn everything_is_measured_and_nothing_is_left_behind() {
    let world = World::new();
    let folder = world.at("disk");
    fs::create_dir(&folder).unwrap();
    let ended = world.expect(0, &["bench", "--size", "3MiB", "--dir", "disk", "--json"]);
    let bench = ended.event("bench");
    assert_eq!(number(&bench, "length"), 3 << 20);
    for rate in ["disk", "hash", "verify", "network", "download"] {
        assert!(number(&bench, rate) > 0, "{rate}: {bench}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let ended = world.expect(0, &["bench", "--size", "1MiB", "--dir", "disk"]);
    assert!(
        ended.stdout.contains("what limits it: ") && ended.stdout.lines().count() <= 10,
        "{}",
        ended.stdout
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let ended = World::new().expect(9, &["bench", "--dir", "nowhere"]);
    assert!(ended.stderr.contains("nowhere") && ended.stderr.contains("next: "), "{}", ended.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn another_congestion_control_is_taken_and_one_that_is_not_there_is_an_error() {
    let world = World::new();
    let file = world.file("f", 3 * CHUNK, 1);
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &file, &["--congestion", "reno"]);
    let target = seeder.hash;
    world.expect(0, &["get", &target, "-o", "copy", "--tracker", &tracker.addr, "--congestion", "reno"]);
    assert_eq!(fs::read(world.at("copy")).unwrap(), fs::read(&file).unwrap());
    let ended = world.expect(2, &["seed", "f", "--congestion", "carrier-pigeon"]);
    assert!(
        ended.stderr.contains("carrier-pigeon") && ended.stderr.contains("next: cat /proc"),
        "{}",
        ended.stderr
    );
}
