use super::support::*;
use samara::tracker::{Action, Config, Event, Note};
use samara::wire::message::{Fetch, Hello, Refusal, VERSION};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Message};
use samara::{Link, Machine};

fn hello(version: u16) -> Message {
    Message::Hello(Hello { version, features: 0, node: 1 })
}

#[test]
fn hello_is_answered_at_once_and_due_within_ten_seconds() {
    let mut world = World::new();
    world.connect("10.0.0.1", 1);
    let (silent, _) = world.accept("10.0.0.2");
    world.oversleep(10 * SECOND - 1);
    assert_eq!(world.event(Event::Wake), []);
    world.oversleep(1);
    assert_eq!(world.event(Event::Wake), [Action::Close { link: silent.link, fault: Fault::NoHello }]);
    assert_eq!(world.send(&silent, 0, hello(VERSION)), [], "it was closed");
}

#[test]
fn the_first_frame_must_be_hello_and_only_the_first() {
    let mut world = World::new();
    let (eager, _) = world.accept("10.0.0.1");
    assert_eq!(closed(&world.send(&eager, 1, Message::Leave)), Some(Fault::NoHello));
    let (unknown, _) = world.accept("10.0.0.1");
    let actions = world.event(Event::UnknownRequest { link: unknown.link, request: 1 });
    assert_eq!(closed(&actions), Some(Fault::NoHello));
    let polite = world.connect("10.0.0.1", 1);
    assert_eq!(closed(&world.send(&polite, 0, hello(VERSION))), Some(Fault::NoHello));
}

#[test]
fn another_version_is_told_ours_refused_and_closed() {
    let mut world = World::new();
    let (peer, _) = world.accept("10.0.0.1");
    let actions = world.send(&peer, 0, hello(VERSION + 1));
    let [Action::Send { request: 0, message: Message::Hello(ours), .. }, refused, close] = actions.as_slice()
    else {
        panic!("{actions:?}");
    };
    assert_eq!(ours.version, VERSION);
    let message = Message::Refused(Refusal::Version);
    assert_eq!(*refused, Action::Send { link: peer.link, request: 0, message });
    assert_eq!(*close, Action::Close { link: peer.link, fault: Fault::Version(VERSION + 1) });
}

#[test]
fn silence_ends_a_connection_but_not_its_lease() {
    let mut world = World::new();
    let mut quiet = world.holder("10.0.0.1", 1, &[complete(1)]);
    let talking = world.connect("10.0.0.2", 2);
    let link = |peer: &Peer| peer.link;
    world.oversleep(TTL / 2);
    world.announce(&mut quiet, &[complete(1)]);
    world.oversleep(150 * SECOND);
    let closed = world.event(Event::Wake);
    assert_eq!(closed, [Action::Close { link: link(&talking), fault: Fault::Idle }]);
    world.oversleep(30 * SECOND - 1);
    assert_eq!(world.event(Event::Wake), []);
    world.oversleep(1);
    assert_eq!(world.event(Event::Wake), [Action::Close { link: link(&quiet), fault: Fault::Idle }]);
}

#[test]
fn what_a_tracker_does_not_serve_is_unsupported() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    assert_eq!(world.ask(&mut peer, Message::Test(key(1, 1))), Message::Unsupported);
    let fetch = Message::Fetch(Fetch { t: 1, any_of: vec![0] });
    assert_eq!(world.ask(&mut peer, fetch), Message::Unsupported);
    let link = peer.link;
    let actions = world.event(Event::UnknownRequest { link, request: 3 });
    assert_eq!(actions, [Action::Send { link, request: 3, message: Message::Unsupported }]);
    assert_eq!(closed(&world.event(Event::UnknownRequest { link, request: 3 })), Some(Fault::OutOfTurn));
}

#[test]
fn cancelling_is_ignored() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    assert_eq!(world.send(&peer, 0, Message::Cancel { target: 77 }), []);
    assert_eq!(world.ask(&mut peer, Message::Test(key(1, 1))), Message::Unsupported);
}

#[test]
fn what_breaks_the_rules_ends_the_connection() {
    let mut world = World::new();
    let peer = world.connect("10.0.0.1", 1);
    let error = DecodeError::Body { kind: 5 };
    let actions = world.event(Event::Malformed { link: peer.link, error });
    assert_eq!(actions, [Action::Close { link: peer.link, fault: Fault::Malformed(error) }]);
    assert_eq!(world.event(Event::Malformed { link: peer.link, error }), [], "once");

    let peer = world.connect("10.0.0.1", 1);
    assert_eq!(closed(&world.send(&peer, 1, Message::Published)), Some(Fault::Unexpected));
    let mut peer = world.connect("10.0.0.1", 1);
    world.ask(&mut peer, Message::Leave);
    assert_eq!(closed(&world.send(&peer, 1, Message::Leave)), Some(Fault::OutOfTurn));
}

#[test]
fn late_events_of_a_closed_link_are_ignored() {
    let mut world = World::new();
    let old = world.connect("10.0.0.1", 1);
    world.close(&old);
    let new = Link { generation: 1, ..old.link };
    let from = "10.0.0.2:5".parse().unwrap();
    assert_eq!(world.event(Event::Accepted { link: new, from, local: from }), []);
    assert_eq!(world.send(&old, 1, Message::Leave), []);
    assert_eq!(world.event(Event::UnknownRequest { link: old.link, request: 2 }), []);
    assert_eq!(world.event(Event::Closed { link: old.link }), []);
    let actions = world.event(Event::Message { link: new, request: 0, message: hello(VERSION) });
    assert!(matches!(actions.as_slice(), [Action::Send { .. }]));
}

#[test]
fn connections_are_capped_in_total_and_per_source() {
    let config = Config { max_connections: 5, max_connections_per_source: 2, ..Config::default() };
    let mut world = World::with(config);
    let full = |actions: Vec<Action>| closed(&actions) == Some(Fault::Full);
    let (first, _) = world.accept("10.0.0.1");
    assert!(!full(world.accept("10.0.0.1").1));
    assert!(full(world.accept("10.0.0.1").1));
    assert!(!full(world.accept("2001:db8::1").1) && !full(world.accept("2001:db8::2").1));
    assert!(full(world.accept("2001:db8::3").1), "one /64 is one source");
    assert!(!full(world.accept("10.0.0.3").1));
    assert!(full(world.accept("10.0.0.4").1));
    world.close(&first);
    assert!(!full(world.accept("10.0.0.4").1));
    let noted = |note: &&Note| matches!(note, Note::TurnedAway { why: Fault::Full, .. });
    assert_eq!(world.notes.iter().filter(noted).count(), 3, "each is noted");
}

#[test]
fn many_actions_may_wait() {
    let mut world = World::new();
    let peer = world.connect("10.0.0.1", 1);
    for request in 1..=1_000 {
        let message = Message::Query(about(1));
        world.tracker.handle(world.now, Event::Message { link: peer.link, request, message });
    }
    let mut answers = Vec::new();
    while let Some(action) = world.tracker.poll() {
        if let Action::Send { request, .. } = action {
            answers.push(request);
        }
    }
    assert!(answers.into_iter().eq(1..=1_000));
}

#[test]
fn events_and_actions_are_small() {
    assert!(size_of::<Event>() <= 144, "{}", size_of::<Event>());
    assert!(size_of::<Action>() <= 144, "{}", size_of::<Action>());
}
