//! Between bodies and messages: what breaks a bound doesn't get in. (PROTOCOL.md, "Bodies")

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::bodies;
use super::layout::{Blob, List};
use super::limits;
use super::message as domain;
use crate::hash::{ChunkHash, FileHash, SeedId};
use crate::name::{NameError, SafeName};
use crate::seed::{Seed, SeedError};

mod tracker;
pub(super) use tracker::HoldersOf;

/// Begins the body of `Hello`, and so every conversation.
const MAGIC: [u8; 8] = *b"samara\0\x01";

/// Why a body is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// A `Hello` without the magic word.
    Magic,
    /// It doesn't fit its layout, or breaks a bound.
    Bounds,
    /// A name that could do harm.
    Name(NameError),
    /// Parts that make no seed.
    Seed(SeedError),
}

const fn ensure(holds: bool) -> Result<(), Bad> {
    if holds { Ok(()) } else { Err(Bad::Bounds) }
}

/// Whole milliseconds, at most 49 days.
pub(super) fn to_millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

pub(super) fn from_millis(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

fn name(bytes: &[u8]) -> Result<SafeName, Bad> {
    let text = core::str::from_utf8(bytes).map_err(|_| Bad::Bounds)?;
    SafeName::new(text).map_err(Bad::Name)
}

/// Indices that some file may have.
fn indices<const MAX: usize>(list: List<u32, MAX>) -> Result<Vec<u32>, Bad> {
    let all: Vec<u32> = list.into_iter().collect();
    ensure(all.iter().all(|index| *index < limits::MAX_CHUNKS))?;
    Ok(all)
}

/// Two enums with the same variants, and nothing inside them.
macro_rules! same_variants {
    ($domain:ident, $body:ident: $($variant:ident),*) => {
        impl From<domain::$domain> for bodies::$body {
            fn from(of: domain::$domain) -> Self {
                match of { $(domain::$domain::$variant => Self::$variant),* }
            }
        }

        impl From<bodies::$body> for domain::$domain {
            fn from(body: bodies::$body) -> Self {
                match body { $(bodies::$body::$variant => Self::$variant),* }
            }
        }
    };
}

same_variants!(Refusal, Refused: Version, PortInUse, Quota, Denied, Invalid);
same_variants!(Gone, Gone: Never, Withdrawn, Changed);

impl From<domain::Hello> for bodies::Hello {
    fn from(hello: domain::Hello) -> Self {
        let domain::Hello { version, features, node } = hello;
        Self { magic: MAGIC, version, features, node }
    }
}

impl TryFrom<bodies::Hello> for domain::Hello {
    type Error = Bad;

    fn try_from(body: bodies::Hello) -> Result<Self, Bad> {
        let bodies::Hello { magic, version, features, node } = body;
        if magic == MAGIC { Ok(Self { version, features, node }) } else { Err(Bad::Magic) }
    }
}

impl From<domain::SeedKey> for bodies::Key {
    fn from(key: domain::SeedKey) -> Self {
        Self { file_hash: *key.file_hash.as_bytes(), seed_id: *key.seed_id.as_bytes() }
    }
}

impl From<bodies::Key> for domain::SeedKey {
    fn from(body: bodies::Key) -> Self {
        Self { file_hash: FileHash::new(body.file_hash), seed_id: SeedId::new(body.seed_id) }
    }
}

impl From<domain::Entry> for bodies::Entry {
    fn from(entry: domain::Entry) -> Self {
        Self { key: entry.key.into(), complete: entry.complete }
    }
}

impl From<bodies::Entry> for domain::Entry {
    fn from(body: bodies::Entry) -> Self {
        Self { key: body.key.into(), complete: body.complete }
    }
}

impl From<SocketAddr> for bodies::Addr {
    fn from(addr: SocketAddr) -> Self {
        match addr {
            SocketAddr::V4(v4) => Self::V4(v4.ip().octets(), v4.port()),
            SocketAddr::V6(v6) => Self::V6(v6.ip().octets(), v6.port()),
        }
    }
}

impl From<bodies::Addr> for SocketAddr {
    fn from(body: bodies::Addr) -> Self {
        match body {
            bodies::Addr::V4(octets, port) => (octets, port).into(),
            bodies::Addr::V6(octets, port) => (octets, port).into(),
        }
    }
}

impl From<domain::HolderAddr> for bodies::HolderAddr {
    fn from(addr: domain::HolderAddr) -> Self {
        match addr {
            domain::HolderAddr::SameHost(port) => Self::SameHost(port),
            domain::HolderAddr::At(addr) => Self::At(addr.into()),
        }
    }
}

impl From<bodies::HolderAddr> for domain::HolderAddr {
    fn from(body: bodies::HolderAddr) -> Self {
        match body {
            bodies::HolderAddr::SameHost(port) => Self::SameHost(port),
            bodies::HolderAddr::At(addr) => Self::At(addr.into()),
        }
    }
}

impl<'a> From<&'a Seed> for bodies::Seed<'a> {
    fn from(seed: &'a Seed) -> Self {
        Self {
            name: Blob(seed.name().as_str().as_bytes()),
            length: seed.length(),
            chunk_size: seed.chunk_size(),
            file_hash: *seed.file_hash().as_bytes(),
            chunk_hashes: seed.chunk_hashes().iter().map(|hash| *hash.as_bytes()).collect(),
        }
    }
}

