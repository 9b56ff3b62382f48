//! Which chunks of a file somebody has: a bitmap.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A set of chunk indices below a fixed count. On the wire: ⌈n/8⌉ bytes, chunk 0 in the lowest bit of byte 0,
/// spare bits zero (PROTOCOL.md, "Have").
#[derive(Clone, PartialEq, Eq)]
pub struct Have {
    bits: Vec<u8>,
    chunks: u32,
    count: u32,
}

impl Have {
    /// None of `chunks` chunks.
    pub fn none(chunks: u32) -> Self {
        Self { bits: vec![0; chunks.div_ceil(8) as usize], chunks, count: 0 }
    }

    /// All of `chunks` chunks.
    pub fn all(chunks: u32) -> Self {
        let mut bits = vec![0xff; chunks.div_ceil(8) as usize];
        if let Some(last) = bits.last_mut().filter(|_| !chunks.is_multiple_of(8)) {
            *last = u8::MAX >> (8_u32.saturating_sub(chunks % 8));
        }
        Self { bits, chunks, count: chunks }
    }

    /// From its bytes, if they are exactly ⌈`chunks`/8⌉ and the spare bits are zero.
    pub fn from_bytes(chunks: u32, bytes: &[u8]) -> Option<Self> {
        let whole = Self::all(chunks);
        if bytes.len() != whole.bits.len()
            || bytes.iter().zip(&whole.bits).any(|(byte, mask)| byte & !mask != 0)
        {
            return None;
        }
        let count = bytes.iter().map(|byte| byte.count_ones()).sum();
        Some(Self { bits: bytes.to_vec(), chunks, count })
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// How many chunks the file has.
    pub const fn chunks(&self) -> u32 {
        self.chunks
    }

    /// How many of them are in the set.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Are all chunks in the set?
    pub const fn is_all(&self) -> bool {
        self.count == self.chunks
    }

    /// Is none?
    pub const fn is_none(&self) -> bool {
        self.count == 0
    }

    /// Is chunk `index` in the set? Not if there is no such chunk.
    pub fn has(&self, index: u32) -> bool {
        index < self.chunks
            && self.bits.get(index as usize / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Is any chunk in both sets? They are of the same file.
    pub fn meets(&self, other: &Self) -> bool {
        let ((ours, our_rest), (theirs, their_rest)) =
            (self.bits.as_chunks::<8>(), other.bits.as_chunks::<8>());
        let words =
            ours.iter().zip(theirs).any(|(a, b)| u64::from_ne_bytes(*a) & u64::from_ne_bytes(*b) != 0);
        words || our_rest.iter().zip(their_rest).any(|(a, b)| a & b != 0)
    }

    /// How many chunks are in both sets?
    pub(crate) fn common(&self, other: &Self) -> usize {
        let ((ours, our_rest), (theirs, their_rest)) =
            (self.bits.as_chunks::<8>(), other.bits.as_chunks::<8>());
        let word =
            |(a, b): (&[u8; 8], &[u8; 8])| (u64::from_ne_bytes(*a) & u64::from_ne_bytes(*b)).count_ones();
        let words = ours.iter().zip(theirs).map(word);
        let rest = our_rest.iter().zip(their_rest).map(|(a, b)| (a & b).count_ones());
        words.chain(rest).sum::<u32>() as usize
    }

    /// Puts chunk `index` in; says if that changed anything.
    pub fn insert(&mut self, index: u32) -> bool {
        let news = index < self.chunks && !self.has(index);
        if let Some(byte) = self.bits.get_mut(index as usize / 8).filter(|_| news) {
            *byte |= 1 << (index % 8);
            self.count = self.count.saturating_add(1);
        }
        news
    }

    /// Takes chunk `index` out; says if that changed anything.
    pub fn remove(&mut self, index: u32) -> bool {
        let news = self.has(index);
        if let Some(byte) = self.bits.get_mut(index as usize / 8).filter(|_| news) {
            *byte &= !(1 << (index % 8));
            self.count = self.count.saturating_sub(1);
        }
        news
    }

    /// The chunks in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.matching(|byte| byte)
    }

    /// The chunks not in the set, in order.
    pub fn missing(&self) -> impl Iterator<Item = u32> + '_ {
        self.matching(|byte| !byte)
    }

    /// Skips eight chunks at a time where `map` leaves no bit.
    fn matching(&self, map: impl Fn(u8) -> u8 + 'static) -> impl Iterator<Item = u32> + '_ {
        let bytes = (0u32..).step_by(8).zip(self.bits.iter().map(move |byte| map(*byte)));
        bytes
            .filter(|(_, byte)| *byte != 0)
            .flat_map(|(base, byte)| {
                (base..base.saturating_add(8)).filter(move |index| byte >> (index % 8) & 1 == 1)
            })
            .filter(|index| *index < self.chunks)
    }
}

impl fmt::Debug for Have {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Have({}/{})", self.count, self.chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserting_and_removing_keep_the_count() {
        let mut have = Have::none(11);
        assert!(have.insert(3) && have.insert(10) && !have.insert(3) && !have.insert(11));
        assert_eq!((have.count(), have.has(3), have.has(11)), (2, true, false));
        assert_eq!(have.iter().collect::<Vec<_>>(), [3, 10]);
        assert_eq!(have.missing().collect::<Vec<_>>(), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
        assert!(have.remove(3) && !have.remove(3));
        assert_eq!(have.count(), 1);
    }

    #[test]
    fn sets_meet_in_any_of_their_chunks_and_in_no_other() {
        for chunks in [1, 8, 63, 64, 65, 200] {
            for index in [0, chunks / 2, chunks - 1] {
                let (mut one, mut rest) = (Have::none(chunks), Have::all(chunks));
                one.insert(index);
                rest.remove(index);
                assert!(one.meets(&Have::all(chunks)) && one.meets(&one), "{index} of {chunks}");
                assert!(!one.meets(&rest) && !one.meets(&Have::none(chunks)), "{index} of {chunks}");
            }
        }
    }

    #[test]
    fn bytes_are_taken_only_at_the_exact_length_with_spare_bits_zero() {
        assert_eq!(Have::from_bytes(11, &[0xff, 0b111]), Some(Have::all(11)));
        assert_eq!(Have::from_bytes(16, &[0xff, 0xff]), Some(Have::all(16)));
        assert_eq!(Have::from_bytes(0, &[]), Some(Have::none(0)));
        assert_eq!(Have::from_bytes(11, &[0xff]), None);
        assert_eq!(Have::from_bytes(11, &[0xff, 0b111, 0]), None);
        assert_eq!(Have::from_bytes(11, &[0xff, 0b1111]), None);
        assert!(Have::all(11).is_all() && Have::none(11).is_none());
    }
}
