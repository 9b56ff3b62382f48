//! Processes of one user that are after the same thing.

use std::fs;

use crate::world::{CHUNK, World, number, sha256};

/// Row 27 of the attacks.
#[test]
fn of_two_processes_with_one_target_the_second_says_so_and_ends() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 16 * CHUNK, 1), &["--limit-up", "2MiB/s"]);
    let args = ["get", seeder.link.as_str(), "-o", "copy", "--json"];
    let mut first = world.spawn(&args);
    first.event_that("progress", |progress| number(progress, "chunks") > 0);
    let second = world.expect(9, &args);
    let message = second.event("error")["message"].to_string();
    assert!(message.contains("another process is downloading the same file"), "{message}");
    let first = first.wait();
    assert_eq!(first.code, 0, "{first:#?}");
    assert_eq!(sha256(&world.at("copy")), seeder.hash);
    let names: Vec<_> = fs::read_dir(world.at("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".part")), "{names:?}");
}
