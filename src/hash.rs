//! SHA-256 taken apart: each chunk verifies alone, and together they prove the file's published hash.
//!
//! SHA-256 reads its input in blocks of 64 bytes. A compression function takes eight words of state and a block
//! and gives the next eight words; the state after the last block (with its padding) *is* the hash:
//!
//! ```text
//!            chunk 0            chunk 1            chunk 2 + padding
//!        ┌─────────────┐    ┌─────────────┐    ┌─────────────────────┐
//!  IV ──▶│ compress …  │─┬─▶│ compress …  │─┬─▶│ compress …          │──▶ file hash
//!        └─────────────┘ │  └─────────────┘ │  └─────────────────────┘    (what `sha256sum` prints)
//!                        ▼                  ▼                             = chunk_hashes[2]
//!                 chunk_hashes[0]    chunk_hashes[1]
//! ```
//!
//! A seed lists the state at each chunk's end. So anyone who holds `chunk_hashes[i-1]`, `chunk_hashes[i]` and the
//! bytes between can check that *step* alone, in any order, on any core. Once all steps of one list have been
//! checked, they join into one run of SHA-256 from its initial value to the published hash: the file is proven,
//! each byte hashed once, and no second pass over the data is ever needed.
//!
//! What this rests on: a complete file rests on SHA-256 alone. Before that, a list that nobody vouched for is a
//! claim. If `chunk_hashes[i]` is authentic then a chunk that fits authenticates `chunk_hashes[i-1]`, so trust
//! spreads backwards from the last chunk, whose end is the hash that the user typed. That early use rests on
//! *free-start* second-preimage resistance of the compression function (the attacker picks the start, too):
//! unbroken, but more than SHA-256 is normally asked for. (FIPS 180-4, sections 5.1.1 and 6.2.)

#[cfg(test)]
mod tests;

use bytes::Bytes;
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

/// Bytes in one block of SHA-256. Chunk sizes are multiples of it.
pub const BLOCK: usize = 64;

/// SHA-256's initial state (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From its 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            /// 64 lower-case hex digits.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            /// The first eight hex digits: enough to tell hashes apart in a trace.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = HashError;

            /// From 64 hex digits of either case.
            fn from_str(text: &str) -> Result<Self, HashError> {
                parse_hex(text).map(Self)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::string::String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hash_type! {
    /// The plain SHA-256 of a whole file: what `sha256sum` prints and publishers publish.
    FileHash
}
hash_type! {
    /// SHA-256's state after a chunk, big-endian: one entry of a seed's list. See the [module](self).
    ChunkHash
}
hash_type! {
    /// Which list of chunk hashes: SHA-256 over a [`Seed`](crate::Seed)'s length, chunk size and hashes.
    SeedId
}

impl FileHash {
    /// The hash of no bytes at all.
    pub fn of_nothing() -> Self {
        Self(*Hashed::new::<Sha2>(ChunkHash::INITIAL, Some(0), Bytes::new()).end().as_bytes())
    }
}

impl ChunkHash {
    /// Where chunk 0 starts: SHA-256's initial state.
    pub const INITIAL: Self = Self::from_state(INITIAL);

    const fn from_state(state: [u32; 8]) -> Self {
        let mut bytes = [0; 32];
        let mut at = 0;
        while at < 32 {
            #[expect(clippy::indexing_slicing, reason = "at < 32, checked by the compiler for a constant")]
            {
                bytes[at] = state[at / 4].to_be_bytes()[at % 4];
            }
            at += 1;
        }
        Self(bytes)
    }

    fn to_state(self) -> [u32; 8] {
        let mut state = [0; 8];
        for (word, four) in state.iter_mut().zip(self.0.as_chunks().0) {
            *word = u32::from_be_bytes(*four);
        }
        state
    }
}

/// A hash that isn't 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashError;

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 is 64 hex digits")
    }
}

impl core::error::Error for HashError {}

fn parse_hex(text: &str) -> Result<[u8; 32], HashError> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return Err(HashError);
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(HashError);
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

/// SHA-256's compression function, as a type parameter so that a driver may bring a faster one.
///
/// Implementing it right is the one promise that a driver makes; test it differentially against [`Sha2`].
pub trait Compress {
    /// Takes `blocks` into `state`.
    fn one(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]);

    /// Takes two runs of blocks into two states; an implementation may interleave them.
    fn two(states: [&mut [u32; 8]; 2], blocks: [&[[u8; BLOCK]]; 2]) {
        let [a, b] = states;
        Self::one(a, blocks[0]);
        Self::one(b, blocks[1]);
    }
}

/// The `sha2` crate's compression function, which uses the processor's SHA instructions where it has them.
#[derive(Clone, Copy, Debug)]
pub struct Sha2;

impl Compress for Sha2 {
    fn one(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
        sha2::block_api::compress256(state, blocks);
    }
}

/// Bytes of a chunk together with what hashing them gave: the only form in which a chunk enters the core.
///
/// Its only constructors hash, so a `Hashed` can't lie; whether it is the chunk that was wanted is for
/// [`Step::accepts`](crate::Step::accepts) to say.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed {
    start: ChunkHash,
    end: ChunkHash,
    last: Option<u64>,
    bytes: Bytes,
}

