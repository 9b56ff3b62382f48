use super::*;
use crate::name::SafeName;
use crate::seed::SeedBuilder;
use alloc::vec;

const IDENTITY: Identity = Identity { device: 1, inode: 2, size: 3, modified: -4 };

fn seed() -> Seed {
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(64 * 9, 64).unwrap();
    builder.update(&[7; 64 * 9]);
    builder.finish(SafeName::new("f").unwrap()).unwrap()
}

fn have(indices: &[u32]) -> Have {
    let mut have = Have::none(9);
    indices.iter().for_each(|index| _ = have.insert(*index));
    have
}

/// A journal with one record of each kind, and where each part ends.
fn example() -> (Vec<u8>, Vec<usize>) {
    let (mut writer, mut bytes) = Writer::begin(&seed(), true, 5);
    let mut ends = vec![bytes.len()];
    let clean = have(&[1, 2]);
    for record in [Record::Written(&[1, 8]), Record::Durable(&[2]), Record::Clean(IDENTITY, &clean)] {
        writer.record(&record, &mut bytes);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

#[test]
fn what_is_written_is_read_again() {
    let (bytes, _) = example();
    let clean = Some((IDENTITY, have(&[1, 2])));
    let journal = Journal { seed: seed(), pinned: true, claimed: have(&[1, 2, 8]), clean };
    assert_eq!(Journal::parse(&bytes), Some(journal));
}

#[test]
fn a_torn_tail_is_ignored_and_a_torn_header_is_no_journal() {
    let (bytes, ends) = example();
    for length in 0..bytes.len() {
        let read = Journal::parse(&bytes[..length]);
        let records = ends.iter().filter(|end| **end <= length).count();
        let claimed = [None, Some(have(&[])), Some(have(&[1, 8])), Some(have(&[1, 2, 8]))][records].clone();
        assert_eq!(read.as_ref().map(|journal| &journal.claimed), claimed.as_ref(), "cut at {length}");
        assert!(read.is_none_or(|journal| journal.clean.is_none()));
    }
}

#[test]
fn reading_ends_at_a_flipped_bit() {
    let (bytes, ends) = example();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let whole = ends.iter().filter(|end| **end <= at).count();
        let read = Journal::parse(&bad);
        match whole {
            0 => assert!(read.is_none(), "bit flipped at {at}"),
            1 => assert!(read.unwrap().claimed.is_none()),
            _ => assert!(read.unwrap().clean.is_none()),
        }
    }
}

#[test]
fn only_the_last_record_makes_a_clean_stop() {
    let (mut writer, mut bytes) = Writer::begin(&seed(), false, 5);
    writer.record(&Record::Clean(IDENTITY, &have(&[1])), &mut bytes);
    writer.record(&Record::Written(&[3]), &mut bytes);
    let read = Journal::parse(&bytes).unwrap();
    assert_eq!((read.clean, read.claimed), (None, have(&[3])));
}

#[test]
fn records_of_another_journal_or_another_place_are_not_taken() {
    let (bytes, ends) = example();
    let (_, header) = Writer::begin(&seed(), true, 6);
    let stale = [&header[..], &bytes[ends[0]..]].concat();
    assert!(Journal::parse(&stale).unwrap().claimed.is_none());
    let moved = [&bytes[..ends[0]], &bytes[ends[1]..]].concat();
    assert!(Journal::parse(&moved).unwrap().claimed.is_none());
}

#[test]
fn a_record_that_names_a_chunk_that_the_file_does_not_have_is_not_taken() {
    let (mut writer, mut bytes) = Writer::begin(&seed(), false, 5);
    writer.record(&Record::Written(&[9]), &mut bytes);
    assert!(Journal::parse(&bytes).unwrap().claimed.is_none());
    let (mut writer, mut bytes) = Writer::begin(&seed(), false, 5);
    writer.record(&Record::Clean(IDENTITY, &Have::all(17)), &mut bytes);
    assert!(Journal::parse(&bytes).unwrap().clean.is_none());
}

#[test]
fn one_record_can_name_every_chunk_of_the_largest_file() {
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(64 << 16, 64).unwrap();
    (0..1 << 16).for_each(|_| builder.update(&[7; 64]));
    let seed = builder.finish(SafeName::new("f").unwrap()).unwrap();
    let (mut writer, mut bytes) = Writer::begin(&seed, false, 5);
    let all: Vec<u32> = (0..limits::MAX_CHUNKS).collect();
    writer.record(&Record::Durable(&all), &mut bytes);
    assert!(Journal::parse(&bytes).unwrap().claimed.is_all());
}

#[test]
fn a_huge_count_takes_no_memory() {
    let (mut writer, mut bytes) = Writer::begin(&seed(), false, 5);
    writer.record(&Record::Written(&[1]), &mut bytes);
    let (_, header) = Writer::begin(&seed(), false, 5);
    let count = header.len() + 1..header.len() + 5;
    bytes[count].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(Journal::parse(&bytes).unwrap().claimed.is_none());
}
