//! The wire from outside: bytes and messages are one to one, and nothing out of bounds gets in.

#![expect(clippy::unwrap_used, reason = "a test may stop here")]

mod bounds;
mod hostile;
mod roundtrip;
mod strategy;
mod wincode;

use samara::wire::codec::{decode, encode};
use samara::wire::{DecodeError, Decoded, Frame, Message};

/// The bytes of a message under number 7.
fn bytes_of(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(7, message, &mut bytes);
    bytes
}

/// The one message in these bytes.
fn message_in(bytes: &[u8]) -> Result<Message, DecodeError> {
    let Decoded::Frame { frame: Frame::Message { request: 7, message }, used } = decode(bytes)? else {
        panic!("no message in {bytes:?}");
    };
    assert_eq!(used, bytes.len());
    Ok(message)
}

/// A frame by hand.
fn frame(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    let head = [&len.to_le_bytes()[..], &kind.to_le_bytes(), &flags.to_le_bytes(), &7_u32.to_le_bytes()];
    [&head.concat(), body].concat()
}
