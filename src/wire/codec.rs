//! Messages to bytes and back. (PROTOCOL.md, "Frames" and "Bodies")
//!
//! The header is written by hand, each body by bincode with integers of fixed width: so every accepted body
//! encodes to the same bytes again. Nothing is kept between calls.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::bodies;
use super::convert::{Bad, HoldersOf, from_millis, to_millis};
use super::frame::{Class, DecodeError, Decoded, Frame};
use super::kind::{DATA, Kind};
use super::layout::{read, write};
use super::limits::{HEADER, MAX_DATA, MAX_UNKNOWN};
use super::message::Message;
use crate::hash::{FileHash, SeedId};

/// Appends the frame of `message` under `request` to `out`.
///
/// The caller keeps the bounds of [`limits`](super::limits): nothing is cut off here, and the other side closes the
/// connection over a frame that breaks one.
pub fn encode(request: u32, message: &Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER]);
    put_body(message, out);
    let len = out.len().saturating_sub(start).saturating_sub(HEADER);
    let header = Header {
        len: u32::try_from(len).unwrap_or(u32::MAX),
        kind: Kind::of(message).number(),
        flags: message.class() as u16,
        request,
    };
    if let Some(room) = out.get_mut(start..).and_then(|frame| frame.first_chunk_mut()) {
        *room = header.to_bytes();
    }
}

/// The header of a `Data` frame: `len` bytes of the chunk answered to `request` follow it.
pub fn data_header(request: u32, len: u32) -> [u8; HEADER] {
    Header { len, kind: DATA, flags: Class::Data as u16, request }.to_bytes()
}

/// Takes one frame off the front of `bytes`.
///
/// The header alone decides whether a body is worth waiting for: [`Decoded::Need`] never asks for more than the
/// header and the longest body of its kind. Memory is spent only on what is in `bytes` already.
///
/// # Errors
/// [`DecodeError`]: close the connection.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let Some((header, rest)) = bytes.split_first_chunk() else { return Ok(Decoded::Need(HEADER)) };
    let header = Header::from_bytes(*header);
    if header.kind == DATA {
        return header.data();
    }
    let kind = Kind::from_number(header.kind);
    header.check(kind)?;
    let Some(body) = rest.get(..header.len as usize) else { return Ok(Decoded::Need(header.frame_len())) };
    let request = header.request;
    let frame = match (kind, header.class()) {
        (Some(kind), _) => match parse(kind, body) {
            Ok(message) => Frame::Message { request, message },
            Err(Bad::Magic) => return Err(DecodeError::Magic),
            Err(Bad::Bounds | Bad::Name(_) | Bad::Seed(_)) => return Err(header.bad_body()),
        },
        (None, Class::Request) => Frame::UnknownRequest { request },
        (None, Class::Answer | Class::Push | Class::Data) => Frame::Unknown,
    };
    Ok(Decoded::Frame { frame, used: header.frame_len() })
}

/// The bits of the flags that give the class; the others are zero in this version.
const CLASS: u16 = 3;

/// The twelve bytes in front of each body.
#[derive(Clone, Copy)]
struct Header {
    len: u32,
    kind: u16,
    flags: u16,
    request: u32,
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER] {
        let ([a, b, c, d], [e, f]) = (self.len.to_le_bytes(), self.kind.to_le_bytes());
        let ([g, h], [i, j, k, l]) = (self.flags.to_le_bytes(), self.request.to_le_bytes());
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    const fn from_bytes([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; HEADER]) -> Self {
        Self {
            len: u32::from_le_bytes([a, b, c, d]),
            kind: u16::from_le_bytes([e, f]),
            flags: u16::from_le_bytes([g, h]),
            request: u32::from_le_bytes([i, j, k, l]),
        }
    }

    const fn class(self) -> Class {
        match self.flags & CLASS {
            0 => Class::Request,
            1 => Class::Answer,
            2 => Class::Push,
            _ => Class::Data,
        }
    }

    /// Is it a header that a frame of this kind may have? Of unknown kinds only the length is judged.
    fn check(self, kind: Option<Kind>) -> Result<(), DecodeError> {
        if kind.is_some_and(|kind| !kind.allows(self.class()) || self.flags > CLASS) {
            return Err(self.bad_flags());
        }
        if self.len as usize > kind.map_or(MAX_UNKNOWN as usize, Kind::max_body) {
            return Err(self.too_long());
        }
        Ok(())
    }

    /// The `Data` frame that this header begins.
    const fn data(self) -> Result<Decoded, DecodeError> {
        match self.len {
            _ if self.flags != Class::Data as u16 => Err(self.bad_flags()),
            0 => Err(self.bad_body()),
            1..=MAX_DATA => Ok(Decoded::Frame {
                frame: Frame::Data { request: self.request, len: self.len },
                used: HEADER,
            }),
            _ => Err(self.too_long()),
        }
    }

    /// Bytes of the frame with its header.
    const fn frame_len(self) -> usize {
        HEADER.saturating_add(self.len as usize)
    }

    const fn too_long(self) -> DecodeError {
        DecodeError::TooLong { kind: self.kind, len: self.len }
    }

    const fn bad_flags(self) -> DecodeError {
        DecodeError::Flags { kind: self.kind, flags: self.flags }
    }

    const fn bad_body(self) -> DecodeError {
        DecodeError::Body { kind: self.kind }
    }
}

