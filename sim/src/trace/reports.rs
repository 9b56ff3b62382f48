//! What machines tell their users, in a few words.

use samara::downloader::{DownloadError, Note, Stale};
use samara::node;
use samara::seeder;
use samara::tracker;

use super::{Detail, Names};
use crate::host::Report;

impl Report {
    /// In how detailed a trace it belongs.
    pub(crate) const fn detail(&self) -> Detail {
        match self {
            Self::Node(node::Note::Seeder(seeder::Note::Uploaded { .. })) => Detail::All,
            Self::Node(_)
            | Self::Announced { .. }
            | Self::Done { .. }
            | Self::Failed { .. }
            | Self::Stopped
            | Self::Tracker(_) => Detail::Wire,
        }
    }
}

impl Names {
    /// A report as the rest of a sentence about its host.
    pub(crate) fn report(&self, report: &Report) -> String {
        match report {
            Report::Announced { file, tracker } => {
                format!("is announced at tracker {} with file {}", tracker.0, file.0)
            }
            Report::Done { file } => format!("has file {} in place", file.0),
            Report::Failed { file, error } => format!("gives up file {}: {}", file.0, self.failure(error)),
            Report::Stopped => "has stopped".to_owned(),
            Report::Node(node::Note::Seeder(note)) => self.seeder(note),
            Report::Node(node::Note::Download { file, note }) => {
                format!("{} (file {})", self.download(note), file.0)
            }
            Report::Tracker(note) => self.tracker(note),
        }
    }

    pub(crate) fn failure(&self, error: &DownloadError) -> String {
        let peers = error.peers.iter().map(|peer| format!("; {}: {}", self.of(peer.addr), peer.fate));
        let trackers = error.trackers.iter().map(|(id, fate)| format!("; tracker {}: {fate}", id.0));
        format!("{}{}", error.why, peers.chain(trackers).collect::<String>())
    }

    pub(crate) fn download(&self, note: &Note) -> String {
        match note {
            Note::Chosen { seed } => format!("goes by {seed:?}"),
            Note::Proven { length } => format!("knows for certain that there are {length} B"),
            Note::Resumed { bytes } => format!("has {bytes} B from an earlier run"),
            Note::Verified { index, bytes, from } => {
                format!("has verified chunk {index}, {bytes} B from {}", self.of(*from))
            }
            Note::Dropped { bytes } => format!("drops {bytes} B of a refuted list"),
            Note::Tested { addr, chunks } => format!("may fetch {chunks} chunks from {}", self.of(*addr)),
            Note::Stale { addr, why: Stale::Unreachable } => {
                format!("finds {} stale: it can't be reached", self.of(*addr))
            }
            Note::Stale { addr, why: Stale::Gone(why) } => format!("finds {} stale: {why}", self.of(*addr)),
            Note::Banned { addr, fault } => format!("bans {}, which {fault}", self.of(*addr)),
            Note::Lost { addr } => format!("loses {}", self.of(*addr)),
            Note::Refuted { seed_id } => format!("refutes list {seed_id:?}"),
            Note::Found { tracker, holders, .. } => {
                format!("has {holders} holders named by tracker {}", tracker.0)
            }
            Note::Unreachable { tracker } => format!("can't reach tracker {}", tracker.0),
        }
    }

    pub(crate) fn seeder(&self, note: &seeder::Note) -> String {
        match note {
            seeder::Note::Changed { file } => format!("finds that file {} has changed or is gone", file.0),
            seeder::Note::Uploaded { file, to, bytes } => {
                format!("has sent {bytes} B of file {} to {}", file.0, self.of(*to))
            }
            seeder::Note::TurnedAway { from, why } => format!("turns {} away: {why}", self.of(*from)),
            seeder::Note::Unreachable { tracker } => format!("can't reach tracker {}", tracker.0),
            seeder::Note::Refused { tracker, why } => format!("is refused by tracker {}: {why:?}", tracker.0),
        }
    }

    pub(crate) fn tracker(&self, note: &tracker::Note) -> String {
        match note {
            tracker::Note::Joined { node, entries } => format!("knows {entries} files of {}", self.of(*node)),
            tracker::Note::Expired { node, entries } => {
                format!("forgets {entries} files of {}: a TTL has passed", self.of(*node))
            }
            tracker::Note::Left { node } => format!("forgets {}: it has left", self.of(*node)),
            tracker::Note::Published { key } => format!("keeps list {:?}", key.seed_id),
            tracker::Note::Queried { file_hash, holders } => {
                format!("names {holders} holders of {file_hash:?}")
            }
            tracker::Note::TurnedAway { from, why } => format!("turns {} away: {why}", self.of(*from)),
            tracker::Note::Refused { from, why } => format!("refuses {}: {why:?}", self.of(*from)),
        }
    }
}
