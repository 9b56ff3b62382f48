use super::*;
use crate::store::DiskErrorKind;

const FULL: DiskError = DiskError { kind: DiskErrorKind::Full, doing: "writing", os: None };
const REFUSED: TrackerFate = TrackerFate::Refused(Refusal::Denied);

/// Which of holder, passed and bad were seen, as bits.
fn history(seen: u8) -> History {
    let at = |bit: u8| if seen & bit == 0 { Seen::Never } else { Seen::Once };
    History { holder: at(1), passed: at(2), bad: at(4), ..History::default() }
}

fn why(end: End, seen: u8, fates: &[TrackerFate], left: bool) -> Failure {
    let trackers: alloc::vec::Vec<_> = (0..).map(TrackerId).zip(fates.iter().copied()).collect();
    failure(end, history(seen), &trackers, left, Some(7))
}

#[test]
fn the_disk_comes_before_everything() {
    for seen in 0..8 {
        assert_eq!(why(End::Disk(FULL), seen, &[REFUSED], false), Failure::Disk(FULL));
    }
}

#[test]
fn denied_is_when_nobody_gave_an_answer_and_nobody_passed() {
    assert_eq!(
        why(End::Hopeless, 0, &[TrackerFate::Unreachable, REFUSED], false),
        Failure::Denied(Refusal::Denied)
    );
    assert_eq!(why(End::Hopeless, 1, &[REFUSED], false), Failure::Denied(Refusal::Denied));
    assert_eq!(why(End::Hopeless, 0, &[TrackerFate::Unknown, REFUSED], false), Failure::Unknown);
    assert_eq!(why(End::Stalled, 3, &[REFUSED], true), Failure::Stalled { missing: Some(7) });
}

#[test]
fn bad_bytes_count_only_if_nobody_is_left() {
    assert_eq!(why(End::Stalled, 7, &[], false), Failure::Integrity);
    assert_eq!(why(End::TimedOut, 7, &[], false), Failure::Integrity);
    assert_eq!(why(End::Stalled, 7, &[], true), Failure::Stalled { missing: Some(7) });
    assert_eq!(why(End::TimedOut, 7, &[], true), Failure::TimedOut);
}

#[test]
fn without_a_passed_test_running_out_of_time_is_no_stall() {
    for end in [End::Stalled, End::TimedOut, End::Hopeless] {
        assert_eq!(why(end, 1, &[TrackerFate::Named(3)], true), Failure::NoHolder);
        assert_eq!(why(end, 0, &[TrackerFate::Unreachable, TrackerFate::Unknown], true), Failure::Unknown);
        assert_eq!(why(end, 0, &[TrackerFate::Unreachable], true), Failure::NoTracker);
        assert_eq!(why(end, 0, &[], true), Failure::NoTracker);
    }
    assert_eq!(why(End::Hopeless, 3, &[], false), Failure::Stalled { missing: Some(7) });
}
