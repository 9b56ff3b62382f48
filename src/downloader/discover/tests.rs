use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn answer_all(discover: &mut Discover, asks: &[(TrackerId, u32)]) {
    asks.iter().for_each(|(tracker, tag)| assert!(discover.answered(*tracker, *tag).is_some()));
}

#[test]
fn rounds_back_off_to_a_minute_and_hurry_brings_them_back() {
    let mut discover = Discover::new(1, SECOND);
    assert_eq!(discover.due(), None);
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let asks = discover.round(now);
        answer_all(&mut discover, &asks);
        let due = discover.due().unwrap();
        waits.push((due - now).as_secs());
        now = due;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    discover.round(now);
    discover.hurry();
    assert_eq!(discover.due(), Some(now + SECOND), "at once, but a second after the last");
    discover.hasten();
    discover.hurry();
    assert_eq!(discover.due(), Some(now + SECOND / 2), "sooner still");
    discover.round(now);
    assert_eq!(discover.due(), Some(now + SECOND), "once");
}

#[test]
fn without_trackers_nothing_is_ever_due() {
    let mut discover = Discover::new(0, SECOND);
    assert!(discover.round(at(0)).is_empty());
    assert_eq!(discover.due(), None);
    assert!(!discover.has_hope());
}

#[test]
fn a_tracker_has_one_open_question_of_each_kind() {
    let mut discover = Discover::new(2, SECOND);
    let id = SeedId::new([1; 32]);
    let first = discover.round(at(0));
    assert_eq!((first.len(), discover.seed(id).len()), (2, 2));
    assert!(discover.seed(id).is_empty());
    assert_eq!(discover.answered(first[0].0, first[0].1), Some(Question::Holders));
    assert_eq!(discover.answered(first[0].0, first[0].1), None, "answered already");
    assert_eq!(discover.answered(TrackerId(9), 1), None);
    assert_eq!(discover.round(at(1)).len(), 1, "the other still owes an answer");
    assert!(discover.seed(id).is_empty(), "both still owe it");
}

#[test]
fn fates_keep_the_best_that_was_said() {
    let mut discover = Discover::new(4, SECOND);
    let [a, b, c, d] = [0, 1, 2, 3].map(TrackerId);
    assert!(discover.has_hope());
    discover.named(a, 0);
    discover.failed(a);
    discover.named(b, 2);
    discover.named(b, 3);
    discover.refused(b, Refusal::Quota);
    discover.refused(c, Refusal::Denied);
    discover.failed(d);
    assert!(!discover.has_hope());
    let fates: Vec<_> = discover.reports().into_iter().map(|(_, fate)| fate).collect();
    assert_eq!(
        fates,
        [
            TrackerFate::Unknown,
            TrackerFate::Named(5),
            TrackerFate::Refused(Refusal::Denied),
            TrackerFate::Unreachable
        ]
    );
    discover.failed(TrackerId(99));
}
