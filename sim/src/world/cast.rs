//! Actors on the stage: what they hear, and what comes of their cues.

use samara::Link;
use samara::wire::limits::HEADER;

use super::{What, World};
use crate::actor::Cue;
use crate::host::{Heard, HostId, Life};
use crate::net::Parcel;

impl World {
    /// An actor's first cue.
    pub(super) fn cue_start(&mut self, host: HostId) {
        self.play(host, None);
    }

    /// A wake-up that an actor wished for.
    pub(super) fn cue(&mut self, host: HostId, run: u32) {
        if self.hosts[host.0].run == run {
            self.play(host, None);
        }
    }

    /// Plays an actor; does nothing to others.
    pub(super) fn play(&mut self, host: HostId, heard: Option<(Link, Heard)>) {
        let now = self.now;
        let mut cues = Vec::new();
        if let Life::Actor(actor) = &mut self.hosts[host.0].life {
            actor.play(now, heard, &mut cues);
        }
        cues.into_iter().for_each(|cue| self.follow(host, cue));
    }

    fn follow(&mut self, host: HostId, cue: Cue) {
        let is_open = |world: &Self, link: Link| world.hosts[host.0].links.contains_key(&link);
        match cue {
            Cue::Dial { link, to } => self.open(host, link, Some(to)),
            Cue::Say { link, request, message } if is_open(self, link) => {
                self.send(host, link, request, message);
            }
            Cue::Pour { link, request, bytes } if is_open(self, link) => {
                let Some((id, side)) = self.hosts[host.0].links.get(&link).copied() else { return };
                let size = bytes.len() as u64 * self.weight.factor + HEADER as u64;
                self.put(host, id, side.other(), Parcel::Data { request, bytes }, size);
            }
            Cue::HangUp { link } if is_open(self, link) => self.close(host, link),
            Cue::Say { .. } | Cue::Pour { .. } | Cue::HangUp { .. } => {}
            Cue::Wake { after } => {
                let run = self.hosts[host.0].run;
                self.plan(self.now + after, What::Cue { host, run });
            }
            Cue::Fire(fault) => self.fire(fault, &[host]),
        }
    }
}
