//! Results and events on stdout: NDJSON with `--json`, else plain lines. Each line is flushed.

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;

use samara::{FileHash, SeedId};
use serde::Serialize;

use crate::exit::{Blame, Code, Failure};
use crate::{progress, text};

/// What happens, as NDJSON tells it: one object a line, its kind in `event`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// A tracker or node accepts connections.
    Listening { role: &'static str, addr: SocketAddr },
    /// A file is served, and a tracker (if there is any) says so.
    Seeding {
        path: &'a str,
        name: &'a str,
        length: u64,
        chunks: u32,
        file_hash: FileHash,
        seed_id: SeedId,
        link: &'a str,
        /// Was it hashed by an earlier run?
        known: bool,
    },
    /// A file is served no longer.
    Withdrawn { path: &'a str, file_hash: FileHash, why: &'a str },
    /// Files are being hashed.
    Hashing { name: &'a str, bytes: u64, length: u64, rate: u64 },
    /// A file that is there is being compared.
    Checking { name: &'a str, bytes: u64, length: u64, rate: u64 },
    /// Files are being copied, for the demonstration.
    Copying { name: &'a str, bytes: u64, length: u64, rate: u64 },
    /// How far a download is; `length` is null until it is proven.
    Progress {
        phase: &'static str,
        bytes: u64,
        length: Option<u64>,
        chunks: u32,
        peers: usize,
        stale: usize,
        banned: usize,
        rate: u64,
    },
    /// A holder that was named doesn't have the file, or can't be reached.
    Stale { addr: SocketAddr, why: &'a str },
    /// A peer is not asked again.
    Banned { addr: SocketAddr, why: &'a str },
    /// The file is in place under its name.
    Done {
        path: &'a str,
        file_hash: FileHash,
        length: u64,
        seconds: f64,
        /// Of these the disk was syncing so many, most of them beside other work.
        sync_s: f64,
        resumed_bytes: u64,
        fetched_bytes: u64,
        stale: usize,
        banned: usize,
        sources: &'a [Source],
        already_present: bool,
    },
    /// Bytes of files sent since the start, and how many peers took some in the last ten seconds.
    Uploaded { bytes: u64, peers: usize, rate: u64 },
    /// What was measured: rates in bytes per second.
    Bench {
        length: u64,
        disk: u64,
        hash: u64,
        verify: u64,
        network: u64,
        download: u64,
        syncing_s: f64,
        limit: &'a str,
    },
    /// A seed file is written.
    Created {
        path: &'a str,
        seed_file: &'a str,
        name: &'a str,
        length: u64,
        chunks: u32,
        file_hash: FileHash,
        seed_id: SeedId,
    },
    /// The command has failed.
    Error { code: u8, message: &'a str, peers: &'a [Blame], trackers: &'a [Blame], next: Option<&'a str> },
}

/// Who sent how much of a finished download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    pub(crate) addr: SocketAddr,
    pub(crate) bytes: u64,
}

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
}

impl Out {
    /// As the user wants it.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Is it NDJSON?
    pub(crate) const fn json(self) -> bool {
        self.json
    }

    /// Tells an event; with plain output, nothing.
    pub(crate) fn event(self, event: &Event<'_>) {
        self.object(event);
    }

    /// Prints any object as one line of JSON; with plain output, nothing.
    pub(crate) fn object(self, object: &impl Serialize) {
        if self.json {
            match serde_json::to_string(object) {
                Ok(line) => print(&line),
                Err(error) => tracing::error!("cannot write JSON: {error}"),
            }
        }
    }

    /// Prints a line; with `--json`, nothing.
    pub(crate) fn line(self, line: &str) {
        if !self.json {
            print(line);
        }
    }
}

/// Why the first line that could not be written couldn't.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Says so if something that was printed is not where it should be.
pub(crate) fn check() -> Result<(), Failure> {
    LOST.get().map_or(Ok(()), |error| {
        let failure =
            Failure::new(Code::Disk, format!("cannot write to standard output: {}", text::os(error)));
        Err(failure.next("the same command with its output elsewhere"))
    })
}

/// Prints bytes as they are.
pub(crate) fn raw(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    // A reader that has gone (`samara ls | head`) is no failure of ours.
    if let Some(error) = written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe) {
        _ = LOST.set(error);
    }
}

fn print(line: &str) {
    progress::above_the_bar(|| raw(format!("{line}\n").as_bytes()));
}

/// A path in JSON: as it is, which JSON escapes.
pub(crate) fn json_path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_tagged_objects_with_the_documented_fields() {
        let listening = Event::Listening { role: "tracker", addr: "127.0.0.1:7070".parse().unwrap() };
        let json = serde_json::to_string(&listening).unwrap();
        assert_eq!(json, r#"{"event":"listening","role":"tracker","addr":"127.0.0.1:7070"}"#);
        let done = Event::Done {
            path: "a\nb",
            file_hash: FileHash::of_nothing(),
            length: 0,
            seconds: 0.5,
            sync_s: 0.25,
            resumed_bytes: 0,
            fetched_bytes: 0,
            stale: 0,
            banned: 0,
            sources: &[Source { addr: "127.0.0.1:1".parse().unwrap(), bytes: 9 }],
            already_present: true,
        };
        let value: serde_json::Value = serde_json::to_value(done).unwrap();
        assert_eq!(value["path"], "a\nb");
        assert_eq!(value["sources"][0]["addr"], "127.0.0.1:1");
        assert_eq!(value["file_hash"], FileHash::of_nothing().to_string());
    }
}
