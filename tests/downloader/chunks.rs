//! Chunks: from whom they come, what is done with bad ones, and how the end goes.

use core::time::Duration;

use crate::world::*;
use samara::downloader::{Action, Config, Event, Note, Stale};
use samara::wire::Message;
use samara::wire::message::{Fetch, Gone};
use samara::wire::session::Fault;
use samara::{Have, Time};

fn world(chunks: usize) -> World {
    World::new(file(chunks * 64 - 10), 64, Config::default())
}

fn banned(world: &World) -> Vec<(u8, Fault)> {
    let banned = |note: &Note| match note {
        Note::Banned { addr: of, fault } => (1..9).find(|host| addr(*host) == *of).map(|host| (host, *fault)),
        _ => None,
    };
    world.notes().filter_map(banned).collect()
}

#[test]
fn three_peers_share_the_work() {
    let mut world = world(60);
    (1..=3).for_each(|host| drop(world.peer(host, Manner::Honest).clone()));
    world.begin();
    let took = world.finish();
    // 60 chunks at 10 ms each, from three peers.
    assert!(took < 300 * MS, "{took:?}");
    for host in 1..=3 {
        assert!(world.fetches(host).len() >= 15, "peer {host}");
    }
    let verified = world.notes().filter(|note| matches!(note, Note::Verified { .. })).count();
    assert_eq!(verified, 60);
    assert_eq!(world.notes().filter(|note| matches!(note, Note::Proven { length: 3_830 })).count(), 1);
    let ends: Vec<_> = world.actions().filter(|action| matches!(action, Action::Close { .. })).collect();
    assert_eq!(ends.len(), 3);
    assert!(ends.iter().all(|end| matches!(end, Action::Close { fault: Fault::Finished, .. })));
}

#[test]
fn a_bad_chunk_bans_its_sender_and_is_fetched_elsewhere() {
    let mut world = world(20);
    world.peer(1, Manner::Corrupt);
    world.peer(2, Manner::Honest).chunk_time = 50 * MS;
    world.begin();
    world.finish();
    let [(1, Fault::BadChunk { index })] = banned(&world)[..] else { panic!("{:?}", banned(&world)) };
    assert!(world.stored.contains(&index));
    assert_eq!(world.dials(1).len(), 1, "not dialled again");
}

#[test]
fn a_chunk_that_was_not_asked_for_is_never_read() {
    for manner in [Manner::Unsolicited, Manner::TooLong] {
        let mut world = world(20);
        world.peer(1, manner);
        world.peer(2, Manner::Honest);
        world.begin();
        world.finish();
        assert_eq!(banned(&world), [(1, Fault::Unsolicited)]);
        let link = world.link(1);
        assert!(
            !world.actions().any(|action| matches!(action, Action::Receive { link: of, .. } if *of == link))
        );
    }
}

#[test]
fn a_second_chunk_in_answer_to_one_request_bans_whoever_sends_it() {
    let mut world = world(20);
    world.peer(1, Manner::Tarpit);
    world.begin();
    world.run(SECOND);
    let (link, asked) = (world.link(1), world.actions().find_map(fetch).unwrap());
    for index in &asked.1.any_of[..2] {
        let message = Message::Chunk { index: *index, len: 64 };
        world.feed(Event::Message { link, request: asked.0, message });
    }
    assert_eq!(banned(&world), [(1, Fault::Unexpected)]);
    let received = world.actions().filter(|action| matches!(action, Action::Receive { .. }));
    assert_eq!(received.count(), 1);
}

fn fetch(action: &Action) -> Option<(u32, Fetch)> {
    match action {
        Action::Send { request, message: Message::Fetch(fetch), .. } => Some((*request, fetch.clone())),
        _ => None,
    }
}

#[test]
fn a_liar_is_dropped_after_three_broken_promises() {
    let mut world = world(40);
    world.peer(1, Manner::Liar);
    world.peer(2, Manner::Honest);
    world.begin();
    world.finish();
    let link = *world.links.iter().find(|(_, of)| **of == addr(1)).unwrap().0;
    let close = Action::Close { link, fault: Fault::Useless };
    assert!(world.actions().any(|action| *action == close));
    assert!(banned(&world).is_empty(), "that is no crime");
}

