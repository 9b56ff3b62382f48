//! Row 29 of the attacks: sizes at every edge make a seed exactly if they fit one another, and its chunks are the file.

use proptest::prelude::*;
use samara::{ChunkHash, FileHash, SafeName, Seed};

/// Numbers near where something changes.
fn edge() -> impl Strategy<Value = u64> {
    let near = |power: u32| (0..=8u64).prop_map(move |off| (1u64 << power).wrapping_add(off).wrapping_sub(4));
    prop_oneof![
        0..300u64,
        Just(u64::MAX),
        (0..64u32).prop_flat_map(near),
        (1..=9u64, 0..16u64).prop_map(|(n, power)| n * (64 << power)),
    ]
}

fn chunk_size() -> impl Strategy<Value = u32> {
    prop_oneof![(0..32u32).prop_map(|power| 1 << power), 0..200u32, any::<u32>()]
}

/// A length and a chunk size: any, or such that there are about as many chunks as there may be.
fn geometry() -> impl Strategy<Value = (u64, u32)> {
    let most = (65_535..65_539_u64, 6..=24_u32, 0..2_u64);
    prop_oneof![
        3 => (edge(), chunk_size()),
        1 => most.prop_map(|(chunks, power, short)| ((chunks << power) - short, 1 << power)),
    ]
}

/// A seed of so many chunks, whatever they are.
fn seed(length: u64, chunk_size: u32, chunks: u64) -> Option<Seed> {
    let file_hash = if chunks == 0 { FileHash::of_nothing() } else { FileHash::new([7; 32]) };
    let hashes = vec![ChunkHash::new([7; 32]); usize::try_from(chunks).ok()?];
    Seed::new(SafeName::new("f").ok()?, length, chunk_size, file_hash, hashes).ok()
}

/// The rules once more, in numbers so large that nothing overflows.
fn fits(length: u64, chunk_size: u32, chunks: u64) -> bool {
    let [length, size, chunks] = [length, chunk_size.into(), chunks].map(u128::from);
    let sized = size.is_power_of_two() && (64..=16 << 20).contains(&size);
    // They reach to the end, and one less would not.
    sized && chunks <= 65_536 && chunks * size >= length && chunks * size < length + size
}

proptest! {
    #[test]
    fn parts_make_a_seed_exactly_if_they_fit((length, size) in geometry(), off in 0..3u64) {
        // As many chunks as there ought to be, one less, one more.
        let right = length.div_ceil(u64::from(size.max(1)));
        let chunks = right.saturating_add(off).saturating_sub(1).min(70_000);
        let seed = seed(length, size, chunks);
        prop_assert_eq!(seed.is_some(), fits(length, size, chunks));
        let Some(seed) = seed else { return Ok(()) };
        prop_assert_eq!(u64::from(seed.chunks()), chunks);
        let mut end = 0;
        for index in 0..seed.chunks() {
            let (range, step) = (seed.range(index).unwrap(), seed.step(index).unwrap());
            prop_assert_eq!(range.start, end);
            prop_assert_eq!(range.end - range.start, u64::from(step.len));
            prop_assert!(step.len > 0 && (step.len == size || index + 1 == seed.chunks()));
            prop_assert_eq!(step.last, (index + 1 == seed.chunks()).then_some(length));
            end = range.end;
        }
        prop_assert_eq!(end, length);
        prop_assert!(seed.range(seed.chunks()).is_none() && seed.step(u32::MAX).is_none());
    }
}
