//! Lists are made of invented hashes here: only the last one has to be the file's. What can verify, a test decides.

use super::*;
use crate::hash::ChunkHash;

pub(super) const CHUNK: u64 = 256 << 10;
pub(super) const FILE: FileHash = FileHash::new([0xff; 32]);

/// A hash for index `index` that lists of the same `branch` share.
pub(super) fn value(branch: u8, index: u32) -> ChunkHash {
    let mut bytes = [branch; 32];
    bytes[..4].copy_from_slice(&index.to_le_bytes());
    ChunkHash::new(bytes)
}

/// A list of `chunks` whole chunks that says what the true one (branch 0) says, but `branch` at the `lies`.
pub(super) fn list(chunks: u32, branch: u8, lies: &[u32]) -> Arc<Seed> {
    sized(u64::from(chunks) * CHUNK, branch, lies)
}

fn sized(length: u64, branch: u8, lies: &[u32]) -> Arc<Seed> {
    let chunk_size = crate::seed::canonical_chunk_size(length);
    let last = crate::seed::chunk_count(length, chunk_size).unwrap() - 1;
    let value = |index| value(if lies.contains(&index) { branch } else { 0 }, index);
    let mut hashes: Vec<_> = (0..last).map(value).collect();
    hashes.push(ChunkHash::new(*FILE.as_bytes()));
    let name = SafeName::new("file").unwrap();
    Arc::new(Seed::new(name, length, chunk_size, FILE, hashes).unwrap())
}

pub(super) fn unpinned() -> Candidates {
    Candidates::new(&Target { file_hash: FILE, pin: Pin::Hash }, Entropy::new(1))
}

fn with(lists: &[&Arc<Seed>]) -> Candidates {
    let mut candidates = unpinned();
    for seed in lists {
        assert_eq!(candidates.offer(Arc::clone(seed)), Offer::Taken);
    }
    candidates
}

fn fetchable(candidates: &Candidates) -> Vec<u32> {
    (0..70_000).filter(|index| candidates.may_fetch(*index)).collect()
}

pub(super) fn at(network: u8, host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, network, host], 7000))
}

#[test]
fn the_last_chunk_comes_first_and_proves_the_length() {
    let truth = list(1_000, 0, &[]);
    let mut candidates = with(&[&truth]);
    assert_eq!(candidates.probes(), [(truth.id(), 999)]);
    assert_eq!((candidates.settled(), candidates.proven_length()), (false, None));
    assert_eq!(fetchable(&candidates), [999]);

    assert_eq!(candidates.verified(truth.id(), 999), []);
    assert_eq!(candidates.probes(), []);
    assert_eq!((candidates.settled(), candidates.proven_length()), (true, Some(1_000 * CHUNK)));
    assert_eq!(fetchable(&candidates), (749..1_000).collect::<Vec<_>>());
}

#[test]
fn a_withheld_chunk_holds_up_all_but_one_window() {
    let truth = list(1_000, 0, &[]);
    let mut candidates = with(&[&truth]);
    candidates.verified(truth.id(), 999);
    for index in (749..998).rev() {
        candidates.verified(truth.id(), index);
    }
    assert!(!candidates.may_fetch(748), "chunk 998 is missing");
    candidates.verified(truth.id(), 998);
    assert!(candidates.may_fetch(748) && candidates.may_fetch(499) && !candidates.may_fetch(498));
}

#[test]
fn small_files_fit_the_window() {
    let truth = list(65, 0, &[]);
    let mut candidates = with(&[&truth]);
    candidates.verified(truth.id(), 64);
    assert_eq!(fetchable(&candidates), (0..65).collect::<Vec<_>>());
}

