//! The writing side of a connection: control frames first, then chunks, a frame at a time.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use samara::Link;
use samara::seeder::Served;
use samara::wire::limits::MAX_DATA;
use samara::wire::{Message, codec};
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot::{self, Receiver};

use crate::env::{Content, Disk, Env, Sink};
use crate::line::{Line, MAX_UNSENT, Next};
use crate::role::{Input, Role, Serve};
use crate::run::{Driver, count};

/// A chunk's last bytes, which are read before it is sent, and sent when the file still looks the same after all the
/// others: so no changed chunk is ever sent whole, and nobody takes this node for a liar.
const TAIL: u64 = 4 << 10;

/// Writes one connection.
pub(crate) struct Writer<'a, E: Env, R: Role, S> {
    driver: &'a Arc<Driver<E, R>>,
    link: Link,
    line: &'a Line,
    sink: &'a mut S,
    /// What is to be written, before all else.
    out: Vec<u8>,
    /// Chunks that come next, open.
    open: Found,
    /// Those after them, which are being looked for.
    coming: Option<Receiver<Found>>,
}

/// Chunks that were looked for, by their requests.
type Found = VecDeque<(u32, io::Result<Open>)>;

/// A chunk that can be sent.
struct Open {
    content: Arc<dyn Content>,
    tail: Vec<u8>,
}

impl Open {
    /// Looks for a chunk, which may wait for the disk.
    fn new(disk: &dyn Disk, serve: &Serve) -> io::Result<Self> {
        let Serve { origin, identity, range, .. } = serve;
        let content = origin.open(disk)?;
        if identity.is_some_and(|wanted| content.identity().ok() != Some(wanted)) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let length = range.end - range.start;
        content.expect(range.start, length);
        let len = length.min(TAIL);
        let mut tail = vec![0; usize::try_from(len).unwrap_or_default()];
        content.read_at(&mut tail, range.end - len)?;
        Ok(Self { content, tail })
    }
}

impl<'a, E: Env, R: Role, S: Sink> Writer<'a, E, R, S> {
    pub(crate) fn new(driver: &'a Arc<Driver<E, R>>, link: Link, line: &'a Line, sink: &'a mut S) -> Self {
        Self { driver, link, line, sink, out: Vec::new(), open: Found::new(), coming: None }
    }

