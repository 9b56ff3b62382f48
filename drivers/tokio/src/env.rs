//! What this driver needs of the world, as traits: a network, a clock, a disk, and a place for heavy work.
//!
//! [`Tokio`](crate::Tokio) is the real world. A simulation brings its own [`Env`] and runs the very same driver.

use std::fs::File;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use samara::Time;
use samara::store::{Identity, Op, Outcome};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;

/// A world to run in. Its tasks run on a tokio runtime, and its time-outs on tokio's clock, which a simulation may
/// pause.
pub trait Env: Clone + Send + Sync + 'static {
    /// A listening socket.
    type Listener: Send + Sync + 'static;
    /// A connection.
    type Stream: Stream;

    /// Listens at `addr`; the second value is the address that it became (port 0: any free one).
    fn bind(&self, addr: SocketAddr)
    -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;

    /// The next connection.
    fn accept(
        &self,
        listener: &Self::Listener,
    ) -> impl Future<Output = io::Result<Incoming<Self::Stream>>> + Send;

    /// Connects to `addr`.
    fn connect(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// The addresses of `name`, a `HOST:PORT`.
    fn resolve(&self, name: &str) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// The time, since an origin that stays the same.
    fn now(&self) -> Time;

    /// Has `work` done, which keeps a processor busy or waits for a disk, and doesn't wait for it. It may be done on a
    /// thread of `runtime` that is meant for this, or here and now.
    fn elsewhere(&self, runtime: &Handle, work: impl FnOnce() + Send + 'static);

    /// How many processors there are.
    fn processors(&self) -> usize;

    /// Does `work` that may wait for a disk.
    fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send;

    /// The disk.
    fn disk(&self) -> Arc<dyn Disk>;
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct Incoming<S> {
    /// The connection.
    pub stream: S,
    /// Where it comes from.
    pub from: SocketAddr,
    /// At which of this side's addresses it arrived.
    pub local: SocketAddr,
}

/// A connection, which is a half to read and a half to write.
pub trait Stream: Send + 'static {
    /// The half to read.
    type Source: AsyncRead + Unpin + Send + 'static;
    /// The half to write.
    type Sink: Sink;

    /// Takes it apart.
    fn split(self) -> (Self::Source, Self::Sink);
}

/// The writing half of a connection.
pub trait Sink: AsyncWrite + Unpin + Send + 'static {
    /// Writes all of `bytes`; more follows at once, so the network may wait for that.
    fn write_more(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends up to `len` bytes of `file` from `offset` without a detour through this process: how many it sent (0 at
    /// the file's end), or none if that can't be done here.
    fn send_file(
        &mut self,
        file: &File,
        offset: u64,
        len: usize,
    ) -> impl Future<Output = io::Result<Option<usize>>> + Send;
}

/// A disk. Everything here may block, and is called through [`Env::block`].
pub trait Disk: Send + Sync {
    /// Opens a finished file to read from it.
    ///
    /// # Errors
    /// It can't be opened, or is no plain file.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Content>>;

    /// The files of a download whose target is `path`. Nothing is touched before the first operation.
    fn part(&self, path: &Path) -> Arc<dyn Part>;
}

/// An open file to read from.
pub trait Content: Send + Sync {
    /// What the file looks like now. Cheap, and doesn't wait.
    ///
    /// # Errors
    /// What the operating system says.
    fn identity(&self) -> io::Result<Identity>;

    /// Says that this range is read soon.
    fn expect(&self, offset: u64, len: u64);

    /// Fills `bytes` from `offset`.
    ///
    /// # Errors
    /// The file ends before, or can't be read.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// The file itself, for [`Sink::send_file`].
    fn file(&self) -> Option<&File>;
}

/// The files of one download.
pub trait Part: Send + Sync {
    /// Carries out an operation, as [`Op`] says. Called in the order that `samara::store` asks for.
    fn perform(&self, op: Op) -> Outcome;

    /// The part file, to serve from.
    ///
    /// # Errors
    /// It isn't open.
    fn content(&self) -> io::Result<Arc<dyn Content>>;

    /// The download has ended: closes the files, so that another may open them.
    fn close(&self);
}