#[test]
fn lists_of_one_length_are_settled_after_their_last_difference() {
    let (truth, lie) = (list(100, 0, &[]), list(100, 1, &[10, 11, 40, 60]));
    let mut candidates = with(&[&lie, &truth]);
    candidates.verified(lie.id(), 99);
    assert!(!candidates.settled());
    assert_eq!(candidates.proven_length(), Some(100 * CHUNK));
    assert_eq!(candidates.probes(), [(lie.id(), 61), (truth.id(), 61)]);
    // 10, 11, 40, 60 have another end, 12, 41, 61 another start; 35..41 lies in the window, as far as it is common.
    let common: Vec<_> = (35..100).filter(|index| ![40, 41, 60, 61].contains(index)).collect();
    assert_eq!(fetchable(&candidates), common);

    assert_eq!(candidates.verified(truth.id(), 62), []);
    assert_eq!(candidates.verified(lie.id(), 10), [], "that it has such a chunk says nothing");
    assert_eq!(candidates.verified(truth.id(), 10), [], "nor does the first difference");
    assert_eq!(candidates.chosen(), Some(&lie));
    let refutation = Refutation { seed_id: lie.id(), index: 61 };
    assert_eq!(candidates.verified(truth.id(), 61), [refutation]);
    assert_eq!((candidates.settled(), candidates.chosen()), (true, Some(&truth)));
    assert_eq!((candidates.is_refuted(lie.id()), candidates.refuted()), (true, vec![lie.id()]));
}

#[test]
fn lists_of_different_lengths_are_settled_by_their_last_chunks() {
    let truth = sized(99 * CHUNK + 5, 0, &[]);
    for lie in [sized(99 * CHUNK + 6, 0, &[]), list(50, 0, &[]), sized(8 << 30, 0, &[])] {
        let mut candidates = with(&[&lie, &truth]);
        let last = lie.chunks() - 1;
        assert_eq!(candidates.probes(), [(lie.id(), last), (truth.id(), 99)]);
        assert!(fetchable(&candidates).is_empty());
        let refuted = candidates.verified(truth.id(), 99);
        assert_eq!(refuted, [Refutation { seed_id: lie.id(), index: last }]);
        assert!(candidates.settled());
    }
}

#[test]
fn a_last_chunk_with_another_start_is_refuted() {
    let (truth, lie) = (list(100, 0, &[]), list(100, 1, &[98]));
    let mut candidates = with(&[&truth, &lie]);
    assert_eq!(candidates.probes(), [(truth.id(), 99), (lie.id(), 99)]);
    assert_eq!(candidates.verified(truth.id(), 99), [Refutation { seed_id: lie.id(), index: 99 }]);
}

#[test]
fn two_false_lists_fall_one_after_the_other() {
    let (truth, near, far) = (list(100, 0, &[]), list(100, 1, &[20]), list(100, 2, &[20, 70]));
    let mut candidates = with(&[&near, &far, &truth]);
    candidates.verified(truth.id(), 99);
    let ids = [near.id(), far.id(), truth.id()];
    assert_eq!(candidates.probes(), ids.map(|id| (id, 71)));
    // The nearer false list agrees here: its holders may settle the first fork, and gain nothing.
    assert_eq!(candidates.verified(near.id(), 71), [Refutation { seed_id: far.id(), index: 71 }]);
    assert_eq!(candidates.probes(), [(near.id(), 21), (truth.id(), 21)]);
    assert_eq!(candidates.verified(truth.id(), 21), [Refutation { seed_id: near.id(), index: 21 }]);
    assert_eq!(candidates.lists().collect::<Vec<_>>(), [&truth]);
}

#[test]
fn after_a_refutation_the_window_is_narrow() {
    let (truth, lie) = (list(1_000, 0, &[]), list(1_000, 1, &[900]));
    let mut candidates = with(&[&truth, &lie]);
    candidates.verified(truth.id(), 999);
    assert!(candidates.may_fetch(749));
    candidates.verified(truth.id(), 901);
    assert_eq!(fetchable(&candidates), (999 - 64..1_000).collect::<Vec<_>>());
}

#[test]
fn a_list_that_comes_late_is_judged_by_what_has_verified() {
    let truth = list(100, 0, &[]);
    let mut candidates = with(&[&truth]);
    for index in [99, 98, 97, 50] {
        candidates.verified(truth.id(), index);
    }
    let offer = |candidates: &mut Candidates, seed: &Arc<Seed>| candidates.offer(Arc::clone(seed));
    for (lie, index) in [(list(100, 1, &[96, 97]), 98), (list(100, 1, &[49]), 50), (list(99, 1, &[]), 98)] {
        let refutation = Refutation { seed_id: lie.id(), index };
        assert_eq!(offer(&mut candidates, &lie), Offer::False(Some(refutation)));
        assert_eq!(offer(&mut candidates, &lie), Offer::False(None), "it is remembered");
    }
    // The end of chunk 50 is another one in this list: so far it may be true. It takes over what it shares.
    let other = list(100, 1, &[50]);
    assert_eq!(offer(&mut candidates, &other), Offer::Taken);
    assert_eq!(offer(&mut candidates, &other), Offer::Known);
    assert_eq!(candidates.probes(), [(truth.id(), 51), (other.id(), 51)]);
    assert_eq!(candidates.verified(other.id(), 51), [Refutation { seed_id: truth.id(), index: 51 }]);
    assert!(candidates.settled() && candidates.may_fetch(97 - 64), "chunks 97..100 count for it, too");
}

