//! The downloader: from a hash to a verified file.
mod candidates;
mod config;
mod event;
mod fault;
pub use config::Config;
pub use event::{Action, Event, Note, Pin, Stale, Target};
pub use fault::{DownloadError, Failure, PeerFate, PeerReport, TrackerFate};