impl TryFrom<bodies::Seed<'_>> for Seed {
    type Error = Bad;

    fn try_from(body: bodies::Seed<'_>) -> Result<Self, Bad> {
        let chunk_hashes = body.chunk_hashes.into_iter().map(ChunkHash::new).collect();
        let file_hash = FileHash::new(body.file_hash);
        Self::new(name(body.name.0)?, body.length, body.chunk_size, file_hash, chunk_hashes)
            .map_err(Bad::Seed)
    }
}

impl<'a> From<&'a domain::HaveSet> for bodies::Have<'a> {
    fn from(have: &'a domain::HaveSet) -> Self {
        match have {
            domain::HaveSet::All => Self::All,
            domain::HaveSet::Some(bits) => Self::Some(Blob(bits)),
        }
    }
}

impl From<bodies::Have<'_>> for domain::HaveSet {
    fn from(body: bodies::Have<'_>) -> Self {
        match body {
            bodies::Have::All => Self::All,
            bodies::Have::Some(Blob(bits)) => Self::Some(bits.to_vec()),
        }
    }
}

impl From<&domain::Fetch> for bodies::Fetch {
    fn from(fetch: &domain::Fetch) -> Self {
        Self { t: fetch.t, any_of: fetch.any_of.iter().copied().collect() }
    }
}

impl TryFrom<bodies::Fetch> for domain::Fetch {
    type Error = Bad;

    fn try_from(body: bodies::Fetch) -> Result<Self, Bad> {
        let any_of = indices(body.any_of)?;
        let distinct = any_of
            .iter()
            .enumerate()
            .all(|(at, index)| !any_of.iter().skip(at.saturating_add(1)).any(|i| i == index));
        ensure(!any_of.is_empty() && distinct)?;
        Ok(Self { t: body.t, any_of })
    }
}

impl bodies::Chunk {
    /// The chunk's index and length, if some file may have such a chunk.
    pub(super) fn bounded(self) -> Result<(u32, u32), Bad> {
        let Self { index, len } = self;
        ensure(index < limits::MAX_CHUNKS && (1..=limits::MAX_CHUNK_SIZE).contains(&len))?;
        Ok((index, len))
    }
}

impl From<domain::Rejection> for bodies::Rejected {
    fn from(why: domain::Rejection) -> Self {
        match why {
            domain::Rejection::NotHeld => Self::NotHeld,
            domain::Rejection::Busy { retry_after } => Self::Busy { retry_after: to_millis(retry_after) },
            domain::Rejection::Cancelled => Self::Cancelled,
            domain::Rejection::Gone(why) => Self::Gone(why.into()),
        }
    }
}

impl From<bodies::Rejected> for domain::Rejection {
    fn from(body: bodies::Rejected) -> Self {
        match body {
            bodies::Rejected::NotHeld => Self::NotHeld,
            bodies::Rejected::Busy { retry_after } => Self::Busy { retry_after: from_millis(retry_after) },
            bodies::Rejected::Cancelled => Self::Cancelled,
            bodies::Rejected::Gone(why) => Self::Gone(why.into()),
        }
    }
}

impl From<&[u32]> for bodies::Gained {
    fn from(all: &[u32]) -> Self {
        Self { indices: all.iter().copied().collect() }
    }
}

impl TryFrom<bodies::Gained> for Vec<u32> {
    type Error = Bad;

    fn try_from(body: bodies::Gained) -> Result<Self, Bad> {
        indices(body.indices)
    }
}