#[test]
fn steps_that_cannot_be_compared_refute_nothing() {
    // A longer list has the true end in its middle: with the padding as data such a chunk verifies.
    let truth = sized(9 * CHUNK + 100, 0, &[]);
    let mut hashes: Vec<_> = (0..12).map(|index| value(3, index)).collect();
    hashes[9] = ChunkHash::new(*FILE.as_bytes());
    hashes[11] = ChunkHash::new(*FILE.as_bytes());
    let name = SafeName::new("file").unwrap();
    let longer = Arc::new(Seed::new(name, 12 * CHUNK, CHUNK as u32, FILE, hashes).unwrap());
    let mut candidates = with(&[&longer, &truth]);
    assert_eq!(candidates.verified(longer.id(), 9), []);
    assert_eq!(candidates.verified(truth.id(), 9), [Refutation { seed_id: longer.id(), index: 11 }]);

    // Chunks of 512 KiB and of 256 KiB: the same end at the same index, and another start, prove nothing.
    let (small, large) = (sized(4 << 30, 1, &[0]), sized((4 << 30) + 1, 0, &[]));
    let mut candidates = with(&[&small, &large]);
    assert_eq!(small.step(1).unwrap().end, large.step(1).unwrap().end);
    assert_eq!(candidates.verified(small.id(), 1), []);
    assert_eq!(candidates.verified(large.id(), 1), []);
}

#[test]
fn only_canonical_lists_of_the_file_are_candidates() {
    let mut candidates = unpinned();
    let name = || SafeName::new("file").unwrap();
    let coarse = Seed::new(name(), 1 << 20, 1 << 20, FILE, vec![ChunkHash::new([0xff; 32])]).unwrap();
    let other = Seed::new(name(), 64, 256 << 10, FileHash::new([1; 32]), vec![ChunkHash::new([1; 32])]);
    candidates.claim(coarse.id(), at(1, 1), true);
    assert_eq!(candidates.wanted(), [coarse.id()]);
    assert_eq!(candidates.offer(Arc::new(coarse.clone())), Offer::False(None));
    assert_eq!(candidates.wanted(), []);
    candidates.claim(coarse.id(), at(2, 1), true);
    assert_eq!(candidates.wanted(), [], "never again");
    assert_eq!(candidates.offer(Arc::new(other.unwrap())), Offer::NotWanted);
    assert_eq!((candidates.chosen(), candidates.probes(), candidates.settled()), (None, vec![], false));
}

#[test]
fn a_pinned_list_needs_none_of_this() {
    let (pinned, other) = (list(1_000, 0, &[]), list(1_000, 1, &[5]));
    let target = |pin| Target { file_hash: FILE, pin };
    let given = Candidates::new(&target(Pin::Seed(Arc::clone(&pinned))), Entropy::new(1));
    let mut named = Candidates::new(&target(Pin::Id(pinned.id())), Entropy::new(1));
    named.claim(other.id(), at(1, 1), true);
    assert_eq!((named.wanted(), named.settled()), (vec![pinned.id()], false));
    assert_eq!(named.offer(Arc::clone(&other)), Offer::NotWanted);
    assert_eq!(named.offer(Arc::clone(&pinned)), Offer::Taken);
    for mut candidates in [given, named] {
        assert_eq!((candidates.chosen(), candidates.settled()), (Some(&pinned), true));
        assert_eq!((candidates.wanted(), candidates.probes()), (vec![], vec![]));
        assert_eq!(candidates.proven_length(), Some(1_000 * CHUNK));
        assert_eq!(fetchable(&candidates).len(), 1_000);
        assert_eq!(candidates.offer(Arc::clone(&other)), Offer::NotWanted);
        candidates.stalled();
        assert_eq!(candidates.verified(pinned.id(), 6), []);
    }
}

