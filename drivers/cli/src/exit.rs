//! How a command ends: the exit codes, and which failure has which. The one place.

use std::fmt::Display;
use std::io;
use std::path::Path;

use samara::downloader::{self, DownloadError, PeerReport};
use samara::store::{DiskError, DiskErrorKind};
use serde::Serialize;

use crate::text;

/// What every command returns: the code to exit with.
pub(crate) type Outcome = Result<Code, Failure>;

/// Exit codes; stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// It worked.
    Ok = 0,
    /// Something else failed.
    Other = 1,
    /// Bad usage, or a target that is no hash, no link and no valid seed file.
    Usage = 2,
    /// Unknown at every tracker that answered.
    Unknown = 3,
    /// Holders are known, but none passed Test.
    NoHolder = 4,
    /// Bad bytes, and nobody else to ask.
    Integrity = 5,
    /// No tracker answered.
    NoTracker = 6,
    /// Not allowed.
    Denied = 7,
    /// Stalled or timed out.
    Stalled = 8,
    /// The disk: not writable, full, failing.
    Disk = 9,
    /// The target exists and differs.
    Differs = 10,
    /// Stopped by ^C.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

/// Why a command failed: what, who, and what to type next.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) peers: Vec<Blame>,
    pub(crate) trackers: Vec<Blame>,
    pub(crate) next: Option<String>,
}

/// One peer or tracker of a failure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Blame {
    /// Its address (or, for a tracker, what the user typed).
    pub(crate) addr: String,
    /// What became of it.
    pub(crate) why: String,
    /// Chunks that it sent and that verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chunks: Option<u32>,
}

impl Blame {
    /// For a tracker or peer that was only asked.
    pub(crate) fn new(addr: impl Display, why: impl Display) -> Self {
        Self { addr: addr.to_string(), why: why.to_string(), chunks: None }
    }
}

impl Failure {
    /// A failure without further blame.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), peers: Vec::new(), trackers: Vec::new(), next: None }
    }

    /// Bad usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// A local file that can't be read or written.
    pub(crate) fn disk(doing: &str, path: &Path, error: &io::Error) -> Self {
        let message = format!("cannot {doing} {}: {}", text::path(path), text::os(error));
        Self::new(Code::Disk, message).next(look_at(path, error))
    }

    /// An argument that can't be read.
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self { code: Code::Usage, ..Self::disk("read", path, error) }
    }

    /// An address where nothing can listen.
    pub(crate) fn listen(addr: impl Display, error: &io::Error) -> Self {
        let failure = Self::new(Code::Other, format!("cannot listen on {addr}: {}", text::os(error)));
        failure.next("--listen with another port; port 0 takes a free one")
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Which trackers had a part in it.
    #[must_use]
    pub(crate) fn trackers(mut self, trackers: Vec<Blame>) -> Self {
        self.trackers = trackers;
        self
    }

    /// A failed download, with the trackers as the user named them.
    pub(crate) fn download(error: &DownloadError, trackers: &[String]) -> Self {
        let named = |index: u16| trackers.get(usize::from(index)).map_or("tracker", String::as_str);
        let peer = |report: &PeerReport| Blame {
            addr: report.addr.to_string(),
            why: report.fate.to_string(),
            chunks: Some(report.chunks),
        };
        Self {
            code: code_of(&error.why),
            message: error.why.to_string(),
            peers: error.peers.iter().map(peer).collect(),
            trackers: error.trackers.iter().map(|(id, fate)| Blame::new(named(id.0), fate)).collect(),
            next: None,
        }
    }

    /// A failed download that this machine's disk stopped: it says where, and no tracker had a part in it.
    pub(crate) fn writing(mut self, path: &Path) -> Self {
        self.message = format!("cannot write {}: {}", text::path(path), self.message);
        self.trackers = Vec::new();
        self
    }
}

/// What to do about a path that the system refuses.
fn look_at(path: &Path, error: &io::Error) -> String {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if error.kind() == io::ErrorKind::NotFound {
        format!("ls {} shows what is there", text::shell_path(folder))
    } else {
        let (folder, path) = (text::shell_path(folder), text::shell_path(path));
        format!("ls -ld {folder} {path} shows what it is, and who may use it")
    }
}

/// Which code a failed download has.
const fn code_of(why: &downloader::Failure) -> Code {
    match why {
        downloader::Failure::Disk(DiskError { kind: DiskErrorKind::Exists, .. }) => Code::Differs,
        downloader::Failure::Disk(_) => Code::Disk,
        downloader::Failure::Denied(_) => Code::Denied,
        downloader::Failure::Integrity => Code::Integrity,
        downloader::Failure::Stalled { .. } | downloader::Failure::TimedOut => Code::Stalled,
        downloader::Failure::NoHolder => Code::NoHolder,
        downloader::Failure::Unknown => Code::Unknown,
        downloader::Failure::NoTracker => Code::NoTracker,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::seeder::TrackerId;
    use samara::wire::message::Refusal;

    #[test]
    fn every_failed_download_has_the_documented_code() {
        let disk = |kind| downloader::Failure::Disk(DiskError { kind, doing: "writing", os: None });
        let table = [
            (disk(DiskErrorKind::Full), 9),
            (disk(DiskErrorKind::NoFolder), 9),
            (disk(DiskErrorKind::Exists), 10),
            (downloader::Failure::Denied(Refusal::Quota), 7),
            (downloader::Failure::Integrity, 5),
            (downloader::Failure::Stalled { missing: Some(3) }, 8),
            (downloader::Failure::TimedOut, 8),
            (downloader::Failure::NoHolder, 4),
            (downloader::Failure::Unknown, 3),
            (downloader::Failure::NoTracker, 6),
        ];
        for (why, code) in table {
            assert_eq!(code_of(&why) as u8, code, "{why}");
        }
    }

    #[test]
    fn a_failed_download_names_peers_and_trackers() {
        let peer = PeerReport {
            addr: "10.0.0.1:5".parse().unwrap(),
            fate: downloader::PeerFate::Unreachable,
            chunks: 7,
        };
        let error = DownloadError {
            why: downloader::Failure::NoHolder,
            peers: vec![peer],
            trackers: vec![(TrackerId(0), downloader::TrackerFate::Named(1))],
        };
        let failure = Failure::download(&error, &["t:7070".to_owned()]);
        assert_eq!(failure.code, Code::NoHolder);
        assert_eq!((failure.peers[0].addr.as_str(), failure.peers[0].chunks), ("10.0.0.1:5", Some(7)));
        assert_eq!(failure.trackers[0].addr, "t:7070");
    }
}
