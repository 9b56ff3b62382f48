use super::*;
use crate::wire::message::{Gone, Hello, VERSION};
use alloc::vec;
use alloc::vec::Vec;

const TIMEOUT: Duration = Duration::from_secs(10);
const FIRST: TrackerId = TrackerId(0);

/// Two trackers, and the time.
struct Rig {
    trackers: Trackers,
    now: Time,
}

impl Rig {
    fn new() -> Self {
        Self { trackers: Trackers::new(2, 7, TIMEOUT, &mut Entropy::new(1)), now: Time::ZERO }
    }

    fn ask(&mut self, asker: Asker, tag: u32) -> Vec<Effect> {
        self.trackers.ask(self.now, FIRST, Question { asker, tag, request: Message::Leave });
        self.effects()
    }

    fn opened(&mut self, link: Link) -> Vec<Effect> {
        self.trackers.opened(self.now, link, at());
        self.effects()
    }

    fn message(&mut self, link: Link, request: u32, message: Message) -> Vec<Effect> {
        self.trackers.message(self.now, link, request, message);
        self.effects()
    }

    fn closed(&mut self, link: Link) -> Vec<Effect> {
        self.trackers.closed(self.now, link);
        self.effects()
    }

    fn wait(&mut self, micros: u64) -> Vec<Effect> {
        self.now = self.now + Duration::from_micros(micros);
        self.trackers.wake(self.now);
        self.effects()
    }

    fn effects(&mut self) -> Vec<Effect> {
        core::iter::from_fn(|| self.trackers.poll()).collect()
    }

    /// A connection on which both have said hello and question 0 of the seeder was answered.
    fn connected(&mut self) -> Link {
        let link = link(1);
        assert_eq!(self.ask(Asker::Seeder, 0), [Effect::Dial { link, tracker: FIRST }]);
        assert_eq!(self.opened(link), [send(link, 0, hello(7)), send(link, 1, Message::Leave)]);
        assert_eq!(self.message(link, 0, hello(1)), []);
        assert_eq!(
            self.message(link, 1, Message::Published),
            [answer(Asker::Seeder, 0, Some(Message::Published))]
        );
        link
    }
}

fn at() -> SocketAddr {
    "10.0.0.1:7070".parse().unwrap()
}

const fn link(generation: u32) -> Link {
    Link { space: SPACE, slot: 0, generation }
}

const fn hello(node: u64) -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node })
}

const fn send(link: Link, request: u32, message: Message) -> Effect {
    Effect::Send { link, request, message }
}

fn answer(asker: Asker, tag: u32, answer: Option<Message>) -> Effect {
    let at = answer.as_ref().map(|_| at());
    Effect::Answer { asker, tracker: FIRST, tag, at, answer }
}

const fn close(link: Link, fault: Fault) -> Effect {
    Effect::Close { link, fault }
}

#[test]
fn all_share_one_connection_and_questions_wait_while_it_is_dialled() {
    let (mut rig, one) = (Rig::new(), Asker::Download(FileId(1)));
    assert_eq!(rig.ask(Asker::Seeder, 5), [Effect::Dial { link: link(1), tracker: FIRST }]);
    assert_eq!(rig.ask(one, 5), []);
    let sent =
        [send(link(1), 0, hello(7)), send(link(1), 1, Message::Leave), send(link(1), 2, Message::Leave)];
    assert_eq!(rig.opened(link(1)), sent);
    assert_eq!(rig.message(link(1), 0, hello(1)), []);
    assert_eq!(rig.message(link(1), 2, Message::Unknown), [answer(one, 5, Some(Message::Unknown))]);
    assert_eq!(
        rig.message(link(1), 1, Message::Published),
        [answer(Asker::Seeder, 5, Some(Message::Published))]
    );
    assert_eq!(rig.ask(one, 6), [send(link(1), 3, Message::Leave)]);
}

#[test]
fn a_tracker_that_cannot_be_reached_answers_none_and_is_dialled_again_after_a_wait() {
    let mut rig = Rig::new();
    rig.ask(Asker::Seeder, 1);
    assert_eq!(rig.closed(link(1)), [answer(Asker::Seeder, 1, None)]);
    assert_eq!(rig.trackers.deadline(), None, "nobody waits");
    assert_eq!(rig.ask(Asker::Seeder, 2), []);
    let due = rig.trackers.deadline().unwrap().at;
    let rest = due.since(rig.now);
    assert!(rest <= Duration::from_millis(250) && rest >= Duration::from_millis(200), "{rest:?}");
    let rest = due.as_micros() - rig.now.as_micros();
    assert_eq!(rig.wait(rest - 1), []);
    assert_eq!(rig.wait(1), [Effect::Dial { link: link(2), tracker: FIRST }]);
}

