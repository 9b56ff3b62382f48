//! Between bodies and messages, for conversations with a tracker. (PROTOCOL.md, "Bodies")

use alloc::vec::Vec;

use super::{Bad, ensure, from_millis, name, to_millis};
use crate::hash::{FileHash, SeedId};
use crate::wire::bodies;
use crate::wire::layout::{Blob, Each};
use crate::wire::limits;
use crate::wire::message as domain;

impl From<&domain::Update> for bodies::Update {
    fn from(update: &domain::Update) -> Self {
        Self {
            port: update.port,
            advertise: update.advertise.map(Into::into),
            generation: update.generation,
            page: update.page,
            last: update.last,
            base: update.base.0,
            set: (&update.set).into(),
        }
    }
}

impl TryFrom<bodies::Update> for domain::Update {
    type Error = Bad;

    fn try_from(body: bodies::Update) -> Result<Self, Bad> {
        ensure(body.page < limits::MAX_PAGES)?;
        Ok(Self {
            port: body.port,
            advertise: body.advertise.map(Into::into),
            generation: body.generation,
            page: body.page,
            last: body.last,
            base: domain::Digest(body.base),
            set: body.set.try_into()?,
        })
    }
}

impl From<&domain::UpdateSet> for bodies::UpdateSet {
    fn from(set: &domain::UpdateSet) -> Self {
        let entries = |all: &[domain::Entry]| all.iter().map(|&entry| entry.into()).collect();
        match set {
            domain::UpdateSet::All(all) => Self::All(entries(all)),
            domain::UpdateSet::Delta { added, removed } => Self::Delta {
                added: entries(added),
                removed: removed.iter().map(|&key| key.into()).collect(),
            },
            domain::UpdateSet::Same => Self::Same,
        }
    }
}

impl TryFrom<bodies::UpdateSet> for domain::UpdateSet {
    type Error = Bad;

    fn try_from(body: bodies::UpdateSet) -> Result<Self, Bad> {
        Ok(match body {
            bodies::UpdateSet::All(all) => Self::All(all.into_iter().map(Into::into).collect()),
            bodies::UpdateSet::Delta { added, removed } => {
                ensure(added.len().saturating_add(removed.len()) <= limits::MAX_ENTRIES)?;
                Self::Delta {
                    added: added.into_iter().map(Into::into).collect(),
                    removed: removed.into_iter().map(Into::into).collect(),
                }
            }
            bodies::UpdateSet::Same => Self::Same,
        })
    }
}

impl From<&domain::Updated> for bodies::Updated {
    fn from(updated: &domain::Updated) -> Self {
        Self {
            epoch: updated.epoch,
            warming: updated.warming,
            ttl: to_millis(updated.ttl),
            interval: to_millis(updated.interval),
            digest: updated.digest.0,
            resend: updated.resend,
            want: updated.want.iter().map(|id| *id.as_bytes()).collect(),
        }
    }
}

impl From<bodies::Updated> for domain::Updated {
    fn from(body: bodies::Updated) -> Self {
        Self {
            epoch: body.epoch,
            warming: body.warming,
            ttl: from_millis(body.ttl),
            interval: from_millis(body.interval),
            digest: domain::Digest(body.digest),
            resend: body.resend,
            want: body.want.into_iter().map(SeedId::new).collect(),
        }
    }
}

impl From<&[domain::SeedKey]> for bodies::Withdraw {
    fn from(keys: &[domain::SeedKey]) -> Self {
        Self { keys: keys.iter().map(|&key| key.into()).collect() }
    }
}

impl From<bodies::Withdraw> for Vec<domain::SeedKey> {
    fn from(body: bodies::Withdraw) -> Self {
        body.keys.into_iter().map(Into::into).collect()
    }
}

impl From<&domain::Query> for bodies::Query {
    fn from(query: &domain::Query) -> Self {
        Self {
            file_hash: *query.file_hash.as_bytes(),
            seed_id: query.seed_id.map(|id| *id.as_bytes()),
            stale: query.stale.iter().map(|&addr| addr.into()).collect(),
            refuted: query.refuted.iter().map(|id| *id.as_bytes()).collect(),
        }
    }
}

