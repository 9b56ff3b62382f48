//! Downloads: fetched, stored, announced, served, put in place, resumed.

use std::sync::Arc;
use std::time::Duration;

use samara::downloader::{Failure, Note as DownloadNote, Pin};
use samara::node::{Action, Event, Note};
use samara::store::{DiskErrorKind, File};
use samara::wire::Message;
use samara::wire::message::{Fetch, HaveSet, Hello, SeedKey, UpdateSet, VERSION};
use samara::{ChunkHash, Link, Seed};

use crate::world::{FILE, World, addr, seed};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_file_is_fetched_put_in_place_and_announced_as_complete() {
    let mut world = World::new(10);
    world.download();
    world.wait(SECOND);
    assert_eq!(world.disks[&FILE].files.get(&File::Target), Some(&world.bytes));
    assert_eq!(world.disks[&FILE].files.len(), 1, "no journal, no part file");
    let done = world.did.iter().filter(|action| matches!(action, Action::Done { .. })).collect::<Vec<_>>();
    assert!(matches!(done[..], [Action::Done { file: FILE, seed, identity }]
        if *seed == world.seed && Some(*identity) == world.disks[&FILE].look(File::Target)));
    let entries: Vec<_> = world.announced.iter().collect();
    assert!(matches!(entries[..], [entry] if entry.complete && entry.key.seed_id == world.seed.id()));
}

#[test]
fn announcing_and_asking_share_one_connection_to_the_tracker() {
    let mut world = World::new(10);
    world.download();
    world.wait(30 * SECOND);
    let links = world.tracker_links();
    assert_eq!(links.len(), 1);
    assert!(world.sent(|link, message| link == links[0] && matches!(message, Message::Query(_))));
    assert!(world.sent(|link, message| link == links[0] && matches!(message, Message::Update(_))));
}

/// Somebody who connects and asks.
fn accept(world: &mut World) -> Link {
    let link = Link { space: 0, slot: 4, generation: 1 };
    world.tell(Event::Accepted { link, from: addr("10.0.0.3:9") });
    let hello = Message::Hello(Hello { version: VERSION, features: 0, node: 5 });
    world.tell(Event::Message { link, request: 0, message: hello });
    link
}

#[test]
fn a_stored_chunk_is_announced_and_served_while_others_are_missing() {
    let mut world = World::new(10);
    world.sends = [3].into();
    world.download();
    world.wait(SECOND);
    assert!(matches!(world.announced.iter().collect::<Vec<_>>()[..], [entry] if !entry.complete));

    let link = accept(&mut world);
    let key = SeedKey { file_hash: world.seed.file_hash(), seed_id: world.seed.id() };
    world.tell(Event::Message { link, request: 1, message: Message::Test(key) });
    assert!(world.sent(|to, message| to == link
        && matches!(message, Message::Have(HaveSet::Some(bytes)) if bytes[..] == [0b1000, 0])));
    let fetch = Message::Fetch(Fetch { t: 1, any_of: vec![2, 3] });
    world.tell(Event::Message { link, request: 2, message: fetch });
    assert!(world.did.iter().any(|action| matches!(action,
        Action::Serve { file: FILE, identity: None, index: 3, range, .. } if *range == (192..256))));
}

#[test]
fn a_node_whose_turn_has_not_come_is_known_to_the_others_if_all_of_the_file_is_somewhere() {
    let by_seed: fn(&Arc<Seed>) -> Pin = |seed| Pin::Seed(Arc::clone(seed));
    for (pin, complete, announced) in [
        (by_seed, true, true),
        (by_seed, false, false),
        (|seed| Pin::Id(seed.id()), true, true),
        (|_| Pin::Hash, true, false),
    ] {
        let mut world = World::new(10);
        (world.busy, world.complete) = (true, complete);
        world.download_by(pin(&world.seed));
        world.wait(SECOND / 2);
        let entries = world.announced.iter().map(|entry| (entry.key.seed_id, entry.complete));
        assert!(entries.eq(announced.then_some((world.seed.id(), false))), "{:?}", pin(&world.seed));
    }
}

#[test]
fn if_those_who_were_named_have_nothing_any_more_nobody_is_told_of_a_download() {
    let mut world = World::new(10);
    world.gone = true;
    world.download();
    world.wait(SECOND / 2);
    assert!(world.peer_links().len() == 1 && world.announced.is_empty());
    let nothing = UpdateSet::All(vec![]);
    let tells = |_, message: &Message| matches!(message, Message::Update(update) if update.set != nothing);
    assert!(!world.sent(tells), "not even for a moment");
}