#[test]
fn what_an_earlier_run_verified_is_evidence() {
    let (truth, lie) = (list(100, 0, &[]), list(100, 1, &[40]));
    let mut have = Have::none(100);
    assert!([99, 98, 41, 3].into_iter().all(|index| have.insert(index)));
    let mut candidates = unpinned();
    candidates.resume(Arc::clone(&truth), false, &have);
    assert_eq!((candidates.chosen(), candidates.settled()), (Some(&truth), true));
    assert!(candidates.may_fetch(98 - 64) && !candidates.may_fetch(98 - 65));
    assert!(matches!(candidates.offer(lie), Offer::False(Some(Refutation { index: 41, .. }))));
    // A list that the user pins now goes before what was left.
    let mut pinned =
        Candidates::new(&Target { file_hash: FILE, pin: Pin::Id(list(100, 1, &[7]).id()) }, Entropy::new(1));
    pinned.resume(truth, true, &have);
    assert_eq!(pinned.chosen(), None);
}

#[test]
fn a_list_that_only_an_earlier_run_was_told_to_believe_is_a_candidate_like_any_other() {
    let (truth, lie) = (list(100, 0, &[]), list(100, 1, &[40]));
    let mut have = Have::none(100);
    assert!([99, 98, 3].into_iter().all(|index| have.insert(index)));
    let mut candidates = unpinned();
    candidates.resume(Arc::clone(&lie), true, &have);
    assert!(candidates.chosen() == Some(&lie) && !candidates.is_pinned(lie.id()));
    assert_eq!(candidates.offer(Arc::clone(&truth)), Offer::Taken);
    assert_eq!(candidates.verified(truth.id(), 41), [Refutation { seed_id: lie.id(), index: 41 }]);
    assert_eq!(candidates.chosen(), Some(&truth));
    // One that isn't canonical can't be a candidate.
    let hashes = [value(0, 0), ChunkHash::new(*FILE.as_bytes())].to_vec();
    let small = Seed::new(SafeName::new("file").unwrap(), 128, 64, FILE, hashes).unwrap();
    let mut candidates = unpinned();
    candidates.resume(Arc::new(small.clone()), true, &Have::none(2));
    assert!(candidates.is_pinned(small.id()) && candidates.settled());
    assert_eq!(candidates.offer(truth), Offer::NotWanted);
}

#[test]
fn the_empty_file_has_one_list_that_everybody_knows() {
    for pin in [Pin::Hash, Pin::Id(SeedId::new([1; 32]))] {
        let target = Target { file_hash: FileHash::of_nothing(), pin };
        let candidates = Candidates::new(&target, Entropy::new(1));
        assert!(candidates.settled() && candidates.probes().is_empty() && candidates.wanted().is_empty());
        assert_eq!(candidates.chosen().map(|seed| (seed.length(), seed.chunks())), Some((0, 0)));
        assert!(!candidates.may_fetch(0));
    }
}

#[test]
fn a_list_keeps_its_turn_as_long_as_its_suffix_grows() {
    let (lie, truth) = (list(100, 1, &[10]), list(100, 0, &[]));
    let mut candidates = with(&[&lie, &truth]);
    for index in (97..100).rev() {
        candidates.verified(lie.id(), index);
        candidates.stalled();
        assert_eq!(candidates.chosen(), Some(&lie), "{index} has verified");
    }
    candidates.stalled();
    assert_eq!(candidates.chosen(), Some(&truth));
}

#[test]
fn nobody_is_asked_for_other_lists_when_one_has_verified_as_a_whole() {
    let (lie, truth) = (list(3, 1, &[0]), list(3, 0, &[]));
    let mut candidates = with(&[&truth]);
    candidates.claim(lie.id(), at(1, 1), true);
    for index in [2, 1] {
        candidates.verified(truth.id(), index);
        assert_eq!(candidates.wanted(), [lie.id()]);
    }
    candidates.verified(truth.id(), 0);
    assert_eq!(candidates.wanted(), []);
}
