//! Whatever happens in whatever order: each request is answered exactly once or its connection ends, slots are
//! never exceeded, and trackers end up knowing exactly what is held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use samara::seeder::{Action, Config, Event, FileId, Served};
use samara::wire::Message;
use samara::wire::message::{Gone, SeedKey};
use samara::{Link, Machine};

use super::harness::{Bench, identity, key, link, seed};
use super::trackers::Tracker;

#[derive(Clone, Debug)]
enum Step {
    Connect(u16),
    Close(u16),
    Test(u16, u32),
    Fetch(u16, u32, Vec<u32>),
    Cancel(u16, u32),
    GetSeed(u16, u32),
    Add(u32),
    AddPartial(u32),
    Gained(u32, u32),
    Completed(u32),
    Remove(u32),
    Touch(u32),
    Looked(usize),
    Served(usize, u8),
    Answer(bool),
    Restart,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (slot, file) = (1_u16..6, 1_u32..5);
    prop_oneof![
        2 => slot.clone().prop_map(Step::Connect),
        1 => slot.clone().prop_map(Step::Close),
        4 => (slot.clone(), file.clone()).prop_map(|(slot, file)| Step::Test(slot, file)),
        12 => (slot.clone(), 1_u32..4, prop::collection::btree_set(0_u32..4, 1..4))
            .prop_map(|(slot, t, any_of)| Step::Fetch(slot, t, any_of.into_iter().collect())),
        2 => (slot.clone(), 1_u32..20).prop_map(|(slot, target)| Step::Cancel(slot, target)),
        1 => (slot, file.clone()).prop_map(|(slot, file)| Step::GetSeed(slot, file)),
        3 => file.clone().prop_map(Step::Add),
        1 => file.clone().prop_map(Step::AddPartial),
        2 => (file.clone(), 0_u32..4).prop_map(|(file, index)| Step::Gained(file, index)),
        1 => file.clone().prop_map(Step::Completed),
        1 => file.clone().prop_map(Step::Remove),
        1 => file.prop_map(Step::Touch),
        6 => any::<usize>().prop_map(Step::Looked),
        8 => (any::<usize>(), any::<u8>()).prop_map(|(which, how)| Step::Served(which, how)),
        4 => prop::bool::weighted(0.8).prop_map(Step::Answer),
        1 => Just(Step::Restart),
        4 => (0_u64..5_000).prop_map(Step::Pass),
    ]
}

struct World {
    bench: Bench,
    tracker: Tracker,
    open: BTreeMap<Link, BTreeSet<u32>>,
    next: BTreeMap<Link, u32>,
    subscribed: BTreeMap<Link, BTreeSet<u32>>,
    serving: BTreeMap<(Link, u32), (FileId, bool)>,
    looking: Vec<FileId>,
    asked: Vec<(u32, Message)>,
    held: BTreeMap<u32, SeedKey>,
}

impl World {
    fn new() -> Self {
        let mut bench = Bench::new(Config { trackers: 1, ..Config::default() });
        bench.looks = false;
        Self {
            bench,
            tracker: Tracker::new(),
            open: BTreeMap::new(),
            next: BTreeMap::new(),
            subscribed: BTreeMap::new(),
            serving: BTreeMap::new(),
            looking: Vec::new(),
            asked: Vec::new(),
            held: BTreeMap::new(),
        }
    }

    fn tell(&mut self, event: Event) {
        let actions = self.bench.tell(event);
        self.observe(actions);
    }

