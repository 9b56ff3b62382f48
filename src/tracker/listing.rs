//! All seeds, page by page.

use super::registry::Registry;
use crate::wire::limits::MAX_SUMMARIES;
use crate::wire::message::{Listing, SeedCount, Summary};

/// Numbers looked at for one page at most, gaps included.
const SCANNED: u32 = 4_096;

impl Registry {
    /// The seeds from the number `after` on, at most `limit`: a seed that lives from the first page to the last is
    /// in exactly one of them.
    pub(super) fn list(&self, after: u64, limit: u16) -> Listing {
        let limit = usize::from(limit).min(MAX_SUMMARIES);
        let slots = self.seeds.slots();
        let mut next = u32::try_from(after).unwrap_or(u32::MAX).min(slots);
        let end = next.saturating_add(SCANNED).min(slots);
        let mut listing = Listing { summaries: alloc::vec::Vec::new(), next: None };
        while next < end && listing.summaries.len() < limit {
            listing.summaries.extend(self.summary(next));
            next = next.saturating_add(1);
        }
        listing.next = (next < slots).then_some(next.into());
        listing
    }

    fn summary(&self, number: u32) -> Option<Summary> {
        let seed = self.seeds.get(number)?;
        let SeedCount { complete, partial, .. } = self.count(seed);
        let about = self.bodies.get(number).map(|body| (body.name().clone(), body.length()));
        (complete > 0 || partial > 0).then_some(Summary { key: seed.key, about, complete, partial })
    }
}
