//! The node: one seeder, any number of downloads and their stores, as one machine.
mod config;
mod event;
pub use config::Config;
pub use event::{Action, Download, Endpoint, Event, Note};
