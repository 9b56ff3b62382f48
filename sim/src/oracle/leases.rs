//! What a tracker may say of holders: a model of its leases, made of what it acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use samara::wire::message::{Digest, Entry, Holder, HolderAddr, SeedKey, Update, UpdateSet};
use samara::{FileHash, Time};

/// A tracker's leases, by the address at which their nodes serve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases {
    /// The tracker's time, which never goes back.
    now: Time,
    leases: BTreeMap<SocketAddr, Lease>,
}

#[derive(Clone, Debug, Default)]
struct Lease {
    held: BTreeMap<SeedKey, bool>,
    until: Time,
    /// What the process drew that announced it.
    owner: u64,
    /// Pages of an announcement whose last one is still to come.
    pages: Vec<UpdateSet>,
    generation: u64,
}

impl Leases {
    /// It is `now` at the tracker.
    pub(crate) fn pass(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    /// The tracker acknowledged `update` of the node that serves at `addr`, whose process drew `token`. Gives what is
    /// wrong with that, if something is: a change goes by what this process announced, and by that only.
    pub(crate) fn updated(
        &mut self,
        addr: SocketAddr,
        token: u64,
        update: Update,
        ttl: Duration,
    ) -> Option<String> {
        let until = self.now + ttl;
        let lease = self.leases.entry(addr).or_default();
        let mut wrong = None;
        if let UpdateSet::All(_) = update.set {
            lease.owner = if update.last { token } else { lease.owner };
        } else if lease.owner != token || lease.until <= self.now {
            wrong = Some(format!("goes by what {addr} announced, for somebody who did not announce it"));
        } else if lease.digest() != update.base {
            wrong = Some(format!("takes a change of {addr}'s announcement that is one of another"));
        }
        if lease.generation != update.generation {
            (lease.generation, lease.pages) = (update.generation, Vec::new());
        }
        lease.pages.push(update.set);
        if update.last {
            let pages = std::mem::take(&mut lease.pages);
            if pages.iter().any(|page| matches!(page, UpdateSet::All(_))) || lease.until <= self.now {
                lease.held.clear();
            }
            pages.into_iter().for_each(|page| lease.apply(page));
            lease.until = until;
        }
        wrong
    }

    /// Does it know this file at `addr`, complete or partial?
    pub(crate) fn knows(&self, addr: SocketAddr, file: FileHash, complete: bool) -> bool {
        let is_it = |(key, whole): (&SeedKey, &bool)| key.file_hash == file && *whole == complete;
        self.leases.get(&addr).is_some_and(|lease| lease.held.iter().any(is_it))
    }

    /// Does it know `addr`, and may it name it?
    pub(crate) fn is_alive(&self, addr: SocketAddr) -> bool {
        self.leases.get(&addr).is_some_and(|lease| self.now < lease.until)
    }

    /// It acknowledged that these are no longer held there.
    pub(crate) fn withdrawn(&mut self, addr: SocketAddr, keys: &[SeedKey]) {
        if let Some(lease) = self.leases.get_mut(&addr) {
            lease.held.retain(|key, _| !keys.contains(key));
        }
    }

    /// It acknowledged that nothing is held there any more.
    pub(crate) fn left(&mut self, addr: SocketAddr) {
        self.leases.remove(&addr);
    }

    /// It names a holder: is that so? Gives what is wrong, if something is.
    pub(crate) fn judge(&self, file: FileHash, holder: &Holder) -> Option<String> {
        let HolderAddr::At(addr) = holder.addr else { return None };
        let Some(lease) = self.leases.get(&addr) else {
            return Some(format!("{addr}, of whom it knows nothing"));
        };
        let key = SeedKey { file_hash: file, seed_id: holder.seed_id };
        match lease.held.get(&key) {
            None => Some(format!("{addr} for a file that is not in its last announcement")),
            Some(_) if self.now >= lease.until => {
                Some(format!("{addr}, whose lease ended at {} (it is {} there)", lease.until, self.now))
            }
            Some(complete) if *complete != holder.complete => Some(format!(
                "{addr} as {}, which it isn't",
                if holder.complete { "complete" } else { "partial" }
            )),
            Some(_) => None,
        }
    }
}

impl Lease {
    fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        self.held.iter().for_each(|(key, complete)| digest.add(&Entry { key: *key, complete: *complete }));
        digest
    }

