//! Row 17 of the attacks: messages that are said again, in another order, or by somebody else. Whatever is repeated, the
//! tracker knows of a node what that node itself said last.

use super::support::*;
use samara::tracker::Action;
use samara::wire::Message;
use samara::wire::message::{Digest, Update, UpdateSet};
use samara::wire::session::Fault;

/// What an honest process says in its life, with what it holds after each message.
fn life() -> Vec<(Message, Vec<u32>)> {
    let update = |generation, base: &[u32], set| {
        let base = digest(&base.iter().map(|n| complete(*n)).collect::<Vec<_>>());
        Message::Update(Update { port: 7, advertise: None, generation, page: 0, last: true, base, set })
    };
    vec![
        (update(1, &[], UpdateSet::All(vec![complete(1), complete(2)])), vec![1, 2]),
        (update(2, &[1, 2], delta(&[complete(3)], &[key(1, 1)])), vec![2, 3]),
        (update(3, &[2, 3], UpdateSet::Same), vec![2, 3]),
        (Message::Withdraw(vec![key(2, 2)]), vec![3]),
        (update(4, &[], UpdateSet::All(vec![complete(4)])), vec![4]),
    ]
}

/// The files of which somebody at `10.0.0.1:7` is named as a holder.
fn held(world: &mut World) -> Vec<u32> {
    (1..=4).filter(|n| world.holders(*n).iter().any(|holder| holder.addr == at("10.0.0.1", 7))).collect()
}

/// A process lives its life; after each message, `meddle` does its worst.
fn live(mut meddle: impl FnMut(&mut World, usize)) {
    let mut world = World::new();
    let peer = world.connect("10.0.0.1", 1);
    for (number, (message, holds)) in life().into_iter().enumerate() {
        let request = u32::try_from(number + 1).unwrap();
        assert_eq!(world.send(&peer, request, message).len(), 1, "one answer");
        assert_eq!(held(&mut world), holds);
        meddle(&mut world, number);
        assert_eq!(held(&mut world), holds, "after message {number}");
    }
}

#[test]
fn what_another_process_says_in_its_name_changes_nothing() {
    live(|world, _| {
        for (message, _) in life().into_iter().chain([(Message::Leave, Vec::new())]) {
            // From the same address and for the same port; the token is the one thing that it can't know.
            let mut other = world.connect("10.0.0.1", 2);
            world.ask(&mut other, message);
            world.close(&other);
        }
    });
}

#[test]
fn what_is_said_again_from_elsewhere_speaks_for_elsewhere() {
    live(|world, _| {
        for (message, _) in life().into_iter().chain([(Message::Leave, Vec::new())]) {
            // Word for word, token and all.
            let mut other = world.connect("10.9.0.1", 1);
            world.ask(&mut other, message);
            world.close(&other);
        }
    });
}

#[test]
fn a_message_that_comes_twice_or_late_ends_the_connection_and_not_the_lease() {
    for again in 0..life().len() {
        for late in again..life().len() {
            let mut world = World::new();
            let peer = world.connect("10.0.0.1", 1);
            for (request, (message, _)) in (1..).zip(life()).take(late + 1) {
                world.send(&peer, request, message);
            }
            let before = held(&mut world);
            let (message, _) = life().swap_remove(again);
            let number = u32::try_from(again + 1).unwrap();
            let closed = Action::Close { link: peer.link, fault: Fault::OutOfTurn };
            assert_eq!(world.send(&peer, number, message), [closed]);
            assert_eq!(held(&mut world), before);
        }
    }
}

/// The first three messages in other orders, or said twice, each under a number of its own: what builds on something
/// else than what is there changes nothing.
#[test]
fn a_change_that_comes_out_of_order_or_twice_is_not_applied() {
    let life: Vec<_> = life().into_iter().take(3).collect();
    let out_of_order = [[1, 0, 2], [2, 0, 1], [2, 1, 0], [1, 2, 0], [0, 2, 1]];
    let twice = [[0, 1, 1], [0, 0, 2], [0, 1, 0]];
    for order in out_of_order.into_iter().chain(twice) {
        let mut world = World::new();
        let mut peer = world.connect("10.0.0.1", 1);
        let mut holds: Vec<u32> = Vec::new();
        for number in order {
            let fits = match number {
                0 => true,
                1 => holds == [1, 2],
                _ => holds == [2, 3],
            };
            let answer = updated(world.ask(&mut peer, life[number].0.clone()));
            assert_eq!(answer.resend, !fits, "{order:?} {number}");
            if fits {
                holds.clone_from(&life[number].1);
            }
            let entries: Vec<_> = holds.iter().map(|n| complete(*n)).collect();
            assert_eq!(answer.digest, if entries.is_empty() { Digest::default() } else { digest(&entries) });
            assert_eq!(held(&mut world), holds);
        }
    }
}
