//! Messages to bytes and back. (PROTOCOL.md, "Bodies")

use alloc::vec::Vec;

use super::frame::{DecodeError, Decoded};
use super::message::Message;

/// Appends the frame of `message` under `request` to `out`.
pub fn encode(request: u32, message: &Message, out: &mut Vec<u8>) {
    let _ = (request, message, out);
}

/// The header of a `Data` frame: `len` bytes of the chunk answered to `request` follow it.
pub fn data_header(request: u32, len: u32) -> [u8; 12] {
    let _ = (request, len);
    [0; 12]
}

/// Takes one frame off the front of `bytes`.
///
/// # Errors
/// [`DecodeError`]: close the connection.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let _ = bytes;
    Ok(Decoded::Need(12))
}
