use super::support::*;
use samara::tracker::Event;
use samara::wire::Message;
use samara::wire::message::{Digest, UpdateSet};
use samara::{Machine, Time};

/// One node with so many entries.
fn large(world: &mut World, at: &str, token: u64, count: u32) -> Peer {
    let mut peer = world.connect(at, token);
    let pages = count.div_ceil(4_096);
    for page in 0..pages {
        let entries = (page * 4_096..((page + 1) * 4_096).min(count)).map(complete).collect();
        updated(world.page(&mut peer, page, page + 1 == pages, Digest::default(), UpdateSet::All(entries)));
    }
    peer
}

#[test]
fn of_a_large_lease_that_expires_nothing_is_named_and_its_removal_is_spread() {
    let mut world = World::new();
    large(&mut world, "10.0.0.1", 1, 100_000);
    world.holder("10.0.1.1", 2, &[complete(5)]);
    world.pass(TTL - 1);
    assert_eq!(world.holders(99_999).len(), 1);
    let mut alive = world.holder("10.0.2.1", 3, &[complete(99_999)]);
    world.oversleep(1);
    let mut wakes = 0;
    let mut removing = true;
    while removing {
        world.event(Event::Wake);
        for number in [0, 5, 50_000, 99_998] {
            let reply = world.query(&mut alive, about(number));
            assert!(reply.holders.is_empty() && reply.seeds.is_empty(), "{number}");
        }
        let reply = world.query(&mut alive, about(99_999));
        assert_eq!(reply.seeds[0].complete, 1);
        assert_eq!(world.list(&mut alive, 0, 512).summaries.len(), 0);
        let next = world.tracker.deadline().unwrap();
        removing = next.timer == "removal of dead leases";
        if removing {
            assert!(next.at > world.now && next.at <= world.now + std::time::Duration::from_millis(1));
            world.now = next.at;
        }
        wakes += 1;
    }
    assert!((3..100).contains(&wakes), "{wakes}");
    let mut after = Some(0);
    let mut listed = 0;
    while let Some(cursor) = after {
        let page = world.list(&mut alive, cursor, 512);
        listed += page.summaries.len();
        after = page.next;
    }
    assert_eq!(listed, 1);
}

#[test]
fn of_many_leases_that_expire_at_one_moment_none_is_named() {
    let mut world = World::new();
    for n in 0..3_000u16 {
        let mut peer = world.connect(&format!("10.0.{}.1", n % 200), n.into()).at_port(1 + n);
        world.announce(&mut peer, &[complete(1)]);
        world.close(&peer);
    }
    let mut asker = world.connect("10.1.0.1", 9_999);
    world.oversleep(TTL - 1);
    assert_eq!(world.query(&mut asker, about(1)).holders.len(), 32);
    world.oversleep(1);
    let reply = world.query(&mut asker, about(1));
    assert!(reply.holders.is_empty() && reply.seeds.is_empty());
    assert_eq!(world.list(&mut asker, 0, 10).summaries, []);
}

#[test]
fn a_large_set_is_replaced_in_one_step() {
    let mut world = World::new();
    let mut peer = large(&mut world, "10.0.0.1", 1, 20_000);
    world.announce(&mut peer, &[complete(7), complete(30_000)]);
    assert_eq!((world.holders(7).len(), world.holders(8).len(), world.holders(30_000).len()), (1, 0, 1));
    world.pass(SECOND);
    let mut stranger = world.connect("10.0.3.1", 9);
    assert_eq!(world.query(&mut stranger, about(7)).seeds[0].complete, 1);
    assert_eq!(world.query(&mut stranger, about(8)).seeds, []);
}

#[test]
fn when_everybody_has_gone_nothing_is_left_to_wake_up_for() {
    let mut world = World::new();
    let peer = large(&mut world, "10.0.0.1", 1, 10_000);
    let other = world.holder("10.0.0.2", 2, &[complete(3)]);
    world.close(&peer);
    world.close(&other);
    world.pass(TTL + 60 * SECOND);
    assert_eq!(world.tracker.deadline(), None);
}

#[test]
fn the_same_inputs_give_the_same_actions() {
    let run = || {
        let mut world = World::new();
        let mut actions = Vec::new();
        for n in 0..200u64 {
            let mut peer = world.connect(&format!("10.0.{}.1", n % 50), n).at_port(n as u16 + 1);
            let seed = (n % 13) as u32;
            let answer = world.try_announce(&mut peer, &[complete(seed), partial(20 + seed)]);
            actions.push(format!("{answer:?}"));
            let reply = world.query(&mut peer, about(seed));
            actions.push(format!("{reply:?}"));
            if n % 5 == 0 {
                actions.push(format!("{:?}", world.ask(&mut peer, Message::Leave)));
            }
            world.pass(SECOND);
        }
        (actions, world.tracker.deadline())
    };
    assert_eq!(run(), run());
}

#[test]
fn a_jump_of_the_clock_is_survived_without_a_busy_loop() {
    let mut world = World::new();
    let mut peers: Vec<Peer> = (0..100)
        .map(|n| {
            let mut peer = world.connect("10.0.0.1", n).at_port(n as u16 + 1);
            world.announce(&mut peer, &[complete(n as u32)]);
            peer
        })
        .collect();
    world.now = Time::from_micros(1 << 50);
    world.pass(11 * SECOND);
    assert_eq!(world.tracker.deadline(), None);
    peers.iter_mut().for_each(|peer| assert_eq!(world.send(peer, 50, Message::Leave), []));
}
