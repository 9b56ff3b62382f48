use super::*;
use crate::wire::message::Gone;

fn addr(host: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, (host >> 8) as u8, host as u8], 7000))
}

const fn id(n: u8) -> SeedId {
    SeedId::new([n; 32])
}

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn book() -> Book {
    Book::new(Entropy::new(3))
}

const fn holder(addr: SocketAddr, complete: bool) -> Holder {
    Holder { addr: HolderAddr::At(addr), seed_id: id(1), complete }
}

fn name(book: &mut Book, host: u16) -> bool {
    book.name(addr(host), &holder(addr(host), false))
}

fn next(book: &mut Book, now: Time) -> Option<SocketAddr> {
    book.next(now, |_| true)
}

#[test]
fn given_ones_go_first_then_new_ones_then_those_that_failed() {
    let mut book = book();
    name(&mut book, 1);
    assert_eq!(next(&mut book, at(0)), Some(addr(1)));
    assert!(book.failed(addr(1), Stale::Unreachable, at(0)));
    (2..=9).for_each(|host| assert!(name(&mut book, host)));
    book.give(addr(10));
    book.give("[::ffff:10.0.0.10]:7000".parse().unwrap());
    let order: Vec<_> = core::iter::from_fn(|| next(&mut book, at(9))).collect();
    assert_eq!((order.len(), order[0], order[9]), (10, addr(10), addr(1)));
    let mut sorted = order.clone();
    sorted.sort();
    assert_ne!(order[1..9], sorted[1..9], "in random order");
}

#[test]
fn who_is_named_again_and_again_goes_before_a_flood_of_addresses_that_are_named_once() {
    let mut book = book();
    name(&mut book, 7);
    for round in 1..10 {
        (0..100).for_each(|host| assert!(name(&mut book, 100 * round + host)));
        name(&mut book, 7);
    }
    assert_eq!(next(&mut book, at(0)), Some(addr(7)));
}

#[test]
fn who_has_passed_test_comes_back_in_spite_of_a_flood_of_new_addresses() {
    let mut book = book();
    for host in [1, 2] {
        name(&mut book, host);
        assert_eq!(next(&mut book, at(0)), Some(addr(host)));
    }
    book.failed(addr(1), Stale::Unreachable, at(0));
    book.passed(addr(2));
    book.lost(addr(2), at(0));
    (3..=99).for_each(|host| assert!(name(&mut book, host)));
    let order: Vec<_> = core::iter::from_fn(|| next(&mut book, at(2))).collect();
    let place = |host| order.iter().position(|other| *other == addr(host)).unwrap();
    assert!(place(2) < 4 && place(1) == 98, "{} {}", place(2), place(1));
}

#[test]
fn who_has_sent_chunks_does_not_wait_for_all_that_were_never_tried() {
    let mut book = book();
    name(&mut book, 1);
    assert_eq!(next(&mut book, at(0)), Some(addr(1)));
    book.passed(addr(1));
    book.delivered(addr(1));
    book.lost(addr(1), at(0));
    (2..=99).for_each(|host| assert!(name(&mut book, host)));
    assert_eq!(next(&mut book, at(1)), Some(addr(1)));
    book.lost(addr(1), at(1));
    let rest: Vec<_> = core::iter::from_fn(|| next(&mut book, at(2))).collect();
    assert_eq!(rest.len(), 98, "and it waits as long as it has to");
    assert!(next(&mut book, at(9)).is_some() && !book.has_new());
    book.lost(addr(1), at(9));
    name(&mut book, 100);
    assert!(book.has_new(), "somebody new is there, whoever goes first");
}

#[test]
fn an_address_that_is_named_or_given_again_is_not_dialled_twice() {
    let mut book = book();
    name(&mut book, 1);
    assert_eq!(next(&mut book, at(0)), Some(addr(1)));
    assert!(name(&mut book, 1));
    book.give(addr(1));
    assert_eq!(next(&mut book, at(100)), None, "it is connected");
    book.lost(addr(1), at(100));
    assert!(name(&mut book, 1));
    assert_eq!(next(&mut book, at(100)), None, "a second's wait can't be had shorter");
    assert_eq!(book.due(), Some(at(101)));
    assert_eq!(next(&mut book, at(101)), Some(addr(1)));
}

