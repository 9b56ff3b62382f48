//! Crowds, liars and the patient: the true list gets its turn, and wins as soon as one honest holder answers.

use alloc::collections::{BTreeMap, BTreeSet};

use super::tests::{CHUNK, FILE, at, list, unpinned};
use super::*;
use crate::hash::ChunkHash;

#[test]
fn lists_are_asked_for_by_the_networks_that_speak_for_them() {
    let mut candidates = unpinned();
    let ids: Vec<_> = (0..6).map(|n| list(100, n + 1, &[5]).id()).collect();
    for host in 1..=16 {
        candidates.claim(ids[0], at(9, host), true);
        candidates.claim(ids[5], at(host, 7), false);
    }
    for (id, networks) in [(ids[1], 3), (ids[2], 2), (ids[3], 5), (ids[4], 4)] {
        (1..=networks).for_each(|network| candidates.claim(id, at(network, 1), true));
    }
    assert_eq!(candidates.wanted(), [ids[3], ids[4], ids[1], ids[2]], "a crowd in one network is one voice");
    candidates.claim(ids[3], at(1, 1), false);
    (1..=5).for_each(|network| candidates.forget(at(network, 1)));
    assert_eq!(candidates.wanted(), [ids[0]], "partial holders never count");
}

#[test]
fn ties_are_random() {
    let ids: BTreeSet<_> = (0..8).map(|n| list(100, n + 1, &[5]).id()).collect();
    let mut firsts: BTreeMap<_, u32> = BTreeMap::new();
    for seed in 0..2_000 {
        let mut candidates = Candidates::new(&Target { file_hash: FILE, pin: Pin::Hash }, Entropy::new(seed));
        ids.iter().for_each(|id| candidates.claim(*id, at(1, 1), true));
        *firsts.entry(candidates.wanted()[0]).or_default() += 1;
    }
    assert_eq!(firsts.len(), ids.len());
    assert!(firsts.values().all(|count| (200..300).contains(count)), "{firsts:?}");
}

#[test]
fn four_lists_at_most_are_held_and_a_fifth_waits_for_one_that_stalls() {
    let mut candidates = unpinned();
    let lists: Vec<_> = (0..5).map(|n| list(100, n + 1, &[50])).collect();
    lists.iter().for_each(|seed| candidates.claim(seed.id(), at(1, 1), true));
    for seed in &lists[..4] {
        assert_eq!(candidates.offer(Arc::clone(seed)), Offer::Taken);
    }
    assert_eq!(candidates.wanted(), []);
    assert_eq!(candidates.offer(Arc::clone(&lists[4])), Offer::NotWanted);

    candidates.stalled();
    assert_eq!(candidates.chosen(), Some(&lists[1]), "the first one had its turn");
    assert_eq!(candidates.wanted(), [lists[4].id()]);
    let stranger = list(100, 9, &[50]);
    assert_eq!(candidates.offer(stranger), Offer::NotWanted, "nobody claims to hold it");
    assert_eq!(candidates.offer(Arc::clone(&lists[4])), Offer::Taken);
    assert_eq!(candidates.lists().collect::<Vec<_>>(), [&lists[1], &lists[2], &lists[3], &lists[4]]);
}

#[test]
fn a_list_with_progress_keeps_its_place_and_its_chunks() {
    let (first, second) = (list(100, 1, &[50]), list(100, 2, &[40]));
    let mut candidates = unpinned();
    assert_eq!(candidates.offer(Arc::clone(&first)), Offer::Taken);
    candidates.verified(first.id(), 99);
    candidates.verified(first.id(), 50);
    assert_eq!(candidates.offer(Arc::clone(&second)), Offer::Taken);
    candidates.verified(first.id(), 98);
    for _ in 0..3 {
        candidates.stalled();
        assert_eq!(candidates.chosen(), Some(&first), "chunk 50 would be dropped, for nothing");
    }
    assert_eq!(candidates.verified(second.id(), 51), [Refutation { seed_id: first.id(), index: 51 }]);
    assert_eq!(candidates.chosen(), Some(&second));
}

#[test]
fn a_list_that_never_comes_is_asked_for_last() {
    let mut candidates = unpinned();
    let ids: Vec<_> = (0..8).map(|n| list(100, n + 1, &[50]).id()).collect();
    for (id, networks) in ids.iter().zip([9, 9, 9, 9, 1, 1, 1, 1]) {
        (1..=networks).for_each(|network| candidates.claim(*id, at(network, 1), true));
    }
    let first: BTreeSet<_> = candidates.wanted().into_iter().collect();
    assert_eq!(first, ids[..4].iter().copied().collect());
    candidates.stalled();
    let by_chance = candidates.wanted();
    candidates.stalled();
    let fresh = ids[4..].iter().filter(|id| !by_chance.contains(id)).count();
    let third = candidates.wanted();
    assert!(third.iter().take(fresh).all(|id| !first.contains(id)), "those that didn't come wait");
}

