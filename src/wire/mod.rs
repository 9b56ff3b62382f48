//! The wire: frames, messages, their bytes and their bounds.
//!
#![doc = include_str!("PROTOCOL.md")]

pub mod codec;
mod digest;
pub mod frame;
pub mod limits;
pub mod message;
pub mod session;

pub use frame::{DecodeError, Decoded, Frame};
pub use message::Message;