#[test]
fn waits_double_to_a_minute_and_stay_short_for_those_of_use() {
    let mut book = book();
    name(&mut book, 1);
    book.give(addr(2));
    let waits = |book: &mut Book, host| {
        let wait = |_| {
            book.failed(addr(host), Stale::Unreachable, at(0));
            let due = book.due().unwrap();
            assert!(next(book, due).is_some());
            due.as_micros() / 1_000_000
        };
        (0..8).map(wait).collect::<Vec<_>>()
    };
    while next(&mut book, at(0)).is_some() {}
    assert_eq!(waits(&mut book, 1), [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(waits(&mut book, 2), [1, 2, 4, 8, 8, 8, 8, 8]);
    book.delivered(addr(1));
    assert_eq!(waits(&mut book, 1), [1, 2, 4, 8, 8, 8, 8, 8]);
}

#[test]
fn staleness_and_bans_are_news_once() {
    let mut book = book();
    name(&mut book, 1);
    assert!(book.failed(addr(1), Stale::Unreachable, at(0)));
    assert!(!book.failed(addr(1), Stale::Gone(Gone::Never), at(1)));
    assert!(book.ban(addr(1), Fault::Unsolicited) && !book.ban(addr(1), Fault::Useless));
    assert!(!name(&mut book, 1), "a banned one isn't learnt again");
    assert_eq!(next(&mut book, at(999)), None);
}

#[test]
fn hope_is_whoever_was_not_tried_or_was_busy() {
    let mut book = book();
    assert!(!book.has_hope());
    name(&mut book, 1);
    assert!(book.has_hope() && book.has_new());
    next(&mut book, at(0));
    assert!(book.has_hope() && !book.has_new(), "it is being tried");
    book.busy(addr(1), at(5));
    assert!(book.has_hope());
    book.failed(addr(1), Stale::Unreachable, at(5));
    assert!(!book.has_hope());
    next(&mut book, at(9));
    assert!(!book.has_hope() && !book.has_useful(), "a second try is no hope");
    book.passed(addr(1));
    book.lost(addr(1), at(10));
    assert!(book.has_useful(), "it may come back");
    book.ban(addr(1), Fault::BadChunk { index: 0 });
    assert!(!book.has_useful());
}

#[test]
fn who_could_not_be_asked_anything_is_tried_again_and_is_still_hope() {
    let mut book = book();
    name(&mut book, 1);
    next(&mut book, at(0));
    book.later(addr(1), at(0));
    assert!(book.has_hope());
    assert_eq!(next(&mut book, at(0)), None);
    assert_eq!(next(&mut book, at(1)), Some(addr(1)));
}

#[test]
fn holders_of_lists_that_nobody_wants_wait_on_the_shelf() {
    let mut book = book();
    name(&mut book, 1);
    assert_eq!(book.next(at(0), |known| known.claims.contains(&id(2))), None);
    assert!(!book.has_hope());
    assert_eq!(next(&mut book, at(99)), None);
    book.claim(addr(1), id(2));
    assert!(book.has_hope(), "it claims another one");
    assert_eq!(book.next(at(0), |_| false), None);
    book.unshelve();
    assert_eq!(next(&mut book, at(0)), Some(addr(1)));
}

#[test]
fn a_complete_stranger_is_whom_only_a_tracker_says_so_of() {
    let mut book = book();
    assert!(book.name(addr(1), &holder(addr(1), true)) && book.name(addr(2), &holder(addr(2), false)));
    book.give(addr(3));
    assert!(book.name(addr(3), &holder(addr(3), true)) && book.name(addr(4), &holder(addr(4), true)));
    book.delivered(addr(4));
    let kept: Vec<_> =
        core::iter::from_fn(|| book.next(at(0), |known| !known.is_complete_stranger())).collect();
    assert_eq!((kept.len(), kept.contains(&addr(1))), (3, false));
    book.unshelve();
    assert_eq!(next(&mut book, at(0)), Some(addr(1)));
    assert!(book.name(addr(1), &holder(addr(1), false)), "it says so no longer");
    book.later(addr(1), at(0));
    assert_eq!(book.next(at(9), |known| !known.is_complete_stranger()), Some(addr(1)));
}

#[test]
fn claims_are_bounded_and_the_oldest_go() {
    let mut book = book();
    name(&mut book, 1);
    (2..=6).for_each(|n| book.claim(addr(1), id(n)));
    book.claim(addr(1), id(6));
    assert_eq!(book.claims(addr(1)), [3, 4, 5, 6].map(id));
    assert_eq!(book.claims(addr(2)), []);
}

#[test]
fn its_own_address_is_forgotten_for_good() {
    let mut book = book();
    name(&mut book, 1);
    next(&mut book, at(0));
    book.forget(addr(1));
    assert!(!name(&mut book, 1) && !book.has_hope());
    book.give(addr(1));
    assert!(next(&mut book, at(99)).is_none() && book.reports().is_empty());
}

#[test]
fn a_full_book_makes_room_by_forgetting_who_failed() {
    let mut book = book();
    book.give(addr(0));
    next(&mut book, at(0));
    book.failed(addr(0), Stale::Unreachable, at(1_000));
    (1..MAX_KNOWN as u16).for_each(|host| assert!(name(&mut book, host)));
    assert!(!name(&mut book, 9_000), "nobody can be spared");
    let tried = next(&mut book, at(0)).unwrap();
    book.failed(tried, Stale::Unreachable, at(0));
    assert!(name(&mut book, 9_000));
    assert_eq!(book.known.len(), MAX_KNOWN);
    assert!(!book.known.contains_key(&tried) && book.known.contains_key(&addr(0)));
}

#[test]
fn reports_and_stale_lists_fit_a_page() {
    let mut book = book();
    (0..200).for_each(|host| assert!(name(&mut book, host)));
    for _ in 0..70 {
        let tried = next(&mut book, at(0)).unwrap();
        book.failed(tried, Stale::Unreachable, at(0));
    }
    let reports = book.reports();
    assert_eq!(reports.len(), MAX_REPORTS);
    assert!(reports.iter().all(|report| report.fate == PeerFate::Unreachable), "those that were tried");
    assert_eq!(book.stale().len(), limits::MAX_EXCLUDED);
}
