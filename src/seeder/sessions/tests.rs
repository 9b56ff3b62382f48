use super::*;
use crate::wire::message::{Hello, VERSION};

const fn at(secs: u64) -> Time {
    Time::from_micros(secs * 1_000_000)
}

const fn link(slot: u16) -> Link {
    Link { space: 0, slot, generation: 0 }
}

fn from(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 5_000))
}

fn sessions(max_connections: u32, max_connections_per_source: u32) -> Sessions {
    Sessions::new(&Config { max_connections, max_connections_per_source, ..Config::default() })
}

fn greet(sessions: &mut Sessions, now: Time, slot: u16) {
    let hello = Message::Hello(Hello { version: VERSION, features: 0, node: 9 });
    assert!(matches!(sessions.admit(now, link(slot), 0, &hello), Some(Ok(Asked::Hello(_)))));
}

fn ask(sessions: &mut Sessions, now: Time, slot: u16, request: u32) -> Option<Result<Asked, Fault>> {
    sessions.admit(now, link(slot), request, &Message::Leave)
}

#[test]
fn hello_is_due_in_ten_seconds() {
    let mut sessions = sessions(0, 0);
    sessions.accept(at(0), link(1), from(1));
    sessions.accept(at(0), link(2), from(1));
    greet(&mut sessions, at(9), 2);
    assert_eq!(sessions.overdue(Time::from_micros(9_999_999)), None);
    assert_eq!(sessions.overdue(at(10)), Some((link(1), Fault::NoHello)));
    assert_eq!(sessions.overdue(at(10)), None);
}

#[test]
fn silence_ends_a_connection_unless_it_waits_for_us() {
    let mut sessions = sessions(0, 0);
    sessions.accept(at(0), link(1), from(1));
    greet(&mut sessions, at(0), 1);
    assert_eq!(ask(&mut sessions, at(100), 1, 1), Some(Ok(Asked::Request)));
    assert_eq!(sessions.overdue(at(500)), None);
    sessions.answered(at(600), link(1));
    assert_eq!(sessions.overdue(at(779)), None);
    assert_eq!(sessions.overdue(at(780)), Some((link(1), Fault::Idle)));
}

#[test]
fn one_source_has_so_many_connections() {
    let mut sessions = sessions(0, 2);
    assert_eq!(sessions.accept(at(0), link(1), from(1)), Accepted::Welcome);
    assert_eq!(sessions.accept(at(0), link(2), "[::ffff:10.0.0.1]:9".parse().unwrap()), Accepted::Welcome);
    assert_eq!(sessions.accept(at(0), link(3), from(1)), Accepted::Full);
    assert_eq!(sessions.accept(at(0), link(3), from(2)), Accepted::Welcome);
    sessions.close(link(1));
    assert_eq!(sessions.accept(at(0), link(4), from(1)), Accepted::Welcome);
}

#[test]
fn a_customer_has_many_ipv6_addresses_and_no_more_connections() {
    let mut sessions = sessions(0, 2);
    let from = |n: u16| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 5_000));
    assert_eq!(sessions.accept(at(0), link(1), from(1)), Accepted::Welcome);
    assert_eq!(sessions.accept(at(0), link(2), from(2)), Accepted::Welcome);
    assert_eq!(sessions.accept(at(0), link(3), from(3)), Accepted::Full);
    sessions.close(link(1));
    assert_eq!(sessions.accept(at(0), link(3), from(3)), Accepted::Welcome);
}

#[test]
fn at_the_cap_the_one_silent_longest_makes_room_but_none_that_waits_for_us() {
    let mut sessions = sessions(3, 0);
    for slot in 1..=3 {
        sessions.accept(at(u64::from(slot)), link(slot), from(1));
        greet(&mut sessions, at(u64::from(slot)), slot);
    }
    assert_eq!(ask(&mut sessions, at(5), 1, 1), Some(Ok(Asked::Request)));
    assert_eq!(sessions.accept(at(6), link(4), from(1)), Accepted::InPlaceOf(link(2)));
    sessions.close(link(2));
    for slot in 3..=4 {
        greet_if_new(&mut sessions, slot);
        assert_eq!(ask(&mut sessions, at(7), slot, 1), Some(Ok(Asked::Request)));
    }
    assert_eq!(sessions.accept(at(8), link(5), from(1)), Accepted::Full);
}

fn greet_if_new(sessions: &mut Sessions, slot: u16) {
    if sessions.peer(link(slot)).is_none() {
        greet(sessions, at(6), slot);
    }
}

#[test]
fn too_many_open_requests_are_a_flood() {
    let mut sessions = sessions(0, 0);
    sessions.accept(at(0), link(1), from(1));
    greet(&mut sessions, at(0), 1);
    for request in 1..=64 {
        assert_eq!(ask(&mut sessions, at(0), 1, request), Some(Ok(Asked::Request)));
    }
    sessions.answered(at(0), link(1));
    assert_eq!(ask(&mut sessions, at(0), 1, 65), Some(Ok(Asked::Request)));
    assert_eq!(ask(&mut sessions, at(0), 1, 66), Some(Err(Fault::Flood)));
}

#[test]
fn who_is_told_to_come_back_too_often_is_pushy_and_time_makes_up_for_it() {
    let mut sessions = sessions(0, 0);
    sessions.accept(at(0), link(1), from(1));
    assert!((0..=MOST_BUSY).all(|_| !sessions.is_pushy(at(0), link(1))));
    assert!(sessions.is_pushy(at(0), link(1)));
    assert!(!sessions.is_pushy(at(1), link(1)));
    assert!(!sessions.is_pushy(at(1), link(2)), "nobody knows it");
}
