//! The arithmetic of [`Digest`]: a set of entries in 32 bytes, one step per change.

use super::message::{Digest, Entry};
use crate::hash::{Hasher, Sha2};

impl Digest {
    /// Takes `entry` into the set. One that is in already would count twice: the caller knows its set.
    pub fn add(&mut self, entry: &Entry) {
        let mut carry = false;
        for (sum, term) in self.0.iter_mut().zip(hash(entry)).rev() {
            let (low, first) = sum.overflowing_add(term);
            let (low, second) = low.overflowing_add(u8::from(carry));
            (*sum, carry) = (low, first | second);
        }
    }

    /// Takes `entry` out of the set: the exact opposite of [`Digest::add`].
    pub fn remove(&mut self, entry: &Entry) {
        let mut borrow = false;
        for (sum, term) in self.0.iter_mut().zip(hash(entry)).rev() {
            let (low, first) = sum.overflowing_sub(term);
            let (low, second) = low.overflowing_sub(u8::from(borrow));
            (*sum, borrow) = (low, first | second);
        }
    }
}

/// SHA-256 over the file hash, the seed id and one byte: 1 for complete, 0 for partial.
fn hash(entry: &Entry) -> [u8; 32] {
    let mut hasher = Hasher::<Sha2>::new();
    hasher.update(entry.key.file_hash.as_bytes());
    hasher.update(entry.key.seed_id.as_bytes());
    hasher.update(&[u8::from(entry.complete)]);
    *hasher.finish().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{FileHash, SeedId};
    use crate::wire::message::SeedKey;

    fn entry(n: u8, complete: bool) -> Entry {
        Entry { key: SeedKey { file_hash: FileHash::new([n; 32]), seed_id: SeedId::new([!n; 32]) }, complete }
    }

    #[test]
    fn one_entry_is_its_hash_and_order_does_not_matter() {
        let mut one = Digest::default();
        one.add(&entry(1, true));
        let plain: [u8; 32] =
            <sha2::Sha256 as sha2::Digest>::digest([[1; 32].as_slice(), &[!1; 32], &[1]].concat()).into();
        assert_eq!(one.0, plain);

        let (mut there, mut back) = (Digest::default(), Digest::default());
        (0..100).for_each(|n| there.add(&entry(n, n % 2 == 0)));
        (0..100).rev().for_each(|n| back.add(&entry(n, n % 2 == 0)));
        assert_eq!(there, back);
        assert_ne!(there, one);
    }

    #[test]
    fn removing_undoes_adding_through_every_carry() {
        let mut digest = Digest([0xff; 32]);
        (0..100).for_each(|n| digest.add(&entry(n, true)));
        (0..100).rev().for_each(|n| digest.remove(&entry(n, true)));
        assert_eq!(digest, Digest([0xff; 32]));
    }

    #[test]
    fn sums_carry_from_the_last_byte_to_the_first() {
        let mut sum = Digest([0xff; 32]);
        sum.add(&entry(7, false));
        let mut expected = Digest::default();
        expected.add(&entry(7, false));
        // All ones is minus one, so one more makes it the entry's own hash.
        let mut carry = 1;
        for byte in sum.0.iter_mut().rev() {
            let wide = u16::from(*byte) + carry;
            (*byte, carry) = (wide as u8, wide >> 8);
        }
        assert_eq!(sum, expected);
    }

    #[test]
    fn complete_and_partial_differ() {
        let (mut complete, mut partial) = (Digest::default(), Digest::default());
        complete.add(&entry(1, true));
        partial.add(&entry(1, false));
        assert_ne!(complete, partial);
    }
}
