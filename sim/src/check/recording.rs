//! A recording from anywhere.

use samara::node::Node;
use samara::record::{self, Entry, FromRecord, Restorer, Signed, Start};
use samara::tracker::Tracker;
use samara::{Machine, Time};

use crate::replay::replay;

/// Lines that are looked at: each is an event of which much may follow.
const MOST: usize = 200;

/// Replaying a recording never panics. Nor do its events if nobody minds that other actions follow from them than were
/// recorded; and each has one form in which it is written down.
pub fn recording(bytes: &[u8]) {
    drop(replay(bytes, None, |_| Ok(())));
    let mut lines = bytes.split(|byte| *byte == b'\n').take(MOST);
    let first = lines.next().and_then(|line| serde_json::from_slice(line).ok());
    let Some(Start { at, entropy, machine, .. }) = first else { return };
    let entries = lines.filter_map(|line| serde_json::from_slice(line).ok());
    match machine {
        record::Machine::Tracker(config) => run(Tracker::new(config, entropy, at), entries),
        record::Machine::Node(config) => run(Node::new(config, entropy, at), entries),
    }
}

fn run<M>(mut machine: M, entries: impl Iterator<Item = Entry>)
where
    M: Machine<Event: FromRecord, Action: Signed>,
{
    let (mut restorer, mut now) = (Restorer::new(None), Time::ZERO);
    for entry in entries {
        let line = serde_json::to_vec(&entry).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<Entry>(&line).ok().as_ref(), Some(&entry));
        let Ok(event) = M::Event::from_record(entry.event, &mut restorer) else { continue };
        now = now.max(entry.at);
        machine.handle(now, event);
        while let Some(action) = machine.poll() {
            action.sign(&mut restorer.awaited);
        }
    }
}
