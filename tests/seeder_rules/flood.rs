//! What a hostile or hungry peer can't do: fill memory, or starve others.

use std::collections::VecDeque;
use std::time::Duration;

use samara::Machine;
use samara::seeder::{Action, Config, Event, FileId, Served};
use samara::wire::Message;
use samara::wire::message::{Gone, Rejection};
use samara::wire::session::Fault;

use super::harness::{Bench, identity, link, seed, send};

fn bench(config: Config) -> Bench {
    let mut bench = Bench::new(config);
    (1..=3).for_each(|number| drop(bench.add(number)));
    bench
}

#[test]
fn a_flood_of_fetches_is_refused_then_cut_off() {
    let mut bench = bench(Config::default());
    bench.subscribe(1, 1);
    let (mut busy, mut before) = (0, String::new());
    for request in 2..100_000 {
        for action in bench.fetch(1, request, &[0]) {
            match action {
                Action::Serve { .. } => {}
                Action::Send { message: Message::Rejected(Rejection::Busy { .. }), .. } => busy += 1,
                Action::Close { fault, .. } => {
                    assert_eq!(fault, Fault::Flood);
                    assert!((1_000..2_000).contains(&busy), "{busy}");
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
        // Apart from the last request's number and how much patience is left, nothing changes.
        if request == 100 {
            before = format!("{:?}", bench.seeder);
        }
        if request == 999 {
            let after = format!("{:?}", bench.seeder);
            assert!(after.len() <= before.len() + 8, "{} bytes became {}", before.len(), after.len());
        }
    }
    panic!("never cut off");
}

#[test]
fn a_flood_of_tests_of_what_is_not_here_leaves_nothing_behind() {
    let mut bench = bench(Config::default());
    bench.subscribe(1, 1);
    let size = |bench: &Bench| format!("{:?}", bench.seeder).len();
    let before = size(&bench);
    for request in 2..100_000 {
        let actions = bench.test(1, request, 77);
        assert!(matches!(actions[..], [Action::Send { message: Message::Gone(Gone::Never), .. }]));
    }
    assert!(size(&bench) <= before + 8);
}

#[test]
fn requests_without_an_answer_yet_are_bounded() {
    let mut bench = bench(Config::default());
    bench.looks = false;
    bench.connect(1);
    for request in 1..=64 {
        assert!(bench.test(1, request, 1).len() <= 1);
    }
    assert_eq!(bench.test(1, 65, 1), [Action::Close { link: link(1), fault: Fault::Flood }]);
}

const BUSY: Message = Message::Busy { retry_after: Duration::from_secs(1) };

fn passes(actions: &[Action]) -> bool {
    matches!(actions, [Action::Send { message: Message::Have(_), .. }])
}

#[test]
fn subscriptions_of_one_connection_are_bounded_and_those_that_are_over_make_room() {
    let mut bench = bench(Config::default());
    bench.connect(1);
    for request in 1..=64 {
        assert!(passes(&bench.test(1, request, if request == 7 { 2 } else { 1 })));
    }
    assert_eq!(bench.test(1, 65, 1), [send(1, 65, BUSY)]);
    bench.connect(2);
    assert!(passes(&bench.test(2, 1, 1)), "others have room of their own");
    assert_eq!(bench.remove(2), [send(1, 7, Message::Gone(Gone::Withdrawn))]);
    assert!(passes(&bench.test(1, 66, 3)));
    assert_eq!(bench.test(1, 67, 3), [send(1, 67, BUSY)]);
}

#[test]
fn tests_that_wait_for_one_look_are_bounded_and_each_has_its_answer() {
    let mut bench = bench(Config::default());
    bench.looks = false;
    for slot in 1..=16 {
        bench.connect(slot);
        for request in 1..=64 {
            let looks = bench.test(slot, request, 1).len();
            assert_eq!(looks, usize::from((slot, request) == (1, 1)), "one look is enough for all");
        }
    }
    bench.connect(17);
    assert_eq!(bench.test(17, 1, 1), [send(17, 1, BUSY)]);
    assert_eq!(bench.test(17, 2, 2).len(), 1, "of another file there is none yet");
    let answers = bench.tell(Event::Looked { file: FileId(1), identity: Some(identity(1)) });
    assert_eq!(answers.len(), 1_024);
    assert!(answers.iter().all(|answer| passes(std::slice::from_ref(answer))));
}

#[test]
fn the_upload_limit_holds_over_seconds() {
    let mut bench = Bench::new(Config { limit_up: 6_400, ..Config::default() });
    (1..=3).for_each(|number| drop(bench.add(number)));
    (1..=3).for_each(|number| bench.subscribe(number, u32::from(number)));
    let (mut request, mut chunks, mut queue) = (2, 0, VecDeque::new());
    (1..=3).for_each(|slot| queue.extend(bench.fetch(slot, request, &[0, 1, 2, 3])));
    let end = bench.now + Duration::from_secs(20);
    loop {
        while let Some(action) = queue.pop_front() {
            if let Action::Serve { link, request: done, .. } = action {
                chunks += 1;
                request += 1;
                queue.extend(bench.tell(Event::Served { link, request: done, outcome: Served::Whole }));
                queue.extend(bench.fetch(link.slot, request, &[0, 1, 2, 3]));
            }
        }
        match bench.step(end) {
            Some(actions) => queue.extend(actions),
            None => break,
        }
    }
    // A hundred chunks of 64 bytes a second; a tenth of that may be saved up, and one may be begun early.
    assert!((2_000..=2_011).contains(&chunks), "{chunks}");
}

/// Row 32 of the attacks: three of thirty peers ask all the time and for all they can get.
#[test]
fn hogs_slow_others_down_no_more_than_their_share() {
    let run = |hogs: u16| {
        let mut bench = bench(Config::default());
        (1..=30).for_each(|slot| bench.subscribe(slot, 1));
        let (mut served, mut serving) = (vec![0_u32; 31], VecDeque::new());
        for request in 2..1_002 {
            for slot in 1..=30 {
                let wants = if slot <= hogs { 8 } else { 1 };
                for more in 0..wants {
                    serving.extend(bench.fetch(slot, request * 10 + more, &[0, 1, 2, 3]));
                }
            }
            serving.retain(|action| matches!(action, Action::Serve { .. }));
            if let Some(Action::Serve { link, request, .. }) = serving.pop_front() {
                served[usize::from(link.slot)] += 1;
                serving.extend(bench.tell(Event::Served { link, request, outcome: Served::Whole }));
            }
            bench.run(Duration::from_millis(200));
        }
        served[4..].iter().sum::<u32>()
    };
    let (alone, beside) = (run(0), run(3));
    assert!(f64::from(alone) / f64::from(beside) <= 1.1, "{alone} chunks became {beside}");
}

#[test]
fn events_and_actions_stay_small() {
    assert!(size_of::<Event>() <= 192, "{}", size_of::<Event>());
    assert!(size_of::<Action>() <= 192, "{}", size_of::<Action>());
    let mut bench = bench(Config::default());
    bench.seeder.handle(bench.now, Event::Wake);
    assert!(bench.seeder.poll().is_none(), "a spurious wake-up does nothing");
    assert_eq!(seed(1).chunks(), 4);
}
