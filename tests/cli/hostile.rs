//! Downloads by a bare hash among hostile holders: the right file or none, and nobody honest is banned.

mod node;

use std::fs;
use std::sync::Arc;

use samara::{Hasher, SafeName, Seed, SeedBuilder};

use crate::world::{CHUNK, Ended, Seeder, Service, World, bytes, sha256, text};
use node::{Hostile, Offer};

/// The file's chunks; the last one is a short one.
const CHUNKS: usize = 20;
const LENGTH: usize = 19 * CHUNK + 99;
const LAST: usize = CHUNKS - 1;

/// The file's bytes and its true list.
fn truth() -> (Vec<u8>, Arc<Seed>) {
    let bytes = bytes(LENGTH, 1);
    let mut builder = SeedBuilder::<samara::Sha2>::new(LENGTH as u64).unwrap();
    builder.update(&bytes);
    (bytes, Arc::new(builder.finish(SafeName::new("f").unwrap()).unwrap()))
}

/// A list of other bytes before chunk `lie`, and the true one from there on. Whoever knows the file can serve all of
/// it but chunk `lie`, which would have to lead from the false state to a true one.
fn false_list(lie: usize) -> Offer {
    let (truth, seed) = truth();
    let mut bytes = bytes(LENGTH, 2);
    let tail = lie * CHUNK + 1..;
    bytes.splice(tail.clone(), truth.into_iter().skip(tail.start));
    let mut hasher = Hasher::<samara::Sha2>::new();
    let mut hashes = seed.chunk_hashes().to_vec();
    for (hash, chunk) in hashes.iter_mut().zip(bytes.chunks(CHUNK)).take(lie) {
        hasher.update(chunk);
        *hash = hasher.chunk_hash();
    }
    let forged = Seed::new(seed.name().clone(), seed.length(), seed.chunk_size(), seed.file_hash(), hashes);
    let seed = Arc::new(forged.unwrap());
    assert!(seed.is_canonical());
    Offer { seed, bytes, withheld: None }
}

/// A false list whose impossible chunk is never sent.
fn withheld(lie: usize) -> Offer {
    Offer { withheld: Some(u32::try_from(lie).unwrap()), ..false_list(lie) }
}

/// The true list, with bytes that do not fit it.
fn bad_chunks() -> Offer {
    let (mut bytes, seed) = truth();
    bytes.iter_mut().step_by(CHUNK).for_each(|byte| *byte ^= 1);
    Offer { seed, bytes, withheld: None }
}

/// Three hostile holders for each offer.
fn besiege(tracker: &Service, offers: &[Offer]) -> Vec<Vec<Hostile>> {
    let three = |offer| (0..3).map(|_| Hostile::start(&tracker.addr, offer)).collect();
    offers.iter().map(three).collect()
}

/// Everyone who was banned.
fn banned(ended: &Ended) -> Vec<String> {
    let objects = ended.objects().into_iter();
    objects.filter(|object| object["event"] == "banned").map(|object| text(&object, "addr")).collect()
}

/// A slow honest seeder, so that everybody is asked, among hostile holders: the file arrives. Each kind of attack has
/// to have been met.
fn survive(offers: &[Offer]) {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let hostile = besiege(&tracker, offers);
    let file = world.file("f", LENGTH, 1);
    let Seeder { service, hash, .. } = world.seeder(&tracker, &file, &["--limit-up", "2MiB/s"]);
    assert_eq!(hash, truth().1.file_hash().to_string(), "the attackers know the file");
    let ended = world.expect(0, &["get", &hash, "--tracker", &tracker.addr, "-o", "copy", "--json"]);
    assert_eq!(sha256(&world.at("copy")), hash);
    assert!(fs::read(world.at("copy")).unwrap() == fs::read(file).unwrap());
    let banned = banned(&ended);
    assert!(!banned.contains(&service.addr), "the honest seeder was banned: {ended:#?}");
    for (number, kind) in hostile.iter().enumerate() {
        let asked: u32 = kind.iter().map(Hostile::asked).sum();
        assert!(asked > 0, "attack {number} did not take place: {ended:#?}");
    }
}

/// Hostile holders only: the download fails with `code`, and nothing has the file's name.
fn fail(code: i32, offers: &[Offer]) {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let hostile = besiege(&tracker, offers);
    let hash = truth().1.file_hash().to_string();
    let get = ["get", &hash, "--tracker", &tracker.addr, "-o", "copy", "--json", "--stall-timeout", "3s"];
    let ended = world.expect(code, &get);
    assert!(!world.at("copy").exists() && !world.at(&hash).exists());
    assert_eq!(ended.event("error")["code"], code);
    assert!(hostile.iter().flatten().any(|node| node.asked() > 0), "{ended:#?}");
}

#[test]
fn a_false_list_with_more_holders_does_not_keep_the_file_away() {
    survive(&[false_list(LAST / 2)]);
    survive(&[false_list(1)]);
}

#[test]
fn nor_does_one_whose_impossible_chunk_is_withheld() {
    survive(&[withheld(LAST / 2)]);
}

#[test]
fn bad_chunks_under_the_true_list_do_not_discredit_it() {
    survive(&[bad_chunks()]);
}

#[test]
fn false_lists_and_bad_chunks_together_do_no_better() {
    survive(&[false_list(LAST / 2), bad_chunks()]);
    survive(&[false_list(LAST / 2), withheld(3), bad_chunks()]);
}

#[test]
fn hostile_holders_alone_are_a_matter_of_integrity() {
    fail(5, &[false_list(LAST)]);
    fail(5, &[false_list(LAST / 2)]);
    fail(5, &[bad_chunks()]);
    fail(5, &[false_list(LAST / 2), bad_chunks()]);
}

#[test]
fn a_chunk_that_nobody_sends_is_waited_for_until_the_stall_timeout() {
    fail(8, &[withheld(LAST)]);
    fail(8, &[withheld(LAST / 2)]);
}
