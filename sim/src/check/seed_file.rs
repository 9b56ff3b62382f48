//! A `.seed` file from anywhere.

use samara::Seed;
use samara::wire::seedfile;

/// Reading never panics, and what it accepts is written as the same bytes.
pub fn seed_file(bytes: &[u8]) {
    let Ok(seed) = seedfile::from_bytes(bytes) else { return };
    assert_eq!(seedfile::to_bytes(&seed), bytes);
    every_step_lies_in_the_file(&seed);
}

fn every_step_lies_in_the_file(seed: &Seed) {
    let mut end = 0;
    for index in 0..seed.chunks() {
        let range = seed.range(index).expect("each chunk has a range");
        assert_eq!(range.start, end, "chunks follow one another");
        let step = seed.step(index).expect("each chunk has a step");
        assert_eq!(u64::from(step.len), range.end - range.start);
        end = range.end;
    }
    assert_eq!(end, seed.length());
}
