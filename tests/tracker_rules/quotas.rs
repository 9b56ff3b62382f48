use super::support::*;
use samara::tracker::{Action, Config, Event, Note};
use samara::wire::Message;
use samara::wire::message::{Entry, Refusal, UpdateSet};

fn entries(numbers: std::ops::Range<u32>) -> Vec<Entry> {
    numbers.map(complete).collect()
}

/// How many of these files have a holder.
fn held(world: &mut World, numbers: std::ops::Range<u32>) -> usize {
    numbers.filter(|number| !world.holders(*number).is_empty()).count()
}

#[test]
fn a_source_has_so_many_entries_and_no_more() {
    let mut world = World::with(Config { max_entries_per_source: 10, ..Config::default() });
    let mut peer = world.connect("10.0.0.1", 1);
    assert_eq!(world.try_announce(&mut peer, &entries(0..11)), Err(Refusal::Quota));
    world.announce(&mut peer, &entries(0..10));
    // The same set again, or another of the same size, is no more than before.
    world.announce(&mut peer, &entries(0..10));
    world.announce(&mut peer, &entries(5..15));
    let base = digest(&entries(5..15));
    peer.next_generation();
    let one_more = world.page(&mut peer, 0, true, base, delta(&[complete(20)], &[]));
    assert_eq!(one_more, Message::Refused(Refusal::Quota));
    assert!(!world.update(&mut peer, base, delta(&[complete(20)], &[key(5, 5)])).resend);
    // Another node of the source has no room, one of another source has.
    let mut neighbour = world.connect("10.0.0.1", 2).at_port(8);
    assert_eq!(world.try_announce(&mut neighbour, &[complete(1)]), Err(Refusal::Quota));
    let mut other = world.connect("10.0.0.2", 3);
    world.announce(&mut other, &entries(0..10));
    world.ask(&mut peer, Message::Withdraw(vec![key(6, 6)]));
    world.announce(&mut neighbour, &[complete(1)]);
}

#[test]
fn expired_entries_make_room() {
    let mut world = World::with(Config { max_entries_per_source: 10, max_entries: 10, ..Config::default() });
    world.holder("10.0.0.1", 1, &entries(0..10));
    world.oversleep(TTL);
    let mut peer = world.connect("10.0.0.1", 2).at_port(8);
    world.announce(&mut peer, &entries(10..20));
}

#[test]
fn a_refused_change_changes_nothing() {
    let mut world = World::with(Config { max_entries_per_source: 3, ..Config::default() });
    let mut peer = world.holder("10.0.0.1", 1, &entries(0..3));
    peer.next_generation();
    let base = digest(&entries(0..3));
    let change = delta(&entries(10..20), &[key(0, 0)]);
    assert_eq!(world.page(&mut peer, 0, true, base, change), Message::Refused(Refusal::Quota));
    assert_eq!((held(&mut world, 0..3), held(&mut world, 10..20)), (3, 0));
    assert!(!world.update(&mut peer, base, UpdateSet::Same).resend);
}

#[test]
fn in_a_full_table_a_small_prefix_displaces_the_largest() {
    let mut world = World::with(Config { max_entries: 20, ..Config::default() });
    let mut large = world.holder("10.0.0.1", 1, &entries(0..15));
    world.holder("10.0.1.1", 2, &entries(100..105));
    let mut newcomer = world.connect("10.0.2.1", 3);
    world.announce(&mut newcomer, &entries(200..204));
    assert_eq!(held(&mut world, 200..204), 4);
    assert_eq!((held(&mut world, 0..15), held(&mut world, 100..105)), (11, 5));
    // The displaced one is not told a lie about what is kept.
    assert!(world.update(&mut large, digest(&entries(0..15)), UpdateSet::Same).resend);
    // The largest itself gets no more, and nobody may become larger than those that they displace.
    assert_eq!(world.try_announce(&mut large, &entries(0..15)), Err(Refusal::Quota));
    let mut greedy = world.connect("10.0.3.1", 4);
    assert_eq!(world.try_announce(&mut greedy, &entries(300..309)), Err(Refusal::Quota));
    assert_eq!(held(&mut world, 0..15), 11, "a refusal displaces nobody");
}

#[test]
fn many_small_prefixes_end_up_with_equal_shares() {
    let mut world = World::with(Config { max_entries: 100, ..Config::default() });
    world.holder("10.0.0.1", 1, &entries(0..100));
    for n in 1..10u32 {
        let mut peer = world.connect(&format!("10.0.{n}.1"), n.into());
        world.announce(&mut peer, &entries(n * 1_000..n * 1_000 + 10));
    }
    assert_eq!(held(&mut world, 0..100), 10);
    for n in 1..10 {
        assert_eq!(held(&mut world, n * 1_000..n * 1_000 + 10), 10);
    }
    let mut last = world.connect("10.0.77.1", 77);
    assert_eq!(world.try_announce(&mut last, &entries(5_000..5_011)), Err(Refusal::Quota));
    world.announce(&mut last, &entries(5_000..5_009));
}

