//! A short conversation, to be read like the protocol's specification.

use std::fmt::Write;

use samara::seeder::{Action, Config, Event, FileId, Served};
use samara::wire::Message;

use super::harness::{Bench, link};
use super::trackers::Tracker;

/// Writes down what is said, one line each.
struct Trace {
    bench: Bench,
    tracker: Tracker,
    text: String,
}

impl Trace {
    fn event(&mut self, what: &str, actions: Vec<Action>) {
        writeln!(self.text, "{} {what}", self.bench.now).unwrap();
        self.actions(actions);
    }

    fn actions(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Ask { tracker, tag, request } => {
                    writeln!(self.text, "         to the tracker: {request:?}").unwrap();
                    let answer = self.tracker.answer(&request);
                    let more = self.bench.tell(Event::Answer { tracker, tag, answer });
                    self.actions(more);
                }
                Action::Send { link, request, message } => {
                    writeln!(self.text, "         to {link:?} under {request}: {message:?}").unwrap();
                }
                other => writeln!(self.text, "         {other:?}").unwrap(),
            }
        }
    }

    fn run(&mut self, millis: u64) {
        let end = self.bench.now + std::time::Duration::from_millis(millis);
        while let Some(actions) = self.bench.step(end) {
            self.event("time is up", actions);
        }
    }
}

#[test]
fn a_file_is_announced_tested_fetched_and_gone() {
    let mut trace = Trace {
        bench: Bench::new(Config { trackers: 1, ..Config::default() }),
        tracker: Tracker::new(),
        text: String::new(),
    };
    let actions = trace.bench.add(1);
    trace.event("a complete file", actions);
    trace.run(100);
    trace.bench.connect(1);
    let actions = trace.bench.test(1, 1, 1);
    trace.event("Test 1", actions);
    let actions = trace.bench.fetch(1, 2, &[3, 0]);
    trace.event("Fetch 2 [3, 0]", actions);
    let actions = trace.bench.fetch(1, 3, &[3, 0]);
    trace.event("Fetch 3 [3, 0]", actions);
    let actions = trace.bench.fetch(1, 4, &[1]);
    trace.event("Fetch 4 [1]", actions);
    let actions = trace.bench.served(1, 2, Served::Whole);
    trace.event("2 is sent", actions);
    let actions = trace.bench.message(1, 0, Message::Cancel { target: 4 });
    trace.event("Cancel 4", actions);
    let actions = trace.bench.served(1, 4, Served::Stopped);
    trace.event("4 is stopped", actions);
    trace.bench.disk.remove(&FileId(1));
    let actions = trace.bench.served(1, 3, Served::Changed { sent: false });
    trace.event("3 can't be read", actions);
    trace.run(100);
    let actions = trace.bench.fetch(1, 5, &[0]);
    trace.event("Fetch 5 [0]", actions);
    let actions = trace.bench.test(1, 6, 1);
    trace.event("Test 6", actions);
    assert_eq!(trace.bench.tell(Event::Closed { link: link(1) }), []);
    insta::assert_snapshot!(trace.text);
}
