use super::support::*;
use samara::tracker::Config;
use samara::wire::Message;
use samara::wire::message::{Digest, Refusal, UpdateSet};

const NO_BASE: Digest = Digest([0; 32]);
const INVALID: Message = Message::Refused(Refusal::Invalid);

fn all(numbers: std::ops::Range<u32>) -> UpdateSet {
    UpdateSet::All(numbers.map(complete).collect())
}

#[test]
fn pages_take_effect_together_with_the_last_one() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(100)]);
    peer.next_generation();
    for page in 0..3 {
        let answer = updated(world.page(&mut peer, page, false, NO_BASE, all(page * 2..page * 2 + 2)));
        assert_eq!((answer.digest, answer.resend), (digest(&[complete(100)]), false));
        assert_eq!(answer.want, [seed_id(page * 2), seed_id(page * 2 + 1)]);
    }
    assert_eq!((world.holders(0).len(), world.holders(100).len()), (0, 1));
    let answer = updated(world.page(&mut peer, 3, true, NO_BASE, all(6..7)));
    let set: Vec<_> = (0..7).map(complete).collect();
    assert_eq!(answer.digest, digest(&set));
    assert!((0..7).all(|number| world.holders(number).len() == 1));
    assert_eq!(world.holders(100), []);
}

#[test]
fn an_unfinished_announcement_changes_nothing() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    peer.next_generation();
    world.page(&mut peer, 0, false, NO_BASE, UpdateSet::All(vec![partial(1), complete(2)]));
    let mut stranger = world.connect("10.0.7.1", 2);
    let reply = world.query(&mut stranger, about(1));
    assert_eq!((reply.seeds[0].complete, reply.seeds[0].partial, reply.holders.len()), (1, 0, 1));
    assert_eq!(world.query(&mut stranger, about(2)).seeds, []);
    assert_eq!(world.list(&mut stranger, 0, 10).summaries.len(), 1);
    // What is kept can still be built on, and that ends the unfinished one.
    assert!(!updated(world.page(&mut peer, 0, true, digest(&[complete(1)]), UpdateSet::Same)).resend);
    assert_eq!(world.page(&mut peer, 1, true, NO_BASE, all(3..4)), INVALID);
    assert_eq!(world.holders(2), []);
}

#[test]
fn a_page_out_of_order_is_refused_and_drops_what_came_before() {
    for (next, other_generation) in [(2, false), (3, false), (1, true)] {
        let mut world = World::new();
        let mut peer = world.connect("10.0.0.1", 1);
        peer.next_generation();
        world.page(&mut peer, 0, false, NO_BASE, all(0..1));
        if other_generation {
            peer.next_generation();
        }
        assert_eq!(world.page(&mut peer, next, true, NO_BASE, all(1..2)), INVALID);
        assert_eq!(world.page(&mut peer, 1, true, NO_BASE, all(1..2)), INVALID);
        assert_eq!((world.holders(0), world.holders(1)), (vec![], vec![]));
        world.announce(&mut peer, &[complete(5)]);
    }
}

#[test]
fn the_first_page_begins_anew() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    world.page(&mut peer, 0, false, NO_BASE, all(0..1));
    peer.next_generation();
    world.page(&mut peer, 0, false, NO_BASE, all(1..2));
    let answer = updated(world.page(&mut peer, 1, true, NO_BASE, all(2..3)));
    assert_eq!(answer.digest, digest(&[complete(1), complete(2)]));
    assert_eq!(world.holders(0), []);
}

#[test]
fn kinds_of_pages_do_not_mix() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    world.page(&mut peer, 0, false, NO_BASE, all(0..1));
    assert_eq!(world.page(&mut peer, 1, true, NO_BASE, delta(&[complete(1)], &[])), INVALID);
    assert_eq!(world.page(&mut peer, 1, true, NO_BASE, UpdateSet::Same), INVALID);
    world.announce(&mut peer, &[]);
    world.page(&mut peer, 0, false, NO_BASE, delta(&[complete(1)], &[]));
    assert_eq!(world.page(&mut peer, 1, true, NO_BASE, all(0..1)), INVALID);
    assert_eq!(world.page(&mut peer, 0, false, NO_BASE, UpdateSet::Same), INVALID);
    assert_eq!(world.page(&mut peer, 256, true, NO_BASE, all(0..1)), INVALID);
    assert_eq!((world.holders(0), world.holders(1)), (vec![], vec![]));
}

