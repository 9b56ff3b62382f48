//! Each link's events go to its owner, and late ones to nobody.

use std::sync::Arc;
use std::time::Duration;

use samara::Link;
use samara::node::{Action, Event};
use samara::store::Identity;
use samara::wire::message::{Hello, VERSION};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Message};

use crate::world::{FILE, World, addr};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn downloads_and_trackers_dial_in_spaces_of_their_own() {
    let mut world = World::new(4);
    world.sends.clear();
    world.download();
    world.wait(SECOND);
    assert_eq!(world.tracker_links()[0].space, 1);
    assert!(world.peer_links()[0].space >= 2);
}

#[test]
fn events_of_links_that_nobody_owns_are_ignored() {
    let mut world = World::new(4);
    world.did();
    for space in [1, 2, 77] {
        let link = Link { space, slot: 9, generation: 9 };
        let message = Message::Leave;
        world.tell(Event::Opened { link, peer: addr("10.0.0.9:9") });
        world.tell(Event::Message { link, request: 1, message });
        world.tell(Event::UnknownRequest { link, request: 1 });
        world.tell(Event::Malformed { link, error: DecodeError::Magic });
        world.tell(Event::Closed { link });
    }
    assert!(world.did().is_empty());
}

#[test]
fn a_request_on_a_dialled_link_ends_the_connection() {
    let mut world = World::new(4);
    world.sends.clear();
    world.download();
    world.wait(SECOND);
    for link in [world.tracker_links()[0], world.peer_links()[0]] {
        world.tell(Event::UnknownRequest { link, request: 1 });
        let closed = |action: &Action| matches!(action, Action::Close { link: it, fault: Fault::Unexpected } if *it == link);
        assert!(world.did.iter().any(closed));
    }
}

#[test]
fn a_request_of_a_later_version_is_answered() {
    let mut world = World::new(4);
    let link = Link { space: 0, slot: 0, generation: 1 };
    world.tell(Event::Accepted { link, from: addr("10.0.0.3:9") });
    let hello = Message::Hello(Hello { version: VERSION, features: 0, node: 5 });
    world.tell(Event::Message { link, request: 0, message: hello });
    world.did();
    world.tell(Event::UnknownRequest { link, request: 1 });
    let did = world.did();
    let answer = |action: &Action| matches!(action, Action::Send { link: to, request: 1, message: Message::Unsupported } if *to == link);
    assert!(did.len() == 1 && answer(&did[0]), "{did:?}");
}

#[test]
fn hello_says_the_same_number_on_all_connections() {
    let mut world = World::new(4);
    world.download();
    world.wait(SECOND);
    let link = Link { space: 0, slot: 0, generation: 1 };
    world.tell(Event::Accepted { link, from: addr("10.0.0.3:9") });
    let hello = Message::Hello(Hello { version: VERSION, features: 0, node: 5 });
    world.tell(Event::Message { link, request: 0, message: hello });
    let numbers: Vec<(u16, u64)> = world.did().iter().filter_map(hello_number).collect();
    let spaces: Vec<u16> = numbers.iter().map(|(space, _)| (*space).min(2)).collect();
    assert_eq!(spaces, [1, 2, 0]);
    assert!(numbers.iter().all(|(_, number)| *number == numbers[0].1 && *number != 0));
}

fn hello_number(action: &Action) -> Option<(u16, u64)> {
    if let Action::Send { link, message: Message::Hello(hello), .. } = action {
        return Some((link.space, hello.node));
    }
    None
}

#[test]
fn a_shared_file_is_announced_until_it_is_unshared() {
    let mut world = World::new(4);
    let identity = Identity { device: 1, inode: 1, size: 256, modified: 1 };
    world.tell(Event::Share { file: FILE, seed: Arc::clone(&world.seed), identity });
    world.wait(SECOND);
    assert_eq!(world.announced.len(), 1);
    assert!(world.did.iter().any(|action| matches!(action, Action::Announced { file: FILE, .. })));
    world.tell(Event::Unshare { file: FILE });
    world.wait(SECOND);
    assert!(world.announced.is_empty());
}

#[test]
fn a_tracker_that_comes_back_is_found_again() {
    let mut world = World::new(4);
    world.tracker = false;
    let identity = Identity { device: 1, inode: 1, size: 256, modified: 1 };
    world.tell(Event::Share { file: FILE, seed: Arc::clone(&world.seed), identity });
    world.wait(10 * SECOND);
    assert!(world.announced.is_empty());
    world.tracker = true;
    world.wait(20 * SECOND);
    assert_eq!(world.announced.len(), 1);
}
