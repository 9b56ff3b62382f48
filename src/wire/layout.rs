//! How bodies are laid out: bincode with integers of fixed width, little-endian. (PROTOCOL.md, "Bodies")
//!
//! Lists and strings are judged by their counts before memory is spent on them.

use alloc::vec::{self, Vec};
use core::marker::PhantomData;

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian};
use bincode::de::read::{BorrowReader as _, Reader as _};
use bincode::de::{BorrowDecode, BorrowDecoder};
use bincode::enc::write::Writer;
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError, EncodeError};

/// A `B` that takes up exactly these bytes, of which there may be `MAX`.
pub(super) fn read<'a, B: BorrowDecode<'a, ()>, const MAX: usize>(bytes: &'a [u8]) -> Option<B> {
    let (body, used) = bincode::borrow_decode_from_slice(bytes, config::<MAX>()).ok()?;
    (used == bytes.len()).then_some(body)
}

/// Appends the bytes of `body`.
pub(super) fn write(body: &impl Encode, out: &mut Vec<u8>) {
    let written = bincode::encode_into_writer(body, Appender(out), config::<{ usize::MAX }>());
    debug_assert!(written.is_ok(), "appending to memory does not fail");
}

const fn config<const MAX: usize>() -> Configuration<LittleEndian, Fixint, Limit<MAX>> {
    config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<MAX>()
}

struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Both, one after the other: `N` bytes, copied without a look at how many they are.
pub(super) fn joined<const A: usize, const B: usize, const N: usize>(a: [u8; A], b: [u8; B]) -> [u8; N] {
    const { assert!(A + B == N, "all of both") };
    let mut all = [0; N];
    if let Some((first, rest)) = all.split_first_chunk_mut()
        && let Some(second) = rest.first_chunk_mut()
    {
        (*first, *second) = (a, b);
    }
    all
}

/// A type whose encoding has a known least length.
pub(super) trait Least {
    /// Fewest bytes of one on the wire.
    const LEAST: usize;
}

impl Least for u32 {
    const LEAST: usize = 4;
}

impl Least for [u8; 32] {
    const LEAST: usize = 32;
}

/// At most `MAX` of `T`: a count (u64), then each in turn.
pub(super) struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T, const MAX: usize> FromIterator<T> for List<T, MAX> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl<T, const MAX: usize> IntoIterator for List<T, MAX> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> vec::IntoIter<T> {
        self.0.into_iter()
    }
}

/// The same on the wire, for writing: domain values, each of which becomes a `B` when its turn comes.
pub(super) struct Each<'a, T, B>(&'a [T], PhantomData<B>);

impl<'a, T, B> Each<'a, T, B> {
    /// All of `values`.
    pub(super) const fn of(values: &'a [T]) -> Self {
        Self(values, PhantomData)
    }
}

impl<T: Copy, B: From<T> + Encode> Encode for Each<'_, T, B> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.0.len() as u64).encode(encoder)?;
        self.0.iter().try_for_each(|&one| B::from(one).encode(encoder))
    }
}

impl<T: Encode, const MAX: usize> Encode for List<T, MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.0.len() as u64).encode(encoder)?;
        self.0.iter().try_for_each(|one| one.encode(encoder))
    }
}

impl<'de, Context, T: BorrowDecode<'de, Context> + Least, const MAX: usize> BorrowDecode<'de, Context>
    for List<T, MAX>
{
    /// A count is believed only as far as bytes for so many elements are there.
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let count = count::<Context, D>(decoder, MAX)?;
        let least = count.saturating_mul(T::LEAST);
        if decoder.reader().peek_read(least).is_none() {
            return Err(DecodeError::UnexpectedEnd { additional: least });
        }
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(T::borrow_decode(decoder)?);
        }
        Ok(Self(all))
    }
}

/// At most `MAX` bytes, borrowed: a count (u64), then the bytes. Also the layout of a string.
pub(super) struct Blob<'a, const MAX: usize>(pub(super) &'a [u8]);

impl<const MAX: usize> Encode for Blob<'_, MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<'de, Context, const MAX: usize> BorrowDecode<'de, Context> for Blob<'de, MAX> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let count = count::<Context, D>(decoder, MAX)?;
        decoder.claim_bytes_read(count)?;
        decoder.borrow_reader().take_bytes(count).map(Self)
    }
}

fn count<'de, Context, D: BorrowDecoder<'de, Context = Context>>(
    decoder: &mut D,
    max: usize,
) -> Result<usize, DecodeError> {
    let count = u64::borrow_decode(decoder)?;
    usize::try_from(count).ok().filter(|&count| count <= max).ok_or(DecodeError::LimitExceeded)
}
