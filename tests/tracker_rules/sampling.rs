use std::collections::{BTreeMap, BTreeSet};

use super::support::*;
use samara::tracker::Config;
use samara::wire::message::{Entry, Holder, HolderAddr, Query};

/// So many holders of an entry in one /24, which may be more than there are addresses.
fn crowd(world: &mut World, prefix: &str, count: u16, entry: Entry) {
    for n in 0..count {
        let mut peer =
            world.connect(&format!("{prefix}.{}", 1 + n % 250), u64::from(n)).at_port(1_000 + n / 250);
        world.announce(&mut peer, &[entry]);
        world.close(&peer);
    }
}

fn prefix_of(holder: &Holder) -> String {
    let HolderAddr::At(addr) = holder.addr else { return "here".into() };
    addr.ip().to_string().rsplit_once('.').unwrap().0.into()
}

fn by_prefix(holders: &[Holder]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    holders.iter().for_each(|holder| *counts.entry(prefix_of(holder)).or_default() += 1);
    counts
}

#[test]
fn a_reply_is_bounded_and_names_nobody_twice() {
    let mut world = World::new();
    crowd(&mut world, "10.0.0", 300, complete(1));
    let holders = world.holders(1);
    assert_eq!(holders.len(), 32);
    assert_eq!(holders.iter().map(|holder| holder.addr).collect::<BTreeSet<_>>().len(), 32);
    let all: BTreeSet<_> = (0..200).flat_map(|_| world.holders(1)).map(|holder| holder.addr).collect();
    assert!(all.len() > 290, "all get their turn: {}", all.len());
}

#[test]
fn a_flood_from_one_prefix_does_not_hide_the_others() {
    let mut world = World::new();
    crowd(&mut world, "10.0.0", 2_000, complete(1));
    for n in 1..=40 {
        crowd(&mut world, &format!("10.1.{n}"), 1, complete(1));
    }
    for _ in 0..20 {
        let shares = by_prefix(&world.holders(1));
        assert!(shares.get("10.0.0").is_none_or(|share| *share <= 1), "{shares:?}");
    }
}

#[test]
fn no_prefix_gets_more_than_a_quarter_unless_there_is_nobody_else() {
    let mut world = World::new();
    crowd(&mut world, "10.0.0", 200, complete(1));
    for n in 1..=5 {
        crowd(&mut world, &format!("10.1.{n}"), 50, partial(1));
    }
    let shares = by_prefix(&world.holders(1));
    assert_eq!(shares.values().sum::<usize>(), 32);
    assert!(shares.values().all(|share| *share <= 8), "{shares:?}");
    // With two small prefixes beside it, the large one fills up.
    crowd(&mut world, "10.2.0", 100, complete(2));
    crowd(&mut world, "10.2.1", 2, complete(2));
    let shares = by_prefix(&world.holders(2));
    assert_eq!((shares["10.2.0"], shares["10.2.1"]), (30, 2));
}

