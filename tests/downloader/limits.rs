//! The budget, the disk and the rate limit.

use crate::world::*;
use samara::downloader::{Action, Config, Event};
use samara::wire::Message;
use samara::wire::session::Fault;

fn world(config: Config) -> World {
    let mut world = World::new(file(100 * 64), 64, config);
    (1..=3).for_each(|host| world.peer(host, Manner::Honest).chunk_time = MS);
    world
}

#[test]
fn the_budget_is_used_up_and_never_exceeded() {
    // `World::check` compares the budget with what is asked for and not stored, after each event.
    let mut world = world(Config { budget: 7 * 64 + 1, ..Config::default() });
    world.begin();
    world.finish();
    assert_eq!(world.most_used, 7 * 64);
}

#[test]
fn four_chunks_fit_whatever_the_budget() {
    let mut world = world(Config { budget: 0, ..Config::default() });
    world.begin();
    world.finish();
    assert_eq!(world.most_used, 4 * 64);
}

#[test]
fn a_slow_disk_stops_requests() {
    let mut world = world(Config { budget: 10 * 64, ..Config::default() });
    world.disk = 20 * SECOND;
    world.begin();
    world.run(19 * SECOND);
    let fetches: usize = (1..=3).map(|host| world.fetches(host).len()).sum();
    assert_eq!(fetches, 10, "as many as the budget allows, and no more before the first is stored");
    world.disk = MS;
    world.finish();
}

#[test]
fn the_rate_limit_is_exact_over_seconds() {
    let mut world = world(Config { limit: 640, ..Config::default() });
    world.begin();
    let took = world.finish();
    // 100 chunks at ten a second; the first one is free of charge, and the second.
    assert!((9_700..=10_100).contains(&took.as_millis()), "{took:?}");
    for second in 0..9 {
        let from = samara::Time::ZERO + second * SECOND;
        let within = world.log.iter().filter(|(at, action)| {
            let fetch = matches!(action, Action::Send { message: Message::Fetch(_), .. });
            fetch && *at >= from && *at < from + SECOND
        });
        assert!((9..=12).contains(&within.count()), "second {second}");
    }
}

#[test]
fn a_limit_far_below_the_stall_time_out_is_no_stall() {
    let config = Config { limit: 1, stall_timeout: 5 * SECOND, ..Config::default() };
    let mut world = World::new(file(3 * 64), 64, config);
    world.peer(1, Manner::Honest);
    world.begin();
    let took = world.finish();
    assert!(took > 100 * SECOND, "{took:?}");
}

#[test]
fn tarpits_cannot_use_up_the_budget_for_ever() {
    let mut world = World::new(file(100 * 64), 64, Config { budget: 0, ..Config::default() });
    (1..=6).for_each(|host| drop(world.peer(host, Manner::Tarpit).clone()));
    world.begin();
    world.run(SECOND);
    world.peer(7, Manner::Honest);
    let took = world.finish();
    assert!(took < 45 * SECOND, "{took:?}");
}

#[test]
fn a_chunk_that_comes_long_after_its_deadline_has_no_claim_on_a_full_budget() {
    let mut world = World::new(file(100 * 64), 64, Config { budget: 0, ..Config::default() });
    world.peer(1, Manner::Tarpit);
    world.begin();
    world.run(SECOND);
    let link = world.link(1);
    let asked = world.actions().find_map(|action| match action {
        Action::Send { request, message: Message::Fetch(fetch), .. } => Some((*request, fetch.any_of[0])),
        _ => None,
    });
    let (request, index) = asked.unwrap();
    // Others are asked for so many chunks as soon as those that the first one owes are given up.
    (2..=6).for_each(|host| drop(world.peer(host, Manner::Tarpit).clone()));
    let others = |world: &World| (2..=6).map(|host| world.fetches(host).len()).sum::<usize>();
    while others(&world) < 4 {
        world.run(100 * MS);
    }
    world.feed(Event::Message { link, request, message: Message::Chunk { index, len: 64 } });
    let closed = |action: &&Action| matches!(action, Action::Close { link: of, .. } if *of == link);
    assert_eq!(world.actions().find(closed), Some(&Action::Close { link, fault: Fault::Slow }));
    assert!(!world.actions().any(|action| matches!(action, Action::Receive { .. })));
}

#[test]
fn busy_peers_are_not_pestered() {
    let mut world = World::new(file(400 * 64), 64, Config::default());
    let later = samara::Time::ZERO + 10 * SECOND;
    (1..=20).for_each(|host| drop(world.peer(host, Manner::BusyFetch(later)).clone()));
    world.begin();
    world.run(5 * SECOND);
    let fetches = |world: &World| (1..=20).map(|host| world.fetches(host).len()).sum::<usize>();
    let before = fetches(&world);
    world.run(300 * MS);
    // Everybody asks for pauses of 300 ms, and four requests at a time find that out.
    assert!((10..=24).contains(&(fetches(&world) - before)), "{} in a pause", fetches(&world) - before);
    assert!(world.finish() < 10 * SECOND);
}
