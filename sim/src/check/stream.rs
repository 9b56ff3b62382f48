//! A stream of frames from a friend, and then one from a stranger.

use samara::wire::codec::{data_header, encode};
use samara::wire::{Frame, limits};

use super::breach;
use super::draw::Draw;
use super::frame::read;

/// Messages of every kind and bytes of chunks, one after the other: what was encoded is what is decoded, at once and
/// in whatever pieces it comes. A frame behind them that breaks one rule, as little as possible, is not taken.
pub fn stream(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let (mut sent, mut stream) = (Vec::new(), Vec::new());
    for _ in 0..=draw.below(8) {
        sent.push(append(&mut draw, &mut stream));
    }
    let said = (sent, None);
    assert_eq!(read(&stream, || stream.len()), said, "at once");
    let most = 1 << draw.below(10);
    assert_eq!(read(&stream, || 1 + draw.below(most)), said, "in pieces of at most {most}");
    if draw.one_in(2) {
        let (rule, frame) = breach::frame(&mut draw);
        stream.extend(frame);
        let (taken, error) = read(&stream, || stream.len());
        assert!(taken == said.0 && error.is_some(), "{rule} has no consequence: {:?}", taken.last());
    }
}

fn append(draw: &mut Draw<'_>, stream: &mut Vec<u8>) -> Frame {
    let request = draw.any();
    if draw.one_in(4) {
        let len = if draw.one_in(16) { limits::MAX_DATA } else { 1 + u32::from(draw.any::<u8>()) };
        stream.extend(data_header(request, len));
        stream.resize(stream.len() + len as usize, 0xda);
        return Frame::Data { request, len };
    }
    let message = draw.message();
    encode(request, &message, stream);
    Frame::Message { request, message }
}
