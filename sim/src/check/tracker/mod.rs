//! A tracker and whoever speaks to it, against a model of what it has to know.

mod model;

use std::net::SocketAddr;
use std::time::Duration;

use samara::tracker::{Action, Config, Event, Tracker};
use samara::wire::message::{Digest, List, Refusal, Update, UpdateSet};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Message};
use samara::{Link, Machine, Time};

use self::model::{Model, Verdict};
use super::draw::{Draw, key};
use super::talk::Heard;

/// Any conversations: each request is answered once and as the rules say, silence ends when it has to, and a holder is
/// handed out if and only if now < its last accepted announcement + TTL. A tracker that is full may know less, never more.
pub fn tracker(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let mut bench = Bench::new(&mut draw);
    while !draw.is_over() {
        bench.happen(&mut draw);
    }
}

struct Bench {
    tracker: Tracker,
    model: Model,
    /// How often each connection's name was used.
    generations: [u32; SLOTS as usize],
    /// It has room for everything: the model knows exactly what it has to say.
    roomy: bool,
}

const SLOTS: u8 = 6;

/// Where those who connect come from: two of one prefix, one of another, one on the tracker's host, one impossible.
const SOURCES: [&str; 5] =
    ["10.0.0.1:999", "[::ffff:10.0.0.2]:999", "[2001:db8::1]:999", "127.0.0.1:999", "224.0.0.1:999"];

impl Bench {
    fn new(draw: &mut Draw<'_>) -> Self {
        let roomy = !draw.one_in(4);
        let cap = |draw: &mut Draw<'_>| if roomy { 0 } else { 1 + u32::from(draw.few(6)) };
        let config = Config {
            ttl: Duration::from_secs(1 + u64::from(draw.few(60))),
            idle: Duration::from_secs(1 + u64::from(draw.few(90))),
            sample: 64,
            max_entries_per_source: cap(draw),
            max_entries: cap(draw),
            max_holders: cap(draw),
            max_seeds: cap(draw),
            max_requests: 0,
            ..Config::default()
        };
        let model = Model::new(config.ttl, config.idle);
        Self {
            tracker: Tracker::new(config, draw.any(), Time::ZERO),
            model,
            generations: [0; SLOTS as usize],
            roomy,
        }
    }

    /// One of the connections that there are, were or could be.
    fn link(&self, draw: &mut Draw<'_>) -> Link {
        let slot = draw.few(SLOTS);
        let generation = self.generations[usize::from(slot)];
        let generation = if draw.one_in(32) { generation.wrapping_sub(1) } else { generation };
        Link { space: 0, slot: slot.into(), generation }
    }

    fn happen(&mut self, draw: &mut Draw<'_>) {
        let link = self.link(draw);
        match draw.below(24) {
            0 | 1 => {
                let now = self.moment(draw);
                self.tell(now, Event::Wake);
            }
            2 | 3 => {
                let slot = usize::from(link.slot);
                self.generations[slot] += u32::from(!draw.one_in(8));
                let link = Link { generation: self.generations[slot], ..link };
                let from: SocketAddr = draw.of(&SOURCES).parse().expect("an address");
                let local = "10.0.9.9:7070".parse().expect("an address");
                self.now(Event::Accepted { link, from, local });
            }
            4 => self.now(Event::Closed { link }),
            5 if draw.one_in(4) => self.now(Event::Malformed { link, error: DecodeError::Magic }),
            5 => {
                let request = self.number(draw, link);
                self.now(Event::UnknownRequest { link, request });
            }
            6..9 => self.now(Event::Message { link, request: 0, message: Message::Hello(draw.hello()) }),
            9..16 => {
                let message = Message::Update(self.update(draw, link));
                self.say(draw, link, message);
            }
            16..20 => {
                let message = Message::Query(draw.query());
                self.say(draw, link, message);
            }
            20 => self.say(draw, link, Message::List(List { after: 0, limit: 64 })),
            21 => {
                let now = self.moment(draw);
                let message = Message::Query(draw.query());
                let request = self.number(draw, link);
                self.tell(now, Event::Message { link, request, message });
            }
            _ => {
                let message = draw.message();
                self.say(draw, link, message);
            }
        }
    }

