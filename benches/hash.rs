//! How fast chunks are hashed: one after the other, and two at once. `cargo bench -p samara-tokio --bench hash`

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use samara::hash::{ChunkHash, Hashed, Hasher, Sha2};
use samara_tokio::Interleaved;

/// Bytes of a chunk.
const CHUNK: usize = 256 << 10;

fn chain(c: &mut Criterion) {
    let chunks = [1, 2].map(|byte| Bytes::from(vec![byte; CHUNK]));
    let [a, b] = &chunks;
    let mut group = c.benchmark_group("two chunks of 256 KiB");
    group.throughput(Throughput::Bytes(2 * CHUNK as u64));
    group.bench_function("one after the other", |bencher| {
        bencher
            .iter(|| chunks.each_ref().map(|it| Hashed::new::<Sha2>(ChunkHash::INITIAL, None, it.clone())));
    });
    group.bench_function("at once", |bencher| {
        let start = ChunkHash::INITIAL;
        bencher.iter(|| Hashed::pair::<Interleaved>([(start, None, a.clone()), (start, None, b.clone())]));
    });
    group.bench_function("as one file, to make a seed", |bencher| {
        bencher.iter(|| {
            let mut hasher = Hasher::<Sha2>::new();
            chunks.iter().for_each(|chunk| hasher.update(chunk));
            hasher.finish()
        });
    });
    group.finish();
}

criterion_group!(benches, chain);
criterion_main!(benches);