#[test]
fn chunks_of_an_earlier_run_are_served_under_a_list_that_was_announced_before_it_was_written_down() {
    let (mut world, mut again) = (World::new(10), World::new(10));
    let mut hashes = world.seed.chunk_hashes().to_vec();
    hashes[5] = ChunkHash::new([9; 32]);
    let (name, hash) = (world.seed.name().clone(), world.seed.file_hash());
    world.seed = Arc::new(Seed::new(name, world.seed.length(), 64, hash, hashes).unwrap());
    world.sends = (0..4).collect();
    world.download();
    world.wait(SECOND);
    world.tell(Event::Stop);
    world.wait(5 * SECOND);

    again.disks = world.disks;
    again.busy = true;
    again.download();
    again.wait(SECOND / 2);
    let link = accept(&mut again);
    let key = SeedKey { file_hash: again.seed.file_hash(), seed_id: again.seed.id() };
    again.tell(Event::Message { link, request: 1, message: Message::Test(key) });
    assert!(again.sent(|to, message| to == link
        && matches!(message, Message::Have(HaveSet::Some(bytes)) if bytes[..] == [0b1111, 0])));
}

#[test]
fn a_failed_download_leaves_what_can_be_resumed() {
    let mut world = World::new(10);
    world.sends = (0..4).collect();
    world.download();
    world.wait(200 * SECOND);
    let did = world.did();
    let failed = did.iter().filter(|action| matches!(action, Action::Failed { .. })).collect::<Vec<_>>();
    assert!(
        matches!(&failed[..], [Action::Failed { file: FILE, error }]
        if matches!(error.why, Failure::Stalled { .. })),
        "{failed:?}"
    );
    assert!(world.announced.is_empty(), "it is seeded no longer");
    let files = &world.disks[&FILE].files;
    assert!(files.contains_key(&File::Part) && files.contains_key(&File::Journal));

    // Another node on the same disk needs only the rest.
    let mut again = World::new(10);
    again.disks = world.disks;
    again.sends = (4..10).collect();
    again.download();
    again.wait(SECOND);
    let resumed = |action: &Action| {
        matches!(action, Action::Note(Note::Download { note: DownloadNote::Resumed { bytes: 256 }, .. }))
    };
    assert!(again.did.iter().any(resumed));
    assert_eq!(again.disks[&FILE].files.get(&File::Target), Some(&again.bytes));
}

#[test]
fn a_full_disk_fails_the_download_and_nothing_else() {
    let mut world = World::new(10);
    world.disks.entry(FILE).or_default().full = true;
    world.download();
    world.wait(SECOND);
    assert!(world.did.iter().any(|action| matches!(action, Action::Failed { file: FILE, error }
        if matches!(error.why, Failure::Disk(error) if error.kind == DiskErrorKind::Full))));
    assert!(world.announced.is_empty());

    // There is room again, and the same name is free again.
    world.did();
    world.disks.entry(FILE).or_default().full = false;
    world.download();
    world.wait(SECOND);
    assert!(world.did.iter().any(|action| matches!(action, Action::Done { .. })));
}

#[test]
fn a_name_in_use_begins_no_second_download() {
    let mut world = World::new(10);
    world.sends.clear();
    world.download();
    world.download();
    world.wait(SECOND);
    assert_eq!(world.peer_links().len(), 1);
}

#[test]
fn chunks_of_another_list_are_kept_where_both_agree_and_announced_under_the_one_that_counts() {
    let (mut world, mut again) = (World::new(10), World::new(10));
    let mut hashes = world.seed.chunk_hashes().to_vec();
    hashes[5] = ChunkHash::new([9; 32]);
    let (name, hash) = (world.seed.name().clone(), world.seed.file_hash());
    world.seed = Arc::new(Seed::new(name, world.seed.length(), 64, hash, hashes).unwrap());
    world.sends = (0..4).collect();
    world.download();
    world.wait(SECOND);
    assert!(world.announced.iter().map(|entry| entry.key.seed_id).eq([world.seed.id()]));
    world.tell(Event::Stop);
    world.wait(5 * SECOND);

    again.disks = world.disks;
    again.sends = (4..10).collect();
    again.download();
    again.wait(SECOND);
    assert!(again.announced.iter().map(|entry| entry.key.seed_id).eq([again.seed.id()]));
    assert_eq!(again.disks[&FILE].files.get(&File::Target), Some(&again.bytes));
    let fetched = again.did.iter().filter(|action| matches!(action, Action::Receive { .. })).count();
    assert_eq!(fetched, 6, "the first four were kept");
}

#[test]
fn chunks_that_fit_the_new_list_nowhere_are_announced_no_longer() {
    let (mut world, mut again) = (World::new(10), World::new(10));
    world.seed = seed(&world.bytes, 128);
    world.sends = (0..2).collect();
    world.download();
    world.wait(SECOND);
    assert_eq!(world.announced.len(), 1);
    world.tell(Event::Stop);
    world.wait(SECOND);

    again.disks = world.disks;
    again.sends.clear();
    again.download();
    again.wait(SECOND);
    let ids = again.announced.iter().map(|entry| entry.key.seed_id);
    assert!(ids.eq([again.seed.id()]), "that it is after the new list, and nothing of the old one");
}