#[test]
fn a_tarpit_costs_a_few_chunks_of_time_only() {
    let mut world = world(60);
    world.peer(1, Manner::Tarpit);
    world.peer(2, Manner::Honest);
    world.begin();
    let took = world.finish();
    assert!(took < SECOND, "{took:?}: the endgame asks for its chunks elsewhere");
    assert!(banned(&world).is_empty());
}

#[test]
fn a_silent_peer_is_given_up_at_the_deadline_and_not_before() {
    let mut world = world(2);
    world.peer(1, Manner::Tarpit);
    world.begin();
    world.run(SECOND);
    assert_eq!(world.fetches(1).len(), 2, "both chunks");
    world.peer(2, Manner::Honest).have = Have::none(2);
    world.run(20 * SECOND);
    world.stranger(2, Manner::Honest);
    let cancels = |world: &World| {
        world.sent(1).filter(|(_, message)| matches!(message, Message::Cancel { .. })).count()
    };
    assert_eq!(cancels(&world), 0);
    world.run(60 * SECOND);
    assert_eq!(cancels(&world), 0, "it is the only one that has them");
}

#[test]
fn the_only_holder_is_dialled_again_when_its_connection_has_gone_dead() {
    let mut world = world(200);
    world.peer(1, Manner::Honest);
    world.begin();
    world.run(60 * MS);
    assert!((1..100).contains(&world.stored.len()));
    // Its machine loses its power, and is back soon: nobody tells this side.
    world.stranger(1, Manner::Tarpit);
    world.run(SECOND);
    world.stranger(1, Manner::Honest);
    let took = world.finish();
    assert!((9 * SECOND..20 * SECOND).contains(&took), "{took:?}");
    assert!(!world.notes().any(|note| matches!(note, Note::Banned { .. })));
}

#[test]
fn a_slow_peer_is_overtaken() {
    let mut world = world(30);
    world.peer(1, Manner::Honest).chunk_time = 5 * MS;
    world.peer(2, Manner::Honest).chunk_time = 100 * SECOND;
    world.begin();
    let took = world.finish();
    assert!(took < SECOND, "{took:?}");
    assert!(world.sent(2).any(|(_, message)| matches!(message, Message::Cancel { .. })));
}

/// How many requests went to a peer that has everything, beside seven that have all but one chunk of their own.
fn asked_of_the_complete_one(chunk_time: Duration) -> usize {
    let mut world = world(400);
    for host in 1..=8 {
        world.peer(host, Manner::Honest).chunk_time = chunk_time;
        if host > 1 {
            world.peers.get_mut(&addr(host)).unwrap().have.remove(u32::from(host));
        }
    }
    world.begin();
    world.finish();
    world.fetches(1).len()
}

#[test]
fn whoever_has_everything_is_spared_where_a_crowd_passes_chunks_on_quickly() {
    // Before the others were tested, and in the endgame.
    assert!(asked_of_the_complete_one(10 * MS) < 20);
    // Where chunks take long, all uplinks are wanted.
    assert!(asked_of_the_complete_one(100 * MS) > 45);
}

#[test]
fn those_who_only_claim_to_pass_chunks_on_keep_nobody_from_the_source() {
    let mut world = world(400);
    world.peer(1, Manner::Honest).chunk_time = MS;
    for host in 2..=7 {
        world.peer(host, Manner::Tarpit);
        world.peers.get_mut(&addr(host)).unwrap().have.remove(u32::from(host));
    }
    world.begin();
    world.run(500 * MS);
    let verified = world.notes().filter(|note| matches!(note, Note::Verified { .. })).count();
    assert!(verified > 200, "{verified}");
}

