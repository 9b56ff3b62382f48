//! What is said to and by a tracker.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::SeedKey;
use crate::hash::{FileHash, SeedId};
use crate::name::SafeName;

/// One file that a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Which.
    pub key: SeedKey,
    /// Wholly, or only some chunks?
    pub complete: bool,
}

/// A node's announcement, or one page of it. (`set_torrent_list`)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The port at which the node serves; its address is the connection's source.
    pub port: u16,
    /// An address to announce instead, honoured only by trackers that were told to trust the source.
    pub advertise: Option<SocketAddr>,
    /// Which announcement the page belongs to; grows with each.
    pub generation: u64,
    /// Which page, from 0.
    pub page: u32,
    /// Is it the last one? The announcement takes effect with it.
    pub last: bool,
    /// [`Digest`] of the set that `Delta` and `Same` build on; zero for `All`.
    pub base: Digest,
    /// The change.
    pub set: UpdateSet,
}

/// What an [`Update`] says about the set of held files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateSet {
    /// Exactly these (with the generation's other pages).
    All(Vec<Entry>),
    /// The base without the removed and with the added, which replace entries of the same key.
    Delta {
        /// New, or changed in completeness.
        added: Vec<Entry>,
        /// No longer held.
        removed: Vec<SeedKey>,
    },
    /// The base, unchanged.
    Same,
}

/// The sum, modulo 2²⁵⁶, of SHA-256 over each entry (file hash, seed id, 1 or 0 for complete or partial), as
/// big-endian bytes: equal sets have equal digests, and adding or removing an entry is one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

/// A tracker's answer to an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// Drawn when the tracker started: a new one means that it forgot everything.
    pub epoch: u64,
    /// It started less than one TTL ago, so it may not know everybody yet.
    pub warming: bool,
    /// How long the lease lasts without another `Update`.
    pub ttl: Duration,
    /// How often to send one.
    pub interval: Duration,
    /// Digest of the set that it now keeps for this node.
    pub digest: Digest,
    /// Nothing was applied or renewed: send `All`.
    pub resend: bool,
    /// Seeds that it has never seen: please [`Publish`](super::Message::Publish).
    pub want: Vec<SeedId>,
}

/// A downloader's question. (`get_seeder_list`)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The file.
    pub file_hash: FileHash,
    /// Only holders of this list.
    pub seed_id: Option<SeedId>,
    /// Holders not to name again; filters this answer only.
    pub stale: Vec<HolderAddr>,
    /// Lists not to name again; filters this answer only.
    pub refuted: Vec<SeedId>,
}

/// A tracker's answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holders {
    /// The lists that are claimed for this file, at most [`MAX_SEED_IDS`](crate::wire::limits::MAX_SEED_IDS).
    pub seeds: Vec<SeedCount>,
    /// Some holders, at most [`MAX_HOLDERS`](crate::wire::limits::MAX_HOLDERS).
    pub holders: Vec<Holder>,
    /// As in [`Updated`]: an empty answer from a warming tracker proves nothing.
    pub warming: bool,
}

/// How many hold a file under one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedCount {
    /// The list.
    pub seed_id: SeedId,
    /// Claimed complete holders.
    pub complete: u32,
    /// Claimed partial holders.
    pub partial: u32,
}

impl SeedCount {
    /// Counts one more holder.
    pub(crate) const fn add(&mut self, complete: bool) {
        let count = if complete { &mut self.complete } else { &mut self.partial };
        *count = count.saturating_add(1);
    }
}

/// Somebody who claims to hold a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Where.
    pub addr: HolderAddr,
    /// Under which list.
    pub seed_id: SeedId,
    /// Wholly?
    pub complete: bool,
}

/// Where a holder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderAddr {
    /// On the tracker's own host: at this port of the address under which the asker reached the tracker.
    SameHost(u16),
    /// At this address.
    At(SocketAddr),
}

impl HolderAddr {
    /// The address to dial for someone who reached the tracker at `tracker`. None for an address that must not be
    /// dialled: port 0, unspecified or multicast; loopback unless the tracker itself was reached over loopback.
    pub fn resolve(self, tracker: IpAddr) -> Option<SocketAddr> {
        let addr = match self {
            Self::SameHost(port) => SocketAddr::new(tracker, port),
            Self::At(addr) => addr,
        };
        let ip = addr.ip().to_canonical();
        let forbidden = addr.port() == 0 || ip.is_unspecified() || ip.is_multicast();
        let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
        let stray = ip.is_loopback() && !tracker.to_canonical().is_loopback();
        (!forbidden && !broadcast && !stray).then_some(SocketAddr::new(ip, addr.port()))
    }
}

/// A request for one page of all seeds. (`get_torrent_list`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// [`Listing::next`] of the page before; 0 for the first.
    pub after: u64,
    /// At most so many; a tracker may send fewer.
    pub limit: u16,
}

/// One page of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// At most [`MAX_SUMMARIES`](crate::wire::limits::MAX_SUMMARIES).
    pub summaries: Vec<Summary>,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

/// One seed of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Which.
    pub key: SeedKey,
    /// Its name and length in bytes, if the tracker has the seed itself.
    pub about: Option<(SafeName, u64)>,
    /// Claimed complete holders.
    pub complete: u32,
    /// Claimed partial holders.
    pub partial: u32,
}
