//! Who may connect, for how long, and what ends a connection.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use samara::seeder::{Action, Config, Event};
use samara::wire::message::{Hello, Refusal, VERSION};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Message};

use super::harness::{Bench, link, send};

fn bench(config: Config) -> Bench {
    let mut bench = Bench::new(config);
    bench.add(1);
    bench
}

fn close(slot: u16, fault: Fault) -> Action {
    Action::Close { link: link(slot), fault }
}

fn accept(bench: &mut Bench, slot: u16, from: [u8; 4]) -> Vec<Action> {
    bench.tell(Event::Accepted { link: link(slot), from: SocketAddr::from((from, 9_000)) })
}

const fn hello(version: u16, node: u64) -> Message {
    Message::Hello(Hello { version, features: 0, node })
}

#[test]
fn another_version_and_ones_own_voice_end_a_conversation_after_hello() {
    let mut bench = bench(Config::default());
    accept(&mut bench, 1, [10, 0, 0, 1]);
    let ours = send(1, 0, hello(VERSION, 1));
    assert_eq!(
        bench.message(1, 0, hello(VERSION + 1, 5)),
        [ours.clone(), send(1, 0, Message::Refused(Refusal::Version)), close(1, Fault::Version(VERSION + 1))]
    );
    accept(&mut bench, 1, [10, 0, 0, 1]);
    assert_eq!(bench.message(1, 0, hello(VERSION, 1)), [ours, close(1, Fault::Myself)]);
}

#[test]
fn what_breaks_the_rules_ends_the_connection_and_nothing_is_heard_from_it_afterwards() {
    let mut bench = bench(Config::default());
    let cases: [(Event, Fault); 4] = [
        (Event::Message { link: link(1), request: 1, message: Message::Leave }, Fault::OutOfTurn),
        (Event::Message { link: link(1), request: 9, message: Message::Published }, Fault::Unexpected),
        (Event::UnknownRequest { link: link(1), request: 1 }, Fault::OutOfTurn),
        (Event::Malformed { link: link(1), error: DecodeError::Magic }, Fault::Malformed(DecodeError::Magic)),
    ];
    for (event, fault) in cases {
        bench.subscribe(1, 1);
        assert_eq!(bench.tell(event), [close(1, fault)]);
        assert_eq!(bench.test(1, 10, 1), []);
        assert_eq!(bench.tell(Event::Closed { link: link(1) }), []);
    }
    accept(&mut bench, 2, [10, 0, 0, 1]);
    assert_eq!(bench.test(2, 1, 1), [close(2, Fault::NoHello)]);
}

#[test]
fn hello_is_due_in_ten_seconds_and_silence_ends_a_connection_later() {
    let mut bench = bench(Config { idle: Duration::from_secs(60), ..Config::default() });
    accept(&mut bench, 1, [10, 0, 0, 1]);
    bench.subscribe(2, 1);
    assert_eq!(bench.run(Duration::from_micros(9_999_999)), []);
    assert_eq!(bench.run(Duration::from_micros(1)), [close(1, Fault::NoHello)]);
    assert_eq!(bench.run(Duration::from_micros(49_999_999)), []);
    assert_eq!(bench.run(Duration::from_micros(1)), [close(2, Fault::Idle)]);
}

#[test]
fn without_an_idle_time_whoever_said_hello_may_be_silent_for_ever() {
    let mut bench = bench(Config { idle: Duration::ZERO, ..Config::default() });
    bench.subscribe(1, 1);
    assert_eq!(bench.run(Duration::from_secs(100_000)), []);
    assert_eq!(bench.fetch(1, 2, &[0]).len(), 1);
}

#[test]
fn caps_hold_and_the_subscriber_idle_longest_makes_room() {
    let config = Config { max_connections: 3, max_connections_per_source: 2, ..Config::default() };
    let mut bench = bench(config);
    for slot in 1..=3 {
        bench.subscribe(slot, 1);
        bench.run(Duration::from_secs(1));
    }
    assert_eq!(bench.fetch(1, 2, &[0]).len(), 1);
    assert_eq!(accept(&mut bench, 4, [10, 9, 9, 9]), [close(2, Fault::Full)]);
    assert_eq!(accept(&mut bench, 5, [10, 9, 9, 9]), [close(3, Fault::Full)]);
    assert_eq!(accept(&mut bench, 6, [10, 9, 9, 9]), [close(6, Fault::Full)], "two from one address");
    let (first, other) = (|slot| IpAddr::from([10, 0, slot, 1]), IpAddr::from([10, 9, 9, 9]));
    let turned_away = [(first(2), Fault::Full), (first(3), Fault::Full), (other, Fault::Full)];
    assert_eq!(bench.turned_away, turned_away, "each is noted");
}

#[test]
fn leaving_closes_all_connections_and_takes_no_more() {
    let mut bench = bench(Config::default());
    bench.subscribe(1, 1);
    bench.subscribe(2, 1);
    bench.fetch(1, 2, &[0]);
    let actions = bench.tell(Event::Leave);
    assert_eq!(actions, [close(1, Fault::Stopping), close(2, Fault::Stopping), Action::Left]);
    assert_eq!(accept(&mut bench, 3, [10, 0, 0, 1]), [close(3, Fault::Stopping)]);
    assert_eq!(samara::Machine::deadline(&bench.seeder), None);
}

#[test]
fn a_slow_reader_loses_its_connection_only_while_others_wait() {
    let mut bench = bench(Config { slots: 1, ..Config::default() });
    bench.subscribe(1, 1);
    bench.subscribe(2, 1);
    bench.fetch(1, 2, &[0]);
    assert_eq!(bench.run(Duration::from_secs(60)), []);
    bench.fetch(2, 2, &[1]);
    let actions = bench.run(Duration::from_secs(1));
    assert_eq!(actions, [close(1, Fault::Slow), super::harness::serve(2, 2, 1, 1)]);
}
