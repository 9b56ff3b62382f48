//! Arbitrary messages within the bounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::array::uniform32;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use samara::wire::message::{
    Digest, Entry, Fetch, Gone, HaveSet, Hello, Holder, HolderAddr, Holders, List, Listing, Message, Query,
    Refusal, Rejection, SeedCount, SeedKey, Summary, Update, UpdateSet, Updated,
};
use samara::{FileHash, SafeName, Seed, SeedBuilder, SeedId, Sha2};

fn file_hash() -> impl Strategy<Value = FileHash> {
    uniform32(any::<u8>()).prop_map(FileHash::new)
}

fn seed_id() -> impl Strategy<Value = SeedId> {
    uniform32(any::<u8>()).prop_map(SeedId::new)
}

fn key() -> impl Strategy<Value = SeedKey> {
    (file_hash(), seed_id()).prop_map(|(file_hash, seed_id)| SeedKey { file_hash, seed_id })
}

fn entry() -> impl Strategy<Value = Entry> {
    (key(), any::<bool>()).prop_map(|(key, complete)| Entry { key, complete })
}

fn millis() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|millis| Duration::from_millis(millis.into()))
}

fn addr() -> impl Strategy<Value = SocketAddr> {
    prop_oneof![
        any::<([u8; 4], u16)>().prop_map(SocketAddr::from),
        any::<([u8; 16], u16)>().prop_map(SocketAddr::from),
    ]
}

fn holder_addr() -> impl Strategy<Value = HolderAddr> {
    prop_oneof![any::<u16>().prop_map(HolderAddr::SameHost), addr().prop_map(HolderAddr::At)]
}

fn name() -> impl Strategy<Value = SafeName> {
    "[a-zа-я0-9_ ]{0,40}[a-z]".prop_filter_map("not a safe name", |name| SafeName::new(&name).ok())
}

fn seed() -> impl Strategy<Value = Arc<Seed>> {
    (name(), vec(any::<u8>(), 0..1000), 6..12_u32).prop_map(|(name, bytes, log)| {
        let mut builder = SeedBuilder::<Sha2>::with_chunk_size(bytes.len() as u64, 1 << log).unwrap();
        builder.update(&bytes);
        Arc::new(builder.finish(name).unwrap())
    })
}

fn update_set() -> impl Strategy<Value = UpdateSet> {
    let delta = (vec(entry(), 0..5), vec(key(), 0..5));
    prop_oneof![
        vec(entry(), 0..9).prop_map(UpdateSet::All),
        delta.prop_map(|(added, removed)| UpdateSet::Delta { added, removed }),
        Just(UpdateSet::Same),
    ]
}

fn update() -> impl Strategy<Value = Message> {
    let place = (any::<u16>(), option::of(addr()));
    let page = (any::<u64>(), 0..256_u32, any::<bool>(), uniform32(any::<u8>()));
    (place, page, update_set()).prop_map(|((port, advertise), (generation, page, last, base), set)| {
        Message::Update(Update { port, advertise, generation, page, last, base: Digest(base), set })
    })
}

fn updated() -> impl Strategy<Value = Message> {
    let flags = any::<(u64, bool, bool)>();
    let want = vec(seed_id(), 0..5);
    (flags, millis(), millis(), uniform32(any::<u8>()), want).prop_map(
        |((epoch, warming, resend), ttl, interval, digest, want)| {
            Message::Updated(Updated { epoch, warming, ttl, interval, digest: Digest(digest), resend, want })
        },
    )
}

fn query() -> impl Strategy<Value = Message> {
    let excluded = (vec(holder_addr(), 0..5), vec(seed_id(), 0..5));
    (file_hash(), option::of(seed_id()), excluded).prop_map(|(file_hash, seed_id, (stale, refuted))| {
        Message::Query(Query { file_hash, seed_id, stale, refuted })
    })
}

fn holders() -> impl Strategy<Value = Message> {
    let count = (seed_id(), any::<u32>(), any::<u32>());
    let count = count.prop_map(|(seed_id, complete, partial)| SeedCount { seed_id, complete, partial });
    let holder = (holder_addr(), seed_id(), any::<bool>());
    let holder = holder.prop_map(|(addr, seed_id, complete)| Holder { addr, seed_id, complete });
    (vec(count, 0..=8), vec(holder, 0..9), any::<bool>())
        .prop_map(|(seeds, holders, warming)| Message::Holders(Holders { seeds, holders, warming }))
}

fn listing() -> impl Strategy<Value = Message> {
    let about = option::of((name(), any::<u64>()));
    let summary = (key(), about, any::<u32>(), any::<u32>())
        .prop_map(|(key, about, complete, partial)| Summary { key, about, complete, partial });
    (vec(summary, 0..5), option::of(any::<u64>()))
        .prop_map(|(summaries, next)| Message::Listing(Listing { summaries, next }))
}

fn gone() -> impl Strategy<Value = Gone> {
    prop_oneof![Just(Gone::Never), Just(Gone::Withdrawn), Just(Gone::Changed)]
}

fn rejection() -> impl Strategy<Value = Rejection> {
    prop_oneof![
        Just(Rejection::NotHeld),
        millis().prop_map(|retry_after| Rejection::Busy { retry_after }),
        Just(Rejection::Cancelled),
        gone().prop_map(Rejection::Gone),
    ]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    use Refusal::{Denied, Invalid, PortInUse, Quota, Version};
    prop::sample::select(std::vec![Version, PortInUse, Quota, Denied, Invalid])
}

fn with_a_tracker() -> impl Strategy<Value = Message> {
    let list = any::<(u64, u16)>().prop_map(|(after, limit)| Message::List(List { after, limit }));
    let get_seed = (file_hash(), option::of(seed_id()))
        .prop_map(|(file_hash, seed_id)| Message::GetSeed { file_hash, seed_id });
    prop_oneof![
        update(),
        updated(),
        seed().prop_map(Message::Publish),
        Just(Message::Published),
        vec(key(), 0..9).prop_map(Message::Withdraw),
        Just(Message::Leave),
        query(),
        holders(),
        list,
        listing(),
        get_seed,
        seed().prop_map(Message::Seed),
        Just(Message::Unknown),
    ]
}

fn between_nodes() -> impl Strategy<Value = Message> {
    let index = || 0..65_536_u32;
    let fetch = (any::<u32>(), btree_set(index(), 1..=8))
        .prop_map(|(t, any_of)| Message::Fetch(Fetch { t, any_of: any_of.into_iter().rev().collect() }));
    prop_oneof![
        key().prop_map(Message::Test),
        Just(Message::Have(HaveSet::All)),
        vec(any::<u8>(), 0..100).prop_map(|bits| Message::Have(HaveSet::Some(bits))),
        gone().prop_map(Message::Gone),
        millis().prop_map(|retry_after| Message::Busy { retry_after }),
        fetch,
        (index(), 1..=16_777_216_u32).prop_map(|(index, len)| Message::Chunk { index, len }),
        rejection().prop_map(Message::Rejected),
        vec(index(), 0..100).prop_map(Message::Gained),
    ]
}

/// Any message, of any kind.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    let hello = any::<(u16, u64, u64)>()
        .prop_map(|(version, features, node)| Message::Hello(Hello { version, features, node }));
    prop_oneof![
        1 => hello,
        1 => any::<u32>().prop_map(|target| Message::Cancel { target }),
        1 => refusal().prop_map(Message::Refused),
        1 => Just(Message::Unsupported),
        13 => with_a_tracker(),
        9 => between_nodes(),
    ]
}
