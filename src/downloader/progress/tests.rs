use super::*;
use crate::hash::{ChunkHash, Sha2};
use crate::name::SafeName;
use crate::seed::SeedBuilder;
use alloc::vec::Vec;

fn seed(byte: u8) -> Seed {
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(64 * 4 + 10, 64).unwrap();
    builder.update(&[byte; 64 * 4 + 10]);
    builder.finish(SafeName::new("f").unwrap()).unwrap()
}

/// The same list but for the value after chunk `index`.
fn changed(seed: &Seed, index: usize) -> Arc<Seed> {
    let mut hashes = seed.chunk_hashes().to_vec();
    hashes[index] = ChunkHash::new([7; 32]);
    Arc::new(Seed::new(seed.name().clone(), seed.length(), 64, seed.file_hash(), hashes).unwrap())
}

fn some(indices: &[u32]) -> Have {
    let mut have = Have::none(5);
    for index in indices {
        have.insert(*index);
    }
    have
}

fn missing(progress: &Progress) -> Vec<u32> {
    progress.missing().collect()
}

#[test]
fn a_chunk_is_missing_until_it_is_accepted_and_there_once_it_is_stored() {
    let seed = Arc::new(seed(1));
    let mut progress = Progress::resumed(Arc::clone(&seed), some(&[0]), some(&[1]));
    assert_eq!(missing(&progress), [2, 3, 4]);
    progress.put(seed.step(2).unwrap());
    assert_eq!((missing(&progress), progress.had_bytes()), ([3, 4].into(), 64));
    assert_eq!((progress.stored(2), progress.stored(2), progress.stored(3)), (Some(64), None, None));
    assert_eq!(progress.had_bytes(), 128);
    assert!(progress.checked(1, false) && !progress.checked(1, true), "only claimed ones are checked");
    assert_eq!(missing(&progress), [1, 3, 4]);
    for index in [1, 3, 4] {
        assert!(!progress.is_complete());
        progress.put(seed.step(index).unwrap());
        progress.stored(index);
    }
    assert!(progress.is_complete() && progress.had_bytes() == seed.length());
}

#[test]
fn what_is_certain_grows_from_the_end() {
    let seed = Arc::new(seed(1));
    let mut progress = Progress::begun(Arc::clone(&seed));
    let mut put = |index| progress.put(seed.step(index).unwrap());
    assert!(!put(3) && put(4) && !put(1) && put(2) && put(0));
}

#[test]
fn an_answer_about_the_list_before_is_no_answer_about_this_one() {
    let seed = Arc::new(seed(1));
    let mut progress = Progress::resumed(Arc::clone(&seed), some(&[0, 4]), some(&[]));
    progress.adopting();
    progress.switch(changed(&seed, 0));
    assert!(!progress.adopted(some(&[0, 4]), some(&[])) && !progress.is_complete());
    assert_eq!(missing(&progress), [0, 1, 2, 3]);
    assert!(progress.adopted(some(&[4]), some(&[])));
}

#[test]
fn a_switch_keeps_the_chunks_whose_step_is_the_same() {
    let old = seed(1);
    let new = changed(&old, 2);
    let mut progress = Progress::resumed(Arc::new(old.clone()), some(&[0, 2]), some(&[3]));
    progress.put(old.step(1).unwrap());
    progress.put(old.step(4).unwrap());
    assert_eq!(progress.switch(Arc::clone(&new)), 64, "chunk 2; nothing certain was claimed of chunk 3");
    assert_eq!(missing(&progress), [2, 3]);
    progress.put(new.step(2).unwrap());
    assert_eq!(progress.stored(1), Some(64));
    assert!(progress.adopted(some(&[0, 1]), some(&[])));
    assert_eq!((missing(&progress), progress.had_bytes()), ([3].into(), 128));
    // Chunk 2 was put under both lists: the first answer is to the first of them.
    assert_eq!((progress.stored(4), progress.stored(2)), (Some(10), Some(64)));
    assert_eq!(progress.had_bytes(), 128 + 64 + 10);
}

#[test]
fn a_chunk_that_was_on_its_way_under_another_list_counts_only_if_it_is_the_same() {
    let old = seed(1);
    let mut progress = Progress::begun(Arc::new(old.clone()));
    progress.put(old.step(2).unwrap());
    progress.switch(changed(&old, 2));
    progress.put(changed(&old, 2).step(2).unwrap());
    assert_eq!((progress.stored(2), progress.had_bytes()), (Some(64), 0), "that was the old one");
    assert_eq!((progress.stored(2), progress.had_bytes()), (Some(64), 64));
}

#[test]
fn only_the_answer_to_the_last_adoption_is_believed() {
    let seed = Arc::new(seed(1));
    let mut progress = Progress::begun(Arc::clone(&seed));
    progress.switch(changed(&seed, 2));
    assert!(!progress.adopted(Have::all(5), some(&[])), "it is about the first");
    assert!(!progress.is_complete());
    assert!(progress.adopted(Have::all(5), some(&[])));
    assert!(progress.is_complete());
    assert!(!progress.adopted(some(&[]), some(&[])), "nobody asked");
    assert!(progress.is_complete());
}

#[test]
fn bitmaps_of_another_size_are_not_believed() {
    let mut progress = Progress::begun(Arc::new(seed(1)));
    assert!(!progress.adopted(Have::all(4), Have::none(4)));
    assert_eq!(missing(&progress).len(), 5);
}
