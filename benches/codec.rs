//! What a frame costs: encoding and decoding one of each kind that matters, small and as large as it may be.

#![expect(clippy::unwrap_used, reason = "a bench may stop here")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use samara::wire::codec::{decode, encode};
use samara::wire::limits;
use samara::wire::message::{
    Digest, Entry, Fetch, Gone, HaveSet, Hello, Holder, HolderAddr, Holders, List, Listing, Message, Query,
    Refusal, Rejection, SeedCount, SeedKey, Summary, Update, UpdateSet, Updated,
};
use samara::{ChunkHash, FileHash, SafeName, Seed, SeedId};

const FILE: FileHash = FileHash::new([1; 32]);
const ID: SeedId = SeedId::new([2; 32]);
const KEY: SeedKey = SeedKey { file_hash: FILE, seed_id: ID };
const DIGEST: Digest = Digest([5; 32]);
const SPAN: Duration = Duration::from_secs(20);

fn seed(chunks: u32) -> Message {
    let hashes = vec![ChunkHash::new(*FILE.as_bytes()); chunks as usize];
    let length = u64::from(chunks) * (1 << 20);
    let name = SafeName::new("model-00001-of-00030.safetensors").unwrap();
    Message::Publish(Seed::new(name, length, 1 << 20, FILE, hashes).unwrap().into())
}

const fn update(set: UpdateSet) -> Message {
    Message::Update(Update {
        port: 7071,
        advertise: None,
        generation: 1,
        page: 0,
        last: true,
        base: DIGEST,
        set,
    })
}

fn with_a_tracker() -> Vec<(&'static str, Message)> {
    let entry = Entry { key: KEY, complete: true };
    let (epoch, want) = (1, vec![ID; 2]);
    let updated =
        Updated { epoch, warming: false, ttl: SPAN, interval: SPAN, digest: DIGEST, resend: false, want };
    let addr = HolderAddr::At(([10, 0, 0, 1], 7071).into());
    let holders = vec![Holder { addr, seed_id: ID, complete: true }; 32];
    let seeds = vec![SeedCount { seed_id: ID, complete: 30, partial: 2 }];
    let about = Some((SafeName::new("model.safetensors").unwrap(), 5 << 30));
    let summaries = vec![Summary { key: KEY, about, complete: 3, partial: 1 }; 100];
    vec![
        ("update_same", update(UpdateSet::Same)),
        ("update_delta_1", update(UpdateSet::Delta { added: vec![entry], removed: vec![] })),
        ("update_all_4096", update(UpdateSet::All(vec![entry; limits::MAX_ENTRIES]))),
        ("updated", Message::Updated(updated)),
        ("publish_1024", seed(1_024)),
        ("publish_65536", seed(limits::MAX_CHUNKS)),
        ("published", Message::Published),
        ("withdraw_1", Message::Withdraw(vec![KEY])),
        (
            "query",
            Message::Query(Query { file_hash: FILE, seed_id: None, stale: vec![addr; 4], refuted: vec![] }),
        ),
        ("holders_32", Message::Holders(Holders { seeds, holders, warming: false })),
        ("list", Message::List(List { after: 0, limit: 100 })),
        ("listing_100", Message::Listing(Listing { summaries, next: Some(100) })),
        ("get_seed", Message::GetSeed { file_hash: FILE, seed_id: Some(ID) }),
    ]
}

fn between_nodes() -> Vec<(&'static str, Message)> {
    vec![
        ("hello", Message::Hello(Hello { version: 1, features: 0, node: 7 })),
        ("refused", Message::Refused(Refusal::Quota)),
        ("test", Message::Test(KEY)),
        ("have_all", Message::Have(HaveSet::All)),
        ("have_some_65536", Message::Have(HaveSet::Some(vec![0x5a; 8_192]))),
        ("gone", Message::Gone(Gone::Changed)),
        ("busy", Message::Busy { retry_after: SPAN }),
        ("fetch_8", Message::Fetch(Fetch { t: 1, any_of: (0..8).collect() })),
        ("chunk", Message::Chunk { index: 1, len: 1 << 20 }),
        ("rejected", Message::Rejected(Rejection::NotHeld)),
        ("cancel", Message::Cancel { target: 7 }),
        ("gained_16", Message::Gained((0..16).collect())),
    ]
}

fn codec(criterion: &mut Criterion) {
    let all: Vec<_> = between_nodes().into_iter().chain(with_a_tracker()).collect();
    let mut group = criterion.benchmark_group("codec");
    for (name, message) in &all {
        let mut bytes = Vec::new();
        encode(7, message, &mut bytes);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("encode", name), |bencher| {
            let mut out = Vec::with_capacity(bytes.len());
            bencher.iter(|| {
                out.clear();
                encode(7, black_box(message), &mut out);
            });
        });
        group.bench_function(BenchmarkId::new("decode", name), |bencher| {
            bencher.iter(|| decode(black_box(&bytes)));
        });
    }
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
