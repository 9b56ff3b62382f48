//! A world for the driver: turmoil's network and clock, the real disk, and all work done where it is asked for.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use samara::Time;
use samara_tokio::{Disk, Env, Incoming, Sink, Stream, Tokio};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::runtime::Handle;
use turmoil::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use turmoil::net::{TcpListener, TcpStream, lookup_host};

/// The simulated world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turmoil;

/// A simulated connection.
pub(crate) struct Connection(TcpStream);

/// The half of it to write.
pub(crate) struct Outgoing(OwnedWriteHalf);

impl Env for Turmoil {
    type Listener = TcpListener;
    type Stream = Connection;

    async fn bind(&self, addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(addr).await?;
        let local = listener.local_addr()?;
        Ok((listener, local))
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<Incoming<Connection>> {
        let (stream, from) = listener.accept().await?;
        let local = stream.local_addr()?;
        Ok(Incoming { stream: Connection(stream), from, local })
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<Connection> {
        TcpStream::connect(addr).await.map(Connection)
    }

    async fn resolve(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host(name).await?.collect())
    }

    fn now(&self) -> Time {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_micros();
        Time::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
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
        Tokio.disk()
    }
}

impl Stream for Connection {
    type Source = OwnedReadHalf;
    type Sink = Outgoing;

    fn split(self) -> (OwnedReadHalf, Outgoing) {
        let (source, sink) = self.0.into_split();
        (source, Outgoing(sink))
    }
}

impl Sink for Outgoing {
    async fn write_more(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await
    }

    async fn send_file(&mut self, _: &File, _: u64, _: usize) -> io::Result<Option<usize>> {
        Ok(None)
    }
}

impl AsyncWrite for Outgoing {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
