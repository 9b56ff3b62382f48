use super::support::*;
use samara::tracker::{Config, Note};
use samara::wire::Message;
use samara::wire::message::{Digest, Refusal, UpdateSet};

#[test]
fn a_change_is_applied_to_what_it_builds_on() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1), partial(2)]);
    let base = digest(&[complete(1), partial(2)]);
    let answer = world.update(&mut peer, base, delta(&[complete(2), complete(3)], &[key(1, 1), key(9, 9)]));
    assert!(!answer.resend);
    assert_eq!(answer.digest, digest(&[complete(2), complete(3)]));
    assert!(world.holders(2)[0].complete);
    assert_eq!((world.holders(1).len(), world.holders(3).len()), (0, 1));
    // Removed and added: replaced.
    let answer = world.update(&mut peer, answer.digest, delta(&[partial(2)], &[key(2, 2)]));
    assert_eq!(answer.digest, digest(&[partial(2), complete(3)]));
}

#[test]
fn a_change_of_something_else_is_not_applied() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    let answer = world.update(&mut peer, digest(&[complete(2)]), delta(&[complete(3)], &[key(1, 1)]));
    assert!(answer.resend);
    assert_eq!((answer.digest, answer.want.len()), (digest(&[complete(1)]), 0));
    assert_eq!((world.holders(1).len(), world.holders(3).len()), (1, 0));
}

#[test]
fn a_whole_set_drops_what_it_does_not_mention() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1), complete(2)]);
    world.announce(&mut peer, &[complete(2), partial(3)]);
    assert_eq!((world.holders(1).len(), world.holders(2).len(), world.holders(3).len()), (0, 1, 1));
}

#[test]
fn an_unknown_node_is_asked_for_everything() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    let same = world.update(&mut peer, Digest::default(), UpdateSet::Same);
    let change = world.update(&mut peer, Digest::default(), delta(&[complete(1)], &[]));
    assert!(same.resend && change.resend);
    assert_eq!(world.holders(1), []);
}

#[test]
fn a_closed_connection_ends_nothing_and_the_same_process_resumes() {
    let mut world = World::new();
    let peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.close(&peer);
    assert_eq!(world.holders(1).len(), 1);
    let mut again = world.connect("10.0.0.1", 1);
    // Not before it has said which lease it means.
    assert!(updated(world.ask(&mut again, Message::Leave)).resend);
    assert!(updated(world.ask(&mut again, Message::Withdraw(vec![key(1, 1)]))).resend);
    assert_eq!(world.holders(1).len(), 1);
    let answer = world.update(&mut again, digest(&[complete(1)]), UpdateSet::Same);
    assert!(!answer.resend);
    assert_eq!(answer.want, [seed_id(1)], "the body that was asked for never came");
    assert!(!updated(world.ask(&mut again, Message::Withdraw(vec![key(1, 1)]))).resend);
    assert_eq!(world.holders(1), []);
}

#[test]
fn another_process_does_not_resume_but_may_replace() {
    let mut world = World::new();
    let peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.close(&peer);
    let mut other = world.connect("10.0.0.1", 2);
    assert!(world.update(&mut other, digest(&[complete(1)]), UpdateSet::Same).resend);
    assert!(world.update(&mut other, digest(&[complete(1)]), delta(&[], &[key(1, 1)])).resend);
    assert_eq!(world.holders(1).len(), 1);
    world.announce(&mut other, &[complete(2)]);
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (0, 1));
}

#[test]
fn two_processes_can_not_share_a_port() {
    let mut world = World::new();
    let mut first = world.holder("10.0.0.1", 1, &[complete(1)]);
    let mut second = world.connect("10.0.0.1", 2);
    assert_eq!(world.try_announce(&mut second, &[complete(2)]), Err(Refusal::PortInUse));
    assert!(world.update(&mut first, digest(&[complete(1)]), UpdateSet::Same).resend.eq(&false));
    // Another port, or the same one when the first has gone, is fine.
    let mut third = world.connect("10.0.0.1", 3).at_port(8);
    world.announce(&mut third, &[complete(3)]);
    world.close(&first);
    world.announce(&mut second, &[complete(2)]);
    assert_eq!((world.holders(1).len(), world.holders(2).len(), world.holders(3).len()), (0, 1, 1));
}

#[test]
fn a_port_is_in_use_while_an_announcement_for_it_is_unfinished() {
    let mut world = World::new();
    let mut first = world.connect("10.0.0.1", 1);
    world.page(&mut first, 0, false, Digest::default(), UpdateSet::All(vec![complete(1)]));
    let mut second = world.connect("10.0.0.1", 2);
    assert_eq!(world.try_announce(&mut second, &[complete(2)]), Err(Refusal::PortInUse));
    world.close(&first);
    world.announce(&mut second, &[complete(2)]);
}

#[test]
fn a_port_is_free_when_its_lease_has_expired() {
    let mut world = World::new();
    let mut first = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.oversleep(TTL);
    let mut second = world.connect("10.0.0.1", 2);
    world.announce(&mut second, &[complete(2)]);
    assert!(world.update(&mut first, digest(&[complete(1)]), UpdateSet::Same).resend);
}

#[test]
fn one_process_may_move_to_another_connection() {
    let mut world = World::new();
    let mut old = world.holder("10.0.0.1", 1, &[complete(1)]);
    let mut new = world.connect("10.0.0.1", 1);
    assert!(!world.update(&mut new, digest(&[complete(1)]), UpdateSet::Same).resend);
    assert!(updated(world.ask(&mut old, Message::Leave)).resend, "the lease has moved");
    world.close(&old);
    assert!(!updated(world.ask(&mut new, Message::Leave)).resend);
    assert_eq!(world.holders(1), []);
}

#[test]
fn leaving_and_withdrawing_take_effect_at_once() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1), complete(2), complete(3)]);
    let answer = updated(world.ask(&mut peer, Message::Withdraw(vec![key(1, 1), key(7, 7)])));
    assert_eq!((answer.digest, answer.resend), (digest(&[complete(2), complete(3)]), false));
    assert_eq!((world.holders(1).len(), world.holders(2).len()), (0, 1));
    let answer = updated(world.ask(&mut peer, Message::Leave));
    assert_eq!((answer.digest, answer.resend), (Digest::default(), false));
    assert_eq!((world.holders(2).len(), world.holders(3).len()), (0, 0));
    assert!(world.notes.iter().any(|note| matches!(note, Note::Left { .. })));
    assert!(world.update(&mut peer, Digest::default(), UpdateSet::Same).resend);
}

#[test]
fn a_restarted_tracker_has_another_epoch_and_asks_for_everything() {
    let mut epochs = Vec::new();
    for entropy in [1, 2, 1] {
        let mut world = World::started(Config::default(), entropy);
        let mut peer = world.connect("10.0.0.1", 1);
        let answer = world.update(&mut peer, digest(&[complete(1)]), UpdateSet::Same);
        assert!(answer.resend && answer.warming);
        epochs.push(answer.epoch);
    }
    assert!(epochs[0] != epochs[1] && epochs[0] == epochs[2]);
}

#[test]
fn announcing_another_port_leaves_the_first_to_its_ttl() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    world.pass(TTL / 2);
    peer = peer.at_port(8);
    world.announce(&mut peer, &[complete(1)]);
    assert_eq!(world.holders(1).len(), 2);
    world.pass(TTL / 2);
    assert_eq!(world.holders(1).iter().map(|holder| holder.addr).collect::<Vec<_>>(), [at("10.0.0.1", 8)]);
}