/// The message in the body of a frame of this kind.
fn parse(kind: Kind, body: &[u8]) -> Result<Message, Bad> {
    macro_rules! take {
        ($kind:ident) => {
            take!($kind as bodies::$kind)
        };
        ($kind:ident as $body:ty) => {
            read::<$body, { Kind::$kind.max_body() }>(body).ok_or(Bad::Bounds)?
        };
    }
    Ok(match kind {
        Kind::Hello => Message::Hello(take!(Hello).try_into()?),
        Kind::Cancel => Message::Cancel { target: take!(Cancel).target },
        Kind::Refused => Message::Refused(take!(Refused).into()),
        Kind::Unsupported => Message::Unsupported,
        Kind::Update => Message::Update(take!(Update).try_into()?),
        Kind::Updated => Message::Updated(take!(Updated).into()),
        Kind::Publish => Message::Publish(Arc::new(take!(Publish as bodies::Seed<'_>).try_into()?)),
        Kind::Published => Message::Published,
        Kind::Withdraw => Message::Withdraw(take!(Withdraw).into()),
        Kind::Leave => Message::Leave,
        Kind::Query => Message::Query(take!(Query).into()),
        Kind::Holders => Message::Holders(take!(Holders).into()),
        Kind::List => Message::List(take!(List as bodies::ListSeeds).into()),
        Kind::Listing => Message::Listing(take!(Listing as bodies::Listing<'_>).try_into()?),
        Kind::GetSeed => {
            let asked = take!(GetSeed);
            let (file_hash, seed_id) = (FileHash::new(asked.file_hash), asked.seed_id.map(SeedId::new));
            Message::GetSeed { file_hash, seed_id }
        }
        Kind::Seed => Message::Seed(Arc::new(take!(Seed as bodies::Seed<'_>).try_into()?)),
        Kind::Unknown => Message::Unknown,
        Kind::Test => Message::Test(take!(Test as bodies::Key).into()),
        Kind::Have => Message::Have(take!(Have as bodies::Have<'_>).into()),
        Kind::Gone => Message::Gone(take!(Gone).into()),
        Kind::Busy => Message::Busy { retry_after: from_millis(take!(Busy).retry_after) },
        Kind::Fetch => Message::Fetch(take!(Fetch).try_into()?),
        Kind::Chunk => {
            let (index, len) = take!(Chunk).bounded()?;
            Message::Chunk { index, len }
        }
        Kind::Rejected => Message::Rejected(take!(Rejected).into()),
        Kind::Gained => Message::Gained(take!(Gained).try_into()?),
    })
}

/// Appends the body of a message.
fn put_body(message: &Message, out: &mut Vec<u8>) {
    match message {
        Message::Hello(hello) => write(&bodies::Hello::from(*hello), out),
        Message::Cancel { target } => write(&bodies::Cancel { target: *target }, out),
        Message::Refused(why) => write(&bodies::Refused::from(*why), out),
        Message::Update(update) => write(&bodies::Update::from(update), out),
        Message::Updated(updated) => write(&bodies::Updated::from(updated), out),
        Message::Publish(seed) | Message::Seed(seed) => write(&bodies::Seed::from(&**seed), out),
        Message::Withdraw(keys) => write(&bodies::Withdraw::from(&**keys), out),
        Message::Query(query) => write(&bodies::Query::from(query), out),
        Message::Holders(holders) => write(&HoldersOf::from(holders), out),
        Message::List(list) => write(&bodies::ListSeeds::from(*list), out),
        Message::Listing(listing) => write(&bodies::Listing::from(listing), out),
        Message::GetSeed { file_hash, seed_id } => {
            let seed_id = seed_id.map(|id| *id.as_bytes());
            write(&bodies::GetSeed { file_hash: *file_hash.as_bytes(), seed_id }, out);
        }
        Message::Test(key) => write(&bodies::Key::from(*key), out),
        Message::Have(have) => write(&bodies::Have::from(have), out),
        Message::Gone(why) => write(&bodies::Gone::from(*why), out),
        Message::Busy { retry_after } => {
            write(&bodies::Busy { retry_after: to_millis(*retry_after) }, out);
        }
        Message::Fetch(fetch) => write(&bodies::Fetch::from(fetch), out),
        Message::Chunk { index, len } => write(&bodies::Chunk { index: *index, len: *len }, out),
        Message::Rejected(why) => write(&bodies::Rejected::from(*why), out),
        Message::Gained(indices) => write(&bodies::Gained::from(&**indices), out),
        Message::Unsupported | Message::Published | Message::Leave | Message::Unknown => {}
    }
}
