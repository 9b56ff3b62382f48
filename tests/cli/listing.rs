//! `samara ls` and `samara peers`: what trackers know.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use crate::world::{CHUNK, World, number, text, until};

#[test]
fn each_seed_is_listed_once_with_its_holders() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let file = world.file("f", 3 * CHUNK, 1);
    let seeders = [world.seeder(&tracker, &file, &[]), world.seeder(&tracker, &file, &[])];
    let objects = world.expect(0, &["ls", "--tracker", &tracker.addr, "--json"]).objects();
    assert_eq!(objects.len(), 1);
    let seed = &objects[0];
    assert_eq!((text(seed, "name"), text(seed, "file_hash")), ("f".into(), seeders[0].hash.clone()));
    assert_eq!(number(seed, "length"), 3 * CHUNK as u64);
    assert_eq!((number(seed, "complete"), number(seed, "partial")), (2, 0));
    assert!(seed.get("event").is_none());
    let plain = world.expect(0, &["ls", "--tracker", &tracker.addr]);
    assert!(plain.stdout.contains(&seeders[0].hash));

    let target = format!("sha256:{}", seeders[0].hash);
    let peers = world.expect(0, &["peers", &target, "--tracker", &tracker.addr, "--json"]).objects();
    let mut addrs = peers.iter().map(|peer| text(peer, "addr")).collect::<Vec<_>>();
    let mut expected = seeders.iter().map(|seeder| seeder.service.addr.clone()).collect::<Vec<_>>();
    addrs.sort();
    expected.sort();
    assert_eq!(addrs, expected);
    assert!(
        peers
            .iter()
            .all(|peer| peer["complete"] == true && peer["test"].is_null() && peer.get("event").is_none())
    );
}

#[test]
fn a_test_tells_who_really_has_it() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let (kept, lost) = (world.file("kept", CHUNK, 1), world.file("lost", CHUNK, 1));
    let seeders = [world.seeder(&tracker, &kept, &[]), world.seeder(&tracker, &lost, &[])];
    fs::remove_file(lost).unwrap();
    let args = ["peers", seeders[0].hash.as_str(), "--tracker", &tracker.addr, "--test", "--json"];
    let peers = world.expect(0, &args).objects();
    let verdicts =
        peers.iter().map(|peer| (text(peer, "addr"), text(peer, "test"))).collect::<BTreeMap<_, _>>();
    assert_eq!(verdicts[&seeders[0].service.addr], "ok");
    assert!(verdicts[&seeders[1].service.addr].starts_with("gone"), "{verdicts:?}");
    fs::remove_file(kept).unwrap();
    world.expect(4, &args);
}

#[test]
fn a_seeder_that_is_stopped_is_gone_at_once() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let seeder = world.seeder(&tracker, &world.file("f", 1000, 1), &[]);
    let peers = ["peers", seeder.hash.as_str(), "--tracker", &tracker.addr];
    world.expect(0, &peers);
    seeder.service.running.signal("INT");
    assert_eq!(seeder.service.running.wait().code, 130);
    world.expect(3, &peers);
    assert!(world.expect(0, &["ls", "--tracker", &tracker.addr, "--json"]).stdout.is_empty());
}

#[test]
fn a_seeder_that_is_killed_is_listed_until_its_ttl_and_never_after() {
    let world = World::new();
    let tracker = world.tracker(&["--ttl", "4s", "--interval", "1s"]);
    let seeder = world.seeder(&tracker, &world.file("f", 1000, 1), &[]);
    let hash = seeder.hash.clone();
    let peers = ["peers", hash.as_str(), "--tracker", &tracker.addr];
    seeder.service.running.kill();
    let killed = Instant::now();
    world.expect(0, &peers);
    until("it expires", || (world.run(&peers).code == 3).then_some(()));
    let took = killed.elapsed().as_millis();
    assert!((2_000..8_000).contains(&took), "its TTL was 4 s, it was gone after {took} ms");
    for _ in 0..5 {
        world.expect(3, &peers);
    }
}

#[test]
fn holders_come_back_after_the_tracker_was_restarted() {
    let world = World::new();
    let options = ["--ttl", "6s", "--interval", "2s"];
    let tracker = world.tracker(&options);
    let (addr, seeder) = (tracker.addr.clone(), world.seeder(&tracker, &world.file("f", 1000, 1), &[]));
    tracker.running.kill();
    world.expect(6, &["ls", "--tracker", &addr]);
    let _restarted = world.service(&[&["tracker", "--json", "--listen", &addr], &options[..]].concat());
    let peers = ["peers", seeder.hash.as_str(), "--tracker", &addr];
    until("it announces again", || (world.run(&peers).code == 0).then_some(()));
}

#[test]
fn two_thousand_files_are_seeded_at_once_and_a_restart_rehashes_none() {
    const FILES: usize = 2_000;
    let world = World::new();
    let tracker = world.tracker(&[]);
    for n in 0..FILES {
        let path = world.at(format!("many/{}/{n}", n % 7));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, n.to_string()).unwrap();
    }
    for known in [false, true] {
        let args = ["seed", "many", "--tracker", &tracker.addr, "--listen", "127.0.0.1:0", "--json"];
        let mut seeder = world.spawn(&args);
        let told = (0..FILES).map(|_| seeder.event("seeding")).collect::<Vec<_>>();
        assert!(told.iter().all(|event| event["known"] == known), "known: {known}");
        let objects = world.expect(0, &["ls", "--tracker", &tracker.addr, "--json"]).objects();
        let names = objects.iter().map(|seed| text(seed, "name")).collect::<std::collections::BTreeSet<_>>();
        assert_eq!((objects.len(), names.len()), (FILES, FILES), "each once");
        assert!(objects.iter().all(|seed| number(seed, "complete") == 1));
        seeder.signal("INT");
        let ended = seeder.wait();
        assert_eq!(ended.code, 130);
        assert!(!known || !ended.stdout.contains(r#""event":"hashing""#));
    }
}
