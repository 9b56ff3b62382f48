//! How a download fails, told so that a user knows what to do.

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use crate::seeder::TrackerId;
use crate::store::DiskError;
use crate::wire::message::{Gone, Refusal};
use crate::wire::session::Fault;

/// Why a download failed, and what became of everyone who was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadError {
    /// The reason: the first that fits, in the order of DESIGN's exit codes.
    pub why: Failure,
    /// Every peer that was tried, with its fate.
    pub peers: Vec<PeerReport>,
    /// Every tracker, with its fate.
    pub trackers: Vec<(TrackerId, TrackerFate)>,
}

/// The reason of a failed download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The disk failed.
    Disk(DiskError),
    /// Trackers refused.
    Denied(Refusal),
    /// Bad bytes came, and no untried holder or list is left.
    Integrity,
    /// Some holder passed Test, and then nothing verified for the stall time-out.
    Stalled {
        /// A chunk that nobody could serve.
        missing: Option<u32>,
    },
    /// Some holder passed Test, and then the time for the whole download ran out.
    TimedOut,
    /// Holders were known, and none passed Test.
    NoHolder,
    /// Some tracker answered, and none knew the file.
    Unknown,
    /// No tracker answered.
    NoTracker,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(error) => error.fmt(f),
            Self::Denied(_) => f.write_str("the trackers refused"),
            Self::Integrity => f.write_str("every holder that was left sent bad bytes"),
            Self::Stalled { missing: Some(chunk) } => write!(f, "stalled: nobody could serve chunk {chunk}"),
            Self::Stalled { missing: None } => f.write_str("stalled: no new chunk came"),
            Self::TimedOut => f.write_str("the time for this download ran out"),
            Self::NoHolder => f.write_str("no holder still has the file"),
            Self::Unknown => f.write_str("no tracker knows this file"),
            Self::NoTracker => f.write_str("no tracker could be reached"),
        }
    }
}

/// One peer of a failed download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerReport {
    /// Who.
    pub addr: SocketAddr,
    /// What became of it.
    pub fate: PeerFate,
    /// Chunks that it sent and that verified.
    pub chunks: u32,
}

/// What became of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerFate {
    /// It was known, and not tried.
    Untried,
    /// It couldn't be reached, or didn't answer in time.
    Unreachable,
    /// It answered that it doesn't hold the file.
    Gone(Gone),
    /// It was busy.
    Busy,
    /// It was connected to the end.
    Connected,
    /// The connection ended.
    Lost,
    /// It was banned.
    Banned(Fault),
}

impl fmt::Display for PeerFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untried => f.write_str("was not tried"),
            Self::Unreachable => f.write_str("could not be reached"),
            Self::Gone(why) => why.fmt(f),
            Self::Busy => f.write_str("was busy"),
            Self::Connected => f.write_str("was connected, but sent nothing more"),
            Self::Lost => f.write_str("closed the connection"),
            Self::Banned(Fault::Malformed(error)) => write!(f, "was banned: {error}"),
            Self::Banned(fault) => write!(f, "was banned: it {fault}"),
        }
    }
}

/// What became of a tracker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackerFate {
    /// It never answered.
    Unreachable,
    /// It knew no holder.
    Unknown,
    /// It named so many holders in all.
    Named(u32),
    /// It refused.
    Refused(Refusal),
}

impl fmt::Display for TrackerFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("could not be reached"),
            Self::Unknown => f.write_str("does not know the file"),
            Self::Named(count) => write!(f, "named {count} holders"),
            Self::Refused(why) => write!(f, "refused: {why:?}"),
        }
    }
}
