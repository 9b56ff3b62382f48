//! A lease through failures: restarts, outages, lost answers, refusals, hostile trackers.

use std::time::Duration;

use samara::seeder::{Action, Config, Note, TrackerId};
use samara::wire::Message;
use samara::wire::message::Refusal;

use super::announcing::{MILLI, SECOND, announced, announcement, bench, numbers};
use super::harness::Bench;
use super::trackers::Tracker;

#[test]
fn a_tracker_that_lost_the_lease_gets_everything_again() {
    let (mut bench, mut tracker) = announced(3);
    tracker.lease = None;
    tracker.run(&mut bench, 20 * SECOND);
    assert_eq!(tracker.heard(), ["Same", "All 3 page 0 last"]);
    tracker.lease.as_mut().unwrap().pop_first();
    bench.add(3);
    tracker.run(&mut bench, SECOND);
    assert_eq!(tracker.heard(), ["Delta +1 -0", "All 4 page 0 last"]);
}

#[test]
fn after_a_restart_everything_is_sent_again_within_the_interval() {
    let mut waits = Vec::new();
    for round in 0..10 {
        let (mut bench, mut tracker) = announced(1 + round);
        bench.run(Duration::from_millis(u64::from(round)));
        tracker.restart();
        let restarted = bench.now;
        while tracker.log.len() < 2 {
            tracker.run(&mut bench, MILLI);
        }
        assert_eq!(tracker.heard(), ["Same".to_string(), format!("All {} page 0 last", round + 1)]);
        waits.push(bench.now - restarted);
        assert!(bench.now - restarted <= 20 * SECOND + 10 * MILLI);
    }
    waits.dedup();
    assert!(waits.len() > 1, "not everybody at once: {waits:?}");
}

#[test]
fn an_unreachable_tracker_is_tried_less_and_less_often_and_told_all_once_it_is_back() {
    let (mut bench, mut tracker) = bench();
    tracker.down = true;
    bench.add(1);
    let mut tries = Vec::new();
    while bench.now < super::harness::at(200_000) {
        let actions = tracker.run(&mut bench, MILLI * 10);
        tries.extend(actions.iter().map(|action| {
            assert_eq!(*action, Action::Note(Note::Unreachable { tracker: TrackerId(0) }));
            bench.now
        }));
    }
    let gaps: Vec<_> = tries.windows(2).map(|two| (two[1] - two[0]).as_millis()).collect();
    for (gap, most) in gaps.iter().zip([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]) {
        assert!((most * 8 / 10 - 10..=most + 10).contains(gap), "{gaps:?}");
    }
    tracker.down = false;
    assert_eq!(tracker.run(&mut bench, 30 * SECOND), [announcement(1)]);
    assert_eq!(tracker.heard()[0], "All 1 page 0 last");
}

#[test]
fn a_lease_is_resumed_after_an_outage() {
    let (mut bench, mut tracker) = announced(2);
    tracker.down = true;
    let notes = tracker.run(&mut bench, 20 * SECOND);
    assert_eq!(notes[0], Action::Note(Note::Unreachable { tracker: TrackerId(0) }));
    bench.add(2);
    assert!(tracker.run(&mut bench, 200 * MILLI).is_empty(), "it is left alone until its time comes");
    tracker.down = false;
    let actions = tracker.run(&mut bench, 30 * SECOND);
    assert_eq!((actions, tracker.heard()[0].as_str()), (vec![announcement(2)], "Delta +1 -0"));
}

#[test]
fn a_lost_answer_to_a_change_does_no_harm_whether_it_was_applied_or_not() {
    for applied in [true, false] {
        let (mut bench, mut tracker) = announced(1);
        bench.add(1);
        let actions = bench.run(100 * MILLI);
        let [Action::Ask { tag, request, .. }] = &actions[..] else { panic!("{actions:?}") };
        if applied {
            tracker.answer(request);
        }
        bench.answer(*tag, None);
        tracker.heard();
        assert_eq!(tracker.run(&mut bench, SECOND), [announcement(1)]);
        let expected = if applied { vec!["Same"] } else { vec!["Same", "All 2 page 0 last"] };
        assert_eq!(tracker.heard(), expected);
    }
}

#[test]
fn a_refusal_is_noted_and_tried_again_later() {
    let (mut bench, mut tracker) = bench();
    bench.add(1);
    let actions = bench.run(100 * MILLI);
    let [Action::Ask { tag, .. }] = &actions[..] else { panic!("{actions:?}") };
    let refused = bench.answer(*tag, Some(Message::Refused(Refusal::PortInUse)));
    assert_eq!(refused, [Action::Note(Note::Refused { tracker: TrackerId(0), why: Refusal::PortInUse })]);
    assert_eq!(bench.run(399 * MILLI), []);
    assert_eq!(tracker.run(&mut bench, 101 * MILLI), [announcement(1)]);
}

