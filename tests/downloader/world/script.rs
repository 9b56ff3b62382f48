//! What the world does with each action, what its peers answer, and what it checks.

use std::net::SocketAddr;
use std::sync::Arc;

use samara::downloader::{Action, Event};
use samara::wire::Message;
use samara::wire::message::{Fetch, Gone, HaveSet, Hello, Rejection, VERSION};
use samara::{Hashed, Have, Link, Sha2};

use super::{IDENTITY, LATENCY, MS, Manner, World};

impl World {
    pub(super) fn carry_out(&mut self, action: Action) {
        match action {
            Action::Dial { link, addr } => self.dial(link, addr),
            Action::Send { link, request, message } => self.hear(link, request, message),
            Action::Receive { link, request, step } => {
                let peer = &self.peers[&self.links[&link]];
                let range = self.seed.range(step.index).unwrap_or_default();
                let mut bytes = peer.bytes[range.start as usize..range.end as usize].to_vec();
                bytes.resize(step.len as usize, 0);
                if peer.manner == Manner::Corrupt {
                    bytes[0] ^= 1;
                }
                let hashed = Hashed::new::<Sha2>(step.start, step.last, bytes.into());
                self.later(peer.chunk_time / 2, Event::Chunk { link, request, hashed });
            }
            Action::Close { link, .. } => {
                self.held.retain(|(of, _), _| *of != link);
                self.later(LATENCY, Event::Closed { link });
            }
            Action::Ask { tracker, tag, request } => {
                let answer = match request {
                    Message::Query(query) => self.trackers[usize::from(tracker.0)](&query),
                    Message::GetSeed { seed_id, .. } => {
                        let body = self.bodies.iter().find(|body| Some(body.id()) == seed_id);
                        Some(body.map_or(Message::Unknown, |body| Message::Seed(Arc::clone(body))))
                    }
                    other => panic!("no question for a tracker: {other:?}"),
                };
                let at = Some("10.9.9.9:7070".parse().unwrap());
                self.later(2 * LATENCY, Event::Answer { tracker, tag, at, answer });
            }
            Action::Adopt { seed, .. } => {
                let same = |index: &u32| {
                    self.adopted.as_ref().is_some_and(|old| old.step(*index) == seed.step(*index))
                };
                let mut have = Have::none(seed.chunks());
                self.stored.retain(|index| same(index) && have.insert(*index));
                let claimed = Have::none(seed.chunks());
                self.adopted = Some(seed);
                self.later(self.disk, Event::Adopted { have, claimed });
            }
            Action::Put { index, bytes } => {
                let seed = self.adopted.as_ref().expect("a list is adopted before anything is stored");
                let range = seed.range(index).unwrap();
                assert_eq!(bytes, self.file[range.start as usize..range.end as usize], "chunk {index}");
                assert!(!self.stored.contains(&index), "chunk {index} stored twice");
                self.puts.push(seed.step(index).unwrap());
                self.later(self.disk, Event::Stored { index });
            }
            Action::Publish => {
                let chunks = self.adopted.as_ref().map_or(0, |seed| seed.chunks());
                assert_eq!(self.stored, (0..chunks).collect(), "published before everything is stored");
                self.later(self.disk, Event::Published { identity: IDENTITY });
            }
            Action::Done { .. } | Action::Failed(_) | Action::Note(_) => {}
        }
    }

    fn dial(&mut self, link: Link, addr: SocketAddr) {
        self.links.insert(link, addr);
        match self.peers.get(&addr).map_or(Manner::Dead, |peer| peer.manner) {
            Manner::Dead => self.later(LATENCY, Event::Closed { link }),
            Manner::BlackHole | Manner::Played => {}
            _ => self.later(2 * LATENCY, Event::Opened { link }),
        }
    }

    /// A peer hears a message.
    fn hear(&mut self, link: Link, request: u32, message: Message) {
        let at = self.links[&link];
        let Some(peer) = self.peers.get(&at) else { return };
        let (manner, seed) = (peer.manner, Arc::clone(&peer.seed));
        if manner == Manner::Played {
            return;
        }
        let answer = match message {
            Message::Hello(_) => {
                let node = if manner == Manner::Myself { self.config.node } else { u64::from(at.port()) + 1 };
                Message::Hello(Hello { version: VERSION, features: 0, node })
            }
            Message::GetSeed { seed_id: Some(id), .. } if manner == Manner::Forger && id != seed.id() => {
                Message::Unknown
            }
            Message::GetSeed { .. } => Message::Seed(seed),
            Message::Test(key) if manner != Manner::Forger && key.seed_id != seed.id() => {
                Message::Gone(Gone::Never)
            }
            Message::Test(_) => match manner {
                Manner::Gone(why) => Message::Gone(why),
                Manner::BusyTest(until) if self.now < until => Message::Busy { retry_after: 700 * MS },
                _ => {
                    self.tests.insert((link, request), seed);
                    Message::Have(HaveSet::from(&peer.have))
                }
            },
            Message::Fetch(fetch) => return self.serve(link, request, &fetch),
            Message::Cancel { target } => {
                self.held.remove(&(link, target));
                let open = self.sending.contains_key(&(link, target));
                // What was sent before the cancel came can't be stopped.
                let sent = self.receiving.contains(&(link, target)) && self.entropy.below(2) == 0;
                if manner == Manner::Tarpit || !open || sent {
                    return;
                }
                self.cancelled.insert((link, target));
                self.later(
                    2 * LATENCY,
                    Event::Message {
                        link,
                        request: target,
                        message: Message::Rejected(Rejection::Cancelled),
                    },
                );
                return;
            }
            other => panic!("no message for a peer: {other:?}"),
        };
        self.later(2 * LATENCY, Event::Message { link, request, message: answer });
    }

