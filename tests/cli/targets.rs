//! Every way to say what is wanted, and from whom.

use std::fs;

use crate::world::{CHUNK, World, nobody, number, sha256, text};

#[test]
fn a_hash_a_link_and_a_seed_file_give_the_same_file() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("two words.bin", 9 * CHUNK + 5, 1);
    let seeder = world.seeder(&tracker, &file, &["-o", "f.seed"]);
    assert_eq!(seeder.hash, sha256(&file));
    let prefixed = format!("sha256:{}", seeder.hash);
    for (target, copy) in
        [(&prefixed, "a"), (&seeder.hash, "b"), (&seeder.link, "c"), (&"f.seed".to_owned(), "d")]
    {
        let ended = world.expect(0, &["get", target, "-o", copy, "--tracker", &tracker.addr, "--json"]);
        let done = ended.event("done");
        assert_eq!(sha256(&world.at(copy)), seeder.hash);
        assert_eq!(text(&done, "file_hash"), seeder.hash);
        assert_eq!(number(&done, "length"), 9 * CHUNK as u64 + 5);
        assert_eq!(number(&done, "fetched_bytes"), number(&done, "length"));
        assert_eq!(number(&done, "resumed_bytes"), 0);
        assert_eq!(done["sources"][0]["addr"], seeder.service.addr.as_str());
        assert_eq!(done["sources"][0]["bytes"], done["length"]);
        assert!(
            !world.at(format!("{copy}.part")).exists() && !world.at(format!("{copy}.part.journal")).exists()
        );
    }
}

#[test]
fn a_link_needs_no_option() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 3 * CHUNK, 1), &[]);
    assert!(seeder.link.starts_with(&format!("samara:{}", seeder.hash)));
    world.expect(0, &["get", &seeder.link, "-o", "copy"]);
    assert_eq!(sha256(&world.at("copy")), seeder.hash);
}

#[test]
fn a_peer_alone_is_enough_without_any_tracker() {
    let world = World::new();
    let file = world.file("f", 3 * CHUNK, 1);
    let mut seeder = world.service(&["seed", "f", "--listen", "127.0.0.1:0", "--json"]);
    seeder.running.event("seeding");
    let hash = sha256(&file);
    world.expect(0, &["get", &hash, "--peer", &seeder.addr, "-o", "copy"]);
    assert_eq!(sha256(&world.at("copy")), hash);
}

#[test]
fn the_printed_line_without_trackers_names_the_peer() {
    let world = World::new();
    world.file("f", 1000, 1);
    let mut seeder = world.spawn(&["seed", "f", "--listen", "127.0.0.1:0"]);
    let line = loop {
        let line = seeder.line().expect("a line that gets the file");
        if line.contains("samara get") {
            break line;
        }
    };
    fs::create_dir(world.at("there")).unwrap();
    let script = format!("cd there && {line}");
    let ended = crate::world::finish(world.wrapped("sh", &["-c", &script]));
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(sha256(&world.at("there/f")), sha256(&world.at("f")));
}

#[test]
fn several_trackers_are_asked_and_a_dead_one_harms_nobody() {
    let (world, dead) = (World::new(), nobody());
    let trackers = [world.tracker(&[]), world.tracker(&[])];
    let file = world.file("f", 3 * CHUNK, 1);
    let options = ["--tracker", &dead, "--tracker", &trackers[1].addr];
    let seeder = world.seeder(&trackers[0], &file, &options);
    let ended = world.expect(0, &["get", &seeder.link, "-o", "copy", "--json"]);
    assert_eq!(ended.event("done")["fetched_bytes"], 3 * CHUNK as u64);
    world
        .expect(0, &["get", &seeder.hash, "--tracker", &dead, "--tracker", &trackers[1].addr, "-o", "copy2"]);
}

#[test]
fn options_come_from_the_environment_too() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 3 * CHUNK, 1), &[]);
    let mut command = world.command(&["get", &seeder.hash]);
    command.env("SAMARA_TRACKER", format!("{},{}", nobody(), tracker.addr));
    command.env("SAMARA_OUTPUT", "copy").env("SAMARA_JSON", "1");
    let ended = crate::world::finish(command);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(text(&ended.event("done"), "path"), "copy");
}

#[test]
fn only_the_user_names_a_file() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("from/name of the seeder", 100, 1), &["-o", "f.seed"]);
    let path = |target: &str, options: &[&str]| {
        let args = ["get", target, "--tracker", &tracker.addr, "--json"];
        text(&world.expect(0, &[&args, options].concat()).event("done"), "path")
    };
    assert_eq!(path(&seeder.hash, &[]), seeder.hash, "a bare hash: the hash");
    assert_eq!(path(&seeder.link, &[]), "name of the seeder", "a link: its name");
    fs::remove_file(world.at("name of the seeder")).unwrap();
    assert_eq!(path("f.seed", &[]), "name of the seeder", "a seed file: its name");
    fs::create_dir(world.at("folder")).unwrap();
    assert_eq!(path(&seeder.link, &["-o", "folder"]), "folder/name of the seeder");
    assert_eq!(path(&seeder.hash, &["-o", "folder/"]), format!("folder/{}", seeder.hash));
    assert_eq!(path(&seeder.link, &["-o", "folder/mine"]), "folder/mine");
}

#[test]
fn the_empty_file_is_written_without_asking_anyone() {
    let world = World::new();
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    world.expect(0, &["get", hash, "-o", "empty"]);
    assert_eq!(fs::metadata(world.at("empty")).unwrap().len(), 0);
}
