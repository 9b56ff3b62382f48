//! How a file spreads: counted in large worlds, too, where nothing else is watched.

use samara::downloader::Note;
use samara::{Have, node};

use super::World;
use crate::host::{HostId, Report};

/// What the lines carried, and how far a file has spread.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// Bytes of messages, headers of chunks' frames among them.
    pub control: u64,
    /// Bytes of chunks that were accepted, as they weigh on the lines.
    pub accepted: u64,
    /// Bytes of chunks sent, as they weigh on the lines.
    pub sent: u64,
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

    /// Takes note of what a host says.
    pub(super) fn spreads(&mut self, report: &Report) {
        let Report::Node(node::Note::Download { note: Note::Verified { index, bytes, .. }, .. }) = report
        else {
            return;
        };
        self.spread.accepted += u64::from(*bytes) * self.weight.factor;
        let Some(source) = self.spread.source.as_mut().filter(|source| source.sent.is_none()) else { return };
        source.elsewhere.insert(*index);
        if source.elsewhere.is_all() {
            source.sent = Some(self.hosts[source.host.0].uploaded);
        }
    }
}
