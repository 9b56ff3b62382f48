//! `Test`, `Fetch`, `Cancel`, `GetSeed` and what is pushed, for files that stay, change and go.

use std::time::Duration;

use samara::seeder::{Action, Config, Event, FileId, Note, Served};
use samara::wire::Message;
use samara::wire::message::{Gone, HaveSet, List, Rejection};
use samara::wire::session::Fault;
use samara::{Have, SeedId};

use super::harness::{Bench, identity, key, link, seed, send, serve};

const CANCELLED: Message = Message::Rejected(Rejection::Cancelled);
const CHANGED: Message = Message::Rejected(Rejection::Gone(Gone::Changed));

fn bench() -> Bench {
    let mut bench = Bench::new(Config::default());
    bench.add(1);
    bench.add_partial(2, &[0, 3]);
    bench
}

fn gone(slot: u16, request: u32, why: Gone) -> Action {
    send(slot, request, Message::Gone(why))
}

fn changed(number: u32) -> Action {
    Action::Note(Note::Changed { file: FileId(number) })
}

#[test]
fn a_complete_file_is_looked_at_before_test_is_answered_and_one_look_is_enough_for_many() {
    let mut bench = bench();
    bench.looks = false;
    bench.connect(1);
    bench.connect(2);
    assert_eq!(bench.test(1, 1, 1), [Action::Look { file: FileId(1) }]);
    assert_eq!(bench.test(2, 1, 1), []);
    let have = Message::Have(HaveSet::All);
    let looked = Event::Looked { file: FileId(1), identity: Some(identity(1)) };
    assert_eq!(bench.tell(looked.clone()), [send(1, 1, have.clone()), send(2, 1, have)]);
    assert_eq!(bench.tell(looked), [], "an answer to nothing");
    assert_eq!(bench.test(1, 2, 1), [Action::Look { file: FileId(1) }], "the next is looked at anew");
}

#[test]
fn a_file_that_was_touched_fails_test_and_stays_gone() {
    for now in [None, Some(identity(9))] {
        let mut bench = bench();
        bench.subscribe(1, 1);
        bench.connect(2);
        match now {
            Some(now) => drop(bench.disk.insert(FileId(1), now)),
            None => drop(bench.disk.remove(&FileId(1))),
        }
        let expected = [changed(1), gone(1, 1, Gone::Changed), gone(2, 1, Gone::Changed)];
        assert_eq!(bench.test(2, 1, 1), expected);
        assert_eq!(bench.test(2, 2, 1), [gone(2, 2, Gone::Changed)]);
        assert_eq!(bench.fetch(1, 2, &[0]), [send(1, 2, CHANGED)]);
        bench.add(1);
        assert_eq!(bench.test(2, 3, 1), [send(2, 3, Message::Have(HaveSet::All))]);
    }
}

#[test]
fn what_was_never_here_and_what_was_taken_back_are_told_apart() {
    let mut bench = bench();
    bench.subscribe(1, 1);
    assert_eq!(bench.test(1, 2, 77), [gone(1, 2, Gone::Never)]);
    assert_eq!(bench.remove(1), [gone(1, 1, Gone::Withdrawn)]);
    assert_eq!(bench.remove(1), []);
    assert_eq!(bench.test(1, 3, 1), [gone(1, 3, Gone::Withdrawn)]);
}

#[test]
fn a_file_removed_while_it_is_looked_at_is_gone_and_its_twin_is_looked_at_instead() {
    let mut bench = bench();
    bench.looks = false;
    bench.connect(1);
    bench.test(1, 1, 1);
    assert_eq!(bench.remove(1), [gone(1, 1, Gone::Withdrawn)]);
    assert_eq!(bench.tell(Event::Looked { file: FileId(1), identity: Some(identity(1)) }), []);

    bench.add(1);
    let twin = Event::Add {
        file: FileId(9),
        seed: seed(1),
        have: Have::all(4),
        identity: Some(identity(9)),
        publish: true,
    };
    bench.tell(twin);
    assert_eq!(bench.test(1, 2, 1), [Action::Look { file: FileId(1) }]);
    let actions = bench.tell(Event::Looked { file: FileId(1), identity: None });
    assert_eq!(actions, [changed(1), Action::Look { file: FileId(9) }]);
    let actions = bench.tell(Event::Looked { file: FileId(9), identity: Some(identity(9)) });
    assert_eq!(actions, [send(1, 2, Message::Have(HaveSet::All))]);
}

