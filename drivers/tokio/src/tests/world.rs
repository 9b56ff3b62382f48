//! Worlds that are real, but for one thing.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::UNIX_EPOCH;

use samara::Time;
use samara::store::Identity;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::Tokio;
use crate::disk::FileSystem;
use crate::env::{Content, Disk, Env, Incoming, Part};

/// The real world, but for one thing.
#[derive(Clone)]
pub(super) enum World {
    /// Files that can't be given to `sendfile`.
    Plain,
    /// Files that are cut off at 100 bytes as soon as they are being sent; can they be given to `sendfile`?
    Shrinking { sendfile: bool },
    /// Files that are written to as soon as they are being sent.
    Edited,
    /// A process that has no file descriptors left, so many times.
    Exhausted(Arc<AtomicU32>),
}

use World::{Edited, Exhausted, Plain, Shrinking};

impl Env for World {
    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn bind(&self, addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        Tokio.bind(addr).await
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<Incoming<TcpStream>> {
        if let Exhausted(left) = self
            && left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            return Err(io::Error::from_raw_os_error(24));
        }
        Tokio.accept(listener).await
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        Tokio.connect(addr).await
    }

    async fn resolve(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Tokio.resolve(name).await
    }

    fn now(&self) -> Time {
        Tokio.now()
    }

    fn elsewhere(&self, _: &Handle, work: impl FnOnce() + Send + 'static) {
        work();
    }

    fn processors(&self) -> usize {
        1
    }

    async fn block<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        work()
    }

    fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }
}

impl Disk for World {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Content>> {
        Ok(Arc::new(Odd { content: FileSystem.open(path)?, path: path.to_owned(), world: self.clone() }))
    }

    fn part(&self, path: &Path) -> Arc<dyn Part> {
        FileSystem.part(path)
    }
}

/// A file of such a world.
struct Odd {
    content: Arc<dyn Content>,
    path: PathBuf,
    world: World,
}

impl Content for Odd {
    fn identity(&self) -> io::Result<Identity> {
        self.content.identity()
    }

    fn expect(&self, offset: u64, len: u64) {
        self.content.expect(offset, len);
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.content.read_at(bytes, offset)
    }

    fn file(&self) -> Option<&File> {
        let file = File::options().write(true).open(&self.path).unwrap();
        match self.world {
            Plain | Exhausted(_) => None,
            Shrinking { sendfile } => {
                file.set_len(100).unwrap();
                sendfile.then(|| self.content.file())?
            }
            Edited => {
                file.set_modified(UNIX_EPOCH).unwrap();
                self.content.file()
            }
        }
    }
}
