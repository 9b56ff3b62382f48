//! One connection: a thread that reads, a thread that writes, and the queue between the machine and the writer.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use samara::Link;
use samara::hash::{Hashed, Sha2};
use samara::node::Event;
use samara::seed::Step;
use samara::seeder::Served;
use samara::store::Identity;
use samara::wire::limits::MAX_DATA;
use samara::wire::{DecodeError, Decoded, Frame, Message, codec};

use crate::Shared;
use crate::disk::Files;

/// While more bytes than this are unsent, requests are not read.
const MAX_UNSENT: usize = 64 << 10;
/// How long one write may be stuck.
const STUCK: Duration = Duration::from_secs(30);

/// What is to be written.
#[derive(Debug)]
pub(crate) enum Out {
    /// A frame.
    Frame(Vec<u8>),
    /// A chunk.
    Serve {
        request: u32,
        files: Option<Arc<Files>>,
        identity: Option<Identity>,
        index: u32,
        range: Range<u64>,
    },
    /// Nothing more.
    Close,
}

impl Out {
    pub(crate) fn message(request: u32, message: &Message) -> Self {
        let mut frame = Vec::new();
        codec::encode(request, message, &mut frame);
        Self::Frame(frame)
    }
}

/// The queue of one connection.
#[derive(Debug, Default)]
pub(crate) struct Line {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    out: VecDeque<Out>,
    /// Bytes of frames in `out`.
    unsent: usize,
    closing: bool,
    /// The chunk that the machine made welcome last.
    welcome: Option<(u32, Step)>,
    stream: Option<TcpStream>,
}

impl Line {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something in; nothing gets in after `Close`.
    pub(crate) fn put(&self, out: Out) {
        let mut queue = self.queue();
        if queue.closing {
            return;
        }
        match &out {
            Out::Frame(frame) => queue.unsent += frame.len(),
            Out::Serve { .. } => {}
            Out::Close => queue.closing = true,
        }
        queue.out.push_back(out);
        self.changed.notify_all();
    }

    pub(crate) fn welcome(&self, request: u32, step: Step) {
        self.queue().welcome = Some((request, step));
    }

