//! Frames: twelve bytes of header, then a body. (PROTOCOL.md, "Frames")

use core::fmt;

use super::message::Message;

/// Which role a kind of message plays in a conversation; bits 0-1 of the header's flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Dialer to acceptor, numbered from 1 upwards; 0 for `Hello` and `Cancel`.
    Request,
    /// Acceptor to dialer, under the request's number.
    Answer,
    /// Acceptor to dialer, under the number of the subscription's `Test`.
    Push,
    /// Acceptor to dialer: bytes of the chunk announced under the same number.
    Data,
}

/// One frame taken off a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message under its request number.
    Message {
        /// The number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// `len` raw bytes of the chunk that is being answered to `request` follow the header. They are not taken off:
    /// the reader puts them straight where they belong.
    Data {
        /// The number of the `Fetch`.
        request: u32,
        /// How many bytes follow.
        len: u32,
    },
    /// A request of a kind that this version doesn't know: to be answered with `Unsupported`.
    UnknownRequest {
        /// Its number.
        request: u32,
    },
    /// Something else that this version doesn't know: to be ignored.
    Unknown,
}

/// What the front of a buffer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// No whole frame yet: go on when the buffer holds at least so many bytes.
    Need(usize),
    /// A frame, in the first `used` bytes.
    Frame {
        /// The frame.
        frame: Frame,
        /// Bytes to drop from the front of the buffer.
        used: usize,
    },
}

/// Why bytes are no frame of this protocol. The connection can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DecodeError {
    /// The header announces a body longer than its kind may have.
    TooLong {
        /// The kind in the header.
        kind: u16,
        /// The announced length.
        len: u32,
    },
    /// The flags don't fit the kind, or have unknown bits set.
    Flags {
        /// The kind in the header.
        kind: u16,
        /// The flags.
        flags: u16,
    },
    /// The body isn't what its kind says: too short, too long, or out of bounds.
    Body {
        /// The kind in the header.
        kind: u16,
    },
    /// A `Hello` without the magic word: this isn't samara.
    Magic,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { kind, len } => write!(f, "a frame of kind {kind} claims {len} bytes"),
            Self::Flags { kind, flags } => write!(f, "a frame of kind {kind} has flags {flags:#x}"),
            Self::Body { kind } => write!(f, "a frame of kind {kind} has a malformed body"),
            Self::Magic => f.write_str("the other side does not speak samara"),
        }
    }
}

impl core::error::Error for DecodeError {}
