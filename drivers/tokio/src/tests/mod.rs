//! The driver with scripted machines on real sockets.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test waits for one event among many")]
#![expect(clippy::cast_possible_truncation, reason = "small numbers")]

mod serving;
mod transport;
mod world;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samara::node::{Action, Event};
use samara::wire::message::{Hello, VERSION};
use samara::wire::{Message, codec};
use samara::{Deadline, Link, Machine, Time};
use tokio::sync::mpsc;

use crate::env::Env;
use crate::lock;
use crate::node::role::NodeRole;
use crate::role::Input;
use crate::run::{Driver, ShutDown};

/// Longer than anything here takes, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a machine does about an event.
type Rule = Box<dyn FnMut(&Event) -> Vec<Action> + Send>;

/// A machine that writes down its events, and does what the test puts into `script`, or its `rule` says.
struct Fake {
    rule: Rule,
    script: Arc<Mutex<VecDeque<Action>>>,
    log: mpsc::UnboundedSender<Event>,
    deadline: Option<Time>,
}

impl Machine for Fake {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: Event) {
        if self.deadline.is_some_and(|at| at <= now) {
            self.deadline = None;
        }
        lock(&self.script).extend((self.rule)(&event));
        let _ = self.log.send(event);
    }

    fn poll(&mut self) -> Option<Action> {
        lock(&self.script).pop_front()
    }

    fn deadline(&self) -> Option<Deadline> {
        self.deadline.map(|at| Deadline { at, timer: "test" })
    }
}

/// A driver that runs a [`Fake`].
struct Peer<E: Env> {
    driver: Arc<Driver<E, NodeRole<Fake>>>,
    addr: SocketAddr,
    script: Arc<Mutex<VecDeque<Action>>>,
    events: mpsc::UnboundedReceiver<Event>,
}

impl<E: Env> Peer<E> {
    async fn start(env: E, rule: impl FnMut(&Event) -> Vec<Action> + Send + 'static) -> Self {
        let (listener, addr) = env.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (log, events) = mpsc::unbounded_channel();
        let script = Arc::<Mutex<VecDeque<_>>>::default();
        let fake = Fake { rule: Box::new(rule), script: script.clone(), log, deadline: None };
        let role = NodeRole::new(Vec::new(), crate::node::reports::channel().0, mpsc::unbounded_channel().0);
        Self { driver: Driver::start(env, fake, role, listener, None), addr, script, events }
    }

    /// Makes the machine do something.
    fn act(&self, actions: impl IntoIterator<Item = Action>) {
        lock(&self.script).extend(actions);
        self.driver.input(Input::Wake);
    }

    /// Takes a file into the library.
    fn share(&self, file: u32, path: &Path) {
        self.driver.turn(|state, _| state.role.add(samara::seeder::FileId(file), path.into()));
    }

    /// Waits for an event for which `pick` gives something; others are dropped.
    async fn wait<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the driver ended");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await
        .expect("nothing happened")
    }

    async fn wait_closed(&mut self) -> Link {
        self.wait(|event| if let Event::Closed { link } = event { Some(link) } else { None }).await
    }

    async fn wait_accepted(&mut self) -> Link {
        self.wait(|event| if let Event::Accepted { link, .. } = event { Some(link) } else { None }).await
    }
}

impl<E: Env> Drop for Peer<E> {
    fn drop(&mut self) {
        self.driver.shut_down();
    }
}

/// A rule for machines that only do what they are told.
fn silent(_: &Event) -> Vec<Action> {
    Vec::new()
}

/// The first link that a machine dials.
const DIALLED: Link = Link { space: 1, slot: 0, generation: 1 };

fn hello() -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node: 7 })
}

fn frame(request: u32, message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode(request, message, &mut out);
    out
}
