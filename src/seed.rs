//! The seed: what a file is made of, chunk by chunk. (≈ a `.torrent`'s metainfo.)

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::hash::{BLOCK, ChunkHash, Compress, FileHash, Hashed, Hasher, SeedId, Sha2};
use crate::name::SafeName;
use crate::wire::limits;

/// A consistent description of one file: an inconsistent one can't be constructed.
///
/// `chunk_hashes[i]` is SHA-256's own state after chunks `0..=i` (see [`hash`](crate::hash)), so the last one *is*
/// the file's SHA-256, and each chunk can be checked alone by its [`Step`].
#[derive(Clone, PartialEq, Eq)]
pub struct Seed {
    name: SafeName,
    length: u64,
    chunk_size: u32,
    file_hash: FileHash,
    chunk_hashes: Vec<ChunkHash>,
    id: SeedId,
}

impl Seed {
    /// Checks the geometry (PROTOCOL.md, "Seeds") and computes the id.
    ///
    /// # Errors
    /// [`SeedError`] says which rule the parts break.
    pub fn new(
        name: SafeName,
        length: u64,
        chunk_size: u32,
        file_hash: FileHash,
        chunk_hashes: Vec<ChunkHash>,
    ) -> Result<Self, SeedError> {
        let count = chunk_count(length, chunk_size)?;
        if chunk_hashes.len() != count as usize {
            return Err(SeedError::Count);
        }
        let end =
            chunk_hashes.last().map_or_else(|| *FileHash::of_nothing().as_bytes(), |hash| *hash.as_bytes());
        if end != *file_hash.as_bytes() {
            return Err(SeedError::End);
        }
        let id = seed_id(length, chunk_size, file_hash, &chunk_hashes);
        Ok(Self { name, length, chunk_size, file_hash, chunk_hashes, id })
    }

    /// The seed of the file without bytes.
    pub fn empty(name: SafeName) -> Self {
        let (chunk_size, file_hash) = (canonical_chunk_size(0), FileHash::of_nothing());
        Self {
            name,
            length: 0,
            chunk_size,
            file_hash,
            chunk_hashes: Vec::new(),
            id: seed_id(0, chunk_size, file_hash, &[]),
        }
    }

    /// A suggestion for the file's name; not part of the [id](Seed::id).
    pub const fn name(&self) -> &SafeName {
        &self.name
    }

    /// The same seed under another name.
    #[must_use]
    pub fn renamed(mut self, name: SafeName) -> Self {
        self.name = name;
        self
    }

    /// The file's length in bytes.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Bytes in each chunk but the last: a power of two, 64 B to 16 MiB.
    pub const fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// The file's SHA-256.
    pub const fn file_hash(&self) -> FileHash {
        self.file_hash
    }

    /// SHA-256's state after each chunk.
    pub fn chunk_hashes(&self) -> &[ChunkHash] {
        &self.chunk_hashes
    }

    /// What names this list: SHA-256 over the tag `samara seed 1\n`, the length (u64), chunk size (u32), file hash
    /// and chunk hashes, integers little-endian.
    pub const fn id(&self) -> SeedId {
        self.id
    }

    /// How many chunks there are, ≤ 65,536.
    pub fn chunks(&self) -> u32 {
        u32::try_from(self.chunk_hashes.len()).unwrap_or(u32::MAX)
    }

    /// Is the chunk size the one that every maker of seeds picks for this length?
    pub fn is_canonical(&self) -> bool {
        self.chunk_size == canonical_chunk_size(self.length)
    }

    /// Where chunk `index` lies in the file, in bytes.
    pub fn range(&self, index: u32) -> Option<Range<u64>> {
        if index >= self.chunks() {
            return None;
        }
        let start = u64::from(index).checked_mul(u64::from(self.chunk_size))?;
        Some(start..start.saturating_add(u64::from(self.chunk_size)).min(self.length))
    }

    /// What chunk `index` has to be.
    pub fn step(&self, index: u32) -> Option<Step> {
        let range = self.range(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.chunk_hashes.get(before as usize)?,
            None => ChunkHash::INITIAL,
        };
        let last = (range.end == self.length).then_some(self.length);
        let len = u32::try_from(range.end.saturating_sub(range.start)).ok()?;
        Some(Step { index, start, end: *self.chunk_hashes.get(index as usize)?, len, last })
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Seed({:?}: {} B in {} chunks of {:?})",
            self.id,
            self.length,
            self.chunks(),
            self.file_hash
        )
    }
}