#[test]
fn waits_double_to_five_seconds_and_an_answer_ends_them() {
    let mut rig = Rig::new();
    let mut waits = vec![];
    for generation in 1..=8 {
        rig.ask(Asker::Seeder, generation);
        if let Some(at) = rig.trackers.deadline().filter(|_| generation > 1).map(|deadline| deadline.at) {
            waits.push(at.since(rig.now).as_millis());
            rig.wait(at.as_micros() - rig.now.as_micros());
        }
        assert_eq!(rig.closed(link(generation)).len(), 1);
    }
    for (wait, most) in waits.iter().zip([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
        assert!(*wait <= most && *wait * 5 >= most * 4 - 5, "{waits:?}");
    }

    // Reached at last, and lost again with a question open: the wait is the shortest.
    rig.ask(Asker::Seeder, 9);
    rig.wait(5_000_000);
    rig.opened(link(9));
    rig.message(link(9), 0, hello(1));
    rig.message(link(9), 1, Message::Published);
    rig.ask(Asker::Seeder, 10);
    rig.closed(link(9));
    rig.ask(Asker::Seeder, 11);
    assert!(rig.trackers.deadline().unwrap().at.since(rig.now) <= Duration::from_millis(250));
}

#[test]
fn dialling_and_answering_take_the_time_limit_at_most() {
    let micros = 10_000_000;
    let mut rig = Rig::new();
    rig.ask(Asker::Seeder, 1);
    assert_eq!(rig.wait(micros - 1), []);
    assert_eq!(rig.wait(1), [close(link(1), Fault::Slow), answer(Asker::Seeder, 1, None)]);

    let mut rig = Rig::new();
    let link = rig.connected();
    rig.ask(Asker::Seeder, 1);
    rig.wait(1_000_000);
    rig.ask(Asker::Seeder, 2);
    assert_eq!(rig.wait(micros - 1_000_001), []);
    let none = [answer(Asker::Seeder, 1, None), answer(Asker::Seeder, 2, None)];
    let [close1, none1, none2] = &rig.wait(1)[..] else { panic!() };
    assert_eq!((close1, [none1, none2]), (&close(link, Fault::Slow), [&none[0], &none[1]]));
    assert_eq!(rig.closed(link), [], "the driver's answer to Close");
}

#[test]
fn a_connection_that_ends_unused_costs_no_wait() {
    let mut rig = Rig::new();
    let link1 = rig.connected();
    assert_eq!(rig.closed(link1), []);
    assert_eq!(rig.ask(Asker::Seeder, 1), [Effect::Dial { link: link(2), tracker: FIRST }]);
    assert_eq!(rig.message(link1, 2, Message::Published), [], "of the old connection");
    assert_eq!(rig.closed(link1), []);
}

#[test]
fn what_breaks_the_rules_ends_the_connection_and_every_question_is_answered_once() {
    let bad = [
        (9, Message::Published, Fault::OutOfTurn),
        (2, Message::Leave, Fault::Unexpected),
        (2, Message::Chunk { index: 0, len: 1 }, Fault::Unexpected),
        (2, Message::Gone(Gone::Never), Fault::Unexpected),
        (1, Message::Gained(vec![1]), Fault::Unexpected),
        (0, hello(1), Fault::NoHello),
    ];
    for (request, message, fault) in bad {
        let mut rig = Rig::new();
        let link = rig.connected();
        rig.ask(Asker::Seeder, 1);
        assert_eq!(rig.message(link, request, message), [close(link, fault), answer(Asker::Seeder, 1, None)]);
        assert_eq!(rig.message(link, 2, Message::Published), []);
        assert_eq!(rig.closed(link), []);
    }
}

#[test]
fn a_node_that_dials_itself_hangs_up() {
    let mut rig = Rig::new();
    rig.ask(Asker::Seeder, 1);
    rig.opened(link(1));
    assert_eq!(
        rig.message(link(1), 0, hello(7)),
        [close(link(1), Fault::Myself), answer(Asker::Seeder, 1, None)]
    );
}

#[test]
fn a_tracker_that_is_not_in_the_list_answers_none() {
    let mut rig = Rig::new();
    rig.trackers.ask(
        rig.now,
        TrackerId(2),
        Question { asker: Asker::Seeder, tag: 1, request: Message::Leave },
    );
    assert!(matches!(rig.effects()[..], [Effect::Answer { tracker: TrackerId(2), answer: None, .. }]));
}

#[test]
fn stopping_closes_what_is_open() {
    let mut rig = Rig::new();
    let link = rig.connected();
    rig.trackers.stop();
    assert_eq!(rig.effects(), [close(link, Fault::Stopping)]);
}

#[test]
fn questions_beyond_what_one_connection_may_have_open_wait_for_an_answer() {
    let mut rig = Rig::new();
    let link = rig.connected();
    let most = u32::try_from(crate::wire::limits::MAX_OUTSTANDING).unwrap();
    for tag in 1..=most {
        assert_eq!(rig.ask(Asker::Seeder, tag).len(), 1);
    }
    assert_eq!(rig.ask(Asker::Seeder, most + 1), []);
    let effects = rig.message(link, 2, Message::Published);
    assert_eq!(
        effects,
        [answer(Asker::Seeder, 1, Some(Message::Published)), send(link, most + 2, Message::Leave)]
    );
}
