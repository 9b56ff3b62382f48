//! The byte layout of every body: one struct per kind, nothing but layout. (PROTOCOL.md, "Bodies")
//!
//! Fields stand in the order in which they travel. What they may hold is judged by [`convert`](super::convert).

use bincode::enc::Encoder;
use bincode::enc::write::Writer as _;
use bincode::error::EncodeError;
use bincode::{BorrowDecode, Encode};

use super::kind::MAX_BITMAP;
use super::layout::{Blob, Least, List, joined};
use super::limits;

pub(super) type Hash = [u8; 32];

#[derive(Encode, BorrowDecode)]
pub(super) struct Hello {
    pub(super) magic: [u8; 8],
    pub(super) version: u16,
    pub(super) features: u64,
    pub(super) node: u64,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Cancel {
    pub(super) target: u32,
}

#[derive(Encode, BorrowDecode)]
pub(super) enum Refused {
    Version,
    PortInUse,
    Quota,
    Denied,
    Invalid,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Key {
    pub(super) file_hash: Hash,
    pub(super) seed_id: Hash,
}

impl Least for Key {
    const LEAST: usize = 64;
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) complete: bool,
}

impl Least for Entry {
    const LEAST: usize = 65;
}

#[derive(Encode, BorrowDecode)]
pub(super) enum Addr {
    V4([u8; 4], u16),
    V6([u8; 16], u16),
}

#[derive(Encode, BorrowDecode)]
pub(super) enum HolderAddr {
    SameHost(u16),
    At(Addr),
}

impl Least for HolderAddr {
    const LEAST: usize = 6;
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Update {
    pub(super) port: u16,
    pub(super) advertise: Option<Addr>,
    pub(super) generation: u64,
    pub(super) page: u32,
    pub(super) last: bool,
    pub(super) base: Hash,
    pub(super) set: UpdateSet,
}

#[derive(Encode, BorrowDecode)]
pub(super) enum UpdateSet {
    All(List<Entry, { limits::MAX_ENTRIES }>),
    Delta { added: List<Entry, { limits::MAX_ENTRIES }>, removed: List<Key, { limits::MAX_ENTRIES }> },
    Same,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Updated {
    pub(super) epoch: u64,
    pub(super) warming: bool,
    pub(super) ttl: u32,
    pub(super) interval: u32,
    pub(super) digest: Hash,
    pub(super) resend: bool,
    pub(super) want: List<Hash, { limits::MAX_WANT }>,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Withdraw {
    pub(super) keys: List<Key, { limits::MAX_ENTRIES }>,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Query {
    pub(super) file_hash: Hash,
    pub(super) seed_id: Option<Hash>,
    pub(super) stale: List<HolderAddr, { limits::MAX_EXCLUDED }>,
    pub(super) refuted: List<Hash, { limits::MAX_EXCLUDED }>,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Holders<
    Seeds = List<SeedCount, { limits::MAX_SEED_IDS }>,
    All = List<Holder, { limits::MAX_HOLDERS }>,
> {
    pub(super) seeds: Seeds,
    pub(super) holders: All,
    pub(super) warming: bool,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct SeedCount {
    pub(super) seed_id: Hash,
    pub(super) complete: u32,
    pub(super) partial: u32,
}

impl Least for SeedCount {
    const LEAST: usize = 40;
}

#[derive(BorrowDecode)]
pub(super) struct Holder {
    pub(super) addr: HolderAddr,
    pub(super) seed_id: Hash,
    pub(super) complete: bool,
}

impl Encode for Holder {
    /// As derived, but in one piece: an answer has dozens, and their fields are most of what a tracker writes.
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let tail: [u8; 33] = joined(self.seed_id, [self.complete.into()]);
        match self.addr {
            HolderAddr::SameHost(port) => {
                let addr: [u8; 6] = joined([0; 4], port.to_le_bytes());
                encoder.writer().write(&joined::<_, _, 39>(addr, tail))
            }
            HolderAddr::At(Addr::V4(ip, port)) => {
                let addr: [u8; 6] = joined(ip, port.to_le_bytes());
                let addr: [u8; 14] = joined([1, 0, 0, 0, 0, 0, 0, 0], addr);
                encoder.writer().write(&joined::<_, _, 47>(addr, tail))
            }
            HolderAddr::At(Addr::V6(ip, port)) => {
                let addr: [u8; 18] = joined(ip, port.to_le_bytes());
                let addr: [u8; 26] = joined([1, 0, 0, 0, 1, 0, 0, 0], addr);
                encoder.writer().write(&joined::<_, _, 59>(addr, tail))
            }
        }
    }
}

impl Least for Holder {
    const LEAST: usize = 39;
}

#[derive(Encode, BorrowDecode)]
pub(super) struct ListSeeds {
    pub(super) after: u64,
    pub(super) limit: u16,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Listing<'a> {
    pub(super) summaries: List<Summary<'a>, { limits::MAX_SUMMARIES }>,
    pub(super) next: Option<u64>,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Summary<'a> {
    pub(super) key: Key,
    pub(super) about: Option<About<'a>>,
    pub(super) complete: u32,
    pub(super) partial: u32,
}

impl Least for Summary<'_> {
    const LEAST: usize = 73;
}

#[derive(Encode, BorrowDecode)]
pub(super) struct About<'a> {
    pub(super) name: Blob<'a, { limits::MAX_NAME }>,
    pub(super) length: u64,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct GetSeed {
    pub(super) file_hash: Hash,
    pub(super) seed_id: Option<Hash>,
}

/// The body of `Publish` and `Seed`, and of a `.seed` file.
#[derive(Encode, BorrowDecode)]
pub(super) struct Seed<'a> {
    pub(super) name: Blob<'a, { limits::MAX_NAME }>,
    pub(super) length: u64,
    pub(super) chunk_size: u32,
    pub(super) file_hash: Hash,
    pub(super) chunk_hashes: List<Hash, { limits::MAX_CHUNKS as usize }>,
}

#[derive(Encode, BorrowDecode)]
pub(super) enum Have<'a> {
    All,
    Some(Blob<'a, MAX_BITMAP>),
}

#[derive(Encode, BorrowDecode)]
pub(super) enum Gone {
    Never,
    Withdrawn,
    Changed,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Busy {
    pub(super) retry_after: u32,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Fetch {
    pub(super) t: u32,
    pub(super) any_of: List<u32, { limits::MAX_ANY_OF }>,
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Chunk {
    pub(super) index: u32,
    pub(super) len: u32,
}

#[derive(Encode, BorrowDecode)]
pub(super) enum Rejected {
    NotHeld,
    Busy { retry_after: u32 },
    Cancelled,
    Gone(Gone),
}

#[derive(Encode, BorrowDecode)]
pub(super) struct Gained {
    pub(super) indices: List<u32, { limits::MAX_GAINED }>,
}
