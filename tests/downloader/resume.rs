//! What an earlier run left, and files without bytes.

use std::sync::Arc;

use crate::world::*;
use samara::Have;
use samara::downloader::{Action, Config, Event, Note, Pin};

fn world() -> World {
    World::new(file(20 * 64), 64, Config { trackers: 1, ..Config::default() })
}

fn chunks(indices: impl IntoIterator<Item = u32>) -> Have {
    let mut have = Have::none(20);
    for index in indices {
        have.insert(index);
    }
    have
}

/// The store has these for certain, and claims those.
fn resume(world: &mut World, pinned: bool, have: &Have, claimed: &Have) {
    world.adopted = Some(Arc::clone(&world.seed));
    world.stored.extend(have.iter());
    let seed = Some((Arc::clone(&world.seed), pinned));
    world.feed(Event::Resumed { seed, have: have.clone(), claimed: claimed.clone() });
}

fn asked_for(world: &World, host: u8) -> Vec<u32> {
    world.fetches(host).into_iter().flat_map(|(_, fetch)| fetch.any_of).collect()
}

#[test]
fn what_is_there_is_not_fetched_again_and_what_is_claimed_only_if_it_was_wrong() {
    let mut world = world();
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest);
    resume(&mut world, true, &chunks(0..10), &chunks(10..15));
    assert!(!world.run(SECOND), "five are still being read");
    let mut asked = asked_for(&world, 1);
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked, [15, 16, 17, 18, 19]);
    for index in 10..15 {
        let ok = index != 12;
        if ok {
            world.stored.insert(index);
        }
        world.feed(Event::Checked { index, ok });
    }
    world.finish();
    assert_eq!(asked_for(&world, 1).into_iter().filter(|index| *index < 15).collect::<Vec<_>>(), [12]);
    assert!(
        !world.actions().any(|action| matches!(action, Action::Adopt { .. })),
        "the store knows the list"
    );
    let resumed = world.notes().filter_map(|note| match note {
        Note::Resumed { bytes } => Some(*bytes),
        _ => None,
    });
    assert_eq!(resumed.sum::<u64>(), 14 * 64);
}

#[test]
fn a_file_that_is_all_there_is_published_without_asking_anyone() {
    let mut world = world();
    world.tracker(&[1]);
    resume(&mut world, true, &Have::all(20), &Have::none(20));
    world.finish();
    assert!(!world.actions().any(|action| matches!(action, Action::Ask { .. } | Action::Dial { .. })));
}

#[test]
fn nobody_is_asked_while_all_that_is_missing_is_being_checked() {
    let mut world = world();
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest);
    resume(&mut world, true, &chunks(0..18), &chunks([18, 19]));
    world.run(10 * SECOND);
    assert!(!world.actions().any(|action| matches!(action, Action::Ask { .. })));
    world.feed(Event::Checked { index: 18, ok: false });
    world.stored.insert(19);
    world.feed(Event::Checked { index: 19, ok: true });
    world.finish();
    assert_eq!(asked_for(&world, 1), [18]);
}

#[test]
fn another_list_than_the_journals_is_adopted_and_the_store_says_what_survives() {
    let mut world = world();
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest);
    let other = seed(&world.file, 128);
    let (have, claimed) = (Have::all(10), Have::none(10));
    world.feed(Event::Resumed { seed: Some((other, true)), have, claimed });
    let adopt = Action::Adopt { seed: Arc::clone(&world.seed), pinned: true };
    assert!(world.actions().any(|action| *action == adopt));
    world.finish();
}

#[test]
fn a_journal_whose_list_was_not_pinned_becomes_pinned() {
    let mut world = world();
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest);
    resume(&mut world, false, &chunks(0..4), &chunks([]));
    let adopt = Action::Adopt { seed: Arc::clone(&world.seed), pinned: true };
    assert!(world.actions().any(|action| *action == adopt));
    world.finish();
    assert!(asked_for(&world, 1).iter().all(|index| *index >= 4));
}

#[test]
fn a_file_without_bytes_is_published_without_asking_anyone() {
    let empty = seed(&[], 0);
    for pin in [Pin::Hash, Pin::Id(empty.id()), Pin::Seed(Arc::clone(&empty))] {
        let config = Config { trackers: 1, ..Config::default() };
        let mut world = World::with_pin(file(0), Arc::clone(&empty), pin, config);
        world.tracker(&[1]);
        world.peer(1, Manner::Honest);
        world.begin();
        world.finish();
        assert!(!world.actions().any(|action| matches!(action, Action::Ask { .. } | Action::Dial { .. })));
        let adopted = world.actions().position(|action| matches!(action, Action::Adopt { .. }));
        let published = world.actions().position(|action| *action == Action::Publish);
        assert!(adopted.is_some() && adopted < published);
    }
}

#[test]
fn bitmaps_that_do_not_fit_the_journals_list_are_not_believed() {
    let mut world = world();
    world.tracker(&[1]);
    world.stranger(1, Manner::Honest);
    let seed = Some((Arc::clone(&world.seed), true));
    world.feed(Event::Resumed { seed, have: Have::all(7), claimed: Have::none(20) });
    world.finish();
    assert_eq!(world.stored.len(), 20);
}