    /// Writes until the machine wants the connection closed.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        loop {
            match self.line.next(&mut self.out) {
                Next::Flush => self.flush().await?,
                Next::Serve(serve) => {
                    let request = serve.request;
                    let outcome = self.serve(serve).await?;
                    self.line.served();
                    self.report(request, outcome);
                }
                Next::Stopped(request) => self.report(request, Served::Stopped),
                Next::Close => return self.sink.shutdown().await,
                Next::Nothing => self.line.wanted().await,
            }
        }
    }

    fn report(&self, request: u32, outcome: Served) {
        self.driver.input(Input::Served { link: self.link, request, outcome });
    }

    async fn flush(&mut self) -> io::Result<()> {
        count(&self.driver.meters.written, self.out.len());
        self.sink.write_all(&self.out).await?;
        self.out.clear();
        // After a large answer, don't keep its buffer.
        if self.out.capacity() > 4 * MAX_UNSENT {
            self.out = Vec::new();
        }
        Ok(())
    }

    /// Sends a chunk, with other frames between its own.
    async fn serve(&mut self, serve: Serve) -> io::Result<Served> {
        let Some(Open { content, tail }) = self.opened(&serve).await? else {
            return Ok(Served::Changed { sent: false });
        };
        let Serve { request, identity, index, range, .. } = serve;
        let (at, end) = (range.start, range.end);
        let len = u32::try_from(end - at).unwrap_or(u32::MAX);
        let mut first = Some(Message::Chunk { index, len });
        let body = end - tail.len() as u64;
        let mut from = at;
        while from < body {
            let to = body.min(from + u64::from(MAX_DATA));
            if !self.begin(request, &mut first, to - from) {
                return Ok(Served::Stopped);
            }
            if !self.body(&content, from, to).await? {
                return Ok(Served::Changed { sent: false });
            }
            from = to;
        }
        if identity.is_some_and(|wanted| content.identity().ok() != Some(wanted)) {
            return Ok(Served::Changed { sent: false });
        }
        if !self.begin(request, &mut first, tail.len() as u64) {
            return Ok(Served::Stopped);
        }
        // Written with what comes next.
        self.out.extend_from_slice(&tail);
        count(&self.driver.meters.sent, tail.len());
        Ok(Served::Whole)
    }

    /// A chunk, open; none if it isn't there as it has to be. Those that come after it are looked for meanwhile.
    async fn opened(&mut self, serve: &Serve) -> io::Result<Option<Open>> {
        loop {
            while let Some((request, open)) = self.open.pop_front() {
                if request == serve.request {
                    if self.open.is_empty() && self.coming.is_none() {
                        self.coming = self.look_for(self.line.queued());
                    }
                    return Ok(open.ok());
                }
            }
            let mut coming = match self.coming.take() {
                Some(coming) => coming,
                None => {
                    match self.look_for(std::iter::once(serve.clone()).chain(self.line.queued()).collect()) {
                        Some(coming) => coming,
                        None => return Ok(None),
                    }
                }
            };
            let found = coming.try_recv();
            self.open = match found {
                Ok(open) => open,
                Err(_) => {
                    self.flush().await?;
                    coming.await.unwrap_or_default()
                }
            };
        }
    }

    /// Has these chunks looked for.
    fn look_for(&self, serves: Vec<Serve>) -> Option<Receiver<Found>> {
        if serves.is_empty() {
            return None;
        }
        let (sender, found) = oneshot::channel();
        let disk = self.driver.env.disk();
        self.driver.elsewhere(move || {
            let open = serves.iter().map(|serve| (serve.request, Open::new(&*disk, serve))).collect();
            let _ = sender.send(open);
        });
        Some(found)
    }

    /// Puts what comes before a frame's data into `out`. Says no if the chunk isn't wanted any more.
    fn begin(&mut self, request: u32, first: &mut Option<Message>, len: u64) -> bool {
        if !self.line.between(&mut self.out) {
            return false;
        }
        if let Some(message) = first.take() {
            codec::encode(request, &message, &mut self.out);
        }
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.out.extend_from_slice(&codec::data_header(request, len));
        true
    }

    /// Sends one frame: what is in `out`, then the file's bytes `from..to`. Says no if the file was too short or
    /// can't be read; then zeros were sent instead, since the header has promised so many.
    async fn body(&mut self, content: &Arc<dyn Content>, mut from: u64, to: u64) -> io::Result<bool> {
        count(&self.driver.meters.written, self.out.len());
        self.sink.write_more(&self.out).await?;
        self.out.clear();
        if let Some(file) = content.file() {
            while from < to {
                let want = usize::try_from(to - from).unwrap_or(usize::MAX);
                match self.sink.send_file(file, from, want).await? {
                    Some(0) => break,
                    Some(sent) => {
                        count(&self.driver.meters.sent, sent);
                        from += sent as u64;
                    }
                    None => return self.copy(content, from, to).await,
                }
            }
        } else {
            return self.copy(content, from, to).await;
        }
        self.pad(to - from).await
    }

    /// The portable way: through a buffer of this process.
    async fn copy(&mut self, content: &Arc<dyn Content>, from: u64, to: u64) -> io::Result<bool> {
        let mut buffer = self.driver.pool.take(usize::try_from(to - from).unwrap_or_default());
        let content = content.clone();
        let read = self.driver.env.block(move || {
            content.read_at(buffer.as_mut(), from)?;
            io::Result::Ok(buffer)
        });
        let Ok(buffer) = read.await else { return self.pad(to - from).await };
        self.sink.write_all(buffer.as_ref()).await?;
        count(&self.driver.meters.sent, buffer.as_ref().len());
        Ok(true)
    }

    /// Sends so many zeros; says if there was no need to.
    async fn pad(&mut self, missing: u64) -> io::Result<bool> {
        let zeros = vec![0; usize::try_from(missing).unwrap_or_default()];
        self.sink.write_all(&zeros).await?;
        Ok(zeros.is_empty())
    }
}
