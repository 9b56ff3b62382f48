//! The tracker: who holds what, for as long as their leases last.
mod config;
mod event;
pub use config::Config;
pub use event::{Action, Event, Note};
