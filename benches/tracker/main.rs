//! A tracker's table with a million entries: what each question costs. `cargo bench --bench tracker`

#![expect(clippy::unwrap_used, reason = "a bench may stop here")]

mod keys;
mod table;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use keys::{FILES, NODES, entries, query, update};
use samara::wire::Message;
use samara::wire::message::{Digest, UpdateSet};
use table::Table;

fn a_million_entries(c: &mut Criterion) {
    let mut table = Table::new();
    let mut n = 0_u32;
    let mut next = move |of: u32| {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        n % of
    };
    let mut group = c.benchmark_group("tracker, a million entries");
    group.bench_function("query, 12 holders on average", |bencher| {
        bencher.iter_batched(
            || (next(NODES), query(next(FILES))),
            |(node, question)| table.ask(node, question),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("update, unchanged", |bencher| {
        bencher.iter(|| {
            let node = next(NODES);
            let message = table.same(node);
            let answer = table.ask(node, message);
            assert!(matches!(answer, Message::Updated(updated) if !updated.resend));
        });
    });
    group.bench_function("update, a whole set of 100", |bencher| {
        bencher.iter_batched(
            || {
                let node = next(NODES);
                (node, update(7_071, Digest::default(), UpdateSet::All(entries(node)), u64::from(node)))
            },
            |(node, message)| table.ask(node, message),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, a_million_entries);
criterion_main!(benches);
