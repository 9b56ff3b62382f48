//! The real world with another congestion control.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use samara::Time;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::Tokio;
use crate::env::{Disk, Env, Incoming};

/// The real world, in which each connection has a congestion control of the user's choice, such as `reno`.
///
/// What is best depends on the network. Over loopback, and in data centres that lose nothing, `bbr`'s timers cost a
/// sixth of the speed.
#[derive(Clone, Debug)]
pub struct Tuned(Arc<str>);

impl Tuned {
    /// With this one, a name that `/proc/sys/net/ipv4/tcp_allowed_congestion_control` lists.
    pub fn new(congestion_control: &str) -> Self {
        Self(congestion_control.into())
    }

    #[cfg(target_os = "linux")]
    fn tune(&self, socket: impl std::os::fd::AsFd) -> io::Result<()> {
        let set = rustix::net::sockopt::set_tcp_congestion(socket, &self.0);
        set.map_err(|error| self.unavailable(io::Error::from(error)))
    }

    #[cfg(not(target_os = "linux"))]
    fn tune<T>(&self, _: T) -> io::Result<()> {
        Err(self.unavailable(io::ErrorKind::Unsupported.into()))
    }

    fn unavailable(&self, why: io::Error) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("no congestion control {}: {why}", self.0.escape_debug()),
        )
    }
}

impl Env for Tuned {
    type Listener = TcpListener;
    type Stream = TcpStream;

    /// # Errors
    /// Besides those of [`Tokio`], `InvalidInput`: the system has no such congestion control, or doesn't allow it.
    async fn bind(&self, addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let (listener, local) = Tokio.bind(addr).await?;
        // Those that it accepts inherit it.
        self.tune(&listener)?;
        Ok((listener, local))
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<Incoming<TcpStream>> {
        Tokio.accept(listener).await
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        let stream = Tokio.connect(addr).await?;
        self.tune(&stream)?;
        Ok(stream)
    }

    async fn resolve(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Tokio.resolve(name).await
    }

    fn now(&self) -> Time {
        Tokio.now()
    }

    fn elsewhere(&self, runtime: &Handle, work: impl FnOnce() + Send + 'static) {
        Tokio.elsewhere(runtime, work);
    }

    fn processors(&self) -> usize {
        Tokio.processors()
    }

    async fn block<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        Tokio.block(work).await
    }

    fn disk(&self) -> Arc<dyn Disk> {
        Tokio.disk()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::net::sockopt::tcp_congestion;

    use super::*;

    #[tokio::test]
    async fn both_ends_of_a_connection_have_what_was_chosen() {
        let env = Tuned::new("reno");
        let (listener, addr) = env.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let (accepted, connected) = tokio::join!(env.accept(&listener), env.connect(addr));
        assert_eq!(tcp_congestion(connected.unwrap()).unwrap(), "reno");
        assert_eq!(tcp_congestion(accepted.unwrap().stream).unwrap(), "reno");
    }

    #[tokio::test]
    async fn one_that_the_system_does_not_have_is_an_error_at_once() {
        let bound = Tuned::new("carrier-pigeon").bind(([127, 0, 0, 1], 0).into()).await;
        assert_eq!(bound.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
