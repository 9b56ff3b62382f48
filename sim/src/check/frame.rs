//! A stream of frames from a stranger.

use samara::wire::codec::{decode, encode};
use samara::wire::{DecodeError, Decoded, Frame};

use super::{bounds, head};

/// A stream from a stranger: decoding never panics, waits for no body that its header shows to be too long, says the
/// same however the stream is cut, and what it accepts keeps every bound and has exactly one encoding.
pub fn frame(bytes: &[u8]) {
    let whole = read(bytes, || bytes.len());
    for piece in [1, 13, 4_096] {
        assert_eq!(read(bytes, || piece), whole, "in pieces of {piece}");
    }
}

/// What a stream says: its frames and, if it breaks a rule, which.
pub(super) type Said = (Vec<Frame>, Option<DecodeError>);

/// Reads a stream that comes in pieces, each as long as `piece` says, decoding only when as many bytes are there as
/// were asked for.
pub(super) fn read(bytes: &[u8], mut piece: impl FnMut() -> usize) -> Said {
    let (mut frames, mut start, mut end, mut need) = (Vec::new(), 0, 0, 0);
    loop {
        let Some(front) = bytes.get(start..end).filter(|front| front.len() >= need) else {
            if end == bytes.len() {
                return (frames, None);
            }
            end = bytes.len().min(end.saturating_add(piece().max(1)));
            continue;
        };
        match decode(front) {
            Err(error) => {
                head::judge(front, Err(error));
                return (frames, Some(error));
            }
            Ok(Decoded::Need(more)) => {
                assert!(more > front.len(), "{more} bytes for {}", front.len());
                head::judge(front, Ok(more));
                need = more;
            }
            Ok(Decoded::Frame { frame, used }) => {
                head::judge(front, Ok(used));
                reencodes(&frame, &front[..used]);
                start += used + data_len(&frame);
                need = 0;
                end = end.max(start.min(bytes.len()));
                frames.push(frame);
            }
        }
    }
}

const fn data_len(frame: &Frame) -> usize {
    match frame {
        Frame::Data { len, .. } => *len as usize,
        Frame::Message { .. } | Frame::UnknownRequest { .. } | Frame::Unknown => 0,
    }
}

/// A message has one encoding; only `Gone` may come in another class than it is sent in.
fn reencodes(frame: &Frame, bytes: &[u8]) {
    let Frame::Message { request, message } = frame else { return };
    bounds::hold(message);
    let mut again = Vec::new();
    encode(*request, message, &mut again);
    let class = 6..8;
    assert_eq!(again[..class.start], bytes[..class.start]);
    assert_eq!(again[class.end..], bytes[class.end..]);
}