    fn apply(&mut self, page: UpdateSet) {
        let hold = |held: &mut BTreeMap<SeedKey, bool>, entries: Vec<Entry>| {
            held.extend(entries.into_iter().map(|entry| (entry.key, entry.complete)));
        };
        match page {
            UpdateSet::All(entries) => hold(&mut self.held, entries),
            UpdateSet::Delta { added, removed } => {
                self.held.retain(|key, _| !removed.contains(key));
                hold(&mut self.held, added);
            }
            UpdateSet::Same => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::SeedId;

    const TTL: Duration = Duration::from_secs(60);

    fn update(generation: u64, set: UpdateSet) -> Update {
        let base = Digest::default();
        Update { port: 7, advertise: None, generation, page: 0, last: true, base, set }
    }

    #[test]
    fn a_change_goes_by_what_the_same_process_announced() {
        let addr = "10.0.0.1:7".parse().expect("an address");
        let key = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
        let entry = Entry { key, complete: true };
        let mut base = Digest::default();
        base.add(&entry);
        let same = |base| Update { base, ..update(2, UpdateSet::Same) };
        let mut leases = Leases::default();
        assert!(leases.updated(addr, 5, same(base), TTL).is_some(), "nothing was announced");
        assert_eq!(leases.updated(addr, 5, update(1, UpdateSet::All(vec![entry])), TTL), None);
        assert!(leases.knows(addr, key.file_hash, true));
        assert!(
            !leases.knows(addr, key.file_hash, false) && !leases.knows(addr, FileHash::new([3; 32]), true)
        );
        assert_eq!(leases.updated(addr, 5, same(base), TTL), None);
        assert!(leases.updated(addr, 5, same(Digest::default()), TTL).is_some(), "another set");
        assert!(leases.updated(addr, 6, same(base), TTL).is_some(), "another process");
        assert!(leases.is_alive(addr));
        leases.pass(Time::ZERO + TTL);
        assert!(!leases.is_alive(addr));
        assert!(leases.updated(addr, 5, same(base), TTL).is_some(), "it is over");
    }

    #[test]
    fn a_holder_may_be_named_until_its_ttl_is_over() {
        let addr = "10.0.0.1:7".parse().expect("an address");
        let key = SeedKey { file_hash: FileHash::new([1; 32]), seed_id: SeedId::new([2; 32]) };
        let entry = Entry { key, complete: true };
        let holder = Holder { addr: HolderAddr::At(addr), seed_id: key.seed_id, complete: true };
        let mut leases = Leases::default();
        assert!(leases.judge(key.file_hash, &holder).is_some());
        leases.updated(addr, 5, update(1, UpdateSet::All(vec![entry])), TTL);
        assert_eq!(leases.judge(key.file_hash, &holder), None);
        assert!(leases.judge(key.file_hash, &Holder { complete: false, ..holder }).is_some());
        leases.pass(Time::ZERO + TTL / 2);
        leases.updated(addr, 5, update(2, UpdateSet::Same), TTL);
        leases.pass(Time::from_micros(89_999_999));
        assert_eq!(leases.judge(key.file_hash, &holder), None);
        leases.pass(Time::from_micros(90_000_000));
        assert!(leases.judge(key.file_hash, &holder).is_some_and(|why| why.contains("ended")));
        leases.updated(addr, 5, update(3, UpdateSet::All(vec![entry])), TTL);
        leases.withdrawn(addr, &[key]);
        assert!(leases.judge(key.file_hash, &holder).is_some());
    }
}
