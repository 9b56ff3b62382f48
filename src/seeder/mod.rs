//! The seeder: keeps a library announced, and serves it.
mod config;
mod event;
pub use config::Config;
pub use event::{Action, Event, FileId, Note, Served, TrackerId};