/// What one chunk has to be, according to one seed: the two states it lies between, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which chunk.
    pub index: u32,
    /// SHA-256's state before it.
    pub start: ChunkHash,
    /// SHA-256's state after it.
    pub end: ChunkHash,
    /// Its bytes.
    pub len: u32,
    /// The whole file's length, if it is the last chunk.
    pub last: Option<u64>,
}

impl Step {
    /// Is `hashed` this chunk? Start, end, length and final length all have to be equal.
    pub fn accepts(&self, hashed: &Hashed) -> bool {
        self.start == hashed.start()
            && self.end == hashed.end()
            && self.len as usize == hashed.bytes().len()
            && self.last == hashed.last()
    }
}

/// The chunk size of every seed that isn't pinned: the smallest power of two ≥ length / 16,384, within
/// 256 KiB..=16 MiB. So independent makers agree, and a file hash has exactly one true canonical seed.
pub fn canonical_chunk_size(length: u64) -> u32 {
    let wanted = length.div_ceil(16_384).clamp(256 << 10, 16 << 20);
    u32::try_from(wanted).unwrap_or(16 << 20).next_power_of_two()
}

/// How many chunks of `chunk_size` a file of `length` bytes has, if the limits allow such a seed.
///
/// # Errors
/// [`SeedError::ChunkSize`] or [`SeedError::Length`].
pub fn chunk_count(length: u64, chunk_size: u32) -> Result<u32, SeedError> {
    if !chunk_size.is_power_of_two()
        || !(limits::MIN_CHUNK_SIZE..=limits::MAX_CHUNK_SIZE).contains(&chunk_size)
    {
        return Err(SeedError::ChunkSize);
    }
    let count = length.div_ceil(u64::from(chunk_size));
    u32::try_from(count).ok().filter(|&n| n <= limits::MAX_CHUNKS).ok_or(SeedError::Length)
}

fn seed_id(length: u64, chunk_size: u32, file_hash: FileHash, chunk_hashes: &[ChunkHash]) -> SeedId {
    let mut hasher = Hasher::<Sha2>::new();
    hasher.update(b"samara seed 1\n");
    hasher.update(&length.to_le_bytes());
    hasher.update(&chunk_size.to_le_bytes());
    hasher.update(file_hash.as_bytes());
    chunk_hashes.iter().for_each(|hash| hasher.update(hash.as_bytes()));
    SeedId::new(*hasher.finish().as_bytes())
}

/// Makes a seed from a file's bytes in order: one pass, each byte hashed once.
#[derive(Debug)]
pub struct SeedBuilder<C: Compress = Sha2> {
    hasher: Hasher<C>,
    length: u64,
    chunk_size: u32,
    chunk_hashes: Vec<ChunkHash>,
}

impl<C: Compress> SeedBuilder<C> {
    /// For a file of `length` bytes, in chunks of the canonical size.
    ///
    /// # Errors
    /// [`SeedError::Length`] above 1 TiB.
    pub fn new(length: u64) -> Result<Self, SeedError> {
        Self::with_chunk_size(length, canonical_chunk_size(length))
    }

    /// For a file of `length` bytes, in chunks of `chunk_size`: only for pinned seeds and simulations.
    ///
    /// # Errors
    /// As [`chunk_count`].
    pub fn with_chunk_size(length: u64, chunk_size: u32) -> Result<Self, SeedError> {
        let count = chunk_count(length, chunk_size)?;
        Ok(Self {
            hasher: Hasher::new(),
            length,
            chunk_size,
            chunk_hashes: Vec::with_capacity(count as usize),
        })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let into = self.hasher.length() & u64::from(self.chunk_size).saturating_sub(1);
            let room = usize::try_from(u64::from(self.chunk_size).saturating_sub(into)).unwrap_or(BLOCK);
            let (part, rest) = bytes.split_at(bytes.len().min(room));
            self.hasher.update(part);
            bytes = rest;
            let at = self.hasher.length();
            if at < self.length && at.is_multiple_of(u64::from(self.chunk_size)) {
                self.chunk_hashes.push(self.hasher.chunk_hash());
            }
        }
    }

    /// The seed, under `name`.
    ///
    /// # Errors
    /// [`SeedError::Count`] if more or fewer bytes came than announced: the file changed meanwhile.
    pub fn finish(mut self, name: SafeName) -> Result<Seed, SeedError> {
        if self.hasher.length() != self.length {
            return Err(SeedError::Count);
        }
        let file_hash = self.hasher.finish();
        if self.length > 0 {
            self.chunk_hashes.push(ChunkHash::new(*file_hash.as_bytes()));
        }
        Seed::new(name, self.length, self.chunk_size, file_hash, self.chunk_hashes)
    }
}

