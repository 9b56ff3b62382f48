use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

#[test]
fn the_budget_is_kept_to_the_byte_and_four_chunks_always_fit() {
    let mut window = Window::new(1_000, 0, Time::ZERO);
    window.spend(Time::ZERO, 900);
    assert!(window.has_room(100, 10) && !window.has_room(101, 10));
    assert!(window.has_room(300, 300) && !window.has_room(301, 300), "four chunks of 300");
    window.refund(400);
    window.free(500);
    assert!(window.has_room(1_000, 10) && !window.has_room(1_001, 10));
}

#[test]
fn the_limit_is_exact_over_seconds_and_catches_up_a_little_only() {
    let mut window = Window::new(u64::MAX, 1_000, Time::ZERO);
    let mut sent = 0;
    for millis in 0..10_000 {
        if window.wait(at(millis)).is_none() {
            window.spend(at(millis), 300);
            sent += 300;
        }
    }
    assert!((10_000..=10_300).contains(&sent), "{sent}");
    // After a long pause no more than a quarter of a second is made up for.
    let mut burst = 0;
    while window.wait(at(60_000)).is_none() {
        window.spend(at(60_000), 300);
        burst += 300;
    }
    assert_eq!(burst, 300);
}

#[test]
fn what_does_not_come_costs_nothing() {
    let mut window = Window::new(u64::MAX, 1_000, Time::ZERO);
    window.spend(at(1_000), 500);
    assert_eq!(window.wait(at(1_000)), Some(at(1_460)));
    window.refund(500);
    assert_eq!(window.wait(at(1_000)), None);
    assert_eq!(Window::new(1, 0, Time::ZERO).wait(at(1)), None);
}

#[test]
fn busy_peers_make_it_modest_and_chunks_bold_again() {
    let mut window = Window::new(0, 0, Time::ZERO);
    assert_eq!(window.share(), 256);
    (0..40).for_each(|_| window.ease());
    assert_eq!(window.share(), 4);
    (0..8).for_each(|_| window.press(SECOND));
    assert_eq!(window.share(), 6);
    (0..2_000).for_each(|_| window.press(SECOND));
    assert_eq!(window.share(), 256);
}

#[test]
fn whoever_is_late_is_not_waited_for() {
    let mut pace = Pace::new(Time::ZERO);
    pace.asked(at(0), 0);
    assert!(!pace.is_late(at(1_000), 100) && pace.is_late(at(1_001), 100));
    pace.delivered(at(50), 100);
    assert!(!pace.is_late(at(200), 100) && pace.is_late(at(201), 100), "three chunk times");
    pace.snub();
    assert!(pace.is_late(at(50), 100));
}

#[test]
fn patience_follows_the_measured_rate_and_is_generous_before() {
    let mut pace = Pace::new(Time::ZERO);
    assert_eq!(pace.patience(256 << 10, 0, Duration::ZERO, 7 * SECOND), 7 * SECOND, "a stranger");
    pace.asked(at(0), 0);
    pace.delivered(at(1_000), 1_000); // 1 kB/s
    assert_eq!(pace.rate(), Some(1_000));
    assert_eq!(pace.patience(1_000, 0, Duration::ZERO, SECOND), 10 * SECOND);
    assert_eq!(pace.patience(1_000, 3_000, Duration::ZERO, SECOND), 13 * SECOND, "its own queue counts");
    assert_eq!(pace.patience(10, 0, Duration::ZERO, SECOND), 2 * SECOND);
    pace.snub();
    assert_eq!(pace.patience(1_000, 0, Duration::ZERO, SECOND), 20 * SECOND);
    pace.delivered(at(2_000), 1_000);
    assert!(!pace.is_snubbed());
}

#[test]
fn strangers_are_waited_for_a_few_times_as_long_as_others_take() {
    let mut window = Window::new(1 << 30, 0, Time::ZERO);
    assert_eq!(window.for_strangers(256 << 10, false, false), 12 * SECOND, "nobody is known");
    assert!(window.for_strangers(16 << 20, false, false) >= 120 * SECOND);
    assert!(window.for_strangers(256 << 10, true, false) <= 5 * SECOND);
    window.press(SECOND / 2);
    assert_eq!(window.for_strangers(256 << 10, false, false), 3 * SECOND);
    assert_eq!(
        window.for_strangers(256 << 10, false, true),
        12 * SECOND,
        "it is coming: perhaps its line is slow"
    );
    assert!(window.for_strangers(256 << 10, true, false) > 3 * SECOND, "urgent is another matter");
    (0..100).for_each(|_| window.press(SECOND / 1_000));
    assert_eq!(window.for_strangers(256 << 10, false, false), SECOND);
    (0..100).for_each(|_| window.press(60 * SECOND));
    assert_eq!(window.for_strangers(256 << 10, false, false), 12 * SECOND, "never longer than without any");
}