    fn serve(&mut self, link: Link, request: u32, fetch: &Fetch) {
        self.ask(link, request, fetch);
        let at = self.links[&link];
        let peer = self.peers.get_mut(&at).unwrap();
        let has: Vec<_> = fetch.any_of.iter().copied().filter(|index| peer.have.has(*index)).collect();
        let chosen = self.entropy.pick(&has).copied();
        peer.free_at = peer.free_at.max(self.now + LATENCY) + peer.chunk_time;
        let (start, manner) = (peer.free_at - self.now, peer.manner);
        let len = |index| peer.seed.step(index).unwrap().len;
        let message = match (manner, chosen) {
            (Manner::Tarpit, _) => return,
            (Manner::BusyFetch(until), _) if self.now < until => {
                Message::Rejected(Rejection::Busy { retry_after: 300 * MS })
            }
            (Manner::Liar, _) | (_, None) => Message::Rejected(Rejection::NotHeld),
            (Manner::Unsolicited, Some(_)) => {
                let other = (0..).find(|index| !fetch.any_of.contains(index)).unwrap();
                Message::Chunk { index: other, len: 64 }
            }
            (Manner::TooLong, Some(index)) => Message::Chunk { index, len: len(index) + 1 },
            (_, Some(index)) => Message::Chunk { index, len: len(index) },
        };
        let first = start - peer.chunk_time / 2;
        let after = if matches!(message, Message::Chunk { .. }) { first } else { 2 * LATENCY };
        self.later(after, Event::Message { link, request, message });
    }

    /// A request has to be disjoint from all others (unless lists differ there), but for one copy of a single chunk.
    fn ask(&mut self, link: Link, request: u32, fetch: &Fetch) {
        assert!((1..=8).contains(&fetch.any_of.len()), "{fetch:?}");
        let list = &self.tests[&(link, fetch.t)];
        for index in &fetch.any_of {
            let step = list.step(*index).expect("a chunk of the list");
            let others = self.held.values().filter(|held| held.contains(&step)).count();
            let most = usize::from(fetch.any_of.len() == 1);
            assert!(others <= most, "chunk {index} is asked of {others} others");
        }
        let steps = fetch.any_of.iter().filter_map(|index| list.step(*index)).collect();
        self.held.insert((link, request), steps);
        let len = fetch.any_of.iter().map(|index| self.seed.step(*index).map_or(0, |step| step.len)).max();
        self.sending.insert((link, request), len.unwrap());
    }

    pub(super) fn is_called_off(&self, event: &Event) -> bool {
        match event {
            Event::Message { link, request, message: Message::Chunk { .. } }
            | Event::Chunk { link, request, .. } => self.cancelled.contains(&(*link, *request)),
            _ => false,
        }
    }

    /// Keeps account of what the machine is told.
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Message { link, request, message: Message::Chunk { index, .. } } => {
                if let Some(held) = self.held.get_mut(&(*link, *request)) {
                    held.retain(|held| held.index == *index);
                }
                self.receiving.insert((*link, *request));
            }
            Event::Message { link, request, message: Message::Rejected(_) }
            | Event::Chunk { link, request, .. } => {
                self.held.remove(&(*link, *request));
                self.sending.remove(&(*link, *request));
            }
            Event::Closed { link } => {
                self.held.retain(|(of, _), _| of != link);
                self.sending.retain(|(of, _), _| of != link);
            }
            Event::Stored { index } => {
                let oldest = self.puts.iter().position(|step| step.index == *index).expect("put");
                let step = self.puts.remove(oldest);
                if self.adopted.as_ref().unwrap().step(*index) == Some(step) {
                    self.stored.insert(*index);
                }
            }
            _ => {}
        }
    }

    pub(super) fn check(&mut self) {
        let requested: u64 = self.held.keys().map(|key| u64::from(self.sending[key])).sum();
        let unstored: u64 = self.puts.iter().map(|step| u64::from(step.len)).sum();
        let used = requested + unstored;
        self.most_used = self.most_used.max(used);
        let budget = self.config.budget.max(4 * u64::from(self.seed.chunk_size()));
        assert!(used <= budget, "{used} bytes under way, and the budget is {budget}");
    }
}