#[test]
fn a_busy_peer_is_left_alone_as_long_as_it_wished() {
    let mut world = world(4);
    world.peer(1, Manner::BusyFetch(Time::from_micros(1_000_000)));
    world.begin();
    world.finish();
    let times: Vec<_> = world.fetches(1).into_iter().map(|(at, _)| at).collect();
    let first = times[0];
    // Its answer takes 2 ms, and asks for a pause of 300 ms.
    assert!(times.iter().all(|at| *at - first < 2 * MS || *at - first >= 302 * MS), "{times:?}");
}

#[test]
fn a_strangers_first_chunk_that_is_coming_over_a_slow_line_is_waited_for() {
    let mut world = World::new(file(600 * 64), 64, Config::default());
    (1..=2).for_each(|host| world.peer(host, Manner::Honest).chunk_time = 100 * MS);
    world.peer(3, Manner::Honest).chunk_time = 5 * SECOND;
    world.begin();
    world.run(4 * SECOND);
    let cancels = world.sent(3).filter(|(_, message)| matches!(message, Message::Cancel { .. })).count();
    assert_eq!((world.fetches(3).len(), cancels, world.is_over()), (2, 0, false));
}

#[test]
fn the_endgame_asks_for_nothing_twice_that_waits_its_turn_at_a_peer_that_keeps_time() {
    let mut world = World::new(file(20 * 64), 64, Config::default());
    (1..=2).for_each(|host| world.peer(host, Manner::Honest).chunk_time = 50 * MS);
    world.begin();
    world.finish();
    let cancels =
        |host| world.sent(host).filter(|(_, message)| matches!(message, Message::Cancel { .. })).count();
    assert_eq!((cancels(1), cancels(2)), (0, 0));
}

#[test]
fn the_endgame_asks_twice_and_calls_off_the_loser() {
    let mut world = world(8);
    for host in 1..=4 {
        world.peer(host, Manner::Honest).chunk_time = 20 * MS * u32::from(host);
    }
    world.begin();
    world.finish(); // `World::ask` checks that no chunk is asked for more than twice.
    let fetches: usize = (1..=4).map(|host| world.fetches(host).len()).sum();
    assert!((9..=16).contains(&fetches), "{fetches}");
    let cancels =
        |host| world.sent(host).filter(|(_, message)| matches!(message, Message::Cancel { .. })).count();
    assert!((1..=4).map(cancels).sum::<usize>() > 0);
}

#[test]
fn many_candidates_while_much_is_missing_and_one_at_the_end() {
    let mut world = world(200);
    (1..=2).for_each(|host| drop(world.peer(host, Manner::Honest).clone()));
    world.begin();
    world.finish();
    let sizes: Vec<_> = world.fetches(1).iter().map(|(_, fetch)| fetch.any_of.len()).collect();
    assert_eq!((sizes[0], *sizes.last().unwrap()), (8, 1));
}

#[test]
fn partial_peers_complete_one_another_and_gain() {
    let mut world = world(20);
    for host in 1..=2_u8 {
        let peer = world.peer(host, Manner::Honest);
        peer.have = Have::none(20);
        for index in (u32::from(host) - 1..20).step_by(2).filter(|index| *index != 7) {
            peer.have.insert(index);
        }
    }
    world.begin();
    assert!(!world.run(10 * SECOND), "nobody has chunk 7");
    world.peers.get_mut(&addr(1)).unwrap().have.insert(7);
    let link = world.link(1);
    world.feed(Event::Message { link, request: 1, message: Message::Gained(vec![7]) });
    world.finish();
}

#[test]
fn a_peer_whose_file_goes_away_in_between_is_stale_and_the_rest_comes_from_others() {
    let mut world = world(100);
    world.peer(1, Manner::Honest);
    world.peer(2, Manner::Honest);
    world.begin();
    world.run(100 * MS);
    let (link, gone) = (world.link(1), Gone::Changed);
    world.feed(Event::Message { link, request: 1, message: Message::Gone(gone) });
    world.finish();
    let stale = Note::Stale { addr: addr(1), why: Stale::Gone(gone) };
    assert_eq!(world.notes().filter(|note| **note == stale).count(), 1);
}