#[test]
fn a_limit_below_the_peers_rate_lengthens_the_wait() {
    let mut pace = Pace::new(Time::ZERO);
    pace.asked(at(0), 0);
    pace.delivered(at(1), 1 << 20);
    assert!(pace.patience(1 << 20, 0, 5 * SECOND, SECOND) >= 50 * SECOND);
}

#[test]
fn the_time_without_requests_is_no_slowness() {
    let mut pace = Pace::new(Time::ZERO);
    pace.asked(at(0), 0);
    pace.delivered(at(100), 1_000);
    pace.asked(at(60_000), 0);
    pace.delivered(at(60_100), 1_000);
    assert!((9_000..=11_000).contains(&pace.rate().unwrap()), "{:?}", pace.rate());
}

#[test]
fn the_only_peer_is_asked_for_more_and_one_on_probation_for_one() {
    let mut pace = Pace::new(Time::ZERO);
    assert_eq!((pace.room(64, true), pace.room(64, false)), (4, 2), "nothing has come yet");
    pace.asked(at(0), 0);
    pace.delivered(at(1_000_000), 1_000);
    assert_eq!(pace.room(256 << 10, true), 8);
    assert_eq!(pace.room(16 << 20, true), 4);
    assert_eq!(pace.room(64, true), 64);
    assert_eq!(pace.room(256 << 10, false), 4);
    assert_eq!(pace.room(16 << 20, false), 2);
    pace.snub();
    assert_eq!(pace.room(64, true), 1);
}

#[test]
fn a_fast_peer_is_asked_for_what_20_ms_bring() {
    let mut pace = Pace::new(Time::ZERO);
    for millis in 1..50 {
        pace.delivered(at(millis), 256 << 10);
    }
    assert_eq!(pace.room(256 << 10, false), 20);
    assert_eq!(pace.room(64, false), 64, "within reason");
}

#[test]
fn a_pause_ends_exactly_when_it_was_said_to() {
    let mut pace = Pace::new(Time::ZERO);
    pace.pause(at(500));
    assert!(pace.is_paused(at(499)) && !pace.is_paused(at(500)));
}

#[test]
fn a_peer_that_was_too_busy_is_asked_for_what_it_takes_and_in_time_for_one_more() {
    let mut pace = Pace::new(Time::ZERO);
    pace.delivered(at(1), 1);
    assert_eq!(pace.room(256 << 10, true), 8);
    pace.narrow(5);
    assert_eq!(pace.room(256 << 10, true), 5);
    for n in 1..RAISE {
        pace.delivered(at(n.into()), 1);
    }
    assert_eq!(pace.room(256 << 10, true), 5);
    pace.delivered(at(RAISE.into()), 1);
    assert_eq!(pace.room(256 << 10, true), 6);
    pace.narrow(0);
    assert_eq!(pace.room(256 << 10, true), 1, "one is always tried");
}

#[test]
fn a_connection_seems_dead_after_thirty_chunk_times_but_never_before_ten_seconds() {
    let mut pace = Pace::new(Time::ZERO);
    let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
    assert!(!pace.is_silent(at(29), 1_000) && pace.is_silent(at(30), 1_000));
    pace.delivered(at(1), 1_000);
    assert!(!pace.is_silent(at(30), 1_000) && pace.is_silent(at(31), 1_000));
    assert!(!pace.is_silent(at(10), 10) && pace.is_silent(at(11), 10));
}

#[test]
fn a_quick_peer_that_refused_is_asked_for_more_again_after_a_few_chunks() {
    let mut pace = Pace::new(Time::ZERO);
    pace.delivered(Time::from_micros(100), 256 << 10);
    pace.narrow(5);
    for n in 1..=RAISE_QUICK {
        assert_eq!(pace.room(256 << 10, true), 5);
        pace.delivered(Time::from_micros(100 + 999 * u64::from(n)), 256 << 10);
    }
    assert_eq!(pace.room(256 << 10, true), 6);
}

#[test]
fn requests_to_whoever_takes_long_count_less() {
    let mut window = Window::new(0, 0, Time::ZERO);
    (0..40).for_each(|_| window.ease());
    assert_eq!((window.left(0), window.left(1), window.left(16), window.left(64)), (4, 4, 3, 0));
    let takes = |millis| {
        let mut pace = Pace::new(Time::ZERO);
        pace.delivered(at(millis), 1_000);
        pace
    };
    assert_eq!(window.weight(&takes(8_000), 1_000), 16, "nothing to compare with");
    window.press(SECOND);
    let weights =
        [500, 1_000, 2_000, 4_000, 8_000, 60_000].map(|millis| window.weight(&takes(millis), 1_000));
    assert_eq!(weights, [16, 16, 16, 8, 4, 1]);
    assert_eq!(window.weight(&Pace::new(Time::ZERO), 1_000), 16, "of a stranger nothing is known");
}
