//! A node stops in order, and in bounded time.

use std::time::Duration;

use samara::Machine;
use samara::node::{Action, Event};
use samara::store::File;
use samara::wire::Message;

use crate::world::{FILE, World};

const SECOND: Duration = Duration::from_secs(1);

fn position(did: &[Action], what: impl Fn(&Action) -> bool) -> usize {
    did.iter().position(what).unwrap()
}

#[test]
fn downloads_close_the_node_leaves_its_trackers_and_then_it_has_stopped() {
    let mut world = World::new(10);
    world.sends = (0..4).collect();
    world.download();
    world.wait(SECOND);
    assert_eq!(world.announced.len(), 1);
    let (tracker, peer) = (world.tracker_links()[0], world.peer_links()[0]);
    world.did();
    world.tell(Event::Stop);
    world.wait(SECOND);
    assert!(world.announced.is_empty(), "it has left");
    let did = world.did();
    let bye = position(&did, |it| matches!(it, Action::Send { message: Message::Leave, .. }));
    let end = position(&did, |it| matches!(it, Action::Close { link, .. } if *link == tracker));
    let peer = position(&did, |it| matches!(it, Action::Close { link, .. } if *link == peer));
    assert!(bye < end && peer < end);
    assert!(matches!(did.last(), Some(Action::Stopped)));
    assert_eq!(did.iter().filter(|it| matches!(it, Action::Stopped | Action::Failed { .. })).count(), 1);
    assert!(world.disks[&FILE].files.contains_key(&File::Journal));

    // Nothing more comes, whatever happens.
    world.tell(Event::Stop);
    world.download();
    world.wait(60 * SECOND);
    assert!(world.did().is_empty());
    assert_eq!(world.node.deadline(), None);

    // All that was there is certain: the next node reads nothing again.
    let mut again = World::new(10);
    again.disks = world.disks;
    again.sends = (4..10).collect();
    again.download();
    again.wait(SECOND);
    assert!(again.did.iter().any(|action| matches!(action, Action::Done { .. })));
    assert_eq!(again.disks[&FILE].checks, 0);
}

#[test]
fn an_idle_node_stops_at_once() {
    let mut world = World::new(1);
    world.tell(Event::Stop);
    assert!(matches!(world.did()[..], [Action::Stopped]));
}

#[test]
fn a_disk_that_hangs_is_not_waited_for_longer_than_five_seconds() {
    let mut world = World::new(10);
    world.disk = false;
    world.download();
    world.did();
    world.tell(Event::Stop);
    world.wait(5 * SECOND - Duration::from_micros(1));
    assert!(!world.did.iter().any(|it| matches!(it, Action::Stopped)));
    world.wait(Duration::from_micros(1));
    assert!(matches!(world.did().last(), Some(Action::Stopped)));
}

#[test]
fn a_tracker_that_cannot_be_reached_does_not_hold_up_the_stop() {
    let mut world = World::new(10);
    world.download();
    world.wait(SECOND);
    let tracker = world.tracker_links()[0];
    world.tracker = false;
    world.tell(Event::Closed { link: tracker });
    world.did();
    world.tell(Event::Stop);
    world.wait(3 * SECOND);
    assert!(matches!(world.did().last(), Some(Action::Stopped)));
}
