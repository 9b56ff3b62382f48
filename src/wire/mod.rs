//! The wire: frames, messages, their bytes and their bounds.
//!
#![doc = include_str!("PROTOCOL.md")]

mod bodies;
pub mod codec;
mod convert;
mod digest;
pub mod frame;
mod kind;
mod layout;
pub mod limits;
pub mod message;
pub mod seedfile;
pub mod session;

pub use frame::{DecodeError, Decoded, Frame};
pub use message::Message;
