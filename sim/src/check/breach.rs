//! Frames that break one rule, and only just: one byte too many, one entry too many, one chunk beyond the last.

use samara::wire::codec::{data_header, encode};
use samara::wire::limits;
use samara::wire::message::{
    Digest, Fetch, HaveSet, Holders, Listing, Message, Query, Summary, Update, UpdateSet,
};

use super::draw::Draw;
use super::head;

/// Such a frame, and which rule it breaks.
pub(super) fn frame(draw: &mut Draw<'_>) -> (&'static str, Vec<u8>) {
    let (rule, message) = match draw.below(4) {
        0 => return header(draw),
        1 => return body(draw),
        2 => list(draw),
        _ => number(draw),
    };
    (rule, encoded(&message))
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(1, message, &mut bytes);
    bytes
}

/// A header that announces too much.
fn header(draw: &mut Draw<'_>) -> (&'static str, Vec<u8>) {
    if draw.one_in(8) {
        let len = if draw.any() { 0 } else { limits::MAX_DATA + 1 };
        return ("no bytes of a chunk, or too many in one frame", data_header(1, len).to_vec());
    }
    let kinds: Vec<_> = head::kinds().collect();
    let (kind, longest) = draw.of(&kinds);
    let class = u16::from(draw.few(4));
    let mut bytes = [kind.to_le_bytes(), class.to_le_bytes(), [1, 0], [0, 0]].concat();
    bytes.splice(..0, (longest + 1).to_le_bytes());
    ("a body longer than its kind has", bytes)
}

/// A body with a byte behind its end, or without its last one; a seed with a hash too many.
fn body(draw: &mut Draw<'_>) -> (&'static str, Vec<u8>) {
    let message = draw.message();
    let mut bytes = encoded(&message);
    if let Message::Publish(seed) | Message::Seed(seed) = &message
        && draw.any()
    {
        let hashes = bytes.len() - 32 * seed.chunk_hashes().len();
        bytes[hashes - 8] += 1;
        bytes.extend(seed.file_hash().as_bytes());
    } else if bytes.len() > limits::HEADER && draw.any() {
        bytes.pop();
    } else {
        bytes.push(draw.any());
    }
    let len = u32::try_from(bytes.len() - limits::HEADER).expect("a short body");
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    ("a body of another length than its layout", bytes)
}

/// A list with one entry too many.
fn list(draw: &mut Draw<'_>) -> (&'static str, Message) {
    let query = Query { stale: Vec::new(), refuted: Vec::new(), ..draw.query() };
    let holders = Holders { seeds: Vec::new(), holders: Vec::new(), ..draw.holders() };
    let more = |most: usize| vec![(); most + 1].into_iter();
    match draw.below(10) {
        0 => {
            let stale = more(limits::MAX_EXCLUDED).map(|()| draw.holder_addr()).collect();
            ("too many stale holders", Message::Query(Query { stale, ..query }))
        }
        1 => {
            let refuted = more(limits::MAX_EXCLUDED).map(|()| draw.key().seed_id).collect();
            ("too many refuted lists", Message::Query(Query { refuted, ..query }))
        }
        2 => {
            let seeds = more(limits::MAX_SEED_IDS).map(|()| draw.seed_count()).collect();
            ("too many lists", Message::Holders(Holders { seeds, ..holders }))
        }
        3 => {
            let all = more(limits::MAX_HOLDERS).map(|()| draw.holder()).collect();
            ("too many holders", Message::Holders(Holders { holders: all, ..holders }))
        }
        4 => {
            let summary = Summary { key: draw.key(), about: None, complete: 1, partial: 0 };
            let summaries = more(limits::MAX_SUMMARIES).map(|()| summary.clone()).collect();
            ("too many summaries", Message::Listing(Listing { summaries, next: None }))
        }
        5 => {
            let any_of = (0..).take(limits::MAX_ANY_OF + 1).collect();
            ("too many candidates", Message::Fetch(Fetch { t: 1, any_of }))
        }
        6 => {
            let indices = more(limits::MAX_GAINED).map(|()| draw.index()).collect();
            ("too many new chunks", Message::Gained(indices))
        }
        7 => {
            let keys = more(limits::MAX_ENTRIES).map(|()| draw.key()).collect();
            ("too many keys", Message::Withdraw(keys))
        }
        8 => {
            let bits = more(limits::MAX_CHUNKS as usize / 8).map(|()| 0).collect();
            ("too long a bitmap", Message::Have(HaveSet::Some(bits)))
        }
        _ => {
            let added: Vec<_> = more(draw.below(limits::MAX_ENTRIES)).map(|()| draw.entry()).collect();
            let removed = more(limits::MAX_ENTRIES - added.len()).map(|()| draw.key()).collect();
            ("too many changes", update(0, UpdateSet::Delta { added, removed }))
        }
    }
}

/// A number that no file and no announcement can have.
fn number(draw: &mut Draw<'_>) -> (&'static str, Message) {
    let index = limits::MAX_CHUNKS;
    match draw.below(7) {
        0 => ("a chunk beyond every file", Message::Chunk { index, len: 64 }),
        1 => ("a chunk without bytes", Message::Chunk { index: 0, len: 0 }),
        2 => ("too long a chunk", Message::Chunk { index: 0, len: limits::MAX_CHUNK_SIZE + 1 }),
        3 => ("news of a chunk beyond every file", Message::Gained(vec![index])),
        4 => {
            let mut fetch = draw.fetch();
            fetch.any_of.pop();
            fetch.any_of.push(index);
            ("a candidate beyond every file", Message::Fetch(fetch))
        }
        5 => {
            let any_of = if draw.any() { Vec::new() } else { vec![draw.index(); 2] };
            ("no candidate, or one twice", Message::Fetch(Fetch { t: 1, any_of }))
        }
        _ => ("a page too many", update(limits::MAX_PAGES, UpdateSet::Same)),
    }
}

fn update(page: u32, set: UpdateSet) -> Message {
    let (advertise, base) = (None, Digest::default());
    Message::Update(Update { port: 1, advertise, generation: 1, page, last: true, base, set })
}