#[test]
fn a_partial_is_served_as_far_as_it_goes_without_a_look() {
    let mut bench = bench();
    bench.connect(1);
    assert_eq!(bench.test(1, 1, 2), [send(1, 1, Message::Have(HaveSet::Some(vec![0b1001])))]);
    assert_eq!(bench.fetch(1, 2, &[1, 2]), [send(1, 2, Message::Rejected(Rejection::NotHeld))]);
    let actions = bench.fetch(1, 3, &[1, 3]);
    assert!(
        matches!(&actions[..], [Action::Serve { identity: None, index: 3, range, .. }] if *range == (192..256)),
        "{actions:?}"
    );
}

#[test]
fn new_chunks_are_pushed_and_completing_pushes_the_rest() {
    let mut bench = bench();
    bench.subscribe(1, 2);
    let gained = |link, index| send(link, 1, Message::Gained(vec![index]));
    assert_eq!(bench.tell(Event::Gained { file: FileId(2), index: 1 }), [gained(1, 1)]);
    assert_eq!(bench.tell(Event::Gained { file: FileId(2), index: 1 }), [], "no news");
    bench.subscribe(2, 2);
    let pushed = bench.tell(Event::Completed { file: FileId(2), identity: identity(2) });
    assert_eq!(pushed, [gained(1, 2), gained(2, 2)], "each from where it came in");
    assert_eq!(bench.fetch(1, 2, &[2]).len(), 1);
}

