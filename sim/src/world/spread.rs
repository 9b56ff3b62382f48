//! How a file spreads: counted in large worlds, too, where nothing else is watched.

use std::collections::BTreeMap;

use samara::downloader::Note;
use samara::{Have, node};

use super::World;
use crate::host::{HostId, Report};
use crate::net::ConnId;

/// What the lines carried, and how far a file has spread.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// Bytes of messages, headers of chunks' frames among them.
    pub control: u64,
    /// Bytes of chunks that were accepted, as they weigh on the lines.
    pub accepted: u64,
    /// Bytes of chunks sent, as they weigh on the lines.
    pub sent: u64,
    /// Chunks that were not what they should have been: who received how many from whom.
    bad: BTreeMap<(HostId, HostId), u64>,
    source: Option<Source>,
}

/// Where a file comes from.
#[derive(Clone, Debug)]
struct Source {
    host: HostId,
    /// Chunks that somebody else has.
    elsewhere: Have,
    /// What the source had sent when all were.
    sent: Option<u64>,
}

impl Spread {
    /// Chunks received that were not what they should have been.
    pub fn bad_chunks(&self) -> u64 {
        self.bad.values().sum()
    }

    /// The most of them that one host received from one other.
    pub fn bad_per_pair(&self) -> u64 {
        self.bad.values().copied().max().unwrap_or(0)
    }
}

impl World {
    /// From now on it is counted what `source` sends until each of the chunks is somewhere else.
    pub fn count_from(&mut self, source: HostId, chunks: u32) {
        self.spread.source = Some(Source { host: source, elsewhere: Have::none(chunks), sent: None });
    }

    /// What the lines carried so far.
    pub const fn spread(&self) -> &Spread {
        &self.spread
    }

    /// Bytes that the source had sent when each chunk was somewhere else, if that is so.
    pub fn sent_until_elsewhere(&self) -> Option<u64> {
        self.spread.source.as_ref()?.sent
    }

    /// A host has received a chunk that is not what it should be.
    pub(super) fn received_bad(&mut self, id: ConnId, host: HostId) {
        if let Some(from) = self.net.get(id).and_then(|conn| conn.other_than(host)) {
            *self.spread.bad.entry((host, from)).or_default() += 1;
        }
    }

    /// Takes note of what a host says.
    pub(super) fn spreads(&mut self, host: HostId, report: &Report) {
        let Report::Node(node::Note::Download { note: Note::Verified { index, bytes, .. }, .. }) = report
        else {
            return;
        };
        self.hosts[host.0].held += 1;
        self.spread.accepted += u64::from(*bytes) * self.weight.factor;
        let Some(source) = self.spread.source.as_mut().filter(|source| source.sent.is_none()) else { return };
        source.elsewhere.insert(*index);
        if source.elsewhere.is_all() {
            source.sent = Some(self.hosts[source.host.0].uploaded);
        }
    }
}
