//! What a download has come to, counted from its notes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use samara::downloader::{Note, Stale};

use crate::output::{Event, Source};
use crate::progress::{Phase, Snapshot};

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    length: Option<u64>,
    resumed: u64,
    fetched: u64,
    dropped: u64,
    chunk_size: u64,
    peers: BTreeSet<SocketAddr>,
    stale: BTreeSet<SocketAddr>,
    banned: BTreeSet<SocketAddr>,
    sources: BTreeMap<SocketAddr, u64>,
}

impl Tally {
    /// For a download whose length the user vouched for, if so.
    pub(crate) fn new(length: Option<u64>) -> Self {
        Self { length, ..Self::default() }
    }

    /// Counts a note; `tell` hears what a user should be told at once.
    pub(crate) fn take(&mut self, note: &Note, tell: impl Fn(&Event<'_>)) {
        match note {
            Note::Chosen { seed } => self.chunk_size = u64::from(seed.chunk_size()),
            Note::Proven { length } => self.length = Some(*length),
            Note::Resumed { bytes } => self.resumed += bytes,
            Note::Verified { bytes, from, .. } => {
                self.fetched += u64::from(*bytes);
                *self.sources.entry(*from).or_default() += u64::from(*bytes);
            }
            Note::Dropped { bytes } => self.dropped += bytes,
            Note::Tested { addr, .. } => {
                self.peers.insert(*addr);
            }
            Note::Stale { addr, why } => {
                self.peers.remove(addr);
                if self.stale.insert(*addr) {
                    tell(&Event::Stale { addr: *addr, why: &stale(*why) });
                }
            }
            Note::Banned { addr, fault } => {
                self.peers.remove(addr);
                if self.banned.insert(*addr) {
                    tell(&Event::Banned { addr: *addr, why: &fault.to_string() });
                }
            }
            Note::Lost { addr } => {
                self.peers.remove(addr);
            }
            Note::Refuted { seed_id } => {
                tracing::warn!("a false list of chunk hashes was refuted: {seed_id}")
            }
            Note::Found { tracker, holders, .. } => {
                tracing::info!("tracker {} named {holders} holders", tracker.0)
            }
            Note::Unreachable { tracker } => tracing::info!("tracker {} does not answer", tracker.0),
        }
    }

    /// Bytes that are there and verified.
    pub(crate) const fn bytes(&self) -> u64 {
        (self.resumed + self.fetched).saturating_sub(self.dropped)
    }

    /// Bytes that an earlier run left.
    pub(crate) const fn resumed(&self) -> u64 {
        self.resumed
    }

    /// Bytes that were fetched and verified.
    pub(crate) const fn fetched(&self) -> u64 {
        self.fetched
    }

    /// Stale holders met.
    pub(crate) fn stale(&self) -> usize {
        self.stale.len()
    }

    /// Peers banned.
    pub(crate) fn banned(&self) -> usize {
        self.banned.len()
    }

    /// Who sent how much, most first.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut sources = self
            .sources
            .iter()
            .map(|(addr, bytes)| Source { addr: *addr, bytes: *bytes })
            .collect::<Vec<_>>();
        sources.sort_by_key(|source| std::cmp::Reverse(source.bytes));
        sources
    }

    /// For a meter.
    pub(crate) fn snapshot<'a>(&self, name: &'a str) -> Snapshot<'a> {
        let bytes = self.bytes();
        let whole = self.length.is_some_and(|length| bytes >= length);
        let phase = match (whole, self.peers.is_empty() && self.fetched == 0) {
            (true, _) => Phase::Finishing,
            (false, true) => Phase::Asking,
            (false, false) => Phase::Fetching,
        };
        Snapshot {
            phase,
            name,
            bytes: self.length.map_or(bytes, |length| bytes.min(length)),
            length: self.length,
            moved: self.fetched,
            chunks: self.chunks(bytes),
            peers: self.peers.len(),
            stale: self.stale.len(),
            banned: self.banned.len(),
        }
    }

    fn chunks(&self, bytes: u64) -> u32 {
        let whole = self.length.is_some_and(|length| bytes >= length);
        let chunks = if whole { bytes.checked_add(self.chunk_size.saturating_sub(1)) } else { Some(bytes) };
        chunks
            .and_then(|bytes| bytes.checked_div(self.chunk_size))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0)
    }
}

/// In what way a holder is stale.
fn stale(why: Stale) -> String {
    match why {
        Stale::Unreachable => "could not be reached".to_owned(),
        Stale::Gone(gone) => gone.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::wire::message::Gone;
    use samara::wire::session::Fault;
    use std::cell::RefCell;

    fn addr(last: u16) -> SocketAddr {
        ([10, 0, 0, 1], last).into()
    }

    #[test]
    fn bytes_are_what_is_verified_and_still_counts() {
        let mut tally = Tally::new(None);
        let quiet = |_: &Event<'_>| {};
        tally.take(&Note::Resumed { bytes: 100 }, quiet);
        tally.take(&Note::Verified { index: 0, bytes: 50, from: addr(1) }, quiet);
        tally.take(&Note::Verified { index: 1, bytes: 70, from: addr(2) }, quiet);
        tally.take(&Note::Dropped { bytes: 20 }, quiet);
        assert_eq!((tally.bytes(), tally.resumed(), tally.fetched()), (200, 100, 120));
        assert_eq!(tally.sources()[0], Source { addr: addr(2), bytes: 70 });
        assert_eq!(tally.snapshot("f").length, None, "a claim is not shown");
        tally.take(&Note::Proven { length: 200 }, quiet);
        assert_eq!(tally.snapshot("f").phase, Phase::Finishing);
    }

    #[test]
    fn stale_and_banned_peers_are_told_once_each() {
        let (mut tally, told) = (Tally::new(Some(9)), RefCell::new(Vec::new()));
        let tell = |event: &Event<'_>| told.borrow_mut().push(serde_json::to_value(event).unwrap());
        assert_eq!(tally.snapshot("f").phase, Phase::Asking);
        tally.take(&Note::Tested { addr: addr(1), chunks: 1 }, tell);
        assert_eq!((tally.snapshot("f").phase, tally.snapshot("f").peers), (Phase::Fetching, 1));
        for _ in 0..2 {
            tally.take(&Note::Stale { addr: addr(2), why: Stale::Gone(Gone::Changed) }, tell);
            tally.take(&Note::Banned { addr: addr(1), fault: Fault::BadChunk { index: 3 } }, tell);
        }
        assert_eq!((tally.stale(), tally.banned(), tally.snapshot("f").peers), (1, 1, 0));
        let told = told.into_inner();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0]["why"], "no longer has it: its file has changed or is gone");
        assert_eq!(told[1]["why"], "sent bad bytes for chunk 3");
    }
}