#[test]
fn an_unfinished_announcement_ends_with_its_connection() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    world.page(&mut peer, 0, false, NO_BASE, all(0..1));
    world.close(&peer);
    let mut again = world.connect("10.0.0.1", 1);
    assert_eq!(world.page(&mut again, 1, true, NO_BASE, all(1..2)), INVALID);
    let mut other = world.connect("10.0.0.1", 2);
    world.announce(&mut other, &[complete(3)]);
}

#[test]
fn an_entry_named_twice_is_one_entry() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    world.page(&mut peer, 0, false, NO_BASE, UpdateSet::All(vec![partial(1), partial(1)]));
    let answer = updated(world.page(&mut peer, 1, true, NO_BASE, UpdateSet::All(vec![complete(1)])));
    assert_eq!(answer.digest, digest(&[complete(1)]));
    let holders = world.holders(1);
    assert!(holders.len() == 1 && holders[0].complete);
}

#[test]
fn unfinished_announcements_count_against_the_quota() {
    let mut world = World::with(Config { max_entries_per_source: 10, ..Config::default() });
    let mut one = world.connect("10.0.0.1", 1);
    world.page(&mut one, 0, false, NO_BASE, all(0..8));
    let mut two = world.connect("10.0.0.1", 2).at_port(8);
    assert_eq!(world.try_announce(&mut two, &[complete(1), complete(2), complete(3)]), Err(Refusal::Quota));
    assert!(world.try_announce(&mut two, &[complete(1), complete(2)]).is_ok());
    assert_eq!(world.page(&mut one, 1, true, NO_BASE, all(8..9)), Message::Refused(Refusal::Quota));
    // The refusal dropped the unfinished one.
    assert_eq!(world.page(&mut one, 2, true, NO_BASE, all(9..10)), INVALID);
    let eight: Vec<_> = (0..8).map(complete).collect();
    assert!(world.try_announce(&mut one, &eight).is_ok());
}

#[test]
fn changes_come_in_pages_too_and_apply_at_once() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1), partial(2)]);
    let base = digest(&[complete(1), partial(2)]);
    peer.next_generation();
    let answer = updated(world.page(&mut peer, 0, false, base, delta(&[complete(2), complete(3)], &[])));
    assert_eq!((answer.digest, answer.resend), (base, false));
    assert_eq!(world.holders(3), []);
    let answer = updated(world.page(&mut peer, 1, true, base, delta(&[complete(4)], &[key(1, 1)])));
    assert_eq!(answer.digest, digest(&[complete(2), complete(3), complete(4)]));
    assert_eq!(answer.want.len(), 3);
    assert_eq!((world.holders(1).len(), world.holders(2).len(), world.holders(4).len()), (0, 1, 1));
}

#[test]
fn a_change_beyond_all_bounds_is_answered_with_the_wish_for_the_whole_set() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[]);
    peer.next_generation();
    let mut resent = None;
    for page in 0..8 {
        let added: Vec<_> = (page * 4_096..(page + 1) * 4_096).map(complete).collect();
        if updated(world.page(&mut peer, page, false, NO_BASE, delta(&added, &[]))).resend {
            resent = Some(page);
            break;
        }
    }
    assert_eq!(resent, Some(4));
    assert_eq!(world.page(&mut peer, 5, true, NO_BASE, delta(&[], &[])), INVALID);
    assert_eq!(world.holders(1), []);
}

#[test]
fn bodies_that_one_answer_can_not_name_are_asked_for_in_the_next() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[]);
    let first: Vec<_> = (0..4_096).map(complete).collect();
    let second: Vec<_> = (4_096..5_000).map(complete).collect();
    peer.next_generation();
    world.page(&mut peer, 0, false, NO_BASE, delta(&first, &[]));
    let answer = updated(world.page(&mut peer, 1, true, NO_BASE, delta(&second, &[])));
    assert_eq!(answer.want.len(), 4_096);
    assert!(!world.update(&mut peer, answer.digest, UpdateSet::Same).want.is_empty());
}
