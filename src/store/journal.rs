//! The journal's bytes: which list the part file is filled by, and which of its chunks are there.
//!
//! `NAME.part.journal` is a header and any number of records; all integers are little-endian:
//!
//! ```text
//! header   magic "samara-j" · version u16 = 1 · pinned u16 (0 or 1) · seed length u32 · nonce u64
//!          · the seed, as in a seed file · check
//! record   kind u8 · body · check
//!            1 written   count u32 · that many indices u32      handed to the system, not yet synced
//!            2 durable   the same                                the part file has been synced since
//!            3 clean     device u64 · inode u64 · size u64 · modified i64 · bitmap of ⌈n/8⌉ bytes
//!                        an orderly stop: the part file's identity, and which chunks are certain
//! check    the first 8 bytes of SHA-256 over: for the header, its bytes; for a record, the header's whole digest,
//!          the record's offset in the file u64, and the record's bytes
//! ```
//!
//! A check covers the header and the place, so that bytes of an older journal, which a crash can leave in a file,
//! are never taken for records. Reading ends at the first record that doesn't check: what follows is a torn tail,
//! and nothing is ever appended behind one, since a journal that was read is replaced before anything is written.

use alloc::vec::Vec;

use super::Identity;
use crate::hash::{Hasher, Sha2};
use crate::have::Have;
use crate::seed::Seed;
use crate::wire::{limits, seedfile};

const MAGIC: [u8; 8] = *b"samara-j";
const VERSION: u16 = 1;
/// Bytes of a check.
const CHECK: usize = 8;

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Journal {
    /// The list that the claims belong to.
    pub(super) seed: Seed,
    /// Did the user pin it?
    pub(super) pinned: bool,
    /// Chunks that were written, whether synced or not.
    pub(super) claimed: Have,
    /// If it ends with an orderly stop: what the part file looked like then, and which chunks were certain.
    pub(super) clean: Option<(Identity, Have)>,
}

/// One entry.
#[derive(Debug)]
pub(super) enum Record<'a> {
    /// Chunks were written.
    Written(&'a [u32]),
    /// Chunks were written, and the part file was synced afterwards.
    Durable(&'a [u32]),
    /// An orderly stop.
    Clean(Identity, &'a Have),
}

impl Record<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Written(indices) => encode_indices(1, indices, out),
            Self::Durable(indices) => encode_indices(2, indices, out),
            Self::Clean(identity, have) => {
                out.push(3);
                out.extend(identity.device.to_le_bytes());
                out.extend(identity.inode.to_le_bytes());
                out.extend(identity.size.to_le_bytes());
                out.extend(identity.modified.to_le_bytes());
                out.extend(have.as_bytes());
            }
        }
    }
}

fn encode_indices(kind: u8, indices: &[u32], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(u32::try_from(indices.len()).unwrap_or(u32::MAX).to_le_bytes());
    indices.iter().for_each(|index| out.extend(index.to_le_bytes()));
}

/// Writes one journal: knows its header and how far it has come.
#[derive(Debug)]
pub(super) struct Writer {
    header: [u8; 32],
    offset: u64,
}

impl Writer {
    /// Begins a journal; also gives the header's bytes. `nonce` should differ from any earlier journal's.
    pub(super) fn begin(seed: &Seed, pinned: bool, nonce: u64) -> (Self, Vec<u8>) {
        let body = seedfile::to_bytes(seed);
        let mut out = Vec::from(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(u16::from(pinned).to_le_bytes());
        out.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(nonce.to_le_bytes());
        out.extend(body);
        let header = digest(&[&out]);
        out.extend(check(header));
        (Self { header, offset: out.len() as u64 }, out)
    }

    /// Appends the bytes of one record to `out`.
    pub(super) fn record(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        record.encode(out);
        let body = out.get(start..).unwrap_or_default();
        let sum = check(digest(&[&self.header, &self.offset.to_le_bytes(), body]));
        out.extend(sum);
        self.offset = self.offset.saturating_add(out.len().saturating_sub(start) as u64);
    }
}

impl Journal {
    /// Reads a journal; none if the header is torn, or no journal's.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let (magic, version, pinned) = (rest.array()?, rest.u16()?, rest.u16()?);
        if magic != MAGIC || version != VERSION || pinned > 1 {
            return None;
        }
        let length = rest.u32()? as usize;
        rest.u64()?;
        let body = rest.take(length)?;
        let header = digest(&[bytes.get(..bytes.len().saturating_sub(rest.0.len()))?]);
        if rest.array()? != check(header) {
            return None;
        }
        let seed = seedfile::from_bytes(body).ok()?;
        let claimed = Have::none(seed.chunks());
        let mut journal = Self { seed, pinned: pinned == 1, claimed, clean: None };
        let length = bytes.len();
        while journal.read_record(&header, length, &mut rest).is_some() {}
        Some(journal)
    }

    /// Takes in the next record; none at the end and at whatever isn't whole.
    fn read_record(&mut self, header: &[u8; 32], length: usize, rest: &mut Reader<'_>) -> Option<()> {
        let chunks = self.claimed.chunks();
        let start = rest.0;
        let offset = length.saturating_sub(start.len()) as u64;
        let read = match rest.u8()? {
            1 | 2 => Read::Claims(rest.indices(chunks)?),
            3 => Read::Clean(
                rest.identity()?,
                Have::from_bytes(chunks, rest.take(chunks.div_ceil(8) as usize)?)?,
            ),
            _ => return None,
        };
        let body = start.get(..start.len().saturating_sub(rest.0.len()))?;
        if rest.array()? != check(digest(&[header, &offset.to_le_bytes(), body])) {
            return None;
        }
        self.clean = match read {
            Read::Claims(indices) => {
                indices.into_iter().for_each(|index| _ = self.claimed.insert(index));
                None
            }
            Read::Clean(identity, have) => Some((identity, have)),
        };
        Some(())
    }
}

/// A record that was read and is still to be checked.
enum Read {
    Claims(Vec<u32>),
    Clean(Identity, Have),
}

/// What is left of the bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// At most as many indices as a file can have chunks, each below `chunks`.
    fn indices(&mut self, chunks: u32) -> Option<Vec<u32>> {
        let count = self.u32()?;
        if count > limits::MAX_CHUNKS {
            return None;
        }
        let bytes = self.take(count as usize * 4)?;
        let indices: Vec<u32> = bytes.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)).collect();
        indices.iter().all(|index| *index < chunks).then_some(indices)
    }

    fn identity(&mut self) -> Option<Identity> {
        let (device, inode, size) = (self.u64()?, self.u64()?, self.u64()?);
        Some(Identity { device, inode, size, modified: i64::from_le_bytes(self.array()?) })
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Hasher::<Sha2>::new();
    parts.iter().for_each(|part| hasher.update(part));
    *hasher.finish().as_bytes()
}

fn check(digest: [u8; 32]) -> [u8; CHECK] {
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
