//! Connections: dialling, Test, and what breaks the rules.

use crate::world::*;
use samara::downloader::{Action, Config, Event, Note, PeerFate, Stale};
use samara::wire::message::{HaveSet, Hello, Refusal, VERSION};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Message};
use samara::{Have, Link, Time};

fn world() -> World {
    World::new(file(20 * 64), 64, Config::default())
}

/// A world with one peer whose side is played by the test; its connection is open.
fn played() -> (World, Link) {
    let mut world = world();
    world.peer(1, Manner::Played);
    world.begin();
    let link = world.link(1);
    world.feed(Event::Opened { link });
    (world, link)
}

fn say(world: &mut World, link: Link, request: u32, message: Message) {
    world.feed(Event::Message { link, request, message });
}

fn hello(node: u64) -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node })
}

fn closes(world: &World) -> Vec<Fault> {
    let close = |action: &Action| match action {
        Action::Close { fault, .. } => Some(*fault),
        _ => None,
    };
    world.actions().filter_map(close).collect()
}

#[test]
fn hello_and_the_first_request_go_together() {
    let (world, link) = played();
    let sent: Vec<_> = world.sent(1).map(|(_, message)| message.clone()).collect();
    assert!(matches!(sent[..], [Message::Hello(_), Message::Test(key)] if key.seed_id == world.seed.id()));
    let numbers = world.actions().filter_map(|action| match action {
        Action::Send { request, .. } => Some(*request),
        _ => None,
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [0, 1]);
    assert_eq!((link.space, link.generation), (1, 1));
}

#[test]
fn fetching_starts_at_the_first_test_that_is_passed() {
    let mut world = world();
    world.peer(1, Manner::Honest);
    (2..=5).for_each(|host| drop(world.peer(host, Manner::BlackHole).clone()));
    world.begin();
    world.run(10 * MS);
    assert!(!world.fetches(1).is_empty());
    assert!(world.notes().any(|note| *note == Note::Tested { addr: addr(1), chunks: 20 }));
    assert!(world.finish() < SECOND, "nobody is waited for");
}

#[test]
fn a_dial_and_a_test_have_five_seconds_together() {
    let (mut world, _) = played();
    assert!(!world.run_until(Time::from_micros(4_999_999)));
    assert_eq!(closes(&world), []);
    world.run(MS);
    assert_eq!(closes(&world), [Fault::Slow]);
    assert!(world.notes().any(|note| *note == Note::Stale { addr: addr(1), why: Stale::Unreachable }));
    world.run(2 * SECOND);
    assert_eq!(world.dials(1).len(), 2, "tried again a second later");
}

#[test]
fn meeting_itself_it_closes_and_forgets_the_address() {
    let mut world = world();
    world.peer(1, Manner::Myself);
    world.peer(2, Manner::Honest).chunk_time = SECOND;
    world.begin();
    world.run(10 * SECOND);
    world.feed(Event::Peers(vec![addr(1)]));
    world.finish();
    assert_eq!(closes(&world)[0], Fault::Myself);
    assert_eq!(world.dials(1).len(), 1);
    assert!(!world.notes().any(|note| matches!(note, Note::Stale { .. } | Note::Banned { .. })));
}

#[test]
fn a_peer_that_is_too_busy_for_a_test_is_dialled_again_when_it_said() {
    let mut world = world();
    world.peer(1, Manner::BusyTest(Time::from_micros(1_000_000)));
    world.begin();
    world.finish();
    let dials: Vec<_> = world.dials(1).iter().map(|at| at.as_micros() / 1_000).collect();
    // Each Test takes 4 ms to be answered, and 700 ms are to pass then.
    assert_eq!(dials, [0, 704, 1_408]);
}

#[test]
fn late_events_of_a_closed_connection_are_ignored() {
    let (mut world, old) = played();
    say(&mut world, old, 0, hello(7));
    world.feed(Event::Closed { link: old });
    world.run(SECOND + MS);
    let new = world.links.keys().copied().find(|link| link.generation == 2).unwrap();
    assert_eq!((new.slot, new.space), (old.slot, old.space));
    let before = world.log.len();
    say(&mut world, old, 1, Message::Have(HaveSet::All));
    world.feed(Event::Opened { link: old });
    world.feed(Event::Malformed { link: old, error: DecodeError::Magic });
    world.feed(Event::Closed { link: old });
    assert_eq!(world.log.len(), before);
    world.feed(Event::Opened { link: new });
    say(&mut world, new, 0, hello(7));
    say(&mut world, new, 1, Message::Have(HaveSet::All));
    assert!(!world.fetches(1).is_empty());
}

#[test]
fn whoever_breaks_the_rules_is_banned() {
    let bitmap = |bytes: &[u8]| Message::Have(HaveSet::Some(bytes.to_vec()));
    let cases = [
        (0, Message::Published, Fault::NoHello),
        (9, Message::Have(HaveSet::All), Fault::OutOfTurn),
        (1, Message::Published, Fault::Unexpected),
        (1, Message::Chunk { index: 0, len: 64 }, Fault::Unexpected),
        (1, Message::Leave, Fault::Unexpected),
        (1, bitmap(&[0xff, 0xff]), Fault::OutOfRange),
        (1, bitmap(&[0xff, 0xff, 0x1f]), Fault::OutOfRange),
        (0, hello(7), Fault::NoHello),
    ];
    for (request, message, fault) in cases {
        let (mut world, link) = played();
        if fault != Fault::NoHello || matches!(message, Message::Hello(_)) {
            say(&mut world, link, 0, hello(7));
        }
        say(&mut world, link, request, message);
        assert_eq!(closes(&world), [fault]);
        assert!(world.notes().any(|note| *note == Note::Banned { addr: addr(1), fault }));
        world.run(100 * SECOND);
        assert_eq!(world.dials(1).len(), 1);
        let Some(Action::Failed(error)) = world.log.last().map(|(_, action)| action) else { panic!() };
        assert_eq!(error.peers[0].fate, PeerFate::Banned(fault));
    }
}

#[test]
fn a_gain_beyond_the_file_bans() {
    let (mut world, link) = played();
    say(&mut world, link, 0, hello(7));
    say(&mut world, link, 1, Message::Have(HaveSet::from(&Have::none(20))));
    say(&mut world, link, 1, Message::Gained(vec![19]));
    assert_eq!(world.fetches(1).len(), 1);
    say(&mut world, link, 1, Message::Gained(vec![20]));
    assert_eq!(closes(&world), [Fault::OutOfRange]);
}

#[test]
fn a_peer_that_refuses_everything_is_dropped_and_not_banned() {
    let (mut world, link) = played();
    say(&mut world, link, 0, hello(7));
    say(&mut world, link, 1, Message::Have(HaveSet::All));
    (2..4).for_each(|request| say(&mut world, link, request, Message::Refused(Refusal::Quota)));
    assert_eq!(closes(&world), []);
    say(&mut world, link, 4, Message::Unsupported);
    assert_eq!(closes(&world), [Fault::Useless]);
    assert!(!world.notes().any(|note| matches!(note, Note::Banned { .. })));
}

#[test]
fn no_more_than_twenty_neighbours_and_eight_tests_at_once() {
    let mut world = World::new(file(600 * 64), 64, Config::default());
    (1..=40).for_each(|host| world.peer(host, Manner::Honest).chunk_time = 50 * MS);
    world.begin();
    let mut most = 0;
    while !world.run(MS) {
        let closed = world.actions().filter(|action| matches!(action, Action::Close { .. })).count();
        let dialled = world.actions().filter(|action| matches!(action, Action::Dial { .. })).count();
        most = most.max(dialled - closed);
    }
    assert_eq!(most, 20);
    assert!(world.is_done());
}

#[test]
fn neighbours_that_are_of_no_use_make_room_for_others() {
    let mut world = world();
    for host in 1..=20 {
        world.peer(host, Manner::Honest).have = Have::none(20);
    }
    world.begin();
    world.run(SECOND);
    world.peer(21, Manner::Honest);
    let took = world.finish();
    assert!(took < 5 * SECOND, "{took:?}");
}

#[test]
fn the_slowest_neighbour_that_nothing_is_awaited_from_makes_room_for_others() {
    // So few chunks a second that most neighbours owe nothing at any moment.
    let mut world = World::new(file(600 * 64), 64, Config { limit: 1_280, ..Config::default() });
    for host in 1..=20 {
        let peer = world.peer(host, Manner::Honest);
        peer.chunk_time = if host == 7 { 40 * MS } else { 10 * MS };
        // Everybody is of use, and nobody has everything.
        let lacks = u32::from(host);
        peer.have = Have::none(600);
        (0..600).filter(|index| *index != lacks).for_each(|index| {
            peer.have.insert(index);
        });
    }
    world.begin();
    world.run(10 * SECOND);
    assert_eq!(closes(&world), [], "nobody else is known");
    let slow = world.link(7);
    world.peer(21, Manner::Honest);
    world.run(3 * SECOND);
    let closed = world.actions().find_map(|action| match action {
        Action::Close { link, fault } => Some((*link, *fault)),
        _ => None,
    });
    assert_eq!((closed, world.dials(21).len()), (Some((slow, Fault::Idle)), 1));
    world.finish();
}

#[test]
fn neighbours_that_are_of_use_make_room_for_nobody() {
    let mut world = World::new(file(200 * 64), 64, Config::default());
    (1..=20).for_each(|host| world.peer(host, Manner::Honest).chunk_time = SECOND);
    world.begin();
    world.run(SECOND);
    world.peer(21, Manner::Honest);
    world.run(5 * SECOND);
    assert_eq!(closes(&world), []);
    assert!(!world.is_over() && world.dials(21).is_empty());
}

#[test]
fn whoever_says_to_have_everything_and_sends_nothing_keeps_out_others_who_say_so_for_a_while() {
    let config = Config { trackers: 1, testing: 2, ..Config::default() };
    let mut world = World::new(file(20 * 64), 64, config);
    (1..=6).for_each(|host| drop(world.stranger(host, Manner::Tarpit).clone()));
    for host in [7, 8, 9] {
        world.stranger(host, Manner::Honest).have.remove(3);
    }
    let id = world.seed.id();
    let holders: Vec<_> = (1..=9).map(|host| (host, id, host <= 6)).collect();
    world.trackers.push(Box::new(move |_| Some(named(&holders))));
    world.begin();
    let dialled = |world: &World| (1..=6).filter(|host| !world.dials(*host).is_empty()).count();
    world.run(900 * MS);
    assert!((1..=2).contains(&dialled(&world)), "no more than were under way at once: {}", dialled(&world));
    assert!(
        (7..=9).all(|host| !world.dials(host).is_empty()),
        "those who have less are dialled all the same"
    );
    world.run(15 * SECOND);
    assert_eq!(dialled(&world), 6, "one of them may be needed");
}

#[test]
fn after_bad_bytes_those_who_say_to_have_everything_are_asked_last() {
    let config = Config { budget: 4 * 64, ..Config::default() };
    let mut world = World::new(file(40 * 64), 64, config);
    world.peer(1, Manner::Corrupt);
    world.peer(2, Manner::Honest).have.remove(3);
    world.begin();
    world.run(50 * MS);
    assert!(world.notes().any(|note| matches!(note, Note::Banned { fault: Fault::BadChunk { .. }, .. })));
    world.peer(3, Manner::Honest);
    world.run(200 * MS);
    assert!(world.notes().any(|note| *note == Note::Tested { addr: addr(3), chunks: 40 }));
    assert_eq!(world.fetches(3), [], "who has sent something has enough to do");
    world.finish();
    assert_eq!(world.fetches(3)[0].1.any_of, [3], "what nobody else has");
}

#[test]
fn a_complete_stranger_that_sends_a_chunk_lets_others_in_at_once() {
    let config = Config { trackers: 1, testing: 1, requery: 30 * SECOND, ..Config::default() };
    let mut world = World::new(file(200 * 64), 64, config);
    (1..=4).for_each(|host| drop(world.stranger(host, Manner::Honest).clone()));
    world.tracker(&[1, 2, 3, 4]);
    world.begin();
    world.run(8 * MS);
    let dialled = |world: &World| (1..=4).filter(|host| !world.dials(*host).is_empty()).count();
    assert_eq!(dialled(&world), 1, "nothing has come yet");
    world.run(150 * MS);
    assert_eq!(dialled(&world), 4);
}
