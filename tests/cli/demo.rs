//! `samara demo`: the whole story, in seconds.

use std::fs;

use crate::world::{CHUNK, World};

#[test]
fn the_story_is_told_and_nothing_is_left_behind() {
    let world = World::new();
    let temp = world.at("tmp");
    fs::create_dir(&temp).unwrap();
    let mut command = world.command(&["demo"]);
    command.env("TMPDIR", &temp);
    let ended = crate::world::finish(command);
    assert_eq!(ended.code, 0, "{ended:#?}");
    for word in ["tracker", "good", "stale", "corrupt", "banned", "done", "SHA-256"] {
        assert!(ended.stdout.contains(word), "{word}: {}", ended.stdout);
    }
    assert!(ended.stdout.lines().count() <= 20, "{}", ended.stdout);
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 0);
}

#[test]
fn a_file_of_the_user_s_plays_the_part_and_is_untouched() {
    let world = World::new();
    let file = world.file("mine", 40 * CHUNK + 3, 1);
    let before = fs::read(&file).unwrap();
    let ended = world.expect(0, &["demo", "mine", "--json"]);
    assert_eq!(ended.event("done")["length"], 40 * CHUNK as u64 + 3);
    assert_eq!(fs::read(&file).unwrap(), before);
    for name in ["stale", "banned"] {
        ended.event(name);
    }
}