    fn observe(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send { link, request, message } => self.sent(link, request, &message),
                Action::Serve { link, request, file, .. } => {
                    assert!(self.open[&link].contains(&request));
                    assert_eq!(self.serving.insert((link, request), (file, false)), None);
                    let slots = self.serving.values().filter(|serving| serving.0 == file).count();
                    assert!(slots <= 2, "{slots} slots in use");
                }
                Action::Stop { link, request } => {
                    let stopped = self.serving.get_mut(&(link, request)).unwrap();
                    assert!(!std::mem::replace(&mut stopped.1, true), "told to stop twice");
                }
                Action::Close { link, .. } => self.closed(link),
                Action::Look { file } => self.looking.push(file),
                Action::Ask { tag, request, .. } => self.asked.push((tag, request)),
                Action::Note(samara::seeder::Note::Changed { file }) => drop(self.held.remove(&file.0)),
                Action::Announced { .. } | Action::Left | Action::Note(_) => {}
            }
        }
    }

    fn sent(&mut self, link: Link, request: u32, message: &Message) {
        let open = self.open.get_mut(&link).expect("nothing is sent over a closed connection");
        match message {
            Message::Hello(_) => {}
            Message::Gained(_) => assert!(self.subscribed[&link].contains(&request)),
            Message::Gone(_) if !open.contains(&request) => {
                assert!(self.subscribed.get_mut(&link).unwrap().remove(&request), "gone once");
            }
            answer => {
                assert!(open.remove(&request), "{answer:?} answers nothing");
                assert!(!self.serving.contains_key(&(link, request)), "{answer:?} while its chunk is sent");
                if let Message::Have(_) = answer {
                    self.subscribed.entry(link).or_default().insert(request);
                }
            }
        }
    }

    fn closed(&mut self, link: Link) {
        self.open.remove(&link);
        self.subscribed.remove(&link);
        self.serving.retain(|at, _| at.0 != link);
    }

    fn ask(&mut self, slot: u16, message: Message) {
        let link = link(slot);
        let Some(open) = self.open.get_mut(&link) else { return };
        let request = self.next.entry(link).or_insert(0);
        *request += 1;
        open.insert(*request);
        let request = *request;
        self.tell(Event::Message { link, request, message });
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Connect(slot) if !self.open.contains_key(&link(slot)) => {
                self.next.remove(&link(slot));
                self.bench.connect(slot);
                self.open.insert(link(slot), BTreeSet::new());
            }
            Step::Connect(_) => {}
            Step::Close(slot) => {
                self.closed(link(slot));
                self.tell(Event::Closed { link: link(slot) });
            }
            Step::Test(slot, number) => self.ask(slot, Message::Test(key(&seed(number)))),
            Step::Fetch(slot, t, any_of) => {
                let t = *self
                    .subscribed
                    .get(&link(slot))
                    .and_then(|open| open.iter().nth(t as usize % 3))
                    .unwrap_or(&t);
                self.ask(slot, Message::Fetch(samara::wire::message::Fetch { t, any_of }));
            }
            Step::Cancel(slot, target) => {
                self.tell(Event::Message {
                    link: link(slot),
                    request: 0,
                    message: Message::Cancel { target },
                });
            }
            Step::GetSeed(slot, number) => {
                let SeedKey { file_hash, .. } = key(&seed(number));
                self.ask(slot, Message::GetSeed { file_hash, seed_id: None });
            }
            Step::Looked(which) if !self.looking.is_empty() => {
                let file = self.looking.swap_remove(which % self.looking.len());
                let identity = self.bench.disk.get(&file).copied();
                self.tell(Event::Looked { file, identity });
            }
            Step::Served(which, how) if !self.serving.is_empty() => self.finish(which, how),
            Step::Answer(ok) if !self.asked.is_empty() => {
                let (tag, request) = self.asked.remove(0);
                self.tracker.down = !ok;
                let answer = self.tracker.answer(&request);
                self.tell(Event::Answer { tracker: samara::seeder::TrackerId(0), tag, answer });
            }
            Step::Looked(_) | Step::Served(..) | Step::Answer(_) => {}
            Step::Restart => self.tracker.restart(),
            Step::Pass(millis) => {
                let actions = self.bench.run(Duration::from_millis(millis));
                self.observe(actions);
            }
            Step::Add(_) | Step::AddPartial(_) | Step::Gained(..) | Step::Completed(_) => self.grow(step),
            Step::Remove(number) => {
                self.held.remove(&number);
                self.tell(Event::Remove { file: FileId(number), why: Gone::Withdrawn });
            }
            Step::Touch(number) => drop(self.bench.disk.insert(FileId(number), identity(99))),
        }
    }

    fn grow(&mut self, step: Step) {
        let actions = match step {
            Step::Add(number) => {
                self.held.insert(number, key(&seed(number)));
                self.bench.add(number)
            }
            Step::AddPartial(number) => {
                self.held.insert(number, key(&seed(number)));
                self.bench.add_partial(number, &[1])
            }
            Step::Gained(number, index) => self.bench.tell(Event::Gained { file: FileId(number), index }),
            Step::Completed(number) => {
                self.bench.disk.insert(FileId(number), identity(number));
                self.bench.tell(Event::Completed { file: FileId(number), identity: identity(number) })
            }
            other => panic!("{other:?}"),
        };
        self.observe(actions);
    }

    fn finish(&mut self, which: usize, how: u8) {
        let nth = which % self.serving.len();
        let (&(link, request), &(_, stopped)) = self.serving.iter().nth(nth).unwrap();
        self.serving.remove(&(link, request));
        let outcome = match how % 8 {
            0 => Served::Changed { sent: true },
            1 => Served::Changed { sent: false },
            2..=4 if stopped => Served::Stopped,
            _ => Served::Whole,
        };
        if let Served::Whole | Served::Changed { sent: true } = outcome {
            assert!(self.open.get_mut(&link).unwrap().remove(&request));
        }
        self.tell(Event::Served { link, request, outcome });
    }

    /// Lets everything come to an end: then nothing is open, and the tracker knows what is held.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if !self.looking.is_empty() {
                self.step(Step::Looked(0));
            } else if !self.serving.is_empty() {
                self.finish(0, 4);
            } else if !self.asked.is_empty() {
                self.step(Step::Answer(true));
            } else {
                break;
            }
        }
        assert!(self.serving.is_empty() && self.looking.is_empty() && self.asked.is_empty());
        let unanswered: Vec<_> = self.open.iter().filter(|(_, open)| !open.is_empty()).collect();
        assert!(unanswered.is_empty(), "{unanswered:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_has_exactly_one_answer(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.step(step));
        world.settle();
        for _ in 0..200 {
            world.step(Step::Pass(500));
            world.settle();
        }
        let held: BTreeSet<_> = world.held.values().copied().collect();
        let known: BTreeSet<_> = world.tracker.lease.iter().flatten().map(|(key, _)| *key).collect();
        prop_assert_eq!(known, held);
        prop_assert!(world.bench.seeder.poll().is_none());
    }
}
