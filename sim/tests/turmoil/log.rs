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

/// A chunk that a downloader has accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub(crate) at: Duration,
    pub(crate) host: &'static str,
    pub(crate) index: u32,
    pub(crate) from: SocketAddr,
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

    /// Whose files trackers have acknowledged, once for each time that a host was started.
    pub(crate) fn announced(&self) -> Vec<&'static str> {
        self.reports(|_, host, report| matches!(report, Report::Announced { .. }).then_some(host))
    }

    /// When a download was complete, and on which host.
    pub(crate) fn done(&self) -> Vec<(Duration, &'static str)> {
        self.reports(|at, host, report| matches!(report, Report::Done { .. }).then_some((at, host)))
    }

    /// Which chunks were accepted, and from whom.
    pub(crate) fn verified(&self) -> Vec<(u32, SocketAddr)> {
        self.chunks().into_iter().map(|chunk| (chunk.index, chunk.from)).collect()
    }

    /// All about the chunks that were accepted.
    pub(crate) fn chunks(&self) -> Vec<Chunk> {
        self.downloads(|at, host, note| {
            let Note::Verified { index, from, .. } = note else { return None };
            Some(Chunk { at, host, index: *index, from: *from })
        })
    }

    /// Who was banned, and for what.
    pub(crate) fn banned(&self) -> Vec<(SocketAddr, Fault)> {
        self.downloads(
            |_, _, note| {
                if let Note::Banned { addr, fault } = note { Some((*addr, *fault)) } else { None }
            },
        )
    }

    /// Who was found stale, and how.
    pub(crate) fn stale(&self) -> Vec<(SocketAddr, Stale)> {
        self.downloads(
            |_, _, note| {
                if let Note::Stale { addr, why } = note { Some((*addr, *why)) } else { None }
            },
        )
    }

    /// Which hosts lost a connection that was in use, when, and to whom.
    pub(crate) fn lost(&self) -> Vec<(Duration, &'static str, SocketAddr)> {
        self.downloads(
            |at, host, note| {
                if let Note::Lost { addr } = note { Some((at, host, *addr)) } else { None }
            },
        )
    }

    /// When a tracker answered a download, and how many holders it named.
    pub(crate) fn named(&self) -> Vec<(Duration, u32)> {
        self.downloads(
            |at, _, note| if let Note::Found { holders, .. } = note { Some((at, *holders)) } else { None },
        )
    }

    /// How many bytes of an earlier run were taken up, and where.
    pub(crate) fn resumed(&self) -> Vec<(&'static str, u64)> {
        self.downloads(
            |_, host, note| if let Note::Resumed { bytes } = note { Some((host, *bytes)) } else { None },
        )
    }

    /// What `pick` finds in the notes of all downloads.
    fn downloads<T>(&self, pick: impl Fn(Duration, &'static str, &Note) -> Option<T>) -> Vec<T> {
        self.reports(|at, host, report| {
            let Report::Note(node::Note::Download { note, .. }) = report else { return None };
            pick(at, host, note)
        })
    }

    /// What `pick` finds in the reports of all nodes.
    fn reports<T>(&self, pick: impl Fn(Duration, &'static str, &Report) -> Option<T>) -> Vec<T> {
        let report = |Entry { at, host, what }: &Entry| match what {
            What::Node(report) => pick(*at, host, report),
            What::Tracker(_) => None,
        };
        self.0.borrow().iter().filter_map(report).collect()
    }

    /// When the tracker found a lease expired, and whose.
    pub(crate) fn expired(&self) -> Vec<(Duration, SocketAddr)> {
        self.tracker(
            |at, note| {
                if let tracker::Note::Expired { node, .. } = note { Some((at, *node)) } else { None }
            },
        )
    }

    /// When a lease began at the tracker, and whose.
    pub(crate) fn joined(&self) -> Vec<(Duration, SocketAddr)> {
        self.tracker(
            |at, note| if let tracker::Note::Joined { node, .. } = note { Some((at, *node)) } else { None },
        )
    }

    /// What `pick` finds in the notes of the tracker.
    fn tracker<T>(&self, pick: impl Fn(Duration, &tracker::Note) -> Option<T>) -> Vec<T> {
        let note = |entry: &Entry| match &entry.what {
            What::Tracker(note) => pick(entry.at, note),
            What::Node(_) => None,
        };
        self.0.borrow().iter().filter_map(note).collect()
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