impl From<bodies::Query> for domain::Query {
    fn from(body: bodies::Query) -> Self {
        Self {
            file_hash: FileHash::new(body.file_hash),
            seed_id: body.seed_id.map(SeedId::new),
            stale: body.stale.into_iter().map(Into::into).collect(),
            refuted: body.refuted.into_iter().map(SeedId::new).collect(),
        }
    }
}

/// As it is written: without a copy of its lists.
pub(in crate::wire) type HoldersOf<'a> =
    bodies::Holders<Each<'a, domain::SeedCount, bodies::SeedCount>, Each<'a, domain::Holder, bodies::Holder>>;

impl<'a> From<&'a domain::Holders> for HoldersOf<'a> {
    fn from(answer: &'a domain::Holders) -> Self {
        Self { seeds: Each::of(&answer.seeds), holders: Each::of(&answer.holders), warming: answer.warming }
    }
}

impl From<bodies::Holders> for domain::Holders {
    fn from(body: bodies::Holders) -> Self {
        Self {
            seeds: body.seeds.into_iter().map(Into::into).collect(),
            holders: body.holders.into_iter().map(Into::into).collect(),
            warming: body.warming,
        }
    }
}

impl From<domain::SeedCount> for bodies::SeedCount {
    fn from(count: domain::SeedCount) -> Self {
        Self { seed_id: *count.seed_id.as_bytes(), complete: count.complete, partial: count.partial }
    }
}

impl From<bodies::SeedCount> for domain::SeedCount {
    fn from(body: bodies::SeedCount) -> Self {
        Self { seed_id: SeedId::new(body.seed_id), complete: body.complete, partial: body.partial }
    }
}

impl From<domain::Holder> for bodies::Holder {
    fn from(holder: domain::Holder) -> Self {
        Self { addr: holder.addr.into(), seed_id: *holder.seed_id.as_bytes(), complete: holder.complete }
    }
}

impl From<bodies::Holder> for domain::Holder {
    fn from(body: bodies::Holder) -> Self {
        Self { addr: body.addr.into(), seed_id: SeedId::new(body.seed_id), complete: body.complete }
    }
}

impl From<domain::List> for bodies::ListSeeds {
    fn from(list: domain::List) -> Self {
        Self { after: list.after, limit: list.limit }
    }
}

impl From<bodies::ListSeeds> for domain::List {
    fn from(body: bodies::ListSeeds) -> Self {
        Self { after: body.after, limit: body.limit }
    }
}

impl<'a> From<&'a domain::Listing> for bodies::Listing<'a> {
    fn from(listing: &'a domain::Listing) -> Self {
        Self { summaries: listing.summaries.iter().map(Into::into).collect(), next: listing.next }
    }
}

impl TryFrom<bodies::Listing<'_>> for domain::Listing {
    type Error = Bad;

    fn try_from(body: bodies::Listing<'_>) -> Result<Self, Bad> {
        let summaries = body.summaries.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(Self { summaries, next: body.next })
    }
}

impl<'a> From<&'a domain::Summary> for bodies::Summary<'a> {
    fn from(summary: &'a domain::Summary) -> Self {
        let about = summary.about.as_ref();
        Self {
            key: summary.key.into(),
            about: about.map(|(name, length)| bodies::About {
                name: Blob(name.as_str().as_bytes()),
                length: *length,
            }),
            complete: summary.complete,
            partial: summary.partial,
        }
    }
}

impl TryFrom<bodies::Summary<'_>> for domain::Summary {
    type Error = Bad;

    fn try_from(body: bodies::Summary<'_>) -> Result<Self, Bad> {
        let about = match body.about {
            Some(about) => Some((name(about.name.0)?, about.length)),
            None => None,
        };
        Ok(Self { key: body.key.into(), about, complete: body.complete, partial: body.partial })
    }
}
