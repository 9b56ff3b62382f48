//! Files of odd sizes and names, and folders of them.

use std::fs;

use crate::world::{CHUNK, World, number, sha256, text, until};

#[test]
fn odd_sizes_and_names_arrive_as_they_were() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let files = [
        ("empty", 0),
        ("один байт", 1),
        ("六十四", 64),
        ("one chunk & more?=%", CHUNK),
        ("a chunk less one", CHUNK - 1),
        ("it's a chunk and one", CHUNK + 1),
        ("-starts with a dash", 77),
    ];
    fs::create_dir(world.at("copies")).unwrap();
    for (n, (name, length)) in files.iter().enumerate() {
        world.file(&format!("from/{name}").replace('?', "？"), *length, n as u64);
    }
    let args = ["seed", "from", "--tracker", &tracker.addr, "--listen", "127.0.0.1:0", "--json"];
    let mut seeder = world.spawn(&args);
    for _ in &files {
        let seeding = seeder.event("seeding");
        world.expect(0, &["get", &text(&seeding, "link"), "-o", "copies"]);
        let copy = world.at("copies").join(text(&seeding, "name"));
        assert_eq!(sha256(&copy), text(&seeding, "file_hash"));
        assert_eq!(fs::read(&copy).unwrap(), fs::read(world.at(text(&seeding, "path"))).unwrap());
        assert_eq!(fs::metadata(&copy).unwrap().len(), number(&seeding, "length"));
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_named_safely_is_left_out_with_a_warning() {
    let world = World::new();
    for name in ["from/good", "from/new\nline", "from/rtl\u{202e}gpj.exe", "from/con.txt"] {
        world.file(name, 100, 1);
    }
    std::os::unix::fs::symlink(world.at("from/good"), world.at("from/link")).unwrap();
    let mut seeder = world.spawn(&["seed", "from", "--listen", "127.0.0.1:0", "--json"]);
    assert_eq!(text(&seeder.event("seeding"), "name"), "good");
    seeder.signal("INT");
    let ended = seeder.wait();
    assert_eq!(ended.stdout.matches(r#""event":"seeding""#).count(), 1, "{}", ended.stdout);
    assert!(
        ended.stderr.contains(r"new\u{a}line") && ended.stderr.contains(r"rtl\u{202e}"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains('\u{202e}'));
}

#[test]
fn equal_files_are_all_told_and_one_stands_in_for_another() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    for name in ["from/a", "from/b"] {
        world.file(name, 100, 1);
    }
    let args = ["seed", "from", "--tracker", &tracker.addr, "--listen", "127.0.0.1:0", "--json"];
    let mut seeder = world.spawn(&args);
    let told = [seeder.event("seeding"), seeder.event("seeding")];
    assert_eq!(told[0]["file_hash"], told[1]["file_hash"]);
    assert_ne!(told[0]["path"], told[1]["path"]);
}

#[test]
fn a_watched_folder_gains_loses_and_changes_files() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    world.file("from/a", 1000, 1);
    let args = ["node", "from", "--watch", "--tracker", &tracker.addr, "--listen", "127.0.0.1:0", "--json"];
    let mut node = world.spawn(&args);
    assert_eq!(text(&node.event("seeding"), "name"), "a");

    world.file("from/deep/b", 3 * CHUNK, 2);
    let added = node.event("seeding");
    assert_eq!(text(&added, "name"), "b");
    world.expect(0, &["get", &text(&added, "link"), "-o", "copy"]);

    let old = sha256(&world.file("from/deep/b", CHUNK, 3));
    let changed = node.event("seeding");
    assert_eq!(text(&changed, "file_hash"), old);
    world.expect(0, &["get", &text(&changed, "link"), "-o", "copy2"]);

    fs::remove_file(world.at("from/deep/b")).unwrap();
    node.event_that("withdrawn", |event| event["file_hash"] == old.as_str());
    let peers = ["peers", old.as_str(), "--tracker", &tracker.addr];
    until("the tracker forgets it", || (world.run(&peers).code == 3).then_some(()));
    assert_eq!(world.expect(0, &["ls", "--tracker", &tracker.addr, "--json"]).objects().len(), 1);
}

#[test]
fn what_was_downloaded_is_known_and_not_hashed_again() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 3 * CHUNK, 1), &[]);
    assert_eq!(seeder.seeding["known"], false);
    world.expect(0, &["get", &seeder.link, "-o", "copy"]);
    let again = world.seeder(&tracker, &world.at("copy"), &[]);
    assert_eq!(again.seeding["known"], true);
    assert_eq!(text(&again.seeding, "name"), "copy");
}