impl Hashed {
    /// Hashes `bytes` from the state `start`. `last` is the whole file's length in bytes if these are its last
    /// ones: then the padding for that length is taken in, too. Without it, bytes beyond a whole number of blocks
    /// are left out of `end`; no step accepts such a chunk, since its length is wrong.
    pub fn new<C: Compress>(start: ChunkHash, last: Option<u64>, bytes: Bytes) -> Self {
        let mut state = start.to_state();
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        C::one(&mut state, blocks);
        finish::<C>(&mut state, rest, last);
        Self { start, end: ChunkHash::from_state(state), last, bytes }
    }

    /// Hashes two chunks at once, each as [`Hashed::new`] does: `(start, last, bytes)` twice.
    pub fn pair<C: Compress>(chunks: [(ChunkHash, Option<u64>, Bytes); 2]) -> [Self; 2] {
        let [(start_a, last_a, bytes_a), (start_b, last_b, bytes_b)] = chunks;
        let (mut a, mut b) = (start_a.to_state(), start_b.to_state());
        let ((blocks_a, rest_a), (blocks_b, rest_b)) = (bytes_a.as_chunks(), bytes_b.as_chunks());
        C::two([&mut a, &mut b], [blocks_a, blocks_b]);
        finish::<C>(&mut a, rest_a, last_a);
        finish::<C>(&mut b, rest_b, last_b);
        [
            Self { start: start_a, end: ChunkHash::from_state(a), last: last_a, bytes: bytes_a },
            Self { start: start_b, end: ChunkHash::from_state(b), last: last_b, bytes: bytes_b },
        ]
    }

    /// The state that hashing began with.
    pub const fn start(&self) -> ChunkHash {
        self.start
    }

    /// The state after the bytes (and the padding, for a last chunk).
    pub const fn end(&self) -> ChunkHash {
        self.end
    }

    /// The whole file's length, if the bytes were hashed as its last ones.
    pub const fn last(&self) -> Option<u64> {
        self.last
    }

    /// The bytes.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes, without the hashes.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hashed({:?} + {} B -> {:?})", self.start, self.bytes.len(), self.end)
    }
}

/// Takes in what is left after the whole blocks, and the padding: one bit, zeros, the length in bits.
fn finish<C: Compress>(state: &mut [u32; 8], rest: &[u8], last: Option<u64>) {
    let Some(length) = last else { return };
    let mut tail = [0; 2 * BLOCK];
    for (to, from) in tail.iter_mut().zip(rest.iter().copied().chain([0x80])) {
        *to = from;
    }
    let [first, second] = tail.as_chunks_mut::<BLOCK>().0 else { return };
    let fits = rest.len().saturating_add(9) <= BLOCK;
    let end = if fits { &mut *first } else { &mut *second };
    if let Some(bits) = end.last_chunk_mut::<8>() {
        *bits = length.wrapping_mul(8).to_be_bytes();
    }
    C::one(state, core::slice::from_ref(first));
    if !fits {
        C::one(state, core::slice::from_ref(second));
    }
}

/// SHA-256 of a stream of bytes that can be asked for its state at any block's end: what makers of seeds use.
#[derive(Debug)]
pub struct Hasher<C: Compress = Sha2> {
    state: [u32; 8],
    partial: [u8; BLOCK],
    length: u64,
    compress: PhantomData<C>,
}

impl<C: Compress> Hasher<C> {
    /// Nothing hashed yet.
    pub const fn new() -> Self {
        Self { state: INITIAL, partial: [0; BLOCK], length: 0, compress: PhantomData }
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let held = self.held();
        self.length = self.length.saturating_add(bytes.len() as u64);
        if held > 0 {
            let (fill, rest) = bytes.split_at(bytes.len().min(BLOCK.saturating_sub(held)));
            for (to, from) in self.partial.iter_mut().skip(held).zip(fill) {
                *to = *from;
            }
            if held.saturating_add(fill.len()) < BLOCK {
                return;
            }
            C::one(&mut self.state, core::slice::from_ref(&self.partial));
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        C::one(&mut self.state, blocks);
        for (to, from) in self.partial.iter_mut().zip(rest) {
            *to = *from;
        }
    }

    /// Bytes taken in so far.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The state after the whole blocks taken in so far: a chunk hash, if a chunk ends here.
    pub fn chunk_hash(&self) -> ChunkHash {
        ChunkHash::from_state(self.state)
    }

    /// The hash of everything taken in.
    pub fn finish(mut self) -> FileHash {
        let held = self.held();
        finish::<C>(&mut self.state, self.partial.get(..held).unwrap_or_default(), Some(self.length));
        FileHash(ChunkHash::from_state(self.state).0)
    }

    /// Bytes waiting for their block to fill.
    #[expect(clippy::cast_possible_truncation, reason = "only the lowest bits matter")]
    const fn held(&self) -> usize {
        (self.length as usize).wrapping_rem(BLOCK)
    }
}

impl<C: Compress> Default for Hasher<C> {
    fn default() -> Self {
        Self::new()
    }
}
