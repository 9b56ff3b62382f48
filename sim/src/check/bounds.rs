//! The bounds that every decoded message keeps, written down a second time: one that gets in keeps them all.

use samara::wire::Message;
use samara::wire::limits;
use samara::wire::message::{HaveSet, UpdateSet};

/// Panics if the message breaks a bound.
pub(super) fn hold(message: &Message) {
    let all_exist = |indices: &[u32]| indices.iter().all(|index| *index < limits::MAX_CHUNKS);
    let bounded = match message {
        Message::Update(update) => {
            let entries = match &update.set {
                UpdateSet::All(entries) => entries.len(),
                UpdateSet::Delta { added, removed } => added.len() + removed.len(),
                UpdateSet::Same => 0,
            };
            update.page < limits::MAX_PAGES && entries <= limits::MAX_ENTRIES
        }
        Message::Updated(updated) => updated.want.len() <= limits::MAX_WANT,
        Message::Withdraw(keys) => keys.len() <= limits::MAX_ENTRIES,
        Message::Query(query) => {
            query.stale.len() <= limits::MAX_EXCLUDED && query.refuted.len() <= limits::MAX_EXCLUDED
        }
        Message::Holders(answer) => {
            answer.seeds.len() <= limits::MAX_SEED_IDS && answer.holders.len() <= limits::MAX_HOLDERS
        }
        Message::Listing(listing) => listing.summaries.len() <= limits::MAX_SUMMARIES,
        Message::Publish(seed) | Message::Seed(seed) => {
            seed.chunks() <= limits::MAX_CHUNKS && seed.chunk_size() <= limits::MAX_CHUNK_SIZE
        }
        Message::Have(HaveSet::Some(bits)) => bits.len() <= limits::MAX_CHUNKS as usize / 8,
        Message::Fetch(fetch) => {
            let mut distinct = fetch.any_of.clone();
            distinct.sort_unstable();
            distinct.dedup();
            (1..=limits::MAX_ANY_OF).contains(&fetch.any_of.len())
                && distinct.len() == fetch.any_of.len()
                && all_exist(&fetch.any_of)
        }
        Message::Chunk { index, len } => all_exist(&[*index]) && (1..=limits::MAX_CHUNK_SIZE).contains(len),
        Message::Gained(indices) => indices.len() <= limits::MAX_GAINED && all_exist(indices),
        Message::Hello(_)
        | Message::Cancel { .. }
        | Message::Refused(_)
        | Message::Unsupported
        | Message::Published
        | Message::Leave
        | Message::List(_)
        | Message::GetSeed { .. }
        | Message::Unknown
        | Message::Test(_)
        | Message::Have(HaveSet::All)
        | Message::Gone(_)
        | Message::Busy { .. }
        | Message::Rejected(_) => true,
    };
    assert!(bounded, "out of bounds: {message:?}");
}
