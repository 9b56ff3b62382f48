//! A holder that lies: it announces a list, passes every test and serves bytes of its own choosing.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use samara::Seed;
use samara::wire::codec;
use samara::wire::message::{
    Digest, Entry, Fetch, HaveSet, Hello, Rejection, SeedKey, Update, UpdateSet, VERSION,
};
use samara::wire::{Decoded, Frame, Message};

use crate::world::{CHUNK, LIMIT};

/// What a hostile node claims to hold, and what it serves instead.
#[derive(Clone)]
pub(super) struct Offer {
    /// The list that it announces, publishes and hands out.
    pub(super) seed: Arc<Seed>,
    /// What it serves under that list.
    pub(super) bytes: Vec<u8>,
    /// A chunk that it never sends, so that nothing can be proven against it.
    pub(super) withheld: Option<u32>,
}

/// A hostile node in threads of this process. They end with it.
pub(super) struct Hostile {
    asked: Arc<AtomicU32>,
    /// Its connection to the tracker.
    _tracker: TcpStream,
}

impl Hostile {
    /// Listens at a free port; the tracker has its announcement and, if it wants it, its list when this returns.
    pub(super) fn start(tracker: &str, offer: &Offer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = announce(tracker, port, &offer.seed).expect("the tracker takes the announcement");
        let asked = Arc::new(AtomicU32::new(0));
        let (counter, offer) = (Arc::clone(&asked), Arc::new(offer.clone()));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (counter, offer) = (Arc::clone(&counter), Arc::clone(&offer));
                thread::spawn(move || serve(stream, port.into(), &offer, &counter));
            }
        });
        Self { asked, _tracker: stream }
    }

    /// How often somebody asked for a chunk or for the list.
    pub(super) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Tells the tracker that whoever listens at `port` holds all of `seed`.
fn announce(tracker: &str, port: u16, seed: &Arc<Seed>) -> io::Result<TcpStream> {
    let mut wire = Wire::new(TcpStream::connect(tracker)?)?;
    wire.send(0, &hello(port.into()))?;
    let key = SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() };
    let update = Update {
        port,
        advertise: None,
        generation: 1,
        page: 0,
        last: true,
        base: Digest::default(),
        set: UpdateSet::All(vec![Entry { key, complete: true }]),
    };
    wire.send(1, &Message::Update(update))?;
    loop {
        match wire.receive()? {
            (_, Message::Updated(updated)) if updated.want.contains(&seed.id()) => {
                wire.send(2, &Message::Publish(Arc::clone(seed)))?;
            }
            (_, Message::Updated(_) | Message::Published) => return Ok(wire.stream),
            (0, Message::Hello(_)) => {}
            (_, other) => return Err(io::Error::other(format!("{other:?}"))),
        }
    }
}

/// Answers one downloader until the connection ends.
fn serve(stream: TcpStream, node: u64, offer: &Offer, asked: &AtomicU32) -> io::Result<()> {
    let mut wire = Wire::new(stream)?;
    loop {
        match wire.receive()? {
            (_, Message::Hello(_)) => wire.send(0, &hello(node))?,
            (request, Message::Test(_)) => wire.send(request, &Message::Have(HaveSet::All))?,
            (request, Message::GetSeed { .. }) => {
                asked.fetch_add(1, Ordering::SeqCst);
                wire.send(request, &Message::Seed(Arc::clone(&offer.seed)))?;
            }
            (request, Message::Fetch(fetch)) => {
                asked.fetch_add(1, Ordering::SeqCst);
                give(&mut wire, request, &fetch, offer)?;
            }
            (_, Message::Cancel { .. }) => {}
            (_, other) => return Err(io::Error::other(format!("{other:?}"))),
        }
    }
}

/// Sends the first of the wanted chunks that isn't withheld.
fn give(wire: &mut Wire, request: u32, fetch: &Fetch, offer: &Offer) -> io::Result<()> {
    let Some(&index) = fetch.any_of.iter().find(|index| Some(**index) != offer.withheld) else {
        return wire.send(request, &Message::Rejected(Rejection::NotHeld));
    };
    let chunk = offer.bytes.chunks(CHUNK).nth(usize::try_from(index).unwrap()).unwrap();
    let len = u32::try_from(chunk.len()).unwrap();
    wire.send(request, &Message::Chunk { index, len })?;
    wire.stream.write_all(&codec::data_header(request, len))?;
    wire.stream.write_all(chunk)
}

const fn hello(node: u64) -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node })
}

/// A connection, frame by frame.
struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    fn send(&mut self, request: u32, message: &Message) -> io::Result<()> {
        let mut frame = Vec::new();
        codec::encode(request, message, &mut frame);
        self.stream.write_all(&frame)
    }

    /// The next message and its number; an error at the end.
    fn receive(&mut self) -> io::Result<(u32, Message)> {
        loop {
            match codec::decode(&self.buffer).map_err(io::Error::other)? {
                Decoded::Need(_) => {
                    let mut room = [0; 16 << 10];
                    let read = self.stream.read(&mut room)?;
                    if read == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.buffer.extend(room.iter().take(read));
                }
                Decoded::Frame { frame: Frame::Message { request, message }, used } => {
                    self.buffer.drain(..used);
                    return Ok((request, message));
                }
                Decoded::Frame { frame, .. } => return Err(io::Error::other(format!("{frame:?}"))),
            }
        }
    }
}