    /// A moment at which something is about to happen, or any other; seldom one that is past.
    fn moment(&self, draw: &mut Draw<'_>) -> Time {
        let micros = |at: Time, more: u64| Time::from_micros((at.as_micros() + more).saturating_sub(1));
        match draw.below(8) {
            0..3 => self.model.next_end().map_or(self.model.now, |end| micros(end, draw.few(3).into())),
            3 => self.tracker.deadline().map_or(self.model.now, |deadline| deadline.at),
            4 => Time::ZERO,
            _ => self.model.now + draw.span(),
        }
    }

    /// The number of a request: the next one, or one that is wrong.
    fn number(&self, draw: &mut Draw<'_>, link: Link) -> u32 {
        let last = self.model.links.get(&link).map_or(0, |peer| peer.talk.last);
        if draw.one_in(32) { draw.few(3).into() } else { last.saturating_add(1) }
    }

    /// An announcement, most often one that the tracker can take.
    fn update(&self, draw: &mut Draw<'_>, link: Link) -> Update {
        let port = draw.of(&[7_000, 7_000, 7_000, 7_001, 0]);
        let (generation, page) = self.model.next_page(link, port);
        let goes_on = draw.any();
        let wrong = draw.one_in(16);
        Update {
            port,
            advertise: draw.one_in(8).then(|| draw.addr()),
            generation: if goes_on { generation } else { draw.any::<u8>().into() },
            page: if wrong {
                draw.any::<u16>().into()
            } else if goes_on {
                page
            } else {
                0
            },
            last: !draw.one_in(4),
            base: if wrong { Digest([draw.any(); 32]) } else { self.model.digest(link, port) },
            set: draw.update_set(),
        }
    }

    fn say(&mut self, draw: &mut Draw<'_>, link: Link, message: Message) {
        let cancel = matches!(message, Message::Cancel { .. } | Message::Hello(_));
        let request = if cancel { 0 } else { self.number(draw, link) };
        self.now(Event::Message { link, request, message });
    }

    fn now(&mut self, event: Event) {
        self.tell(self.model.now, event);
    }

    /// Hands in an event, and looks whether what follows is what has to.
    fn tell(&mut self, now: Time, event: Event) {
        self.tracker.handle(now, event.clone());
        let mut said: Vec<_> = std::iter::from_fn(|| self.tracker.poll()).collect();
        said.retain(|action| !matches!(action, Action::Note(_)));
        let mut overdue = self.model.pass(now.max(self.model.now));
        let mut closed: Vec<_> = said.drain(..overdue.len().min(said.len())).collect();
        overdue.sort_unstable_by_key(|(link, _)| *link);
        closed.sort_unstable_by_key(
            |action| if let Action::Close { link, .. } = action { Some(*link) } else { None },
        );
        let due = overdue.into_iter().map(|(link, fault)| Action::Close { link, fault });
        assert_eq!(closed, due.collect::<Vec<_>>(), "silent connections");
        self.heard(event, said);
    }

    fn heard(&mut self, event: Event, said: Vec<Action>) {
        let closes = |open: bool, link, fault| Vec::from_iter(open.then_some(Action::Close { link, fault }));
        match event {
            Event::Wake => assert_eq!(said, []),
            Event::Accepted { link, from, .. } => {
                self.model.accept(link, from);
                assert_eq!(said, []);
            }
            Event::Malformed { link, error } => {
                assert_eq!(said, closes(self.model.close(link), link, Fault::Malformed(error)));
            }
            Event::Closed { link } => {
                self.model.close(link);
                assert_eq!(said, []);
            }
            Event::UnknownRequest { link, request } => {
                let Some(peer) = self.model.links.get_mut(&link) else { return assert_eq!(said, []) };
                peer.heard = self.model.now;
                let heard = peer.talk.hear_unknown(request);
                self.answered(link, request, heard, Message::Unknown, said);
            }
            Event::Message { link, request, message } => {
                let Some(peer) = self.model.links.get_mut(&link) else { return assert_eq!(said, []) };
                peer.heard = self.model.now;
                let heard = peer.talk.hear(request, &message);
                self.answered(link, request, heard, message, said);
            }
        }
    }

