//! One connection, from its dialling or acceptance to its end: one task that reads and writes.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use samara::Link;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::env::{Env, Stream};
use crate::line::Line;
use crate::reader::Reader;
use crate::role::{Input, Role, Whom};
use crate::run::{Driver, count};
use crate::writer::Writer;

/// How long what was sent before `Close` may take to be written.
const FLUSH: Duration = Duration::from_secs(2);
/// How long, and for how many bytes, the other side is listened to after that. Closing a socket with unread bytes in
/// it would destroy what is on its way to the peer.
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 1 << 20;

/// Dials, and runs the connection if there is one.
pub(crate) async fn dial<E: Env, R: Role>(driver: Arc<Driver<E, R>>, link: Link, line: Arc<Line>, to: Whom) {
    let connected = tokio::select! {
        biased;
        () = line.closing() => Err(io::ErrorKind::ConnectionAborted.into()),
        connected = connect(&driver.env, &to) => connected,
    };
    match connected {
        Ok((stream, peer)) => {
            driver.input(Input::Opened { link, peer });
            run(driver, link, line, stream).await;
        }
        Err(error) => {
            tracing::debug!(?link, ?to, %error, "can't connect");
            driver.input(Input::Closed { link });
        }
    }
}

/// Tries all addresses, one after the other.
async fn connect<E: Env>(env: &E, to: &Whom) -> io::Result<(E::Stream, SocketAddr)> {
    let addresses = match to {
        Whom::Name(name) => env.resolve(name).await?,
        Whom::Addr(addr) => vec![*addr],
    };
    let mut last = io::ErrorKind::NotFound.into();
    for addr in addresses {
        match env.connect(addr).await {
            Ok(stream) => return Ok((stream, addr)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Runs a connection until either side ends it.
pub(crate) async fn run<E: Env, R: Role>(
    driver: Arc<Driver<E, R>>,
    link: Link,
    line: Arc<Line>,
    stream: E::Stream,
) {
    let _open = Open::count(&driver);
    let (mut source, mut sink) = stream.split();
    {
        let reader = pin!(Reader::new(&driver, link, &line, &mut source).run());
        let writer = pin!(Writer::new(&driver, link, &line, &mut sink).run());
        let overdue = async {
            line.closing().await;
            tokio::time::sleep(FLUSH).await;
        };
        tokio::select! {
            biased;
            result = writer => log(link, "writing", result),
            result = reader => log(link, "reading", result),
            () = overdue => {}
        }
    }
    driver.input(Input::Closed { link });
    if line.is_closing() {
        let _ = timeout(LINGER, linger(&mut source)).await;
    }
}

fn log(link: Link, doing: &str, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(?link, %error, "connection ended while {doing}");
    }
}

/// Reads and drops what still comes.
async fn linger(source: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut waste = vec![0; 16 << 10];
    let mut left = LINGER_BYTES;
    while let Ok(n @ 1..) = source.read(&mut waste).await {
        left = left.saturating_sub(n);
        if left == 0 {
            return;
        }
    }
}

/// Counts a connection while it is open.
struct Open<'a>(&'a std::sync::atomic::AtomicU64);

impl<'a> Open<'a> {
    fn count<E: Env, R: Role>(driver: &'a Driver<E, R>) -> Self {
        count(&driver.meters.open, 1);
        Self(&driver.meters.open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}
