//! `samara tracker`: its options.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::world::{World, text, until};

#[test]
fn metrics_are_served_over_http() {
    let world = World::new();
    let args = ["tracker", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--json"];
    let mut tracker = world.spawn(&args);
    let listening = [tracker.event("listening"), tracker.event("listening")];
    let of = |role: &str| text(listening.iter().find(|event| event["role"] == role).unwrap(), "addr");
    let (addr, metrics) = (of("tracker"), of("metrics"));
    world.expect(0, &["ls", "--tracker", &addr]);
    assert!(get(&metrics, "/metrics").starts_with("HTTP/1.1 200 OK"));
    assert!(get(&metrics, "/").starts_with("HTTP/1.1 404"));
    until("the connection is counted", || {
        get(&metrics, "/metrics").contains("samara_tracker_accepted 1\n").then_some(())
    });
}

#[test]
fn whoever_is_turned_away_is_counted() {
    let world = World::new();
    let args = ["tracker", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--json"];
    let mut tracker = world.spawn(&[&args[..], &["--max-connections-per-source", "2"]].concat());
    let listening = [tracker.event("listening"), tracker.event("listening")];
    let of = |role: &str| text(listening.iter().find(|event| event["role"] == role).unwrap(), "addr");
    let _crowd: Vec<_> = (0..5).map(|_| TcpStream::connect(of("tracker")).unwrap()).collect();
    until("three too many are counted", || {
        let three = "samara_tracker_turned_away_total{why=\"full\"} 3\n";
        get(&of("metrics"), "/metrics").contains(three).then_some(())
    });
}

#[test]
fn an_address_that_is_taken_is_an_error_with_a_way_out() {
    let world = World::new();
    let tracker = world.tracker(&[]);
    let ended = world.expect(1, &["tracker", "--listen", &tracker.addr]);
    assert!(ended.stderr.contains(&tracker.addr) && ended.stderr.contains("port 0"), "{}", ended.stderr);
    let args = ["tracker", "--listen", "127.0.0.1:0", "--metrics", &tracker.addr];
    assert!(world.expect(1, &args).stderr.contains("next: --metrics with another port"));
}

#[test]
fn plain_output_says_where_it_listens() {
    let world = World::new();
    let mut tracker = world.spawn(&["tracker", "--listen", "localhost:0"]);
    assert!(tracker.line().unwrap().starts_with("tracker listening on 127.0.0.1:"));
}

fn get(addr: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
