//! Hosts that follow a script instead of running a machine: hostile peers, trackers that lie, and whatever else a test
//! wants to put among the machines.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use samara::wire::Message;
use samara::{Link, Time};

use crate::fault::Fault;
use crate::host::Heard;

/// A script.
pub trait Actor: Send {
    /// Itself as it is at the start: a host that restarts forgets.
    fn again(&self) -> Box<dyn Actor>;

    /// Something happened at `now`: it started, or a wake-up came (none), or it heard something over a connection.
    /// Connections that others opened are known by their first message.
    fn play(&mut self, now: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>);
}

/// What an actor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Opens a connection, under a name of its own (in a space that is not 0).
    Dial {
        /// The name.
        link: Link,
        /// To whom.
        to: SocketAddr,
    },
    /// Says something; nothing happens if the connection is gone.
    Say {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// What.
        message: Message,
    },
    /// Sends bytes of a chunk.
    Pour {
        /// Over which connection.
        link: Link,
        /// Under which number.
        request: u32,
        /// The bytes, at most 256 KiB.
        bytes: Bytes,
    },
    /// Closes a connection.
    HangUp {
        /// Which.
        link: Link,
    },
    /// Wants to be played again.
    Wake {
        /// After how long.
        after: Duration,
    },
    /// Its fault had an effect.
    Fire(Fault),
}
