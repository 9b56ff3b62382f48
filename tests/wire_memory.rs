//! What decoding costs: never more memory than the frame has bytes, and a little.

mod counting;

use samara::link::MAX_LINK;
use samara::wire::codec::{decode, encode};
use samara::wire::message::{Digest, Entry, Message, SeedKey, Summary, Update, UpdateSet};
use samara::wire::seedfile;
use samara::{ChunkHash, FileHash, SafeName, Seed, SeedId, ShareLink};

/// The most that decoding `bytes` had in use at once.
fn peak(bytes: &[u8]) -> usize {
    counting::peak(|| drop(decode(bytes)))
}

fn frame(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("a small body");
    [&len.to_le_bytes()[..], &kind.to_le_bytes(), &flags.to_le_bytes(), &[0; 4], body].concat()
}

fn bytes_of(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(7, message, &mut bytes);
    bytes
}

const ALLOWANCE: usize = 64 << 10;

/// One test, since the count is the whole process's.
#[test]
fn no_frame_costs_more_memory_than_its_bytes_and_64_kib() {
    for count in [1_u64, 8, 512, 1_024, 4_096, 65_536, 1 << 32, u64::MAX] {
        for kind in 0..64 {
            for flags in 0..4 {
                for before in [0, 4, 8, 9, 32, 33, 50, 52, 57, 86] {
                    let body = [&vec![0; before][..], &count.to_le_bytes(), &[0; 100]].concat();
                    let cost = peak(&frame(kind, flags, &body));
                    assert!(cost < 1_000, "kind {kind}, count {count} at {before}: {cost} bytes");
                }
            }
        }
    }
    for message in largest() {
        let bytes = bytes_of(&message);
        let cost = peak(&bytes);
        assert!(cost > bytes.len() / 2, "it was decoded");
        assert!(cost <= bytes.len() + ALLOWANCE, "{cost} bytes for a frame of {}", bytes.len());
    }
    damaged_files_and_links_cost_no_more_either();
}

fn damaged_files_and_links_cost_no_more_either() {
    let Some(Message::Publish(seed)) = largest().into_iter().next() else { panic!("the first is a seed") };
    let mut bytes = seedfile::to_bytes(&seed);
    drop(seed);
    for damage in [8, 20, 300, bytes.len() / 2, bytes.len() - 1] {
        bytes[damage] ^= 1;
        let cost = counting::peak(|| drop(seedfile::from_bytes(&bytes)));
        assert!(cost <= bytes.len() + ALLOWANCE, "{cost} bytes for a seed file of {}", bytes.len());
        bytes[damage] ^= 1;
    }
    let hash = FileHash::new([1; 32]);
    for parameter in ["&tr=a:1", "&x=%41", "&n=%41", "&"] {
        let link = format!("samara:{hash}?{}", parameter.repeat(1 << 20));
        let cost = counting::peak(|| drop(link.parse::<ShareLink>()));
        assert!(cost <= MAX_LINK, "{cost} bytes for a link of {}", link.len());
        let cost = counting::peak(|| drop(link[..MAX_LINK].parse::<ShareLink>()));
        assert!(cost <= MAX_LINK + ALLOWANCE, "{cost} bytes for a link");
    }
}

fn largest() -> Vec<Message> {
    let hashes = vec![ChunkHash::new([3; 32]); 65_536];
    let name = SafeName::new(&"n".repeat(255)).expect("safe");
    let seed = Seed::new(name, 1 << 40, 16 << 20, FileHash::new([3; 32]), hashes).expect("consistent");
    let key = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
    let entries = vec![Entry { key, complete: true }; 4_096];
    let base = Digest([0; 32]);
    let set = UpdateSet::All(entries);
    let short = Summary { key, about: None, complete: 1, partial: 1 };
    let listing = samara::wire::message::Listing { summaries: vec![short; 512], next: None };
    vec![
        Message::Publish(seed.into()),
        Message::Update(Update { port: 1, advertise: None, generation: 0, page: 0, last: true, base, set }),
        Message::Withdraw(vec![key; 4_096]),
        Message::Gained(vec![1; 1_024]),
        Message::Listing(listing),
    ]
}
