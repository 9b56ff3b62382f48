//! The reading side of a connection: frames to events, data straight into the chunk's buffer.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;

use bytes::{Buf, BufMut, BytesMut};
use samara::seed::Step;
use samara::wire::codec;
use samara::wire::frame::Class;
use samara::wire::limits::MAX_UNKNOWN_FRAMES;
use samara::wire::{DecodeError, Decoded, Frame, Message};
use samara::{Link, Machine};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use crate::env::Env;
use crate::hashing::Whole;
use crate::line::{Line, Room};
use crate::pool::Buffer;
use crate::role::{Input, Role};
use crate::run::{Driver, count};

/// What a dialled connection reads ahead at most, so that hardly any byte of a chunk passes through this buffer; but one
/// chunk's last frame and the next one's first fit.
const DIALLED: usize = 8 << 10;
/// What an accepted connection reads at once: the more the more it sends. Thousands of idle ones take little.
const SMALL: usize = 1 << 10;
const LARGE: usize = 64 << 10;
/// Messages that are handled under one lock, and answered with one write.
const BATCH: usize = 64;

/// Reads one connection.
pub(crate) struct Reader<'a, E: Env, R: Role, S> {
    driver: &'a Arc<Driver<E, R>>,
    link: Link,
    line: &'a Line,
    source: &'a mut S,
    /// Bytes that were read and not yet understood.
    ahead: BytesMut,
    /// How much to read at once.
    window: usize,
    batch: VecDeque<Input>,
    chunks: Vec<Chunk>,
    /// Each chunk that is not yet handed in holds a clone of the first, so that the second tells when all are.
    pending: (mpsc::Sender<Infallible>, mpsc::Receiver<Infallible>),
    /// Frames that this version doesn't know.
    unknown: u32,
}

/// What comes before the next frame.
enum Then {
    /// Nothing.
    Next,
    /// A place for a chunk.
    Welcome { request: u32 },
    /// Some of a chunk.
    Data { request: u32, len: u32 },
}

/// A chunk that is coming in.
struct Chunk {
    request: u32,
    step: Step,
    buffer: Buffer,
    filled: usize,
}

impl<'a, E: Env, R: Role, S: AsyncRead + Unpin> Reader<'a, E, R, S> {
    pub(crate) fn new(driver: &'a Arc<Driver<E, R>>, link: Link, line: &'a Line, source: &'a mut S) -> Self {
        Self {
            driver,
            link,
            line,
            source,
            ahead: BytesMut::new(),
            window: if link.space == Link::ACCEPTED { SMALL } else { DIALLED },
            batch: VecDeque::new(),
            chunks: Vec::new(),
            pending: mpsc::channel(1),
            unknown: 0,
        }
    }

