//! A file that is there already.

use std::fs;

use crate::world::{CHUNK, World, number, sha256};

#[test]
fn a_complete_file_is_not_fetched_again() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 3 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &[]);
    world.file("same", 3 * CHUNK, 1);
    for target in [&seeder.hash, &seeder.link] {
        let ended = world.expect(0, &["get", target, "--tracker", &tracker.addr, "-o", "same", "--json"]);
        let done = ended.event("done");
        assert_eq!((number(&done, "fetched_bytes"), number(&done, "resumed_bytes")), (0, 0));
        assert_eq!(number(&done, "length"), 3 * CHUNK as u64);
        assert!(ended.stderr.contains("already present"), "{}", ended.stderr);
    }
}

#[test]
fn it_needs_no_tracker_and_the_plain_result_is_path_and_hash() {
    let world = World::new();
    let hash = sha256(&world.file("same", 1000, 1));
    let ended = world.expect(0, &["get", &hash, "-o", "same"]);
    assert_eq!(ended.stdout, format!("same  sha256:{hash}\n"));
}

#[test]
fn it_is_seeded_if_the_user_wants_that() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let hash = sha256(&world.file("same", 3 * CHUNK, 1));
    let args = ["get", &hash, "-o", "same", "--tracker", &tracker.addr, "--listen", "127.0.0.1:0"];
    let mut holder = world.spawn(&[&args[..], &["--seed-for", "forever", "--json"]].concat());
    holder.event("done");
    holder.event("seeding");
    world.expect(0, &["get", &hash, "-o", "copy", "--tracker", &tracker.addr]);
    holder.signal("INT");
    assert_eq!(holder.wait().code, 130);
}

#[test]
fn a_file_edited_under_the_same_length_differs() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 3 * CHUNK, 1);
    let seeder = world.seeder(&tracker, &file, &[]);
    let get = ["get", seeder.link.as_str(), "-o", "copy"];
    world.expect(0, &get);
    let mut bytes = fs::read(world.at("copy")).unwrap();
    bytes[CHUNK + 7] ^= 1;
    fs::write(world.at("copy"), bytes).unwrap();
    world.expect(10, &get);
}
