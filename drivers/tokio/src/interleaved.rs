//! SHA-256 of two chunks at once on one processor.
//!
//! The SHA instructions of x86-64 take several cycles each, and one chunk's rounds depend on one another: alone, a
//! chunk leaves the unit idle for a good part of the time. Two chunks' rounds, in turns, fill it: measured 1.35 times (Intel) to
//! 1.7 times (AMD) the bytes per
//! second of one after the other (`benches/hash.rs`). A processor without these instructions gets [`Sha2`].

use samara::hash::{BLOCK, Compress, Sha2};

/// SHA-256's compression function, two chunks at once where the processor can.
#[derive(Clone, Copy, Debug)]
pub struct Interleaved;

impl Compress for Interleaved {
    fn one(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
        Sha2::one(state, blocks);
    }

    fn two([a, b]: [&mut [u32; 8]; 2], [blocks_a, blocks_b]: [&[[u8; BLOCK]]; 2]) {
        let both = blocks_a.len().min(blocks_b.len());
        let ((pairs_a, rest_a), (pairs_b, rest_b)) = (blocks_a.split_at(both), blocks_b.split_at(both));
        #[cfg(target_arch = "x86_64")]
        if x86::two(a, b, pairs_a, pairs_b) {
            Self::one(a, rest_a);
            return Self::one(b, rest_b);
        }
        let _ = (pairs_a, pairs_b, rest_a, rest_b);
        Self::one(a, blocks_a);
        Self::one(b, blocks_b);
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the processor's SHA instructions; tested against `Sha2`")]
mod x86 {
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi64x,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
        _mm_shuffle_epi32, _mm_storeu_si128,
    };

    use samara::hash::BLOCK;

    /// The round constants (FIPS 180-4, 4.2.2).
    static K: [u32; 64] = [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ];

    /// Takes as many blocks of each as both have; says no, and does nothing, if the processor can't.
    pub(super) fn two(
        a: &mut [u32; 8],
        b: &mut [u32; 8],
        blocks_a: &[[u8; BLOCK]],
        blocks_b: &[[u8; BLOCK]],
    ) -> bool {
        let able = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        if able {
            // SAFETY: the processor has the instructions, it was just asked.
            unsafe { compress(a, b, blocks_a, blocks_b) };
        }
        able
    }

    /// A state as the instructions want it: words a, b, e, f and c, d, g, h.
    #[derive(Clone, Copy)]
    struct State(__m128i, __m128i);

    /// Two of four rounds' worth of each: from both states, both messages and a constant to both states.
    macro_rules! rounds {
        ($a:ident $b:ident, $x:expr, $y:expr, $at:literal) => {
            let k = constants::<$at>();
            let (x, y) = (_mm_add_epi32($x, k), _mm_add_epi32($y, k));
            $a.1 = _mm_sha256rnds2_epu32($a.1, $a.0, x);
            $b.1 = _mm_sha256rnds2_epu32($b.1, $b.0, y);
            $a.0 = _mm_sha256rnds2_epu32($a.0, $a.1, _mm_shuffle_epi32(x, 0x0E));
            $b.0 = _mm_sha256rnds2_epu32($b.0, $b.1, _mm_shuffle_epi32(y, 0x0E));
        };
    }

    /// The same with the message's next words, which take the place of the oldest ones.
    macro_rules! scheduled {
        ($a:ident $b:ident, $x:ident $y:ident, $i:literal $j:literal $k:literal $l:literal, $at:literal) => {
            $x[$i] = schedule($x[$i], $x[$j], $x[$k], $x[$l]);
            $y[$i] = schedule($y[$i], $y[$j], $y[$k], $y[$l]);
            rounds!($a $b, $x[$i], $y[$i], $at);
        };
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn compress(a: &mut [u32; 8], b: &mut [u32; 8], blocks_a: &[[u8; BLOCK]], blocks_b: &[[u8; BLOCK]]) {
        let (mut p, mut q) = (pack(a), pack(b));
        for (block_a, block_b) in blocks_a.iter().zip(blocks_b) {
            let (before_p, before_q) = (p, q);
            let (mut x, mut y) = (words(block_a), words(block_b));
            rounds!(p q, x[0], y[0], 0);
            rounds!(p q, x[1], y[1], 4);
            rounds!(p q, x[2], y[2], 8);
            rounds!(p q, x[3], y[3], 12);
            scheduled!(p q, x y, 0 1 2 3, 16);
            scheduled!(p q, x y, 1 2 3 0, 20);
            scheduled!(p q, x y, 2 3 0 1, 24);
            scheduled!(p q, x y, 3 0 1 2, 28);
            scheduled!(p q, x y, 0 1 2 3, 32);
            scheduled!(p q, x y, 1 2 3 0, 36);
            scheduled!(p q, x y, 2 3 0 1, 40);
            scheduled!(p q, x y, 3 0 1 2, 44);
            scheduled!(p q, x y, 0 1 2 3, 48);
            scheduled!(p q, x y, 1 2 3 0, 52);
            scheduled!(p q, x y, 2 3 0 1, 56);
            scheduled!(p q, x y, 3 0 1 2, 60);
            p = State(_mm_add_epi32(p.0, before_p.0), _mm_add_epi32(p.1, before_p.1));
            q = State(_mm_add_epi32(q.0, before_q.0), _mm_add_epi32(q.1, before_q.1));
        }
        unpack(p, a);
        unpack(q, b);
    }

    /// The message's next four words (FIPS 180-4, 6.2.2, step 1) from the last sixteen.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn schedule(v0: __m128i, v1: __m128i, v2: __m128i, v3: __m128i) -> __m128i {
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(v0, v1), _mm_alignr_epi8(v3, v2, 4));
        _mm_sha256msg2_epu32(sum, v3)
    }

