//! Bodies of seeds: taken from those who hold them, given to those who ask.

use alloc::sync::Arc;

use super::event::Note;
use super::registry::Registry;
use crate::hash::{FileHash, SeedId};
use crate::machine::Link;
use crate::seed::Seed;
use crate::wire::message::{Refusal, SeedKey};

/// Seeds of one file that are tried for a body, when the asker takes any.
const TRIED: usize = 8;

impl Registry {
    /// Keeps a body, from a node that has announced it over this connection.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it hasn't, [`Refusal::Quota`] if there is no room: then nobody is asked for it again.
    pub(super) fn publish(&mut self, link: Link, node: Option<u32>, body: Arc<Seed>) -> Result<(), Refusal> {
        let key = SeedKey { file_hash: body.file_hash(), seed_id: body.id() };
        let number = self.seeds.find(&key).ok_or(Refusal::Invalid)?;
        let draft = node
            .and_then(|node| self.nodes.get(node))
            .filter(|row| row.draft.as_ref().is_some_and(|draft| draft.link == link));
        let leases = [self.lease_of(link, node), draft.and_then(|row| row.pending())];
        let holding = leases.into_iter().flatten().find(|lease| self.held.contains_key(&(*lease, number)));
        let lease = holding.and_then(|lease| self.leases.get_mut(lease)).ok_or(Refusal::Invalid)?;
        lease.owed = lease.owed.saturating_sub(1);
        if self.bodies.get(number).is_some() {
            return Ok(());
        }
        self.seeds.saw_body(number);
        let spread = |number| self.seeds.get(number).map_or(0, |seed| seed.prefixes);
        if !self.bodies.keep(number, body, spread, &mut self.entropy) {
            return Err(Refusal::Quota);
        }
        self.notes.push(Note::Published { key });
        Ok(())
    }

    /// A seed that somebody holds and whose body is here: this one, or any of the file.
    pub(super) fn body(&self, file_hash: FileHash, seed_id: Option<SeedId>) -> Option<&Arc<Seed>> {
        let named = seed_id.and_then(|seed_id| self.seeds.find(&SeedKey { file_hash, seed_id }));
        let any = self.seeds.of_file(&file_hash).filter(|_| seed_id.is_none());
        let mut candidates =
            named.into_iter().chain(any.into_iter().flat_map(|claims| claims.ranked().take(TRIED)));
        let held = |number| self.seeds.get(number).is_some_and(|seed| self.is_held(seed));
        candidates.find_map(|number| self.bodies.get(number).filter(|_| held(number)))
    }
}
