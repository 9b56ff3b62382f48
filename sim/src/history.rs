//! What happened in a run, in the form that a [report](crate::report) draws.
//!
//! Whoever runs hosts takes it down as it goes: one [`Lane`] per host, then [`Moment`]s in the order in which they
//! came. It knows nothing of worlds; hosts are numbers, their places in [`History::hosts`].

use samara::Time;

/// A run of one file through a swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The hosts. A host's number is its place in here.
    pub hosts: Vec<Lane>,
    /// How many chunks the file has. (A run of several files: of all of them.)
    pub chunks: u32,
    /// When the run ended; no moment is later.
    pub end: Time,
    /// What happened, oldest first.
    pub moments: Vec<(Time, Moment)>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// What the scenario calls it. Shown as text, whatever it is.
    pub name: String,
    /// What it is there for.
    pub kind: Kind,
}

/// What a host is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Knows who has what.
    Tracker,
    /// Has the file from the start.
    Seeder,
    /// Wants the file.
    Downloader,
    /// Breaks the rules on purpose.
    Hostile,
}

/// Something that happened to one or more hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A host started, or started again.
    Up {
        /// The host.
        host: usize,
    },
    /// A host is gone.
    Down {
        /// The host.
        host: usize,
        /// How it went: crashed, killed, stopped.
        how: &'static str,
    },
    /// A host has one more chunk, and it is the right one.
    Verified {
        /// Who has it now.
        host: usize,
        /// Who sent it; none if it was on the disk already.
        from: Option<usize>,
        /// Its place in the file, from 0.
        index: u32,
        /// Its size.
        bytes: u64,
    },
    /// A host found chunks of an earlier run on its disk: it holds these many, not what it held before.
    Resumed {
        /// The host.
        host: usize,
        /// How many chunks it holds.
        chunks: u32,
    },
    /// A host was sent a chunk that isn't what it should be.
    Bad {
        /// Who noticed.
        host: usize,
        /// Who sent it.
        from: usize,
    },
    /// A host speaks to another no more.
    Banned {
        /// Who banned.
        host: usize,
        /// Who was banned.
        whom: usize,
        /// What for.
        why: String,
    },
    /// A host found that another hasn't got what it announced.
    Stale {
        /// Who noticed.
        host: usize,
        /// Who hasn't got it.
        whom: usize,
        /// How it showed.
        why: String,
    },
    /// A host was given a list of chunk hashes that isn't the file's.
    Refuted {
        /// The host that was given it.
        host: usize,
    },
    /// A tracker heard nothing of a host for its TTL and forgot it.
    Expired {
        /// The tracker.
        tracker: usize,
        /// Who was forgotten.
        host: usize,
    },
    /// A host has the whole file.
    Done {
        /// The host.
        host: usize,
    },
    /// A host gave up.
    Failed {
        /// The host.
        host: usize,
        /// What it said.
        why: String,
    },
    /// The scenario did something to hosts: cut, one-way cut, reset, clock jump, slow disk.
    Fault {
        /// What it did.
        kind: &'static str,
        /// To whom; nobody in particular if empty.
        hosts: Vec<usize>,
        /// When it is over; none if it has no length.
        until: Option<Time>,
    },
}

impl History {
    /// An empty one, of a file of `chunks` chunks.
    pub fn new(chunks: u32) -> Self {
        Self { chunks, ..Self::default() }
    }

    /// Adds a host; gives its number.
    pub fn host(&mut self, name: &str, kind: Kind) -> usize {
        self.hosts.push(Lane { name: name.to_owned(), kind });
        self.hosts.len() - 1
    }

    /// Takes down that `moment` came `at` this time, which is no earlier than any before.
    pub fn add(&mut self, at: Time, moment: Moment) {
        self.end = self.end.max(at);
        self.moments.push((at, moment));
    }
}