#[test]
fn a_hostile_tracker_gets_no_busy_loop() {
    let (mut bench, mut tracker) = announced(1);
    tracker.interval = Duration::ZERO;
    tracker.run(&mut bench, 20 * SECOND);
    let before = tracker.heard().len();
    tracker.run(&mut bench, SECOND);
    assert!(before > 0 && tracker.heard().len() <= 13);

    let (mut bench, mut asked) = (Bench::new(Config { trackers: 1, ..Config::default() }), 0);
    bench.add(1);
    let mut tracker = Tracker::new();
    let end = bench.now + 60 * SECOND;
    while let Some(actions) = bench.step(end) {
        for action in actions {
            let Action::Ask { tag, request, .. } = action else { panic!("{action:?}") };
            let Some(Message::Updated(mut updated)) = tracker.answer(&request) else { panic!() };
            updated.resend = true;
            asked += 1;
            assert_eq!(bench.answer(tag, Some(Message::Updated(updated))), []);
        }
    }
    assert!(asked <= 9, "{asked} times all over again in a minute");
}

#[test]
fn what_changes_while_an_announcement_is_on_its_way_follows_it() {
    let (mut bench, mut tracker) = bench();
    bench.add(1);
    let all = bench.run(100 * MILLI);
    bench.add(2);
    assert_eq!(bench.run(SECOND), [], "one announcement at a time");
    let actions = tracker.serve(&mut bench, all);
    assert_eq!(tracker.heard(), ["All 1 page 0 last", "Delta +1 -0"]);
    assert_eq!(numbers(&actions), [1, 2]);
}

#[test]
fn files_whose_seeds_are_still_on_their_way_cost_no_busy_loop() {
    let (mut bench, mut tracker) = bench();
    tracker.curious = true;
    (0..3_000).for_each(|number| drop(bench.add(number)));
    let actions = bench.run(100 * MILLI);
    let [Action::Ask { tag, request, .. }] = &actions[..] else { panic!("{}", actions.len()) };
    let answer = tracker.answer(request);
    let publishing = bench.answer(*tag, answer);
    assert_eq!(publishing.len(), 8, "a few seeds at a time");
    let (end, mut wakes) = (bench.now + SECOND, 0);
    while let Some(actions) = bench.step(end) {
        assert_eq!(actions, []);
        wakes += 1;
    }
    assert!(wakes <= 4, "{wakes}");
    let announced = tracker.serve(&mut bench, publishing);
    assert_eq!(numbers(&announced), (0..3_000).collect::<Vec<_>>());
}

/// One file, and the tags under which the tracker was sent its seed.
fn publishing() -> (Bench, Tracker, u32) {
    let (mut bench, mut tracker) = bench();
    tracker.curious = true;
    bench.add(1);
    let actions = bench.run(100 * MILLI);
    let [Action::Ask { tag, request, .. }] = &actions[..] else { panic!("{actions:?}") };
    let answer = tracker.answer(request);
    let actions = bench.answer(*tag, answer);
    let [Action::Ask { tag, request: Message::Publish(_), .. }] = actions[..] else { panic!("{actions:?}") };
    (bench, tracker, tag)
}

#[test]
fn a_seed_whose_sending_was_not_answered_is_sent_again_once_the_tracker_is_back() {
    let (mut bench, mut tracker, tag) = publishing();
    tracker.heard();
    assert_eq!(bench.answer(tag, None), [Action::Note(Note::Unreachable { tracker: TrackerId(0) })]);
    assert_eq!(tracker.run(&mut bench, 2 * SECOND), [announcement(1)]);
    assert_eq!(tracker.heard(), ["Same", "Publish file-1"]);
}

#[test]
fn a_seed_that_the_tracker_refuses_is_reported_unless_it_merely_has_no_room() {
    for (why, noted) in [(Refusal::Invalid, true), (Refusal::Quota, false)] {
        let (mut bench, _, tag) = publishing();
        let actions = bench.answer(tag, Some(Message::Refused(why)));
        let note = Action::Note(Note::Refused { tracker: TrackerId(0), why });
        assert_eq!(actions.contains(&note), noted, "{actions:?}");
        assert!(actions.contains(&announcement(1)), "the file is known all the same: {actions:?}");
    }
}
