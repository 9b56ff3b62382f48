//! One tracker is kept told: the whole set, changes, signs of life, through restarts and failures.

use std::time::Duration;

use samara::Machine;
use samara::seeder::{Action, Config, Event, FileId, Note, TrackerId};
use samara::wire::Message;
use samara::wire::message::UpdateSet;

use super::harness::{Bench, identity, key, seed};
use super::trackers::{QUOTA, Tracker};

pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn bench() -> (Bench, Tracker) {
    (Bench::new(Config { trackers: 1, ..Config::default() }), Tracker::new())
}

/// With `files` complete files, all acknowledged.
pub(crate) fn announced(files: u32) -> (Bench, Tracker) {
    let (mut bench, mut tracker) = bench();
    (0..files).for_each(|number| assert_eq!(bench.add(number), []));
    let actions = tracker.run(&mut bench, SECOND);
    assert_eq!(actions.len(), files as usize);
    tracker.heard();
    (bench, tracker)
}

pub(crate) fn announcement(number: u32) -> Action {
    Action::Announced { file: FileId(number), tracker: TrackerId(0) }
}

/// The files that were announced, sorted, if nothing else happened.
pub(crate) fn numbers(actions: &[Action]) -> Vec<u32> {
    let number = |action: &Action| match action {
        Action::Announced { file, .. } => file.0,
        other => panic!("{other:?}"),
    };
    let mut numbers: Vec<_> = actions.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn the_first_announcement_is_the_whole_set_a_moment_after_the_first_file() {
    let (mut bench, mut tracker) = bench();
    assert_eq!(tracker.run(&mut bench, 60 * SECOND), []);
    bench.add(1);
    bench.run(50 * MILLI);
    bench.add(2);
    assert_eq!(tracker.run(&mut bench, 49 * MILLI), []);
    assert_eq!(numbers(&tracker.run(&mut bench, MILLI)), [1, 2]);
    assert_eq!(tracker.heard(), ["All 2 page 0 last"]);
    assert_eq!(tracker.run(&mut bench, 300 * SECOND), [], "each file is reported once");
}

#[test]
fn five_thousand_files_take_two_pages_and_count_with_the_last() {
    let (mut bench, mut tracker) = bench();
    (0..5_000).for_each(|number| drop(bench.add(number)));
    let first = bench.run(100 * MILLI);
    let [Action::Ask { tag, request, .. }] = &first[..] else { panic!("{}", first.len()) };
    let answer = tracker.answer(request);
    let second = bench.answer(*tag, answer);
    assert!(matches!(&second[..], [Action::Ask { .. }]), "nothing is announced yet");
    let mut files = tracker.serve(&mut bench, second);
    files.extend(tracker.run(&mut bench, MILLI));
    assert_eq!(tracker.heard(), ["All 4096 page 0", "All 904 page 1 last"]);
    assert_eq!(numbers(&files), (0..5_000).collect::<Vec<_>>());
    assert_eq!(tracker.lease.as_ref().map(|lease| lease.len()), Some(5_000));
}

#[test]
fn a_sign_of_life_comes_at_least_once_an_interval_and_not_much_more_often() {
    let (mut bench, mut tracker) = announced(1);
    for _ in 0..50 {
        let before = bench.now;
        while tracker.log.is_empty() {
            tracker.run(&mut bench, MILLI);
        }
        assert_eq!(tracker.heard(), ["Same"]);
        let gap = bench.now - before;
        assert!(gap <= 20 * SECOND && gap + SECOND >= 16 * SECOND, "{gap:?}");
    }
}

#[test]
fn changes_are_told_promptly_together_and_only_removals_as_a_withdrawal() {
    let (mut bench, mut tracker) = announced(3);
    bench.add(3);
    bench.run(99 * MILLI);
    bench.add(4);
    bench.remove(0);
    let actions = tracker.run(&mut bench, MILLI);
    assert_eq!(tracker.heard(), ["Delta +2 -1"]);
    assert_eq!(numbers(&actions), [3, 4]);
    bench.remove(1);
    bench.remove(2);
    assert_eq!(tracker.run(&mut bench, 100 * MILLI), []);
    assert_eq!(tracker.heard(), ["Withdraw 2"]);
    assert_eq!(tracker.lease.as_ref().map(|lease| lease.len()), Some(2));
    bench.add(5);
    bench.remove(5);
    tracker.run(&mut bench, SECOND);
    assert_eq!(tracker.heard(), Vec::<String>::new(), "there and gone again is no change");
}

#[test]
fn a_partial_is_told_from_its_first_chunk_on_and_again_when_it_is_complete() {
    let (mut bench, mut tracker) = announced(1);
    bench.add_partial(7, &[]);
    assert_eq!(tracker.run(&mut bench, SECOND), []);
    assert_eq!(tracker.heard(), Vec::<String>::new());
    for index in 0..4 {
        bench.tell(Event::Gained { file: FileId(7), index });
        tracker.run(&mut bench, 200 * MILLI);
    }
    assert_eq!(tracker.heard(), ["Delta +1 -0"]);
    assert_eq!(tracker.lease.as_ref().and_then(|lease| lease.get(&key(&seed(7)))), Some(&false));
    bench.disk.insert(FileId(7), identity(7));
    bench.tell(Event::Completed { file: FileId(7), identity: identity(7) });
    assert_eq!(tracker.run(&mut bench, SECOND), [], "it was reported as a partial already");
    assert_eq!(tracker.heard(), ["Delta +1 -0"]);
    assert_eq!(tracker.lease.as_ref().and_then(|lease| lease.get(&key(&seed(7)))), Some(&true));
}

#[test]
fn a_seed_that_is_wanted_is_published_before_its_file_counts_as_announced() {
    let (mut bench, mut tracker) = bench();
    tracker.curious = true;
    bench.add(1);
    bench.add_partial(2, &[0]);
    let mut actions = bench.run(100 * MILLI);
    let Some(Action::Ask { tag, request, .. }) = actions.pop() else { panic!() };
    let answer = tracker.answer(&request);
    let mut actions = bench.answer(tag, answer);
    let Some(Action::Ask { tag, request: Message::Publish(_), .. }) =
        actions.pop_if(|action| matches!(action, Action::Ask { .. }))
    else {
        panic!("{actions:?}")
    };
    assert_eq!(actions, [announcement(2)], "the partial's seed may not be published, so it isn't waited for");
    assert_eq!(bench.answer(tag, QUOTA), [announcement(1)], "no room for the seed is no error");
    tracker.seeds.insert(key(&seed(1)));
    bench.disk.insert(FileId(2), identity(2));
    let actions = bench.tell(Event::Completed { file: FileId(2), identity: identity(2) });
    assert_eq!(tracker.serve(&mut bench, actions), []);
    assert_eq!(tracker.heard(), ["All 2 page 0 last", "Publish file-2"]);
}

#[test]
fn leaving_says_good_bye_and_waits_for_the_answer() {
    let (mut bench, mut tracker) = announced(2);
    let actions = bench.tell(Event::Leave);
    assert!(matches!(&actions[..], [Action::Ask { request: Message::Leave, .. }]));
    assert_eq!(tracker.serve(&mut bench, actions), [Action::Left]);
    assert_eq!(bench.tell(Event::Leave), []);
    assert_eq!((bench.run(300 * SECOND), bench.seeder.deadline()), (vec![], None));
}

#[test]
fn good_byes_are_waited_for_two_seconds_and_only_from_trackers_once_reached() {
    let (mut bench, _) = announced(1);
    bench.tell(Event::Leave);
    assert_eq!(bench.run(2 * SECOND - MILLI), []);
    assert_eq!(bench.run(MILLI), [Action::Left]);

    let (mut bench, _) = self::bench();
    assert_eq!(bench.tell(Event::Leave), [Action::Left]);

    let (mut bench, _) = self::bench();
    bench.add(1);
    bench.run(100 * MILLI);
    let actions = bench.tell(Event::Leave);
    assert!(matches!(&actions[..], [Action::Ask { request: Message::Leave, .. }, Action::Left]));
}

#[test]
fn a_second_name_for_a_file_that_is_known_is_announced_at_once() {
    let (mut bench, mut tracker) = announced(1);
    let twin = Event::Add {
        file: FileId(9),
        seed: seed(0),
        have: samara::Have::all(4),
        identity: Some(identity(0)),
        publish: true,
    };
    bench.disk.insert(FileId(9), identity(0));
    assert_eq!(bench.tell(twin), []);
    assert_eq!(tracker.run(&mut bench, MILLI), [announcement(9)]);
    bench.remove(0);
    assert_eq!(tracker.run(&mut bench, SECOND), []);
    assert_eq!(tracker.heard(), Vec::<String>::new(), "the other takes over");
}

#[test]
fn each_announcement_looks_at_every_file_and_withdraws_those_that_changed() {
    let (mut bench, mut tracker) = announced(600);
    bench.disk.remove(&FileId(17));
    bench.disk.insert(FileId(500), identity(0));
    let actions = tracker.run(&mut bench, 20 * SECOND);
    let changed = |number| Action::Note(Note::Changed { file: FileId(number) });
    assert_eq!(actions, [changed(17), changed(500)]);
    let heard = tracker.heard();
    assert_eq!(heard[..2], ["Same", "Withdraw 2"], "in the same round");
    assert!(!tracker.lease.as_ref().unwrap().contains_key(&key(&seed(17))));
}

#[test]
fn a_round_of_looks_never_has_more_than_a_few_under_way() {
    let (mut bench, mut tracker) = announced(1_000);
    bench.looks = false;
    let actions = tracker.run(&mut bench, 20 * SECOND);
    let mut looks: Vec<_> = actions
        .iter()
        .map(|action| match action {
            Action::Look { file } => *file,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(looks.len(), 256);
    let mut seen = 0;
    while let Some(file) = looks.pop() {
        seen += 1;
        for action in bench.tell(Event::Looked { file, identity: Some(identity(file.0)) }) {
            let Action::Look { file } = action else { panic!("{action:?}") };
            looks.push(file);
        }
        assert!(looks.len() <= 256);
    }
    assert_eq!(seen, 1_000);
}

#[test]
fn updates_say_the_port_and_a_base_only_where_there_is_one() {
    let (mut bench, mut tracker) = bench();
    bench.add(1);
    let actions = bench.run(100 * MILLI);
    let [Action::Ask { request: Message::Update(update), .. }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((update.port, update.base), (7_000, Default::default()));
    assert!(matches!(update.set, UpdateSet::All(_)));
    tracker.serve(&mut bench, actions);
    bench.run(10 * SECOND);
    let actions = bench.run(10 * SECOND);
    let [Action::Ask { request: Message::Update(update), .. }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((update.base, &update.set), (tracker.digest(), &UpdateSet::Same));
}
