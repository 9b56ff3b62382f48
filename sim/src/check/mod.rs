//! Checks over arbitrary bytes: what holds whatever comes. Each panics if it doesn't.
//!
//! Fuzz targets call them with new bytes, `tests/corpus.rs` with the committed ones.

use samara::wire::codec::{decode, encode};
use samara::wire::{DecodeError, Decoded, Frame, limits, seedfile};
use samara::{SafeName, Seed, ShareLink};

/// A check.
pub type Check = fn(&[u8]);

/// Every check, by the name of its fuzz target and of its folder in `fuzz/corpus`.
pub const ALL: &[(&str, Check)] = &[("frame", frame), ("link", link), ("seed_file", seed_file)];

/// The longest frame: a seed with a list of 2 MiB.
const LONGEST: usize = limits::HEADER + limits::MAX_CHUNKS as usize * 32 + 512;

/// A stream from a stranger: decoding never panics, waits for no more than the longest frame, says the same however
/// the stream is cut, and what it accepts has exactly one encoding.
pub fn frame(bytes: &[u8]) {
    let whole = read(bytes, bytes.len());
    for piece in [1, 13, 4_096] {
        assert_eq!(read(bytes, piece), whole, "in pieces of {piece}");
    }
}

/// What a stream says: its frames and, if it breaks a rule, which.
type Said = (Vec<Frame>, Option<DecodeError>);

/// Reads a stream that comes in pieces, decoding only when as many bytes are there as were asked for.
fn read(bytes: &[u8], piece: usize) -> Said {
    let (mut frames, mut start, mut end, mut need) = (Vec::new(), 0, 0, 0);
    loop {
        let Some(front) = bytes.get(start..end).filter(|front| front.len() >= need) else {
            if end == bytes.len() {
                return (frames, None);
            }
            end = bytes.len().min(end.saturating_add(piece.max(1)));
            continue;
        };
        match decode(front) {
            Err(error) => return (frames, Some(error)),
            Ok(Decoded::Need(more)) => {
                assert!(more > front.len() && more <= LONGEST, "{more} bytes for {}", front.len());
                need = more;
            }
            Ok(Decoded::Frame { frame, used }) => {
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
    let mut again = Vec::new();
    encode(*request, message, &mut again);
    let class = 6..8;
    assert_eq!(again[..class.start], bytes[..class.start]);
    assert_eq!(again[class.end..], bytes[class.end..]);
}

/// A `.seed` file from anywhere: reading never panics, and what it accepts is written as the same bytes.
pub fn seed_file(bytes: &[u8]) {
    let Ok(seed) = seedfile::from_bytes(bytes) else { return };
    assert_eq!(seedfile::to_bytes(&seed), bytes);
    every_step_lies_in_the_file(&seed);
}

fn every_step_lies_in_the_file(seed: &Seed) {
    let mut end = 0;
    for index in 0..seed.chunks() {
        let range = seed.range(index).expect("each chunk has a range");
        assert_eq!(range.start, end, "chunks follow one another");
        let step = seed.step(index).expect("each chunk has a step");
        assert_eq!(u64::from(step.len), range.end - range.start);
        end = range.end;
    }
    assert_eq!(end, seed.length());
}

/// A link from anywhere: parsing never panics, and what it accepts is written as a link that says the same.
pub fn link(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(link) = text.parse::<ShareLink>() else { return };
    assert_eq!(link.to_string().parse().as_ref(), Ok(&link), "written as {link}");
    if let Some(name) = &link.name {
        assert_eq!(SafeName::new(name.as_str()).as_ref(), Ok(name));
    }
}
