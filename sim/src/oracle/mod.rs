//! The rules that every run is held to, checked whenever something happens that could break one.
//!
//! - **Bytes**: no file under its final name but the one that was asked for; nothing served, claimed or announced that
//!   isn't on the disk, byte by byte what its list says. A crash leaves nothing to be claimed that isn't there.
//! - **Leases**: a tracker names a holder only while the last announcement that it acknowledged is younger than its TTL
//!   (`leases.rs`); a change counts only on top of what the same process announced; a file that is gone is announced no
//!   more once it was looked at.
//! - **Conversations**: numbers grow, each request is answered exactly once or its connection ends (`talk.rs`); a peer
//!   that is busy is left alone as long as it asked for; a chunk that came by another way is cancelled; nobody is
//!   answered before a Hello, and what can be answered at once is.
//! - **Memory**: nobody who was banned is dialled again, and trackers are told of him and of lists that were refuted
//!   (`learned.rs`); chunks that are safe on the disk are not fetched again (`safe.rs`).
//! - **Bounds**: requests that wait at a seeder, bytes that a downloader has under way and copies of a chunk, holders in
//!   an answer, bytes that a node with a limit sends, how long a dial or a silent connection is borne.
//! - **The interface**: nothing is done to a connection that is closed, no deadline stays in the past
//!   however often its machine is woken.
//!
//! Only honest machines are held to them: see [`World::mark`](crate::world::World::mark).

pub(crate) mod learned;
pub(crate) mod leases;
pub(crate) mod safe;
pub(crate) mod talk;

use std::collections::BTreeMap;
use std::sync::Arc;

use samara::seeder::FileId;
use samara::{FileHash, Seed, SeedId, Time};

use crate::host::HostId;
use crate::net::ConnId;
use learned::Learned;
use leases::Leases;
use safe::Safe;

/// What the rules need to know of a world, and which were broken.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    mistakes: Vec<String>,
    /// Every list that was ever shared or asked for, true or false.
    pub(crate) seeds: BTreeMap<SeedId, Arc<Seed>>,
    /// The bytes of lists that are true.
    pub(crate) truth: BTreeMap<SeedId, Arc<Vec<u8>>>,
    /// What each tracker has acknowledged.
    pub(crate) leases: BTreeMap<HostId, Leases>,
    /// Bad chunks, by who got them and who sent them.
    pub(crate) bad: BTreeMap<(HostId, HostId), u32>,
    /// Requests for a chunk that has just come by another way: to be cancelled before the host is done.
    pub(crate) superfluous: Vec<(ConnId, u32)>,
    /// What the download of a host has learned.
    pub(crate) learned: BTreeMap<HostId, Learned>,
    /// What of a download can be lost no more.
    pub(crate) safe: BTreeMap<(HostId, FileId), Safe>,
    /// Hosts whose file is gone or changed, and how often each tracker has taken an announcement of it since.
    pub(crate) spoiled: BTreeMap<HostId, BTreeMap<HostId, u32>>,
    /// Hosts that share a file no longer, and since when.
    pub(crate) withdrawn: BTreeMap<HostId, (Time, FileHash)>,
}

/// Mistakes that are kept.
const MAX_MISTAKES: usize = 32;

impl Oracle {
    /// The rules that were broken, a line each; the first of them.
    pub(crate) fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    /// A rule was broken.
    pub(crate) fn add(&mut self, mistake: String) {
        if self.mistakes.len() < MAX_MISTAKES {
            self.mistakes.push(mistake);
        }
    }
}