#[test]
fn a_crowd_of_lists_with_more_support_keeps_none_out_for_ever() {
    let mut candidates = unpinned();
    let truth = list(100, 0, &[]).id();
    candidates.claim(truth, at(200, 1), true);
    for n in 0..100 {
        let lie = list(100, n + 1, &[5]).id();
        [n, n + 100].into_iter().for_each(|network| candidates.claim(lie, at(network, 2), true));
    }
    let turns = (0..300).filter(|_| {
        candidates.stalled();
        candidates.wanted().contains(&truth)
    });
    assert!(turns.count() >= 2);
}

/// What bytes can exist: two steps with the same end can't both have some. The true list's come first.
struct Physics(BTreeMap<ChunkHash, ChunkHash>);

impl Physics {
    fn of(truth: &Seed) -> Self {
        let steps = (0..truth.chunks()).map(|index| truth.step(index).unwrap());
        Self(steps.map(|step| (step.end, step.start)).collect())
    }

    fn allows(&mut self, seed: &Seed, index: u32) -> bool {
        let step = seed.step(index).unwrap();
        *self.0.entry(step.end).or_insert(step.start) == step.start
    }
}

/// Sixty false lists from many networks, whose holders send what they please; one honest holder of the true one.
fn besieged(round: u64) {
    let mut entropy = Entropy::new(round);
    let truth = list(200, 0, &[]);
    let mut physics = Physics::of(&truth);
    let mut all = vec![Arc::clone(&truth)];
    for branch in 1..=60 {
        let lies: Vec<_> = (0..3).map(|_| entropy.below(199) as u32).collect();
        all.push(list(if branch % 7 == 0 { 201 } else { 200 }, branch, &lies));
    }
    let mut candidates = unpinned();
    let mut stored = BTreeSet::new();
    for turn in 0..2_000 {
        for (n, seed) in all.iter().enumerate() {
            let voices = if n == 0 { 1 } else { 1 + n as u8 % 9 };
            (0..voices).for_each(|network| candidates.claim(seed.id(), at(network, n as u8), true));
        }
        for id in candidates.wanted() {
            let seed = all.iter().find(|seed| seed.id() == id).unwrap();
            let offer = candidates.offer(Arc::clone(seed));
            assert!(*seed != truth || offer == Offer::Taken, "{offer:?}");
        }
        assert!(candidates.lists().len() <= 4);
        let chosen = Arc::clone(candidates.chosen().unwrap());
        let held: BTreeMap<_, _> = candidates.lists().map(|seed| (seed.id(), Arc::clone(seed))).collect();
        let common = (0..chosen.chunks()).filter(|i| candidates.may_fetch(*i) && !stored.contains(i));
        let mut asked: Vec<_> = common.map(|index| (chosen.id(), index)).take(5).collect();
        asked.extend(candidates.probes());
        entropy.shuffle(&mut asked);
        let mut before = (chosen, stored.len());
        for (id, index) in asked {
            let Some(seed) = held.get(&id).filter(|seed| candidates.lists().any(|list| list == *seed)) else {
                continue;
            };
            let honest = held.contains_key(&truth.id()) && list::same_step(seed, &truth, index);
            let verifies = honest || (entropy.below(3) == 0 && physics.allows(seed, index));
            if !verifies {
                continue;
            }
            let refuted = candidates.verified(id, index);
            assert!(refuted.iter().all(|lie| lie.seed_id != truth.id()), "the true list was refuted");
            let chosen = candidates.chosen().unwrap();
            assert!(list::same_step(chosen, seed, index), "a chunk of no use was asked for");
            stored.retain(|index| list::same_step(&before.0, chosen, *index));
            before.0 = Arc::clone(chosen);
            stored.insert(index);
        }
        if candidates.chosen() == Some(&truth) && stored.len() == 200 {
            assert_eq!(candidates.proven_length(), Some(200 * CHUNK));
            return;
        }
        if stored.len() <= before.1 {
            let chosen = Arc::clone(candidates.chosen().unwrap());
            candidates.stalled();
            let next = candidates.chosen().unwrap();
            stored.retain(|index| list::same_step(&chosen, next, *index));
        }
        assert!(turn < 1_999, "round {round}: never finished");
    }
}

#[test]
fn one_honest_holder_is_enough_whatever_sixty_liars_do() {
    (0..100).for_each(besieged);
}
