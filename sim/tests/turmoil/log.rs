//! What the drivers of a simulation report, and when.

use std::cell::RefCell;
use std::fmt::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use samara::downloader::{Note, Stale};
use samara::wire::session::Fault;
use samara::{node, tracker};
use samara_tokio::Report;

/// All reports of a simulation, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<Entry>>>);

struct Entry {
    at: Duration,
    host: &'static str,
    what: What,
}

/// Who reports what.
#[derive(Debug)]
pub(crate) enum What {
    Node(Report),
    Tracker(tracker::Note),
}

impl Log {
    /// Writes down what `host` reports now.
    pub(crate) fn add(&self, host: &'static str, what: What) {
        let at = turmoil::sim_elapsed().unwrap_or_default();
        self.0.borrow_mut().push(Entry { at, host, what });
    }

    /// Whose files trackers have acknowledged, once for each time.
    pub(crate) fn announced(&self) -> Vec<&'static str> {
        let announced =
            |entry: &Entry| matches!(entry.what, What::Node(Report::Announced { .. })).then_some(entry.host);
        self.0.borrow().iter().filter_map(announced).collect()
    }

    /// Which chunks were accepted, and from whom.
    pub(crate) fn verified(&self) -> Vec<(u32, SocketAddr)> {
        self.downloads(|note| {
            if let Note::Verified { index, from, .. } = note { Some((*index, *from)) } else { None }
        })
    }

    /// Who was banned, and for what.
    pub(crate) fn banned(&self) -> Vec<(SocketAddr, Fault)> {
        self.downloads(
            |note| if let Note::Banned { addr, fault } = note { Some((*addr, *fault)) } else { None },
        )
    }

    /// Who was found stale, and how.
    pub(crate) fn stale(&self) -> Vec<(SocketAddr, Stale)> {
        self.downloads(|note| if let Note::Stale { addr, why } = note { Some((*addr, *why)) } else { None })
    }

    /// What `pick` finds in the notes of all downloads.
    fn downloads<T>(&self, pick: impl Fn(&Note) -> Option<T>) -> Vec<T> {
        let note = |entry: &Entry| match &entry.what {
            What::Node(Report::Note(node::Note::Download { note, .. })) => pick(note),
            What::Node(_) | What::Tracker(_) => None,
        };
        self.0.borrow().iter().filter_map(note).collect()
    }

    /// When the tracker found a lease expired, and whose.
    pub(crate) fn expired(&self) -> Vec<(Duration, SocketAddr)> {
        let expired = |entry: &Entry| match entry.what {
            What::Tracker(tracker::Note::Expired { node, .. }) => Some((entry.at, node)),
            What::Tracker(_) | What::Node(_) => None,
        };
        self.0.borrow().iter().filter_map(expired).collect()
    }

    /// Everything as text, a line each, but for what the real disk has a say in.
    pub(crate) fn trace(&self) -> String {
        let mut out = String::new();
        for Entry { at, host, what } in self.0.borrow().iter() {
            let result = if let What::Node(Report::Done { file, seed, .. }) = what {
                writeln!(out, "{at:?} {host} {file:?} is complete: {}", seed.file_hash())
            } else {
                writeln!(out, "{at:?} {host} {what:?}")
            };
            result.expect("a string takes everything");
        }
        out
    }
}
