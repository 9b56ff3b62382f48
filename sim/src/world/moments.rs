//! What hosts report, as moments of a history.

use std::net::SocketAddr;

use samara::downloader::{Note, Stale};
use samara::{node, tracker};

use super::World;
use crate::history::Moment;
use crate::host::{Holding, HostId, Report};

impl World {
    /// What a report is to a history, if there is one that is being taken down.
    pub(super) fn moment(&mut self, host: HostId, report: &Report) -> Option<Moment> {
        let all = self.history.as_ref()?.chunks;
        let state = &mut self.hosts[host.0];
        if let Report::Node(node::Note::Download { file, note }) = report {
            let whole = state.library.get(file).and_then(Holding::length);
            if let (Note::Resumed { bytes }, Some(whole)) = (note, whole) {
                // Chunks are of one size, but for the last one.
                let share = bytes.saturating_mul(all.into()).div_ceil(whole.max(1));
                state.held += u32::try_from(share).unwrap_or(all);
                return Some(Moment::Resumed { host: host.0, chunks: state.held.min(all) });
            }
        }
        match report {
            Report::Done { .. } => Some(Moment::Done { host: host.0 }),
            Report::Failed { error, .. } => Some(Moment::Failed { host: host.0, why: error.why.to_string() }),
            Report::Node(node::Note::Download { note, .. }) => self.download_moment(host.0, note),
            Report::Tracker(tracker::Note::Expired { node, .. }) => {
                Some(Moment::Expired { tracker: host.0, host: self.number_of(*node)? })
            }
            Report::Node(node::Note::Seeder(_)) | Report::Tracker(_) => None,
            Report::Announced { .. } | Report::Stopped => None,
        }
    }

    fn download_moment(&self, host: usize, note: &Note) -> Option<Moment> {
        Some(match note {
            Note::Verified { index, bytes, from } => Moment::Verified {
                host,
                from: self.number_of(*from),
                index: *index,
                bytes: u64::from(*bytes),
            },
            Note::Banned { addr, fault } => {
                Moment::Banned { host, whom: self.number_of(*addr)?, why: fault.to_string() }
            }
            Note::Stale { addr, why } => {
                let why = match why {
                    Stale::Unreachable => "can't be reached".to_owned(),
                    Stale::Gone(why) => why.to_string(),
                };
                Moment::Stale { host, whom: self.number_of(*addr)?, why }
            }
            Note::Refuted { .. } => Moment::Refuted { host },
            Note::Chosen { .. } | Note::Proven { .. } | Note::Resumed { .. } | Note::Dropped { .. } => {
                return None;
            }
            Note::Tested { .. } | Note::Lost { .. } | Note::Found { .. } | Note::Unreachable { .. } => {
                return None;
            }
        })
    }

    fn number_of(&self, addr: SocketAddr) -> Option<usize> {
        self.addrs.get(&addr).map(|host| host.0)
    }
}