#[test]
fn unfinished_announcements_of_the_largest_prefix_make_room_too() {
    let mut world = World::with(Config { max_entries: 20, ..Config::default() });
    let mut hog = world.connect("10.0.0.1", 1);
    let all = UpdateSet::All(entries(0..20));
    world.page(&mut hog, 0, false, Default::default(), all);
    let mut newcomer = world.connect("10.0.2.1", 3);
    world.announce(&mut newcomer, &entries(200..204));
    let last = world.page(&mut hog, 1, true, Default::default(), UpdateSet::All(vec![]));
    assert_eq!(last, Message::Refused(Refusal::Invalid));
}

#[test]
fn seeds_are_capped_and_a_full_table_gives_way_to_small_prefixes() {
    let mut world = World::with(Config { max_seeds: 10, ..Config::default() });
    let mut large = world.holder("10.0.0.1", 1, &entries(0..10));
    assert_eq!(world.try_announce(&mut large, &entries(0..11)), Err(Refusal::Quota));
    // Known seeds need no room.
    let mut second = world.connect("10.0.1.1", 2);
    world.announce(&mut second, &entries(0..3));
    let mut newcomer = world.connect("10.0.2.1", 3);
    world.announce(&mut newcomer, &entries(50..52));
    assert_eq!(held(&mut world, 50..52), 2);
    let mut stranger = world.connect("10.0.9.1", 9);
    assert_eq!(world.list(&mut stranger, 0, 100).summaries.len(), 10);
}

#[test]
fn holders_of_a_seed_are_capped_and_small_prefixes_displace_large_ones() {
    let mut world = World::with(Config { max_holders: 10, ..Config::default() });
    let mut crowd: Vec<Peer> = Vec::new();
    for port in 1..=10 {
        let mut peer = world.connect("10.0.0.1", port.into()).at_port(port);
        world.announce(&mut peer, &[complete(1)]);
        crowd.push(peer);
    }
    let mut same_prefix = world.connect("10.0.0.2", 50);
    assert_eq!(world.try_announce(&mut same_prefix, &[complete(1)]), Err(Refusal::Quota));
    world.announce(&mut crowd[0], &[complete(1)]);
    let mut newcomer = world.connect("10.0.1.1", 51);
    world.announce(&mut newcomer, &[complete(1)]);
    let holders = world.holders(1);
    assert_eq!(holders.len(), 10);
    assert!(holders.iter().any(|holder| holder.addr == at("10.0.1.1", 7)));
}

#[test]
fn a_flood_of_requests_is_refused_one_by_one_and_only_for_its_source() {
    let mut world = World::with(Config { max_requests: 100, ..Config::default() });
    let peer = world.connect("10.0.0.1", 1);
    let mut refused = 0;
    for request in 1..=5_000 {
        match world.send(&peer, request, Message::Query(about(1))).as_slice() {
            [Action::Send { message: Message::Holders(_), .. }] => assert_eq!(refused, 0),
            [Action::Send { message: Message::Refused(Refusal::Quota), .. }] => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 4_000);
    assert!(world.notes.iter().any(|note| matches!(note, Note::Refused { why: Refusal::Quota, .. })));
    let mut neighbour = world.connect("10.0.0.1", 2);
    assert_eq!(world.ask(&mut neighbour, Message::Leave), Message::Refused(Refusal::Quota));
    // What it doesn't even know counts as well, and is answered as well.
    let mut unknown = |at, token| {
        let link = world.connect(at, token).link;
        let answers = world.event(Event::UnknownRequest { link, request: 1 });
        let [Action::Send { request: 1, message, .. }] = &answers[..] else { panic!("{answers:?}") };
        message.clone()
    };
    assert_eq!(unknown("10.0.0.1", 4), Message::Refused(Refusal::Quota));
    assert_eq!(unknown("10.0.0.2", 5), Message::Unsupported);
    let mut other = world.connect("10.0.0.2", 3);
    world.query(&mut other, about(1));
    world.oversleep(10_000);
    world.query(&mut neighbour, about(1));
    assert_eq!(world.ask(&mut neighbour, Message::Leave), Message::Refused(Refusal::Quota));
}

#[test]
fn zero_is_no_cap() {
    let config = Config {
        max_entries_per_source: 0,
        max_entries: 0,
        max_holders: 0,
        max_seeds: 0,
        max_seed_bytes: 0,
        max_requests: 0,
        max_connections: 0,
        max_connections_per_source: 0,
        ..Config::default()
    };
    let mut world = World::with(config);
    let seed = real_seed("a file", 1_000);
    for n in 0..20 {
        let mut peer = world.connect("10.0.0.1", n).at_port(n as u16 + 1);
        world.announce(&mut peer, &[complete(1), holding(&seed)]);
        assert_eq!(world.ask(&mut peer, Message::Publish(seed.clone())), Message::Published);
    }
    assert_eq!(world.holders(1).len(), 20);
}
