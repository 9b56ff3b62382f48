use super::support::*;
use samara::tracker::{Event, Note};
use samara::wire::Message;
use samara::wire::message::{Digest, Refusal, UpdateSet};
use samara::{Machine, Time};

fn expired(world: &World) -> usize {
    world.notes.iter().filter(|note| matches!(note, Note::Expired { .. })).count()
}

#[test]
fn an_entry_is_named_until_one_microsecond_before_its_deadline() {
    let mut world = World::new();
    world.oversleep(5);
    world.holder("10.0.0.1", 1, &[complete(1)]);
    world.pass(TTL - 1);
    assert_eq!(world.holders(1).len(), 1);
    world.pass(1);
    assert_eq!(world.holders(1), []);
}

#[test]
fn an_expired_holder_is_not_named_even_if_nobody_woke_the_tracker() {
    let mut world = World::new();
    world.holder("10.0.0.1", 1, &[complete(1)]);
    world.oversleep(TTL);
    let mut stranger = world.connect("10.0.5.1", 2);
    let reply = world.query(&mut stranger, about(1));
    assert!(reply.seeds.is_empty() && reply.holders.is_empty());
    assert_eq!(world.list(&mut stranger, 0, 10).summaries, []);
    assert!(world.notes.iter().any(|note| matches!(note, Note::Expired { entries: 1, .. })));
}

#[test]
fn every_kind_of_accepted_update_renews() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.pass(TTL - 1);
    assert!(!world.update(&mut peer, digest(&[complete(1)]), UpdateSet::Same).resend);
    world.pass(TTL - 1);
    assert!(!world.update(&mut peer, digest(&[complete(1)]), delta(&[complete(2)], &[])).resend);
    world.pass(TTL - 1);
    world.announce(&mut peer, &[complete(1)]);
    world.pass(TTL - 1);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (1, 0));
    world.pass(1);
    assert_eq!(world.holders(1).len(), 0);
}

#[test]
fn a_renewed_lease_expires_once_at_its_own_deadline_and_no_timer_moves_for_it() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.pass(TTL / 2);
    let due = world.tracker.deadline().map(|deadline| deadline.at);
    assert!(!world.update(&mut peer, digest(&[complete(1)]), UpdateSet::Same).resend);
    assert_eq!(world.tracker.deadline().map(|deadline| deadline.at), due);
    world.pass(TTL - 1);
    assert_eq!(expired(&world), 0);
    world.pass(1);
    assert_eq!(expired(&world), 1);
}

#[test]
fn more_renewed_leases_than_one_event_looks_at_hide_no_expired_one() {
    let mut world = World::new();
    let address = |number: u32| format!("10.{}.{}.1", number / 250, number % 250);
    let mut renewed: Vec<_> =
        (0..2_500).map(|number| world.holder(&address(number), 1, &[complete(1)])).collect();
    world.holder("10.200.0.1", 1, &[complete(2)]);
    let mut stranger = world.connect("172.16.0.1", 2);
    world.pass(TTL / 2);
    for peer in &mut renewed {
        assert!(!world.update(peer, digest(&[complete(1)]), UpdateSet::Same).resend);
    }
    world.oversleep(TTL / 2);
    assert_eq!(world.query(&mut stranger, about(2)).holders, []);
    assert_eq!(
        expired(&world),
        0,
        "one event looks at no more than so many, and the expired one is the last"
    );
    world.pass(0);
    assert_eq!(expired(&world), 1, "not one of those that renewed");
    world.pass(TTL / 2 - 1);
    assert_eq!(expired(&world), 1);
    world.pass(1);
    assert_eq!(expired(&world), 1 + renewed.len());
}

#[test]
fn nothing_else_renews() {
    let seed = real_seed("file", 100);
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1), holding(&seed)]);
    world.pass(TTL / 2);
    world.query(&mut peer, about(1));
    world.list(&mut peer, 0, 10);
    assert_eq!(world.ask(&mut peer, Message::Publish(seed)), Message::Published);
    assert!(!updated(world.ask(&mut peer, Message::Withdraw(vec![key(9, 9)]))).resend);
    // A change of something else than what is kept, and a refused announcement.
    assert!(world.update(&mut peer, Digest([1; 32]), delta(&[complete(2)], &[])).resend);
    assert!(world.update(&mut peer, Digest([1; 32]), UpdateSet::Same).resend);
    peer.next_generation();
    let page = world.page(&mut peer, 3, true, Digest::default(), UpdateSet::All(vec![complete(1)]));
    assert_eq!(page, Message::Refused(Refusal::Invalid));
    world.pass(TTL / 2 - 1);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (1, 0));
    world.pass(1);
    assert_eq!(world.holders(1), []);
}

#[test]
fn pages_of_an_unfinished_announcement_renew_nothing_and_the_last_one_all() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    peer.next_generation();
    world.pass(TTL - 10);
    world.page(&mut peer, 0, false, Digest::default(), UpdateSet::All(vec![complete(1)]));
    world.pass(10);
    assert_eq!(world.holders(1), []);
    world.page(&mut peer, 1, true, Digest::default(), UpdateSet::All(vec![complete(2)]));
    world.pass(TTL - 1);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (1, 1));
    world.pass(1);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (0, 0));
}

#[test]
fn an_expired_lease_can_not_be_continued() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.oversleep(TTL);
    let answer = world.update(&mut peer, digest(&[complete(1)]), UpdateSet::Same);
    assert!(answer.resend && answer.digest == Digest::default());
    assert!(updated(world.ask(&mut peer, Message::Withdraw(vec![key(1, 1)]))).resend);
    world.announce(&mut peer, &[complete(1)]);
    assert_eq!(world.holders(1).len(), 1);
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut world = World::new();
    world.oversleep(10 * SECOND);
    world.holder("10.0.0.1", 1, &[complete(1)]);
    world.now = Time::ZERO;
    let mut late = world.holder("10.0.1.1", 2, &[complete(2)]);
    world.pass(10 * SECOND + TTL - 1);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (1, 1));
    world.pass(1);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (0, 0));
    assert!(world.update(&mut late, digest(&[complete(2)]), UpdateSet::Same).resend);
}

#[test]
fn wakes_at_any_time_are_harmless() {
    let mut world = World::new();
    world.holder("10.0.0.1", 1, &[complete(1)]);
    for _ in 0..100 {
        assert_eq!(world.event(Event::Wake), []);
    }
    assert_eq!(world.holders(1).len(), 1);
    world.now = Time::from_micros(u64::MAX / 2);
    world.event(Event::Wake);
    assert_eq!(world.holders(1), []);
    world.pass(0);
    assert!(world.tracker.deadline().is_none_or(|deadline| deadline.at >= world.now));
}

#[test]
fn a_tracker_is_warming_for_one_ttl_after_its_start() {
    let mut world = World::new();
    world.oversleep(TTL - 1);
    let mut peer = world.connect("10.0.0.1", 1);
    assert!(world.announce(&mut peer, &[]).warming && world.query(&mut peer, about(1)).warming);
    world.oversleep(1);
    assert!(!world.announce(&mut peer, &[]).warming && !world.query(&mut peer, about(1)).warming);
}

#[test]
fn the_tracker_dictates_its_times() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    let answer = world.announce(&mut peer, &[complete(1)]);
    assert_eq!((answer.ttl.as_secs(), answer.interval.as_secs()), (60, 20));
}
