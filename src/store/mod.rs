//! The store: a part file and its journal, safe at any crash.
mod config;
mod event;
pub use config::Config;
pub use event::{Action, DiskError, DiskErrorKind, Event, File, Identity, Op, Outcome};
