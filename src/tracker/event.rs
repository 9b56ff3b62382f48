//! What a tracker hears and does: the role's specification in two enums.

use core::net::SocketAddr;

use crate::hash::FileHash;
use crate::machine::Link;
use crate::wire::message::{Refusal, SeedKey};
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// What can happen to a tracker.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time of its deadline came.
    Wake,
    /// Somebody connected.
    Accepted {
        /// The driver's name for the connection.
        link: Link,
        /// From where: the only address that the tracker believes.
        from: SocketAddr,
        /// At which of the tracker's own addresses: a source that equals it is on this host.
        local: SocketAddr,
    },
    /// A message came.
    Message {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// A request of a kind that this version doesn't know came.
    UnknownRequest {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
    },
    /// Bytes came that are no frame.
    Malformed {
        /// Over which connection.
        link: Link,
        /// What is wrong with them.
        error: DecodeError,
    },
    /// A connection ended, at whoever's wish; also the driver's answer to [`Action::Close`].
    Closed {
        /// Which.
        link: Link,
    },
}

/// What a tracker wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a message.
    Send {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The message.
        message: Message,
    },
    /// Close a connection after what was sent before.
    Close {
        /// Which.
        link: Link,
        /// Why.
        fault: Fault,
    },
    /// Something worth counting or logging.
    Note(Note),
}

/// What an operator may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A node's lease began, or was replaced.
    Joined {
        /// The address and port that is handed out.
        node: SocketAddr,
        /// How many entries it holds.
        entries: u32,
    },
    /// A node's lease ran out: nothing was heard from it for a TTL.
    Expired {
        /// Its address and port.
        node: SocketAddr,
        /// How many entries went with it.
        entries: u32,
    },
    /// A node left by itself.
    Left {
        /// Its address and port.
        node: SocketAddr,
    },
    /// A seed's body was taken.
    Published {
        /// Which.
        key: SeedKey,
    },
    /// A query was answered.
    Queried {
        /// For which file.
        file_hash: FileHash,
        /// How many holders were named.
        holders: u32,
    },
    /// A connection was ended because its peer broke a rule, or for want of room.
    TurnedAway {
        /// Whose.
        from: SocketAddr,
        /// Why.
        why: Fault,
    },
    /// A request was refused.
    Refused {
        /// Whose.
        from: SocketAddr,
        /// Why.
        why: Refusal,
    },
}
