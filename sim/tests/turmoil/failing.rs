//! Row 31 of the attacks: whichever operation of a downloader fails, on the network or on the disk, nothing false is left,
//! nothing panics, and the next attempt succeeds.

use std::io;
use std::net::SocketAddr;
use std::panic;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use samara::Time;
use samara::downloader::Pin as Target;
use samara::store::{DiskError, DiskErrorKind, Op, Outcome};
use samara::tracker::Config;
use samara_tokio::{Content, Disk, Env, Incoming, Part, Report, Sink, Stream, files};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use turmoil::net::TcpListener;

use crate::env::{Connection, Turmoil};
use crate::stage::{Stage, TRAVEL};

/// The simulated world, in which one operation fails.
#[derive(Clone)]
struct Failing {
    /// Operations until then.
    left: Arc<AtomicU32>,
}

impl Failing {
    /// The `n`-th one; none for 0.
    fn at(n: u32) -> Self {
        Self { left: Arc::new(AtomicU32::new(n)) }
    }

    /// An operation: does it fail?
    fn strike(&self) -> io::Result<()> {
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => Err(io::Error::from_raw_os_error(5)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Were there fewer operations than that?
    fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed) > 0
    }

    fn around<T>(&self, inner: T) -> Shaky<T> {
        Shaky { inner, world: self.clone() }
    }
}

/// Something whose operations count.
struct Shaky<T> {
    inner: T,
    world: Failing,
}

impl Env for Failing {
    type Listener = TcpListener;
    type Stream = Shaky<Connection>;

    async fn bind(&self, addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        self.strike()?;
        Turmoil.bind(addr).await
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<Incoming<Shaky<Connection>>> {
        let Incoming { stream, from, local } = Turmoil.accept(listener).await?;
        self.strike()?;
        Ok(Incoming { stream: self.around(stream), from, local })
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<Shaky<Connection>> {
        self.strike()?;
        Turmoil.connect(addr).await.map(|stream| self.around(stream))
    }

    async fn resolve(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.strike()?;
        Turmoil.resolve(name).await
    }

    fn now(&self) -> Time {
        Turmoil.now()
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
        Arc::new(self.around(Turmoil.disk()))
    }
}

impl Stream for Shaky<Connection> {
    type Source = Shaky<<Connection as Stream>::Source>;
    type Sink = Shaky<<Connection as Stream>::Sink>;

    fn split(self) -> (Self::Source, Self::Sink) {
        let (source, sink) = self.inner.split();
        (self.world.around(source), self.world.around(sink))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Shaky<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_read(cx, into))?;
        Poll::Ready(self.world.strike())
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Shaky<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.world.strike()?;
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<T: Sink> Sink for Shaky<T> {
    async fn write_more(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.world.strike()?;
        self.inner.write_more(bytes).await
    }

    async fn send_file(&mut self, _: &std::fs::File, _: u64, _: usize) -> io::Result<Option<usize>> {
        Ok(None)
    }
}

impl Disk for Shaky<Arc<dyn Disk>> {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Content>> {
        self.world.strike()?;
        self.inner.open(path)
    }

    fn part(&self, path: &Path) -> Arc<dyn Part> {
        Arc::new(self.world.around(self.inner.part(path)))
    }
}

impl Part for Shaky<Arc<dyn Part>> {
    fn perform(&self, op: Op) -> Outcome {
        let failure = DiskError { kind: DiskErrorKind::Other, doing: "failing", os: Some(5) };
        self.world.strike().map_or(Outcome::Failed(failure), |()| self.inner.perform(op))
    }

    fn content(&self) -> io::Result<Arc<dyn Content>> {
        self.inner.content()
    }

    fn close(&self) {
        self.inner.close();
    }
}

/// How a download whose `n`-th operation fails goes: says if there were so many. After a failure it is begun again.
async fn download(stage: &Stage, n: u32) -> turmoil::Result<bool> {
    let world = Failing::at(n);
    for env in [world.clone(), Failing::at(0)] {
        let Ok((node, mut reports)) = stage.begin(env, "downloader", Target::Hash, 0).await else { continue };
        while let Some(report) = reports.next().await {
            match report {
                Report::Done { .. } => return Ok(!world.is_left()),
                Report::Failed { .. } => break,
                Report::Announced { .. } | Report::Note(_) | Report::Stopped => {}
            }
        }
        drop(node);
        // Its tasks, and what they listen at, end in a moment.
        tokio::time::sleep(TRAVEL).await;
        if stage.path("downloader").exists() {
            // What fails last fails when the file is in place already.
            return Ok(true);
        }
    }
    Err(format!("operation {n}: the next attempt failed, too").into())
}

#[test]
fn whichever_operation_fails_the_next_attempt_succeeds() -> turmoil::Result {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(panic);
    }));
    for n in 1.. {
        let stage = Stage::new(2, 77)?;
        let mut sim = stage.sim();
        stage.tracker(&mut sim, Config::default());
        stage.seeder(&mut sim, "seeder", 0)?;
        let struck = Arc::new(AtomicUsize::new(0));
        let (here, told) = (stage.clone(), Arc::clone(&struck));
        sim.client("downloader", async move {
            here.until(|log| log.announced().len() == 1).await;
            told.store(download(&here, n).await?.into(), Ordering::Relaxed);
            Ok(())
        });
        sim.run()?;
        let hash = files::sha256(&stage.path("downloader"), &|_| {})?;
        assert_eq!(hash, stage.seed().file_hash(), "operation {n}");
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "operation {n}");
        if struck.load(Ordering::Relaxed) == 0 {
            assert!(n > 30, "a download has more operations than {n}");
            return Ok(());
        }
    }
    Ok(())
}