    /// What is said to a message: nothing to what asks nothing, and one answer to a request.
    fn answered(&mut self, link: Link, request: u32, heard: Heard, message: Message, mut said: Vec<Action>) {
        match heard {
            Heard::Cancel => assert_eq!(said, []),
            Heard::Hello => assert!(
                matches!(said[..], [Action::Send { request: 0, message: Message::Hello(_), .. }]),
                "{said:?}"
            ),
            Heard::Fault(fault) => {
                let last = said.pop();
                assert_eq!(last, Some(Action::Close { link, fault }), "after {message:?}");
                let greeted = matches!(fault, Fault::Version(_));
                assert_eq!(said.len(), if greeted { 2 } else { 0 }, "{said:?}");
                self.model.close(link);
            }
            Heard::Request => match <[Action; 1]>::try_from(said) {
                Ok([Action::Send { link: to, request: about, message: answer }]) => {
                    assert_eq!((to, about), (link, request));
                    self.judge(link, message, answer);
                }
                other => panic!("not one answer to {message:?}: {other:?}"),
            },
        }
    }

    /// Is this the answer?
    fn judge(&mut self, link: Link, message: Message, answer: Message) {
        match (message, answer) {
            (Message::Update(update), answer) => self.updated(link, update, answer),
            (Message::Withdraw(keys), Message::Updated(answer)) => {
                let known = self.model.withdraw(link, &keys);
                assert!(known != answer.resend || !self.roomy, "{answer:?}");
            }
            (Message::Leave, Message::Updated(answer)) => {
                let known = self.model.leave(link);
                assert!(known != answer.resend || !self.roomy, "{answer:?}");
            }
            (Message::Query(query), Message::Holders(mut answer)) => {
                let named = self.model.named(link, &query);
                answer.holders.sort_unstable_by_key(|holder| (holder.addr, holder.seed_id));
                answer.seeds.sort_unstable_by_key(|count| count.seed_id);
                if self.roomy {
                    assert_eq!(answer.holders, named, "{query:?} at {}", self.model.now);
                    assert_eq!(answer.seeds, self.model.counts(&query));
                }
                assert!(
                    answer.holders.iter().all(|holder| named.contains(holder)),
                    "{answer:?}, not {named:?}"
                );
                assert_eq!(answer.warming, self.model.now < Time::ZERO + self.model.ttl);
            }
            (Message::List(List { limit: 0, .. }), answer) => {
                assert_eq!(answer, Message::Refused(Refusal::Invalid));
            }
            (Message::List(_), Message::Listing(listing)) => {
                for summary in listing.summaries {
                    let count = |complete| self.model.count(&summary.key, complete);
                    assert!(
                        summary.complete <= count(true) && summary.partial <= count(false),
                        "{summary:?}"
                    );
                    assert!(summary.complete + summary.partial > 0, "nobody holds {summary:?}");
                }
            }
            (Message::GetSeed { file_hash, seed_id }, Message::Seed(seed)) => {
                assert!(seed.file_hash() == file_hash && seed_id.is_none_or(|id| id == seed.id()));
                assert!(self.model.holders().any(|(held, ..)| held == key(&seed)), "nobody holds {seed:?}");
            }
            (Message::GetSeed { .. }, answer) => assert_eq!(answer, Message::Unknown),
            (Message::Publish(seed), Message::Published) => {
                assert!(self.model.announced(link, &key(&seed)), "{seed:?} was not announced");
            }
            (Message::Publish(seed), answer) => {
                assert!(!self.roomy || !self.model.announced(link, &key(&seed)), "{answer:?} to {seed:?}");
            }
            (_, answer) => assert_eq!(answer, Message::Unsupported),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is an answer to that")]
    fn updated(&mut self, link: Link, update: Update, answer: Message) {
        let verdict = match &answer {
            Message::Updated(answer) if answer.resend => Verdict::Resend,
            Message::Updated(_) => Verdict::Taken,
            Message::Refused(why) => Verdict::Refused(*why),
            other => panic!("{other:?} to an announcement"),
        };
        if self.roomy {
            assert_eq!(verdict, self.model.judge(link, &update), "{update:?}");
        }
        let (port, holds) = (update.port, matches!(update.set, UpdateSet::All(_)) && !update.last);
        self.model.update(link, update, verdict);
        if let (Message::Updated(answer), Verdict::Taken, true) = (answer, verdict, self.roomy) {
            assert_eq!(answer.digest, self.model.digest(link, port));
            assert!(
                holds
                    || answer.want.iter().all(|id| self.model.holders().any(|(key, ..)| key.seed_id == *id))
            );
        }
    }
}
