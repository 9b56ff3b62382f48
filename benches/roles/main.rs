//! What a chunk costs the two roles that move it. `cargo bench --bench roles`

#![expect(clippy::unwrap_used, reason = "a bench may stop here")]

mod downloader;
mod seeder;

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Chunks of the file.
const CHUNKS: u32 = 16_384;
/// Peers, each of which has all of them.
const PEERS: u16 = 50;

fn chunks(c: &mut Criterion) {
    let mut group = c.benchmark_group("16,384 chunks, 50 peers");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10))
        .throughput(Throughput::Elements(CHUNKS.into()));
    let file = downloader::File::new(CHUNKS);
    group.bench_function("downloader: choose, ask, accept, store", |bencher| {
        bencher.iter_batched(
            || downloader::Course::new(&file, PEERS),
            |mut course| course.run(),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("seeder: admit, serve, done", |bencher| {
        bencher.iter_batched(
            || seeder::Course::new(&file.seed, PEERS),
            |mut course| course.run(CHUNKS),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, chunks);
criterion_main!(benches);
