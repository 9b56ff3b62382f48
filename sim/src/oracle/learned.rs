//! What a node has learned while it downloads, and has to act upon.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use samara::downloader::Note;
use samara::wire::limits::MAX_EXCLUDED;
use samara::wire::message::{HolderAddr, Query};
use samara::{SeedId, Time};

/// What one download knows of peers and lists, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    banned: BTreeMap<SocketAddr, Time>,
    refuted: BTreeMap<SeedId, Time>,
}

impl Learned {
    /// The download says something. Gives what is wrong with that, if something is.
    pub(crate) fn noted(&mut self, now: Time, note: &Note) -> Option<String> {
        if let Note::Banned { addr, .. } = note {
            self.banned.entry(*addr).or_insert(now);
        } else if let Note::Refuted { seed_id } = note
            && self.refuted.insert(*seed_id, now).is_some()
        {
            return Some(format!("refutes the list {seed_id:?} once more"));
        }
        None
    }

    /// Is this peer one that it speaks to no more?
    pub(crate) fn is_banned(&self, addr: SocketAddr) -> bool {
        self.banned.contains_key(&addr)
    }

    /// It asks a tracker for holders, at `now`, over a connection that was open `since`. (What it asks before it is
    /// open waits, and may be older than what was learned meanwhile.) Gives what it should have said, if it didn't.
    pub(crate) fn judge(&self, now: Time, since: Time, query: &Query) -> Option<String> {
        let known = |at: &Time| since < *at && *at < now;
        let banned = self.banned.iter().filter(|(_, at)| known(at)).map(|(addr, _)| *addr);
        let named = |addr: &SocketAddr| query.stale.contains(&HolderAddr::At(*addr));
        if let Some(addr) = banned.into_iter().find(|addr| !named(addr))
            && query.stale.len() < MAX_EXCLUDED
        {
            return Some(format!("asks for holders and doesn't say that it banned {addr}"));
        }
        let refuted = self.refuted.iter().filter(|(_, at)| known(at)).map(|(id, _)| *id);
        let missing = refuted.into_iter().find(|id| !query.refuted.contains(id));
        missing.map(|id| format!("asks for holders and doesn't say that {id:?} is refuted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::FileHash;
    use samara::wire::session::Fault;

    #[test]
    fn trackers_are_told_of_bad_peers_and_lists() {
        let at = Time::from_micros;
        let addr = "10.0.0.1:7".parse().expect("an address");
        let (file_hash, seed_id) = (FileHash::new([1; 32]), SeedId::new([2; 32]));
        let mut query = Query { file_hash, seed_id: None, stale: Vec::new(), refuted: Vec::new() };
        let mut learned = Learned::default();
        assert_eq!(learned.noted(at(5), &Note::Banned { addr, fault: Fault::BadChunk { index: 0 } }), None);
        assert!(learned.is_banned(addr));
        assert_eq!(learned.judge(at(5), at(1), &query), None, "asked before, perhaps");
        assert_eq!(learned.judge(at(9), at(6), &query), None, "it waited, perhaps");
        assert!(learned.judge(at(9), at(1), &query).is_some_and(|wrong| wrong.contains("banned")));
        query.stale.push(HolderAddr::At(addr));
        assert_eq!(learned.judge(at(9), at(1), &query), None);
        assert_eq!(learned.noted(at(10), &Note::Refuted { seed_id }), None);
        assert!(learned.judge(at(11), at(1), &query).is_some_and(|wrong| wrong.contains("refuted")));
        query.refuted.push(seed_id);
        assert_eq!(learned.judge(at(11), at(1), &query), None);
        assert!(learned.noted(at(12), &Note::Refuted { seed_id }).is_some(), "once is enough");
    }
}
