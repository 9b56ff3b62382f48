//! The look at all peers before each round of requests: who may be asked, in which order, and for how much.

use alloc::vec::Vec;

use super::Downloader;
use super::outcome::Seen;
use super::peers::{Peer, Phase};
use super::window::Window;
use crate::machine::Link;

/// With so many partial holders that have sent something for each that has everything, those are spared.
const SPARING: usize = 3;

/// In which order peers are asked: last whoever says that it has everything, where that is doubtful or where it is to be
/// spared; then by what is awaited.
pub(super) type Rank = (bool, usize);

/// What a look at all peers says.
pub(super) struct Look {
    /// How many passed Test.
    pub(super) ready: usize,
    /// How many more requests the share in all allows.
    pub(super) left: usize,
    /// How many more keep a crowd busy, if only those at peers that have sent something count.
    pub(super) lacking: usize,
    /// Who may be asked.
    pub(super) able: Vec<(Rank, Link)>,
    /// Who may be asked, on probation.
    pub(super) on_probation: Vec<(Rank, Link)>,
    /// Are the few that have everything to be spared? They are where a crowd has every chunk and passes them on quickly:
    /// else whoever does nothing but send is always the first to answer, and is asked for most of all copies.
    pub(super) sparing: bool,
}

impl Downloader {
    /// Looks at every peer once.
    pub(super) fn look(&self) -> Look {
        let chunk_size = self.progress.as_ref().map_or(0, |progress| progress.seed().chunk_size());
        let (wary, swift) = (self.history.bad == Seen::Once, self.window.is_swift());
        let (mut ready, mut under_way) = (0_usize, 0_usize);
        let (mut complete, mut givers, mut coming) = (0_usize, 0_usize, 0_usize);
        let (mut able, mut on_probation) = (Vec::new(), Vec::new());
        for peer in self.peers.iter() {
            let (awaited, _) = peer.outstanding();
            let has_given = peer.pace.rate().is_some();
            // Whoever is late counts for nothing.
            if awaited > 0 && !peer.pace.is_late(self.now, chunk_size) {
                let weight = self.window.weight(&peer.pace, chunk_size).saturating_mul(awaited);
                under_way = under_way.saturating_add(weight);
                coming = coming.saturating_add(if has_given { weight } else { 0 });
            }
            ready = ready.saturating_add(usize::from(peer.phase == Phase::Ready));
            if swift && peer.is_complete() {
                complete = complete.saturating_add(1);
            } else {
                givers = givers.saturating_add(usize::from(has_given));
            }
            if self.may_ask(peer) {
                let turn = ((wary && peer.is_complete_stranger(), awaited), peer.link);
                if peer.pace.is_snubbed() { &mut on_probation } else { &mut able }.push(turn);
            }
        }
        let crowded = complete > 0 && complete.saturating_mul(SPARING) <= givers;
        let sparing = swift && crowded && self.picker.rare() == 0;
        if sparing {
            let is_complete = |link| self.peers.get(link).is_some_and(Peer::is_complete);
            able.iter_mut().for_each(|((is_last, _), link)| *is_last |= is_complete(*link));
        }
        let (left, lacking) = (self.window.left(under_way), Window::lacking(coming));
        Look { ready, left, lacking, able, on_probation, sparing }
    }
}
