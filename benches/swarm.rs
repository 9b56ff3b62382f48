//! A whole swarm in memory: how long a simulated node takes for a chunk. `cargo bench -p samara-sim --bench swarm`

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use samara_sim::swarm::{Crowd, Profile, RATE};

fn swarm(c: &mut Criterion) {
    let (nodes, chunks) = (50, 64);
    let crowd = Crowd { nodes, chunks, rate: RATE, fifo: false, profile: Profile::Homogeneous, seed: 1 };
    let mut group = c.benchmark_group("a swarm of 50 nodes");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(nodes as u64 * u64::from(chunks)));
    group.bench_function("64 chunks each", |bencher| bencher.iter(|| crowd.run()));
    group.finish();
}

criterion_group!(benches, swarm);
criterion_main!(benches);
