//! The `.seed` file: a seed to keep, send or publish. (PROTOCOL.md, "The .seed file")

use alloc::vec::Vec;
use core::fmt;

use super::bodies;
use super::convert::Bad;
use super::kind::MAX_SEED;
use super::layout::{read, write};
use crate::hash::SeedId;
use crate::name::NameError;
use crate::seed::{Seed, SeedError};

/// Begins each file; its last byte can't stand in a text.
const MAGIC: [u8; 8] = *b"samseed\0";

/// The version of the file's layout that follows the magic word.
const VERSION: u16 = 1;

/// Bytes before the body, and after it.
const HEAD: usize = 8 + 2;
const TAIL: usize = 32;

/// Most bytes of a `.seed` file: 2 MiB of chunk hashes and a little more.
pub const MAX_SEED_FILE: usize = HEAD + MAX_SEED + TAIL;

/// The bytes of a `.seed` file.
pub fn to_bytes(seed: &Seed) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    write(&bodies::Seed::from(seed), &mut out);
    out.extend_from_slice(seed.id().as_bytes());
    out
}

/// The seed in the bytes of a `.seed` file.
///
/// # Errors
/// [`SeedFileError`] says what is wrong with them.
pub fn from_bytes(bytes: &[u8]) -> Result<Seed, SeedFileError> {
    if bytes.len() > MAX_SEED_FILE {
        return Err(SeedFileError::TooLong);
    }
    let Some((magic, rest)) = bytes.split_first_chunk() else { return Err(SeedFileError::Magic) };
    if *magic != MAGIC {
        return Err(SeedFileError::Magic);
    }
    let (version, rest) = rest.split_first_chunk().ok_or(SeedFileError::Damaged)?;
    if *version != VERSION.to_le_bytes() {
        return Err(SeedFileError::Version(u16::from_le_bytes(*version)));
    }
    let (body, id) = rest.split_last_chunk().ok_or(SeedFileError::Damaged)?;
    let body: bodies::Seed<'_> = read::<_, MAX_SEED>(body).ok_or(SeedFileError::Damaged)?;
    let seed = Seed::try_from(body)?;
    if seed.id() == SeedId::new(*id) { Ok(seed) } else { Err(SeedFileError::Damaged) }
}

/// Why bytes are no `.seed` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedFileError {
    /// They are more than the largest seed has ([`MAX_SEED_FILE`]).
    TooLong,
    /// They don't begin as a `.seed` file does.
    Magic,
    /// A later version of samara wrote them.
    Version(u16),
    /// Some are missing, too many or changed: the layout or the id at the end doesn't fit.
    Damaged,
    /// The file's name could do harm.
    Name(NameError),
    /// The parts make no seed.
    Seed(SeedError),
}

impl From<Bad> for SeedFileError {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Magic | Bad::Bounds => Self::Damaged,
            Bad::Name(error) => Self::Name(error),
            Bad::Seed(error) => Self::Seed(error),
        }
    }
}

impl fmt::Display for SeedFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a seed file has at most {MAX_SEED_FILE} bytes"),
            Self::Magic => f.write_str("this is not a seed file"),
            Self::Version(version) => {
                write!(f, "the seed file has version {version}, and only {VERSION} is known")
            }
            Self::Damaged => f.write_str("the seed file is damaged"),
            Self::Name(error) => write!(f, "the seed file is malformed: {error}"),
            Self::Seed(error) => write!(f, "the seed file is malformed: {error}"),
        }
    }
}

impl core::error::Error for SeedFileError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{ChunkHash, FileHash, Sha2};
    use crate::name::SafeName;
    use crate::seed::SeedBuilder;

    fn seed() -> Seed {
        let mut builder = SeedBuilder::<Sha2>::with_chunk_size(200, 64).unwrap();
        builder.update(&[7; 200]);
        builder.finish(SafeName::new("a file").unwrap()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        for seed in [seed(), Seed::empty(SafeName::new("e").unwrap())] {
            let read = from_bytes(&to_bytes(&seed)).unwrap();
            assert_eq!(read, seed);
            assert_eq!(read.name(), seed.name());
        }
    }

    #[test]
    fn the_largest_seed_fits_exactly() {
        let hashes = alloc::vec![ChunkHash::new([3; 32]); 65_536];
        let name = SafeName::new(&"n".repeat(255)).unwrap();
        let seed = Seed::new(name, 1 << 40, 16 << 20, FileHash::new([3; 32]), hashes).unwrap();
        let mut bytes = to_bytes(&seed);
        assert_eq!(bytes.len(), MAX_SEED_FILE);
        assert_eq!(from_bytes(&bytes), Ok(seed));
        bytes.push(0);
        assert_eq!(from_bytes(&bytes), Err(SeedFileError::TooLong));
    }

    #[test]
    fn a_file_that_is_cut_or_longer_or_has_a_flipped_bit_is_rejected() {
        let bytes = to_bytes(&seed());
        let name = 18..24; // outside the id, so another name may stand there
        for len in 0..bytes.len() {
            assert!(from_bytes(&bytes[..len]).is_err(), "cut at {len}");
        }
        for at in (0..bytes.len()).filter(|at| !name.contains(at)) {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(from_bytes(&bad).is_err(), "bit flipped at {at}");
        }
        assert_eq!(from_bytes(&[&bytes[..], &[0]].concat()), Err(SeedFileError::Damaged));
    }

    #[test]
    fn each_error_says_what_is_wrong() {
        let bytes = to_bytes(&seed());
        let with = |at: usize, byte: u8| {
            let mut bad = bytes.clone();
            bad[at] = byte;
            from_bytes(&bad)
        };
        assert_eq!(from_bytes(b"#!/bin/sh\n"), Err(SeedFileError::Magic));
        assert_eq!(from_bytes(b""), Err(SeedFileError::Magic));
        assert_eq!(with(8, 2), Err(SeedFileError::Version(2)));
        assert_eq!(with(18, b'/'), Err(SeedFileError::Name(NameError::Character)));
        assert_eq!(with(24, 201), Err(SeedFileError::Damaged)); // another length that fits the list, but not the id
        assert_eq!(with(32, 65), Err(SeedFileError::Seed(SeedError::ChunkSize)));
        assert_eq!(with(36, 0), Err(SeedFileError::Seed(SeedError::End)));
        assert_eq!(with(bytes.len() - 1, 0), Err(SeedFileError::Damaged));
    }

    #[test]
    fn a_huge_count_is_rejected_before_memory_is_spent() {
        let mut bytes = to_bytes(&seed());
        bytes[68..76].copy_from_slice(&65_536_u64.to_le_bytes());
        assert_eq!(from_bytes(&bytes), Err(SeedFileError::Damaged));
        bytes[68..76].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(from_bytes(&bytes), Err(SeedFileError::Damaged));
    }
}
