//! Messages survive the trip, however the stream is cut.

use proptest::prelude::*;
use samara::wire::codec::{data_header, decode, encode};
use samara::wire::{Decoded, Frame, Message};

use super::strategy;

/// What a stream holds: messages with their numbers, and data.
#[derive(Clone, Debug)]
enum Item {
    Message(u32, Message),
    Data(u32, Vec<u8>),
}

fn item() -> impl Strategy<Value = Item> {
    let data = proptest::collection::vec(any::<u8>(), 1..300);
    prop_oneof![
        4 => (any::<u32>(), strategy::message()).prop_map(|(request, message)| Item::Message(request, message)),
        1 => (any::<u32>(), data).prop_map(|(request, data)| Item::Data(request, data)),
    ]
}

fn stream(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        match item {
            Item::Message(request, message) => encode(*request, message, &mut out),
            Item::Data(request, data) => {
                out.extend(data_header(*request, u32::try_from(data.len()).unwrap()));
                out.extend(data);
            }
        }
    }
    out
}

/// Reads as a driver does: waits for as much as is needed, and takes data as it comes.
struct Reader {
    buffer: Vec<u8>,
    frames: Vec<Frame>,
    data: Vec<u8>,
    due: usize,
}

impl Reader {
    const fn new() -> Self {
        Self { buffer: Vec::new(), frames: Vec::new(), data: Vec::new(), due: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
        loop {
            let part = self.due.min(self.buffer.len());
            self.data.extend(self.buffer.drain(..part));
            self.due -= part;
            if self.due > 0 {
                return;
            }
            match decode(&self.buffer).unwrap() {
                Decoded::Need(need) => {
                    assert!(need > self.buffer.len());
                    return;
                }
                Decoded::Frame { frame, used } => {
                    if let Frame::Data { len, .. } = frame {
                        self.due = len as usize;
                    }
                    self.frames.push(frame);
                    self.buffer.drain(..used);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_decoded_is_what_was_encoded(request: u32, message in strategy::message()) {
        let mut bytes = vec![0xee; 3];
        encode(request, &message, &mut bytes);
        let frame = Frame::Message { request, message };
        prop_assert_eq!(&bytes[..3], &[0xee; 3]);
        prop_assert_eq!(decode(&bytes[3..]), Ok(Decoded::Frame { frame, used: bytes.len() - 3 }));
    }

    #[test]
    fn a_frame_that_is_not_whole_says_exactly_what_it_needs(message in strategy::message(), cut: prop::sample::Index) {
        let bytes = super::bytes_of(&message);
        let have = cut.index(bytes.len());
        let need = if have < 12 { 12 } else { bytes.len() };
        prop_assert_eq!(decode(&bytes[..have]), Ok(Decoded::Need(need)));
    }

    #[test]
    fn however_a_stream_is_cut_it_says_the_same(
        items in proptest::collection::vec(item(), 1..6),
        mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = stream(&items);
        let mut whole = Reader::new();
        whole.take(&bytes);
        cuts.sort_by_key(|cut| cut.index(bytes.len()));
        let (mut split, mut from) = (Reader::new(), 0);
        for to in cuts.iter().map(|cut| cut.index(bytes.len())).chain([bytes.len()]) {
            split.take(&bytes[from..to]);
            from = to;
        }
        prop_assert_eq!(split.frames, &whole.frames[..]);
        prop_assert_eq!(split.data, &whole.data[..]);
        let expected: Vec<Frame> = items.iter().map(|item| match item.clone() {
            Item::Message(request, message) => Frame::Message { request, message },
            Item::Data(request, data) => Frame::Data { request, len: u32::try_from(data.len()).unwrap() },
        }).collect();
        prop_assert_eq!(whole.frames, expected);
        prop_assert!(whole.buffer.is_empty() && whole.due == 0);
    }

    #[test]
    fn what_is_accepted_after_a_change_is_encoded_to_the_same_bytes(
        message in strategy::message(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut bytes = super::bytes_of(&message);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(Decoded::Frame { frame: Frame::Message { request, message }, used }) = decode(&bytes) {
            let mut again = Vec::new();
            encode(request, &message, &mut again);
            prop_assert_eq!(&again[12..], &bytes[12..used]);
        }
    }
}
