//! A connection for asking one thing after another: of a tracker (`ls`, `peers`), or of a node.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use samara::wire::frame::{Class, Frame};
use samara::wire::message::{Hello, VERSION};
use samara::wire::{Decoded, Message, codec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::env::{Env, Stream};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection to ask over. It says `Hello`, numbers the requests, and leaves pushes unread.
pub struct Client<E: Env = crate::Tokio> {
    source: <E::Stream as Stream>::Source,
    sink: <E::Stream as Stream>::Sink,
    ahead: BytesMut,
    asked: u32,
    /// What is to go out with the first request.
    greeting: Vec<u8>,
}

impl<E: Env> Client<E> {
    /// Connects to `addr`.
    ///
    /// # Errors
    /// What the network says, or [`ErrorKind::TimedOut`].
    pub async fn connect(env: E, addr: SocketAddr) -> io::Result<Self> {
        let stream = timeout(CONNECT, env.connect(addr)).await??;
        let node = getrandom::u64().map_err(io::Error::other)?;
        let mut greeting = Vec::new();
        codec::encode(0, &Message::Hello(Hello { version: VERSION, features: 0, node }), &mut greeting);
        let (source, sink) = stream.split();
        Ok(Self { source, sink, ahead: BytesMut::new(), asked: 0, greeting })
    }

    /// Asks, and waits for the answer, which may be a refusal.
    ///
    /// # Errors
    /// What the network says; [`ErrorKind::TimedOut`]; [`ErrorKind::InvalidData`] if the other side doesn't keep to
    /// the protocol.
    pub async fn ask(&mut self, message: &Message) -> io::Result<Message> {
        let mut out = std::mem::take(&mut self.greeting);
        self.asked += 1;
        codec::encode(self.asked, message, &mut out);
        timeout(ANSWER, async {
            self.sink.write_all(&out).await?;
            self.answer().await
        })
        .await?
    }

    async fn answer(&mut self) -> io::Result<Message> {
        loop {
            match self.frame().await? {
                Frame::Message { request: 0, message: Message::Hello(hello) } if hello.version == VERSION => {
                }
                Frame::Message { request: 0, message: refused @ Message::Refused(_) } => return Ok(refused),
                Frame::Message { request, message } if message.class() == Class::Answer => {
                    if request == self.asked {
                        return Ok(message);
                    }
                }
                Frame::Message { message: Message::Gained(_), .. } | Frame::Unknown => {}
                Frame::Message { message: Message::Hello(hello), .. } => {
                    return Err(invalid(format!("the other side speaks version {}", hello.version)));
                }
                Frame::Message { .. } | Frame::Data { .. } | Frame::UnknownRequest { .. } => {
                    return Err(invalid("the other side spoke out of turn".to_owned()));
                }
            }
        }
    }

    async fn frame(&mut self) -> io::Result<Frame> {
        loop {
            match codec::decode(&self.ahead).map_err(|error| invalid(error.to_string()))? {
                Decoded::Frame { frame, used } => {
                    self.ahead.advance(used);
                    return Ok(frame);
                }
                Decoded::Need(bytes) => {
                    self.ahead.reserve(bytes.saturating_sub(self.ahead.len()));
                    if self.source.read_buf(&mut self.ahead).await? == 0 {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        }
    }
}

impl<E: Env> fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("asked", &self.asked).finish_non_exhaustive()
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
