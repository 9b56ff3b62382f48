//! Files and their seeds, true and false.

use std::sync::Arc;

use samara::downloader::{Pin, Target};
use samara::{ChunkHash, Entropy, FileHash, SafeName, Seed, SeedBuilder, Sha2};
use sha2::{Digest as _, Sha256};

/// `length` random bytes that follow from `seed`.
pub fn random(length: usize, seed: u64) -> Vec<u8> {
    let mut entropy = Entropy::new(seed);
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| entropy.next().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}

/// The true list of a file, in chunks of `chunk_size`: for pinned downloads.
pub fn seed(bytes: &[u8], chunk_size: u32) -> Arc<Seed> {
    let builder = SeedBuilder::<Sha2>::with_chunk_size(bytes.len() as u64, chunk_size);
    finish(builder.expect("a chunk size within the limits"), bytes)
}

/// The true canonical list of a file.
pub fn canonical(bytes: &[u8]) -> Arc<Seed> {
    finish(SeedBuilder::new(bytes.len() as u64).expect("a file within the limits"), bytes)
}

/// A false list: the same but for the hashes after the chunks `lies`.
pub fn forged(truth: &Seed, lies: &[u32]) -> Arc<Seed> {
    let mut hashes = truth.chunk_hashes().to_vec();
    for lie in lies {
        let mut bytes = *hashes[*lie as usize].as_bytes();
        bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
        hashes[*lie as usize] = ChunkHash::new(bytes);
    }
    let (length, chunk_size) = (truth.length(), truth.chunk_size());
    Arc::new(
        Seed::new(truth.name().clone(), length, chunk_size, truth.file_hash(), hashes).expect("a lie within"),
    )
}

/// A false list of a file whose first `upto` chunks are others, and those bytes: all of them fit their list, but for the
/// chunk after them.
pub fn spliced(truth: &Seed, bytes: &[u8], upto: u32, lie: u64) -> (Arc<Seed>, Vec<u8>) {
    let begin = usize::try_from(truth.range(upto).map_or(0, |range| range.start)).unwrap_or(0);
    let mut forged = bytes.to_vec();
    forged[..begin].copy_from_slice(&random(begin, lie));
    let mut hashes = canonical(&forged).chunk_hashes().to_vec();
    hashes[upto as usize..].copy_from_slice(&truth.chunk_hashes()[upto as usize..]);
    let (length, chunk_size) = (truth.length(), truth.chunk_size());
    let seed = Seed::new(truth.name().clone(), length, chunk_size, truth.file_hash(), hashes);
    (Arc::new(seed.expect("a lie within")), forged)
}

/// A false list whose length is false: of as many canonical chunks, with another last one. All its values but the last
/// follow from `lie`.
pub fn resized(truth: &Seed, lie: u64) -> Arc<Seed> {
    let mut entropy = Entropy::new(lie);
    let last = truth.length() % u64::from(truth.chunk_size());
    let cut = 1 + entropy.below(usize::try_from(last.max(2)).unwrap_or(2) - 1) as u64;
    let length = if last > cut { truth.length() - cut } else { truth.length() + 1 };
    let chunks = usize::try_from(length.div_ceil(u64::from(truth.chunk_size()))).unwrap_or(usize::MAX);
    let mut hashes: Vec<_> = truth.chunk_hashes().iter().take(chunks).copied().collect();
    while hashes.len() < chunks {
        hashes.insert(0, ChunkHash::new(random(32, entropy.next()).try_into().unwrap_or([0; 32])));
    }
    if let Some(last) = hashes.last_mut() {
        *last = ChunkHash::new(*truth.file_hash().as_bytes());
    }
    let seed = Seed::new(truth.name().clone(), length, truth.chunk_size(), truth.file_hash(), hashes);
    Arc::new(seed.expect("a lie within the rules"))
}

/// What a user asks for who knows the hash only.
pub const fn unpinned(seed: &Seed) -> Target {
    Target { file_hash: seed.file_hash(), pin: Pin::Hash }
}

/// What a user asks for who has the seed.
pub fn pinned(seed: &Arc<Seed>) -> Target {
    Target { file_hash: seed.file_hash(), pin: Pin::Seed(Arc::clone(seed)) }
}

/// Is this the file of that hash? By another implementation of SHA-256 than the core's.
pub fn is(bytes: &[u8], hash: FileHash) -> bool {
    <[u8; 32]>::from(Sha256::digest(bytes)) == *hash.as_bytes()
}

fn finish(mut builder: SeedBuilder, bytes: &[u8]) -> Arc<Seed> {
    builder.update(bytes);
    Arc::new(builder.finish(SafeName::new("file").expect("a safe name")).expect("all bytes are there"))
}
