//! Rules about bytes: what hosts claim, serve, receive and store.

use std::sync::Arc;

use bytes::Bytes;
use samara::downloader::Pin;
use samara::seeder::FileId;
use samara::store::{self, Op, Outcome};
use samara::wire::message::{HaveSet, SeedKey};
use samara::{Hashed, Seed, Sha2, Step};

use crate::file;
use crate::history::Moment;
use crate::host::{Holding, HostId};
use crate::net::{ConnId, Serving};
use crate::world::World;

impl World {
    /// A node says that it holds chunks: they are on its disk, and what their list says.
    pub(super) fn check_claim(
        &mut self,
        host: HostId,
        id: ConnId,
        t: u32,
        set: Option<&HaveSet>,
        indices: &[u32],
    ) {
        let Some(key) = self.net.get(id).and_then(|conn| conn.talk.tests.get(&t).copied()) else { return };
        let Some(seed) = self.list(key) else { return };
        let have = set.and_then(|set| set.clone().into_have(seed.chunks()));
        if set.is_some() && have.is_none() {
            return self.mistake(host, || format!("claims chunks that {key:?} hasn't got"));
        }
        let claimed = have.iter().flat_map(samara::Have::iter).chain(indices.iter().copied());
        let holders: Vec<_> = self.hosts[host.0].holding(key.file_hash).collect();
        let is_there = |index: u32| holders.iter().any(|file| self.is_right(host, *file, &seed, index));
        let missing: Vec<_> = claimed.filter(|index| !is_there(*index)).collect();
        if let Some(index) = missing.first() {
            self.mistake(host, || {
                format!("claims chunk {index} of {:?}, which it hasn't got", key.file_hash)
            });
        }
    }

    /// A seeder sends a chunk: of a file that it still shares, and what the list says under which it was asked for.
    pub(in crate::world) fn check_served(
        &mut self,
        host: HostId,
        id: ConnId,
        request: u32,
        index: u32,
        serving: &Serving,
    ) {
        if self.oracle.is_none() || !self.hosts[host.0].is_honest() {
            return;
        }
        if self.hosts[host.0].path(serving.file).is_none() {
            return self.mistake(host, || format!("serves chunk {index} of a file that it shares no longer"));
        }
        let Some(conn) = self.net.get(id) else { return };
        let key = conn.talk.asked.get(&request).and_then(|asked| conn.talk.key(asked));
        let Some(seed) = key.and_then(|key| self.list(key)) else { return };
        if seed.range(index) != Some(serving.range.clone()) {
            self.mistake(host, || format!("serves chunk {index} from {:?}", serving.range));
        } else if !self.is_right(host, serving.file, &seed, index) {
            self.mistake(host, || format!("serves chunk {index}, which isn't what its list says"));
        }
    }

    /// All of a chunk is sent.
    pub(in crate::world) fn check_whole(&mut self, id: ConnId, request: u32) {
        if let Some(conn) = self.net.get(id).filter(|_| self.oracle.is_some()) {
            conn.talk.served(request);
        }
    }

    /// A chunk has come: it is judged by its list's step, and nobody gets a second bad one from the same host.
    pub(in crate::world) fn check_received(
        &mut self,
        host: HostId,
        id: ConnId,
        request: u32,
        step: Step,
        hashed: &Hashed,
    ) {
        let is_bad = !step.accepts(hashed);
        let Some(conn) = self.net.get(id) else { return };
        let Some(from) = conn.other_than(host) else { return };
        let asked = conn.talk.over(request);
        let key = asked.as_ref().and_then(|asked| conn.talk.key(asked));
        if let Some(history) = self.history.as_mut().filter(|_| is_bad) {
            history.add(self.now, Moment::Bad { host: host.0, from: from.0 });
        }
        if let Some(seed) = key.and_then(|key| self.list(key))
            && !(0..seed.chunks()).any(|index| seed.step(index) == Some(step))
        {
            self.mistake(host, || format!("takes #{request} by a step that isn't its list's"));
        }
        let Some(oracle) = self.oracle.as_mut().filter(|_| is_bad) else { return };
        let count = oracle.bad.entry((host, from)).or_default();
        *count += 1;
        if *count > 1 {
            let from = self.hosts[from.0].name.clone();
            self.mistake(host, || format!("takes a second bad chunk of {from}"));
        }
    }

    /// A disk operation is through: what has its final name is what was asked for.
    pub(in crate::world) fn check_stored(&mut self, host: HostId, file: FileId, op: &Op, outcome: &Outcome) {
        let order = match self.hosts[host.0].library.get(&file) {
            Some(Holding::Download(order)) => Some(order),
            Some(Holding::Shared { .. }) | None => None,
        };
        if let (Some(Pin::Seed(seed)), Some(oracle)) =
            (order.map(|order| &order.target.pin), &mut self.oracle)
        {
            let safe = oracle.safe.entry((host, file)).or_default();
            if matches!(outcome, Outcome::Failed(_)) { safe.cut() } else { safe.done(op, seed.chunk_size()) }
        }
        let renamed = matches!(op, Op::Rename { to: store::File::Target, .. });
        if self.oracle.is_none() || !renamed || !matches!(outcome, Outcome::Done) {
            return;
        }
        let state = &self.hosts[host.0];
        let Some(Holding::Download(order)) = state.library.get(&file) else { return };
        if !state.disk.bytes(&order.name).is_some_and(|bytes| file::is(bytes, order.target.file_hash)) {
            self.mistake(host, || "has a wrong file under its final name".to_owned());
        }
    }

    /// A download says that it is done.
    pub(in crate::world) fn check_done(&mut self, host: HostId, file: FileId) {
        if self.oracle.is_none() {
            return;
        }
        let state = &self.hosts[host.0];
        let Some(Holding::Shared { name, seed, .. }) = state.library.get(&file) else { return };
        if !state.disk.bytes(name).is_some_and(|bytes| file::is(bytes, seed.file_hash())) {
            let name = name.clone();
            self.mistake(host, || format!("is done with {name}, which isn't what was asked for"));
        }
    }

    pub(super) fn list(&self, key: SeedKey) -> Option<Arc<Seed>> {
        self.oracle.as_ref()?.seeds.get(&key.seed_id).cloned()
    }

    /// Does the disk hold a chunk of a file, as its list says?
    fn is_right(&self, host: HostId, file: FileId, seed: &Seed, index: u32) -> bool {
        let state = &self.hosts[host.0];
        let Some(range) = seed.range(index) else { return false };
        let range = usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0);
        let path = state.path(file);
        let bytes = path.and_then(|path| state.disk.bytes(path)).and_then(|all| all.get(range.clone()));
        let truth = self.oracle.as_ref().and_then(|oracle| oracle.truth.get(&seed.id()));
        match (bytes, truth, seed.step(index)) {
            (Some(bytes), Some(truth), _) => truth.get(range) == Some(bytes),
            (Some(bytes), None, Some(step)) => {
                step.accepts(&Hashed::new::<Sha2>(step.start, step.last, Bytes::copy_from_slice(bytes)))
            }
            (Some(_), None, None) | (None, ..) => false,
        }
    }
}
