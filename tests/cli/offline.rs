//! `samara create`, `show`, `verify`, `completions`: without any network.

use std::fs;

use crate::world::{CHUNK, Running, World, finish, number, rot, sha256, text};

#[test]
fn a_seed_file_is_made_shown_and_verified() {
    let world = World::new();
    let file = world.file("файл.bin", 3 * CHUNK + 1, 1);
    let ended = world.expect(0, &["create", "файл.bin", "-o", "f.seed"]);
    assert_eq!(ended.stdout, format!("f.seed  sha256:{}\n", sha256(&file)));
    let shown = world.expect(0, &["show", "f.seed", "--json"]).objects().remove(0);
    assert_eq!(shown.as_object().unwrap().len(), 6, "exactly the documented fields: {shown}");
    assert_eq!((text(&shown, "name"), text(&shown, "file_hash")), ("файл.bin".into(), sha256(&file)));
    assert_eq!(
        (number(&shown, "length"), number(&shown, "chunk_size")),
        (3 * CHUNK as u64 + 1, CHUNK as u64)
    );
    let hashes = shown["chunk_hashes"].as_array().unwrap();
    assert_eq!(
        (hashes.len(), hashes[3].as_str().unwrap()),
        (4, sha256(&file).as_str()),
        "the last is the file's"
    );
    assert_eq!(text(&shown, "seed_id").len(), 64);
    assert!(world.expect(0, &["show", "f.seed"]).stdout.contains(&sha256(&file)));
    let verdict = world.expect(0, &["verify", "f.seed", "файл.bin", "--json"]).objects().remove(0);
    assert!(
        verdict["ok"] == true && verdict["bad"] == serde_json::json!([]) && verdict.get("event").is_none()
    );
}

#[test]
fn verify_names_the_bad_ranges_and_changes_nothing() {
    let world = World::new();
    let file = world.file("f", 4 * CHUNK, 1);
    world.expect(0, &["create", "f"]);
    assert!(world.at("f.seed").exists(), "beside the file by default");
    let mut bytes = fs::read(&file).unwrap();
    for at in [CHUNK, 2 * CHUNK + 9] {
        bytes[at] ^= 1;
    }
    fs::write(&file, &bytes).unwrap();
    let ended = world.expect(5, &["verify", "f.seed", "f", "--json"]);
    let chunk = CHUNK as u64;
    let verdict = &ended.objects()[0];
    assert_eq!(verdict["bad"], serde_json::json!([[chunk, 3 * chunk]]), "{verdict}");
    assert!(verdict["ok"] == false && ended.objects().len() == 1);
    assert!(ended.stderr.contains("next: samara get sha256:"), "{}", ended.stderr);
    assert_eq!(fs::read(&file).unwrap(), bytes);
    fs::write(&file, &bytes[..100]).unwrap();
    let verdict = world.expect(5, &["verify", "f.seed", "f", "--json"]).objects().remove(0);
    assert_eq!(verdict["bad"], serde_json::json!([[0, 4 * chunk]]), "what is missing is bad");
}

#[test]
fn verify_takes_a_hash() {
    let world = World::new();
    let file = world.file("f", 1000, 1);
    let hash = sha256(&file);
    world.expect(0, &["verify", &format!("sha256:{hash}"), "f"]);
    world.expect(0, &["verify", &hash.to_uppercase(), "f"]);
    rot(&file);
    world.expect(5, &["verify", &hash, "f"]);
    world.expect(9, &["verify", &hash, "missing"]);
    world.expect(2, &["verify", "no.seed", "f"]);
}

#[test]
fn a_seed_file_that_differs_is_not_replaced_by_mistake() {
    let world = World::new();
    world.file("a", 1000, 1);
    world.file("b", 1000, 2);
    world.expect(0, &["create", "a", "-o", "s.seed"]);
    world.expect(0, &["create", "a", "-o", "s.seed"]);
    let ended = world.expect(10, &["create", "b", "-o", "s.seed"]);
    assert!(ended.stderr.contains("--overwrite"), "{}", ended.stderr);
    world.expect(0, &["create", "b", "-o", "s.seed", "--overwrite"]);
    world.expect(0, &["verify", "s.seed", "b"]);
    let before = sha256(&world.at("a"));
    let ended = world.expect(10, &["create", "a", "-o", "a", "--overwrite"]);
    assert!(ended.stderr.contains("a exists and is no seed file"), "{}", ended.stderr);
    assert_eq!(sha256(&world.at("a")), before);
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_into_is_waited_for_until_a_signal_comes() {
    let world = World::new();
    let made = std::process::Command::new("mkfifo").arg(world.at("pipe")).status();
    assert!(made.unwrap().success());
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for command in [&["show", "pipe"][..], &["get", "pipe"], &["peers", "pipe"], &["verify", "pipe", "f"]]
        {
            let running = Running::start(world.command(command));
            // It opens when the other end does, so by then its reader is there, and waits.
            let writer = fs::OpenOptions::new().write(true).open(world.at("pipe")).unwrap();
            running.signal(signal);
            assert_eq!(running.wait().code, code, "{command:?}");
            drop(writer);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_can_not_be_written_is_no_success_unless_nobody_reads_it() {
    let world = World::new();
    world.file("f", 1000, 1);
    world.expect(0, &["create", "f", "-o", "f.seed"]);
    let run = |script: &str| Running::start(world.wrapped("sh", &["-c", script])).wait();
    for command in ["show f.seed", "show f.seed --json", "verify f.seed f", "completions bash"] {
        let ended = run(&format!("exec samara {command} > /dev/full"));
        assert_eq!(ended.code, 9, "{command}: {ended:#?}");
        assert!(ended.stderr.contains("cannot write to standard output: "), "{}", ended.stderr);
    }
    let ended = run("{ samara completions bash; echo $? >&2; } | true");
    assert_eq!(ended.stderr, "0\n");
}

#[test]
fn a_damaged_seed_file_is_rejected() {
    let world = World::new();
    world.file("f", 3 * CHUNK, 1);
    world.expect(0, &["create", "f"]);
    let whole = fs::read(world.at("f.seed")).unwrap();
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(world.at("bad.seed"), bytes).unwrap();
        world.expect(2, &["show", "bad.seed"]);
        world.expect(2, &["verify", "bad.seed", "f"]);
    }
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_type_next() {
    let world = World::new();
    fs::create_dir(world.at("folder")).unwrap();
    let hash = "0".repeat(64);
    for (code, args, next) in [
        (2, &["create", "missing"][..], "ls . "),
        (2, &["seed", "folder/missing"], "ls folder "),
        (2, &["create", "folder"], "samara create PATH"),
        (2, &["seed", "folder"], "name a file"),
        (2, &["show", "missing"], "samara create FILE"),
        (2, &["verify", "missing", "folder"], "samara create FILE"),
        (9, &["verify", &hash, "missing"], "ls . "),
        (9, &["verify", &hash, "folder"], "ls -ld . folder "),
    ] {
        let stderr = world.expect(code, args).stderr;
        assert!(stderr.contains(&format!("next: {next}")), "samara {args:?}: {stderr}");
        assert!(stderr.contains(args[args.len() - 1]) || stderr.contains(args[1]), "{stderr}");
    }
}

#[test]
fn completions_are_printed_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(world.expect(0, &["completions", shell]).stdout.contains("samara"), "{shell}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_of_completions_may_go_early() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = format!("(samara completions {shell}; echo ended with $? >&2) | true");
        assert_eq!(finish(world.wrapped("sh", &["-c", &script])).stderr, "ended with 0\n", "{shell}");
    }
}
