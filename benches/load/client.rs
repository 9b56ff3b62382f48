//! Connections that ask as fast as they are answered.

use std::net::SocketAddr;
use std::time::Duration;

use samara::wire::message::{Hello, VERSION};
use samara::wire::{Decoded, Frame, Message, codec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Bytes that come before a frame's length ends.
const LENGTH: usize = 4;
/// Bytes of a header.
const HEADER: usize = 12;

/// A connection.
pub(crate) struct Client {
    /// Where it says that it serves.
    pub(crate) port: u16,
    stream: TcpStream,
    request: u32,
    read: Vec<u8>,
}

/// What a load came to.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) clients: Vec<Client>,
    pub(crate) answers: usize,
    /// Bytes of requests.
    pub(crate) sent: usize,
    /// Bytes of answers.
    pub(crate) received: usize,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(addr: SocketAddr, port: u16) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { port, stream, request: 0, read: Vec::new() }
    }

    /// Says hello, and hears it.
    pub(crate) async fn hello(&mut self) {
        let hello = Hello { version: VERSION, features: 0, node: self.port.into() };
        let mut out = Vec::new();
        codec::encode(0, &Message::Hello(hello), &mut out);
        self.stream.write_all(&out).await.unwrap();
        self.message().await;
    }

    /// Asks, and gives the answer.
    pub(crate) async fn ask(&mut self, message: Message) -> Message {
        let mut out = Vec::new();
        self.put(&message, &mut out);
        self.stream.write_all(&out).await.unwrap();
        self.message().await
    }

    fn put(&mut self, message: &Message, out: &mut Vec<u8>) {
        self.request += 1;
        codec::encode(self.request, message, out);
    }

    async fn message(&mut self) -> Message {
        loop {
            if let Decoded::Frame { frame, used } = codec::decode(&self.read).unwrap() {
                self.read.drain(..used);
                let Frame::Message { message, .. } = frame else { panic!("{frame:?}") };
                return message;
            }
            assert!(self.stream.read_buf(&mut self.read).await.unwrap() > 0, "closed");
        }
    }

    /// Takes whole frames off, without looking into them: how many, and how many bytes.
    async fn answers(&mut self) -> (usize, usize) {
        assert!(self.stream.read_buf(&mut self.read).await.unwrap() > 0, "closed");
        let (mut frames, mut bytes) = (0, 0);
        while let Some(length) = self.read[bytes..].first_chunk::<LENGTH>() {
            let frame = HEADER + u32::from_le_bytes(*length) as usize;
            if self.read.len() - bytes < frame {
                break;
            }
            frames += 1;
            bytes += frame;
        }
        self.read.drain(..bytes);
        (frames, bytes)
    }
}

/// Keeps `depth` requests under way on each connection, for so long.
pub(crate) async fn load(
    clients: Vec<Client>,
    depth: usize,
    span: Duration,
    ask: impl Fn(u16, u32) -> Message + Clone + Send + 'static,
) -> Load {
    let end = Instant::now() + span;
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(keep_asking(client, depth, end, ask.clone()));
    }
    let mut all = Load::default();
    while let Some(done) = tasks.join_next().await {
        let Load { clients, answers, sent, received } = done.unwrap();
        all.clients.extend(clients);
        all.answers += answers;
        all.sent += sent;
        all.received += received;
    }
    all
}

async fn keep_asking(
    mut client: Client,
    depth: usize,
    end: Instant,
    ask: impl Fn(u16, u32) -> Message,
) -> Load {
    let mut done = Load::default();
    let (mut open, mut n, mut out) = (0, u32::from(client.port) << 20, Vec::new());
    while open > 0 || Instant::now() < end {
        out.clear();
        while open < depth && Instant::now() < end {
            n += 1;
            let message = ask(client.port, n);
            client.put(&message, &mut out);
            open += 1;
        }
        client.stream.write_all(&out).await.unwrap();
        let (answers, bytes) = client.answers().await;
        open -= answers;
        done.answers += answers;
        done.sent += out.len();
        done.received += bytes;
    }
    done.clients.push(client);
    done
}

/// The same with an echo server, one by one: how many answers.
pub(crate) async fn echo(clients: Vec<Client>, span: Duration, request: usize, answer: usize) -> usize {
    let end = Instant::now() + span;
    let mut tasks = JoinSet::new();
    for Client { mut stream, .. } in clients {
        tasks.spawn(async move {
            let (question, mut place, mut answers) = (vec![1; request], vec![0; answer], 0);
            while Instant::now() < end {
                stream.write_all(&question).await.unwrap();
                // The end of the span may come while the server is busy with others.
                let Ok(read) = timeout_at(end, stream.read_exact(&mut place)).await else { break };
                read.unwrap();
                answers += 1;
            }
            answers
        });
    }
    tasks.join_all().await.into_iter().sum()
}
