//! The real world: tokio's sockets and clock, blocking threads, the file system.

use std::fs::File;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::{Arc, LazyLock};

use samara::Time;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::disk::FileSystem;
use crate::env::{Disk, Env, Incoming, Sink, Stream};

/// The real world.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

/// When the process first asked for the time.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Env for Tokio {
    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn bind(&self, addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(addr).await?;
        let local = listener.local_addr()?;
        Ok((listener, local))
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<Incoming<TcpStream>> {
        let (stream, from) = listener.accept().await?;
        let local = stream.local_addr()?;
        stream.set_nodelay(true)?;
        Ok(Incoming { stream, from: canonical(from), local: canonical(local) })
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn resolve(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host(name).await?.collect())
    }

    fn now(&self) -> Time {
        let micros = Instant::now().saturating_duration_since(*ORIGIN).as_micros();
        Time::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn elsewhere(&self, runtime: &Handle, work: impl FnOnce() + Send + 'static) {
        drop(runtime.spawn_blocking(work));
    }

    fn processors(&self) -> usize {
        std::thread::available_parallelism().map_or(2, usize::from)
    }

    async fn block<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is being shut down, and this task with it.
                Err(_) => pending().await,
            },
        }
    }

    fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(FileSystem)
    }
}

/// IPv4 as IPv4, also when it came to an IPv6 socket.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

impl Stream for TcpStream {
    type Source = OwnedReadHalf;
    type Sink = OwnedWriteHalf;

    fn split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.into_split()
    }
}

impl Sink for OwnedWriteHalf {
    #[cfg(target_os = "linux")]
    async fn write_more(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        use rustix::net::{SendFlags, send};
        let stream: &TcpStream = self.as_ref();
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        while !bytes.is_empty() {
            let sent = stream
                .async_io(tokio::io::Interest::WRITABLE, || send(stream, bytes, flags).map_err(Into::into))
                .await?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    async fn write_more(&mut self, bytes: &[u8]) -> io::Result<()> {
        tokio::io::AsyncWriteExt::write_all(self, bytes).await
    }

    #[cfg(target_os = "linux")]
    async fn send_file(&mut self, file: &File, offset: u64, len: usize) -> io::Result<Option<usize>> {
        use rustix::io::Errno;
        let stream: &TcpStream = self.as_ref();
        let sent = stream
            .async_io(tokio::io::Interest::WRITABLE, || {
                let mut from = offset;
                rustix::fs::sendfile(stream, file, Some(&mut from), len).map_err(Into::into)
            })
            .await;
        match sent {
            Ok(sent) => Ok(Some(sent)),
            // This file system or socket can't.
            Err(error)
                if matches!(
                    Errno::from_io_error(&error),
                    Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    #[cfg(not(target_os = "linux"))]
    async fn send_file(&mut self, _: &File, _: u64, _: usize) -> io::Result<Option<usize>> {
        Ok(None)
    }
}