/// Why parts don't make a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedError {
    /// The chunk size is no power of two, below 64 B or above 16 MiB.
    ChunkSize,
    /// The file would have more than 65,536 chunks.
    Length,
    /// The number of chunk hashes (or of bytes given to a builder) doesn't fit the length.
    Count,
    /// The last chunk hash isn't the file hash.
    End,
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChunkSize => "the chunk size is not a power of two from 64 B to 16 MiB",
            Self::Length => "the file has more than 65,536 chunks",
            Self::Count => "the chunk hashes do not fit the length",
            Self::End => "the last chunk hash is not the file hash",
        })
    }
}

impl core::error::Error for SeedError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use bytes::Bytes;

    fn name() -> SafeName {
        SafeName::new("f").unwrap()
    }

    fn build(bytes: &[u8], chunk_size: u32) -> Seed {
        let mut builder = SeedBuilder::<Sha2>::with_chunk_size(bytes.len() as u64, chunk_size).unwrap();
        bytes.chunks(100).for_each(|part| builder.update(part));
        builder.finish(name()).unwrap()
    }

    #[test]
    fn every_chunk_fits_its_step_and_nothing_else_does() {
        for length in [1, 63, 64, 65, 127, 128, 129, 500, 640] {
            let bytes = Bytes::from((0..length).map(|i| (i * 31 % 251) as u8).collect::<Vec<_>>());
            let seed = build(&bytes, 64);
            for index in 0..seed.chunks() {
                let (step, range) = (seed.step(index).unwrap(), seed.range(index).unwrap());
                let part = bytes.slice(range.start as usize..range.end as usize);
                assert!(step.accepts(&Hashed::new::<Sha2>(step.start, step.last, part.clone())));
                let mut bad = part.to_vec();
                bad[0] ^= 1;
                assert!(!step.accepts(&Hashed::new::<Sha2>(step.start, step.last, bad.into())));
                let other_last = if step.last.is_some() { None } else { Some(length as u64) };
                assert!(!step.accepts(&Hashed::new::<Sha2>(step.start, other_last, part)));
            }
            assert_eq!(seed.step(seed.chunks()), None);
        }
    }

    #[test]
    fn the_empty_file_has_a_seed_without_chunks() {
        let built = SeedBuilder::<Sha2>::new(0).unwrap().finish(name()).unwrap();
        assert_eq!(built, Seed::empty(name()));
        assert_eq!((built.chunks(), built.file_hash()), (0, FileHash::of_nothing()));
    }

    #[test]
    fn parts_that_do_not_fit_make_no_seed() {
        let seed = build(&[5; 200], 64);
        let make = |length, size, hashes: &[ChunkHash]| {
            Seed::new(name(), length, size, seed.file_hash(), hashes.to_vec())
        };
        let hashes = seed.chunk_hashes();
        assert!(make(200, 64, hashes).is_ok());
        assert_eq!(make(200, 96, hashes), Err(SeedError::ChunkSize));
        assert_eq!(make(200, 32, hashes), Err(SeedError::ChunkSize));
        assert_eq!(make(200, 32 << 20, hashes), Err(SeedError::ChunkSize));
        assert_eq!(make(u64::MAX, 64, hashes), Err(SeedError::Length));
        assert_eq!(make(257, 64, hashes), Err(SeedError::Count));
        assert_eq!(make(200, 64, &[ChunkHash::INITIAL; 4]), Err(SeedError::End));
        assert_eq!(make(0, 64, &[]), Err(SeedError::End));
    }

    #[test]
    fn canonical_chunks_are_at_most_16384_up_to_256_gib() {
        assert_eq!(canonical_chunk_size(0), 256 << 10);
        assert_eq!(canonical_chunk_size(4 << 30), 256 << 10);
        assert_eq!(canonical_chunk_size((4 << 30) + 1), 512 << 10);
        assert_eq!(canonical_chunk_size(1 << 40), 16 << 20);
        assert_eq!(canonical_chunk_size(u64::MAX), 16 << 20);
        assert_eq!(chunk_count(1 << 40, 16 << 20), Ok(65_536));
    }

    #[test]
    fn a_builder_notices_a_file_that_grew_or_shrank() {
        for given in [199, 201] {
            let mut builder = SeedBuilder::<Sha2>::with_chunk_size(200, 64).unwrap();
            builder.update(&vec![1; given]);
            assert_eq!(builder.finish(name()), Err(SeedError::Count));
        }
    }

    #[test]
    fn the_name_is_outside_the_id() {
        let seed = build(&[1; 100], 64);
        let renamed = seed.clone().renamed(SafeName::new("other").unwrap());
        assert_eq!(seed.id(), renamed.id());
        assert_ne!(seed.id(), build(&[1; 100], 128).id());
    }
}