    #[target_feature(enable = "ssse3,sse4.1")]
    fn constants<const AT: usize>() -> __m128i {
        const { assert!(AT + 4 <= K.len()) };
        // SAFETY: four words from `AT` on are inside, as was just asserted.
        unsafe { _mm_loadu_si128(K.as_ptr().add(AT).cast()) }
    }

    /// A block's sixteen big-endian words. (No loop and no closure: those would be compiled without the instructions.)
    #[target_feature(enable = "ssse3,sse4.1")]
    fn words(block: &[u8; BLOCK]) -> [__m128i; 4] {
        let swap = _mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
        let from = block.as_ptr().cast::<__m128i>();
        // SAFETY: four times 16 bytes are the block; these loads need no alignment.
        unsafe {
            [
                _mm_shuffle_epi8(_mm_loadu_si128(from), swap),
                _mm_shuffle_epi8(_mm_loadu_si128(from.add(1)), swap),
                _mm_shuffle_epi8(_mm_loadu_si128(from.add(2)), swap),
                _mm_shuffle_epi8(_mm_loadu_si128(from.add(3)), swap),
            ]
        }
    }

    #[target_feature(enable = "ssse3,sse4.1")]
    fn pack(state: &[u32; 8]) -> State {
        let from = state.as_ptr().cast::<__m128i>();
        // SAFETY: twice four words are the state; these loads need no alignment.
        let (dcba, hgfe) = unsafe { (_mm_loadu_si128(from), _mm_loadu_si128(from.add(1))) };
        let (cdab, efgh) = (_mm_shuffle_epi32(dcba, 0xB1), _mm_shuffle_epi32(hgfe, 0x1B));
        State(_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0))
    }

    #[target_feature(enable = "ssse3,sse4.1")]
    fn unpack(State(abef, cdgh): State, state: &mut [u32; 8]) {
        let (feba, dchg) = (_mm_shuffle_epi32(abef, 0x1B), _mm_shuffle_epi32(cdgh, 0xB1));
        let (dcba, hgfe) = (_mm_blend_epi16(feba, dchg, 0xF0), _mm_alignr_epi8(dchg, feba, 8));
        let to = state.as_mut_ptr().cast::<__m128i>();
        // SAFETY: twice four words are the state; these stores need no alignment.
        unsafe {
            _mm_storeu_si128(to, dcba);
            _mm_storeu_si128(to.add(1), hgfe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random, the same ones each time.
    fn blocks(count: usize, mut seed: u64) -> Vec<[u8; BLOCK]> {
        let mut byte = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed.to_be_bytes()[0]
        };
        (0..count).map(|_| std::array::from_fn(|_| byte())).collect()
    }

    fn state(seed: u64) -> [u32; 8] {
        let bytes = blocks(1, seed)[0];
        std::array::from_fn(|at| u32::from_be_bytes(std::array::from_fn(|byte| bytes[4 * at + byte])))
    }

    #[test]
    fn two_at_once_are_what_each_is_alone_whatever_their_lengths() {
        for seed in 0..200 {
            let lengths = [seed % 9, (seed / 9) % 11].map(|length| usize::try_from(length).unwrap());
            let (a, b) = (blocks(lengths[0], seed), blocks(lengths[1], seed + 1_000));
            let (mut one, mut other) = (state(seed + 2_000), state(seed + 3_000));
            let (mut wanted_one, mut wanted_other) = (one, other);
            Sha2::one(&mut wanted_one, &a);
            Sha2::one(&mut wanted_other, &b);
            Interleaved::two([&mut one, &mut other], [&a, &b]);
            assert_eq!((one, other), (wanted_one, wanted_other), "{lengths:?} blocks, seed {seed}");
        }
    }

    #[test]
    fn a_chunk_at_any_address_gives_the_same() {
        let bytes: Vec<u8> = blocks(5, 1).concat();
        for skip in 0..BLOCK {
            let (blocks, _) = bytes[skip..].as_chunks::<BLOCK>();
            let (mut one, mut other, mut wanted) = (state(2), state(2), state(2));
            Sha2::one(&mut wanted, blocks);
            Interleaved::two([&mut one, &mut other], [blocks, blocks]);
            assert_eq!([one, other], [wanted, wanted], "{skip} bytes in");
        }
    }
}