    /// Ends the connection without a word.
    pub(crate) fn break_off(&self) {
        self.put(Out::Close);
        if let Some(stream) = &self.queue().stream {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Takes out the oldest, when there is one.
    fn take(&self) -> Out {
        let mut queue = self.queue();
        loop {
            if let Some(out) = queue.out.pop_front() {
                if let Out::Frame(frame) = &out {
                    queue.unsent -= frame.len();
                }
                self.changed.notify_all();
                return out;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until there is room for more answers. Says no if the connection is to be closed.
    fn room(&self) -> bool {
        let mut queue = self.queue();
        while !queue.closing && queue.unsent > MAX_UNSENT {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        !queue.closing
    }
}

/// Runs a connection until either side ends it.
pub(crate) fn run(shared: &Arc<Shared>, link: Link, line: &Arc<Line>, stream: TcpStream) {
    if let Ok((mut output, ours)) = prepare(&stream) {
        line.queue().stream = Some(ours);
        let (to_write, over) = (line.clone(), shared.clone());
        let writer = thread::spawn(move || {
            let _ = write(&over, link, &to_write, &mut output);
            let _ = output.shutdown(Shutdown::Both);
        });
        let _ = Reader { shared, link, line, input: BufReader::new(stream), chunks: Vec::new() }.run();
        line.put(Out::Close);
        let _ = writer.join();
    }
    closed(shared, link);
}

/// The connection is over.
pub(crate) fn closed(shared: &Arc<Shared>, link: Link) {
    shared.state().lines.remove(&link);
    shared.handle(Event::Closed { link });
}

/// Two more handles of the stream, for the writer and for whoever breaks it off.
fn prepare(stream: &TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(STUCK))?;
    Ok((stream.try_clone()?, stream.try_clone()?))
}

fn write(shared: &Arc<Shared>, link: Link, line: &Line, output: &mut TcpStream) -> io::Result<()> {
    loop {
        match line.take() {
            Out::Frame(frame) => output.write_all(&frame)?,
            Out::Serve { request, files, identity, index, range } => {
                let outcome = match files.and_then(|files| files.read(identity, range).ok()) {
                    Some(bytes) => {
                        send_chunk(output, request, index, &bytes)?;
                        Served::Whole
                    }
                    None => Served::Changed { sent: false },
                };
                shared.handle(Event::Served { link, request, outcome });
            }
            Out::Close => return Ok(()),
        }
    }
}

fn send_chunk(output: &mut TcpStream, request: u32, index: u32, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut head = Vec::new();
    codec::encode(request, &Message::Chunk { index, len }, &mut head);
    output.write_all(&head)?;
    for piece in bytes.chunks(MAX_DATA as usize) {
        output.write_all(&codec::data_header(request, u32::try_from(piece.len()).unwrap_or(u32::MAX)))?;
        output.write_all(piece)?;
    }
    Ok(())
}

/// The reading side.
struct Reader<'a> {
    shared: &'a Arc<Shared>,
    link: Link,
    line: &'a Line,
    input: BufReader<TcpStream>,
    /// Chunks that are coming in.
    chunks: Vec<Incoming>,
}

struct Incoming {
    request: u32,
    step: Step,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    fn run(&mut self) -> io::Result<()> {
        let link = self.link;
        let mut frame = Vec::new();
        while link.space != Link::ACCEPTED || self.line.room() {
            match codec::decode(&frame) {
                Ok(Decoded::Need(bytes)) => {
                    let have = frame.len();
                    frame.resize(bytes, 0);
                    self.input.read_exact(frame.get_mut(have..).unwrap_or_default())?;
                }
                Ok(Decoded::Frame { frame: decoded, used }) => {
                    frame.drain(..used);
                    self.frame(decoded)?;
                }
                Err(error) => return self.malformed(error),
            }
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame) -> io::Result<()> {
        let link = self.link;
        match frame {
            Frame::Message { request, message } => {
                let announced = matches!(message, Message::Chunk { .. });
                self.shared.handle(Event::Message { link, request, message });
                if announced {
                    self.welcome(request);
                }
                Ok(())
            }
            Frame::Data { request, len } => self.data(request, len as usize),
            Frame::UnknownRequest { request } => {
                self.shared.handle(Event::UnknownRequest { link, request });
                Ok(())
            }
            Frame::Unknown => Ok(()),
        }
    }

    /// Did the machine make the chunk that was just announced welcome?
    fn welcome(&mut self, request: u32) {
        self.chunks.retain(|chunk| chunk.request != request);
        if let Some((_, step)) = self.line.queue().welcome.take().filter(|(of, _)| *of == request) {
            self.chunks.push(Incoming { request, step, bytes: Vec::with_capacity(step.len as usize) });
        }
    }

    fn data(&mut self, request: u32, len: usize) -> io::Result<()> {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.request == request) else {
            return self.malformed(DecodeError::Body { kind: 0 });
        };
        let Incoming { step, bytes, .. } = &mut self.chunks[at];
        if bytes.len() + len > step.len as usize {
            return self.malformed(DecodeError::Body { kind: 0 });
        }
        let have = bytes.len();
        bytes.resize(have + len, 0);
        self.input.read_exact(bytes.get_mut(have..).unwrap_or_default())?;
        if bytes.len() == step.len as usize {
            let Incoming { request, step, bytes } = self.chunks.swap_remove(at);
            let hashed = Hashed::new::<Sha2>(step.start, step.last, bytes.into());
            self.shared.handle(Event::Chunk { link: self.link, request, hashed });
        }
        Ok(())
    }

    /// The machine says `Close` now, and reading ends.
    fn malformed(&self, error: DecodeError) -> io::Result<()> {
        self.shared.handle(Event::Malformed { link: self.link, error });
        Err(io::ErrorKind::InvalidData.into())
    }
}
