//! What this driver asks of a machine that it runs, so that one loop serves tracker and node.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use samara::hash::Hashed;
use samara::record::{Signed, ToRecord};
use samara::seed::Step;
use samara::seeder::{FileId, Served};
use samara::store::{Identity, Outcome};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Message};
use samara::{Link, Machine};

use crate::disk::Job;
use crate::env::{Content, Disk, Part};

/// A machine, with what the driver keeps beside it.
pub(crate) trait Role: Send + 'static {
    /// The machine.
    type Machine: Machine<Event: ToRecord, Action: Signed> + Send;

    /// What happened on the network, in the machine's words; none if that can't concern it.
    fn event(&mut self, input: Input) -> Option<<Self::Machine as Machine>::Event>;

    /// Carries out an action, or hands back what the network has to do. Called under the lock: it only puts things
    /// into queues.
    fn carry_out(&mut self, action: <Self::Machine as Machine>::Action) -> Option<Command>;

    /// What may be done on the disk now. Called under the lock, often.
    fn jobs(&mut self) -> Vec<Job>;
}

/// What happens on the network.
#[derive(Debug)]
pub(crate) enum Input {
    Wake,
    Accepted { link: Link, from: SocketAddr, local: SocketAddr },
    Opened { link: Link, peer: SocketAddr },
    Message { link: Link, request: u32, message: Message },
    UnknownRequest { link: Link, request: u32 },
    Malformed { link: Link, error: DecodeError },
    Chunk { link: Link, request: u32, hashed: Hashed },
    Served { link: Link, request: u32, outcome: Served },
    Disk { file: FileId, job: u32, outcome: Outcome },
    Closed { link: Link },
}

impl Input {
    /// The message that came, if that is what happened.
    pub(crate) const fn message(&self) -> Option<&Message> {
        if let Self::Message { message, .. } = self { Some(message) } else { None }
    }
}

/// What a machine wants of the network.
#[derive(Debug)]
pub(crate) enum Command {
    Dial { link: Link, to: Whom },
    Send { link: Link, request: u32, message: Message },
    Receive { link: Link, request: u32, step: Step },
    Serve { link: Link, serve: Serve },
    Stop { link: Link, request: u32 },
    Close { link: Link, fault: Fault },
}

/// Whom to dial.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    /// A `HOST:PORT`, looked up each time.
    Name(Arc<str>),
    /// An address.
    Addr(SocketAddr),
}

/// A chunk to send.
#[derive(Clone, Debug)]
pub(crate) struct Serve {
    pub(crate) request: u32,
    pub(crate) origin: Origin,
    /// What the file has to look like, before and after.
    pub(crate) identity: Option<Identity>,
    pub(crate) index: u32,
    /// In bytes.
    pub(crate) range: Range<u64>,
}

/// Where a chunk's bytes are.
#[derive(Clone)]
pub(crate) enum Origin {
    /// In a finished file.
    Path(Arc<Path>),
    /// In the part file of a download.
    Part(Arc<dyn Part>),
    /// Nowhere: the driver doesn't know the file any more.
    Gone,
}

impl Origin {
    /// Opens the file. May block.
    pub(crate) fn open(&self, disk: &dyn Disk) -> std::io::Result<Arc<dyn Content>> {
        match self {
            Self::Path(path) => disk.open(path),
            Self::Part(part) => part.content(),
            Self::Gone => Err(std::io::ErrorKind::NotFound.into()),
        }
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Part(_) => f.write_str("a part file"),
            Self::Gone => f.write_str("nowhere"),
        }
    }
}