    /// Reads until the peer ends the connection; everything that came is handed in before it returns.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let result = self.frames().await;
        let (ours, mut all) = self.pending;
        drop(ours);
        while all.recv().await.is_some() {}
        result
    }

    async fn frames(&mut self) -> io::Result<()> {
        loop {
            match codec::decode(&self.ahead) {
                Ok(Decoded::Need(bytes)) => {
                    self.hand_in().await;
                    if !self.fill(bytes).await? {
                        return Ok(());
                    }
                }
                Ok(Decoded::Frame { frame, used }) => {
                    self.ahead.advance(used);
                    match self.take(frame)? {
                        Then::Next if self.batch.len() < BATCH => {}
                        Then::Next => self.hand_in().await,
                        Then::Welcome { request } => self.welcome(request).await,
                        Then::Data { request, len } => {
                            self.hand_in().await;
                            self.data(request, len as usize).await?;
                        }
                    }
                }
                Err(error) => self.malformed(error).await,
            }
        }
    }

    /// Puts what a frame says into the batch. Not `async`: a message would be moved once more at each step.
    fn take(&mut self, frame: Frame) -> io::Result<Then> {
        let link = self.link;
        match frame {
            Frame::Message { request, message } => {
                if message.class() == Class::Answer {
                    // Whatever was coming in under this number doesn't come any more.
                    self.chunks.retain(|chunk| chunk.request != request);
                }
                let welcome = matches!(message, Message::Chunk { .. });
                self.batch.push_back(Input::Message { link, request, message });
                if welcome {
                    return Ok(Then::Welcome { request });
                }
            }
            Frame::Data { request, len } => return Ok(Then::Data { request, len }),
            Frame::UnknownRequest { request } => {
                self.batch.push_back(Input::UnknownRequest { link, request });
            }
            Frame::Unknown => {
                self.unknown += 1;
                if self.unknown > MAX_UNKNOWN_FRAMES {
                    return Err(io::Error::other("too many frames of unknown kinds"));
                }
            }
        }
        Ok(Then::Next)
    }

    /// Prepares for a chunk, if the machine welcomes it.
    async fn welcome(&mut self, request: u32) {
        self.hand_in().await;
        if let Some(step) = self.line.take_receive(request) {
            let buffer = self.driver.pool.take(step.len as usize);
            self.chunks.push(Chunk { request, step, buffer, filled: 0 });
        }
    }

    /// Reads the `len` bytes that follow into their place.
    async fn data(&mut self, request: u32, len: usize) -> io::Result<()> {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.request == request) else {
            self.malformed(misplaced_data()).await;
            return Ok(());
        };
        let chunk = &mut self.chunks[at];
        let Some(mut place) = chunk.buffer.as_mut().get_mut(chunk.filled..chunk.filled + len) else {
            self.malformed(misplaced_data()).await;
            return Ok(());
        };
        while place.has_remaining_mut() {
            let read = if self.ahead.is_empty() {
                self.source.read_buf(&mut place).await?
            } else {
                let len = self.ahead.len().min(place.len());
                place.put_slice(self.ahead.get(..len).unwrap_or_default());
                self.ahead.advance(len);
                len
            };
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            count(&self.driver.meters.received, read);
        }
        chunk.filled += len;
        if chunk.filled == chunk.step.len as usize {
            let chunk = self.chunks.swap_remove(at);
            let Chunk { request, step, buffer, .. } = chunk;
            let (link, pending) = (self.link, self.pending.0.clone());
            let place = self.driver.hashing.place().await;
            self.driver.whole(Whole { link, request, step, bytes: buffer.freeze(), pending, place });
        }
        Ok(())
    }

    /// Reads until there are at least `bytes`; says no if the stream ends before.
    async fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        while self.ahead.len() < bytes {
            if self.ahead.is_empty() && self.ahead.capacity() > 4 * self.window {
                self.ahead = BytesMut::new();
            }
            let want = self.window.max(bytes - self.ahead.len());
            self.ahead.reserve(want);
            let read = self.source.read_buf(&mut (&mut self.ahead).limit(want)).await?;
            if read == 0 {
                return Ok(false);
            }
            count(&self.driver.meters.read, read);
            if self.link.space == Link::ACCEPTED {
                self.window = (read * 2).clamp(SMALL, LARGE);
            }
        }
        Ok(true)
    }

    async fn malformed(&mut self, error: DecodeError) {
        self.batch.push_back(Input::Malformed { link: self.link, error });
        self.hand_in().await;
        // The machine says `Close` now; the writer ends the connection.
        pending().await
    }

    /// Hands in what was read. An accepted connection whose answers are not fetched has to wait; one that is to be
    /// closed is not listened to any more.
    async fn hand_in(&mut self) {
        let accepted = self.link.space == Link::ACCEPTED;
        let mut foreseen = false;
        while !self.batch.is_empty() {
            let (line, batch) = (self.line, &mut self.batch);
            let room = self.driver.turn(|state, now| {
                if batch.len() > 1 && !std::mem::replace(&mut foreseen, true) {
                    state.machine.foresee(batch.iter().filter_map(Input::message));
                }
                loop {
                    // After the last one, too: it may have had the machine say `Close`.
                    match line.room() {
                        Room::Some => {}
                        Room::None if !accepted => {}
                        room @ (Room::None | Room::Closing) => return room,
                    }
                    let Some(input) = batch.pop_front() else { return Room::Some };
                    count(&self.driver.meters.requests, usize::from(accepted));
                    state.input(now, input);
                }
            });
            match room {
                Room::Some => {}
                Room::None => self.line.roomy().await,
                Room::Closing => pending().await,
            }
        }
    }
}

/// Data that nobody asked for, or more of it than the chunk has.
fn misplaced_data() -> DecodeError {
    let [_, _, _, _, low, high, ..] = codec::data_header(0, 0);
    DecodeError::Body { kind: u16::from_le_bytes([low, high]) }
}