#[test]
fn a_chunk_is_sent_with_the_identity_that_its_file_must_have() {
    let mut bench = bench();
    bench.subscribe(1, 1);
    assert_eq!(bench.fetch(1, 2, &[2]), [serve(1, 2, 1, 2)]);
    let to = ([10, 0, 1, 1], 9_000).into();
    let uploaded = Action::Note(Note::Uploaded { file: FileId(1), to, bytes: 64 });
    assert_eq!(bench.served(1, 2, Served::Whole), [uploaded]);
    assert_eq!(bench.served(1, 2, Served::Whole), [], "once is enough");
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_withdrawn_everywhere() {
    for sent in [true, false] {
        let mut bench = bench();
        bench.subscribe(1, 1);
        bench.subscribe(2, 1);
        bench.fetch(1, 2, &[0]);
        bench.fetch(2, 2, &[1]);
        bench.fetch(2, 3, &[2]);
        let actions = bench.served(1, 2, Served::Changed { sent });
        let to = ([10, 0, 1, 1], 9_000).into();
        let expected = [
            if sent {
                Action::Note(Note::Uploaded { file: FileId(1), to, bytes: 64 })
            } else {
                send(1, 2, CHANGED)
            },
            changed(1),
            gone(1, 1, Gone::Changed),
            gone(2, 1, Gone::Changed),
            send(2, 3, CHANGED),
            Action::Stop { link: link(2), request: 2 },
        ];
        assert_eq!(actions, expected);
        assert_eq!(bench.served(2, 2, Served::Stopped), [send(2, 2, CHANGED)]);
        assert_eq!(bench.test(2, 4, 1), [gone(2, 4, Gone::Changed)]);
    }
}

#[test]
fn cancelling_works_in_each_phase_and_is_answered_once() {
    let mut bench = bench();
    bench.subscribe(1, 1);
    (2..=4).for_each(|request| drop(bench.fetch(1, request, &[0])));
    let mut cancel = |target| bench.message(1, 0, Message::Cancel { target });
    assert_eq!(cancel(4), [send(1, 4, CANCELLED)], "waiting");
    assert_eq!(cancel(4), [], "answered");
    assert_eq!(cancel(99), [], "unknown");
    assert_eq!(cancel(2), [Action::Stop { link: link(1), request: 2 }], "being sent");
    assert_eq!(cancel(2), [], "once is enough");
    assert_eq!(cancel(3), [Action::Stop { link: link(1), request: 3 }]);
    assert_eq!(bench.served(1, 2, Served::Stopped), [send(1, 2, CANCELLED)]);
    let late = bench.served(1, 3, Served::Whole);
    assert!(matches!(&late[..], [Action::Note(Note::Uploaded { .. })]), "too late: {late:?}");
}

#[test]
fn fetching_needs_an_open_subscription_and_chunks_that_exist() {
    let mut bench = bench();
    let close = |fault| vec![Action::Close { link: link(1), fault }];
    bench.connect(1);
    assert_eq!(bench.fetch(1, 2, &[0]), close(Fault::OutOfTurn), "no such subscription");
    bench.subscribe(1, 1);
    assert_eq!(bench.fetch(1, 2, &[0, 4]), close(Fault::OutOfRange));
    bench.subscribe(1, 1);
    bench.connect(2);
    assert_eq!(
        bench.fetch(2, 2, &[0]),
        [Action::Close { link: link(2), fault: Fault::OutOfTurn }],
        "a subscription is its connection's"
    );
}

#[test]
fn seeds_are_given_away_and_a_trackers_requests_are_not_understood() {
    let mut bench = bench();
    bench.connect(1);
    let (whole, part) = (key(&seed(1)), key(&seed(2)));
    let mut get = |request, file_hash, seed_id| {
        let mut actions = bench.message(1, request, Message::GetSeed { file_hash, seed_id });
        let Some(Action::Send { message, .. }) = actions.pop() else { panic!() };
        message
    };
    assert_eq!(get(1, whole.file_hash, None), Message::Seed(seed(1)));
    assert_eq!(get(2, part.file_hash, Some(part.seed_id)), Message::Seed(seed(2)));
    assert_eq!(get(3, part.file_hash, Some(SeedId::new([0; 32]))), Message::Unknown);
    let list = Message::List(List { after: 0, limit: 9 });
    assert_eq!(bench.message(1, 4, list), [send(1, 4, Message::Unsupported)]);
    assert_eq!(bench.message(1, 5, Message::Leave), [send(1, 5, Message::Unsupported)]);
    let unknown = Event::UnknownRequest { link: link(1), request: 6 };
    assert_eq!(bench.tell(unknown), [send(1, 6, Message::Unsupported)]);
}

#[test]
fn a_closed_connection_leaves_its_slot_to_others_and_hears_nothing_more() {
    let mut bench = bench();
    bench.subscribe(1, 1);
    bench.subscribe(2, 1);
    bench.fetch(1, 2, &[0]);
    bench.fetch(1, 3, &[1]);
    assert_eq!(bench.fetch(2, 2, &[2]), []);
    assert_eq!(bench.tell(Event::Closed { link: link(1) }), [serve(2, 2, 1, 2)]);
    assert_eq!(bench.served(1, 2, Served::Whole), []);
    assert_eq!(bench.fetch(1, 4, &[0]), []);
    assert_eq!(bench.remove(1), [gone(2, 1, Gone::Withdrawn), Action::Stop { link: link(2), request: 2 }]);
}

#[test]
fn a_twin_takes_over_unnoticed_only_if_it_is_as_complete() {
    let mut bench = bench();
    let twin = |file, have, identity| Event::Add {
        file: FileId(file),
        seed: seed(1),
        have,
        identity,
        publish: true,
    };
    bench.subscribe(1, 1);
    bench.tell(twin(8, Have::all(4), Some(identity(8))));
    bench.tell(twin(9, Have::none(4), None));
    assert_eq!(bench.remove(1), []);
    bench.disk.insert(FileId(8), identity(8));
    assert_eq!(bench.test(1, 2, 1), [send(1, 2, Message::Have(HaveSet::All))]);
    assert_eq!(bench.remove(8), [gone(1, 1, Gone::Withdrawn), gone(1, 2, Gone::Withdrawn)]);
    assert_eq!(bench.test(1, 3, 1), [send(1, 3, Message::Have(HaveSet::Some(vec![0])))]);
}

#[test]
fn a_look_at_what_had_the_same_name_before_says_nothing_about_the_file() {
    let mut bench = bench();
    bench.looks = false;
    bench.connect(1);
    bench.test(1, 1, 1);
    bench.remove(1);
    bench.add(1);
    assert_eq!(bench.test(1, 2, 1), [], "the first look is still under way");
    let look = Action::Look { file: FileId(1) };
    assert_eq!(bench.tell(Event::Looked { file: FileId(1), identity: Some(identity(9)) }), [look]);
    let actions = bench.tell(Event::Looked { file: FileId(1), identity: Some(identity(1)) });
    assert_eq!(actions, [send(1, 2, Message::Have(HaveSet::All))]);
}

#[test]
fn time_that_goes_back_stands_still() {
    let mut bench = bench();
    bench.subscribe(1, 2);
    bench.run(Duration::from_secs(5));
    bench.tell(Event::Wake);
    bench.now = super::harness::at(1_000);
    bench.fetch(1, 2, &[0]);
    let deadline = samara::Machine::deadline(&bench.seeder).map(|deadline| deadline.at);
    assert_eq!(deadline, Some(super::harness::at(15_000)), "so long a reader may take");
}