#[test]
fn every_prefix_is_drawn_about_equally_often() {
    let mut world = World::with(Config { sample: 10, ..Config::default() });
    for n in 0..100u16 {
        crowd(&mut world, &format!("10.1.{n}"), 1 + n % 3, complete(1));
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..1_000 {
        world.holders(1).iter().for_each(|holder| *counts.entry(prefix_of(holder)).or_default() += 1);
    }
    assert_eq!(counts.len(), 100);
    assert!(counts.values().all(|count| (60..140).contains(count)), "{counts:?}");
}

#[test]
fn a_quarter_of_a_reply_is_complete_if_there_are_so_many() {
    let mut world = World::new();
    crowd(&mut world, "10.0.0", 240, partial(1));
    crowd(&mut world, "10.0.1", 240, partial(1));
    for n in 1..=60 {
        crowd(&mut world, &format!("10.1.{n}"), 4, partial(1));
    }
    crowd(&mut world, "10.2.0", 5, complete(1));
    let complete_ones = |holders: &[Holder]| holders.iter().filter(|holder| holder.complete).count();
    for _ in 0..20 {
        let holders = world.holders(1);
        assert_eq!((holders.len(), complete_ones(&holders)), (32, 5));
    }
    crowd(&mut world, "10.2.1", 50, complete(1));
    assert!(complete_ones(&world.holders(1)) >= 8);
}

#[test]
fn stale_holders_and_the_asker_are_not_named() {
    let mut world = World::new();
    for n in 1..=3 {
        crowd(&mut world, &format!("10.0.{n}"), 1, complete(1));
    }
    let mut asker = world.holder("10.0.9.1", 9, &[partial(1)]);
    let stale = vec![at("10.0.1.1", 1_000), at("10.0.3.1", 1_000), HolderAddr::SameHost(7)];
    let reply = world.query(&mut asker, Query { stale, ..about(1) });
    assert_eq!(reply.holders.iter().map(|holder| holder.addr).collect::<Vec<_>>(), [at("10.0.2.1", 1_000)]);
    assert_eq!((reply.seeds[0].complete, reply.seeds[0].partial), (3, 1), "they are claimed all the same");
    assert_eq!(world.query(&mut asker, about(1)).holders.len(), 3, "it filtered that reply only");
    assert_eq!(world.holders(1).len(), 4);
}

#[test]
fn one_seed_can_be_asked_for_and_refuted_ones_are_left_out() {
    let mut world = World::new();
    let rival = |list| Entry { key: key(1, list), complete: true };
    for list in 1..=3 {
        crowd(&mut world, &format!("10.0.{list}"), 1, rival(list));
    }
    let mut asker = world.connect("10.0.9.1", 9);
    let ask = |world: &mut World, asker: &mut Peer, one: Option<u32>, refuted: &[u32]| {
        let refuted = refuted.iter().map(|list| seed_id(*list)).collect();
        let reply = world.query(asker, Query { seed_id: one.map(seed_id), refuted, ..about(1) });
        let named: BTreeSet<_> = reply.seeds.iter().map(|seed| seed.seed_id).collect();
        assert_eq!(named, reply.holders.iter().map(|holder| holder.seed_id).collect());
        named.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut world, &mut asker, None, &[]), [seed_id(1), seed_id(2), seed_id(3)]);
    assert_eq!(ask(&mut world, &mut asker, Some(2), &[]), [seed_id(2)]);
    assert_eq!(ask(&mut world, &mut asker, None, &[1, 3]), [seed_id(2)]);
    assert_eq!(ask(&mut world, &mut asker, Some(2), &[2]), []);
    assert_eq!(ask(&mut world, &mut asker, Some(9), &[]), []);
}

#[test]
fn of_many_rivals_the_most_spread_are_named_and_two_at_random() {
    let mut world = World::new();
    let rival = |list| Entry { key: key(1, list), complete: true };
    // Six lists held in three prefixes each, and forty false ones from a single prefix.
    for list in 1..=6 {
        for n in 0..3 {
            crowd(&mut world, &format!("10.{list}.{n}"), 1, rival(list));
        }
    }
    for list in 100..140u16 {
        let mut peer = world.connect("10.99.0.1", list.into()).at_port(list);
        world.announce(&mut peer, &[rival(list.into())]);
        world.close(&peer);
    }
    let mut drawn = BTreeSet::new();
    let mut asker = world.connect("10.88.0.1", 9);
    for _ in 0..300 {
        let reply = world.query(&mut asker, about(1));
        assert_eq!(reply.seeds.len(), 8);
        let named: BTreeSet<_> = reply.seeds.iter().map(|seed| seed.seed_id).collect();
        assert!((1..=6).all(|list| named.contains(&seed_id(list))));
        drawn.extend(named.iter().filter(|id| (100..140).any(|list| seed_id(list) == **id)).copied());
        let held: BTreeSet<_> = reply.holders.iter().map(|holder| holder.seed_id).collect();
        assert_eq!(held, named, "each named list comes with a holder");
    }
    assert_eq!(drawn.len(), 40, "each gets its turn");
}

#[test]
fn the_sample_size_is_the_operators_choice_within_the_protocols_bound() {
    for (sample, expected) in [(1, 1), (5, 5), (64, 64), (1_000, 64), (0, 64)] {
        let mut world = World::with(Config { sample, ..Config::default() });
        crowd(&mut world, "10.0.0", 100, complete(1));
        assert_eq!(world.holders(1).len(), expected);
    }
}
