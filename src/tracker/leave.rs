//! The end of holding: some entries, all of them, or only the connection.

use alloc::vec::Vec;

use super::announce::Outcome;
use super::event::Note;
use super::registry::Registry;
use crate::machine::Link;
use crate::wire::message::SeedKey;

impl Registry {
    /// Takes entries out of the lease that the connection speaks for. Nothing is renewed by it.
    pub(super) fn withdraw(&mut self, link: Link, node: Option<u32>, keys: &[SeedKey]) -> Outcome {
        let (Some(node), Some(lease)) = (node, self.lease_of(link, node)) else { return self.resend(None) };
        for key in keys {
            if let Some(seed) = self.seeds.find(key) {
                self.take(lease, seed);
            }
        }
        self.settle(node);
        let digest = self.leases.get(lease).map(|row| row.digest).unwrap_or_default();
        Outcome { digest, resend: false, want: Vec::new() }
    }

    /// Ends the lease that the connection speaks for, and its unfinished announcement.
    pub(super) fn leave(&mut self, link: Link, node: Option<u32>) -> Outcome {
        let (Some(number), Some(_)) = (node, self.lease_of(link, node)) else { return self.resend(None) };
        if let Some(row) = self.nodes.get(number) {
            self.notes.push(Note::Left { node: row.identity.shown });
        }
        self.end_live(number);
        self.disconnect(link, node);
        self.settle(number);
        Outcome::default()
    }

    /// The connection speaks for the node no longer. The lease goes on; an unfinished announcement doesn't.
    pub(super) fn disconnect(&mut self, link: Link, node: Option<u32>) {
        let Some(number) = node else { return };
        let Some(row) = self.nodes.get(number) else { return };
        let unfinished = row.draft.as_ref().is_some_and(|draft| draft.link == link);
        if let Some(lease) = row.live.and_then(|lease| self.leases.get_mut(lease)) {
            lease.link = lease.link.filter(|speaking| *speaking != link);
        }
        if unfinished {
            self.drop_draft(number);
            self.settle(number);
        }
    }
}
