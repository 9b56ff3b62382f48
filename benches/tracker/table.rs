//! A tracker with a million entries.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use samara::tracker::{Action, Config, Event, Tracker};
use samara::wire::Message;
use samara::wire::message::{Digest, Hello, UpdateSet, Updated, VERSION};
use samara::{Link, Machine, Time};

use crate::keys::{NODES, entries, update};

/// A tracker and its nodes' connections, one for each.
pub(crate) struct Table {
    /// The machine.
    pub(crate) tracker: Tracker,
    /// The time there.
    pub(crate) now: Time,
    /// The digest of each node's set.
    digests: Vec<Digest>,
    requests: u32,
}

/// The link of a node.
pub(crate) fn link(node: u32) -> Link {
    Link { space: Link::ACCEPTED, slot: u16::try_from(node).unwrap(), generation: 0 }
}

impl Table {
    /// Without any limits, full.
    pub(crate) fn new() -> Self {
        let config = Config {
            max_entries_per_source: 0,
            max_requests: 0,
            max_connections: 0,
            max_connections_per_source: 0,
            ..Config::default()
        };
        let tracker = Tracker::new(config, 42, Time::ZERO);
        let mut table = Self { tracker, now: Time::ZERO, digests: Vec::new(), requests: 0 };
        for node in 0..NODES {
            table.join(node);
        }
        table
    }

    fn join(&mut self, node: u32) {
        let ip = IpAddr::V4(Ipv4Addr::from(0x0A00_0000 + node * 37));
        let local = "10.255.255.254:7070".parse().unwrap();
        let accepted = Event::Accepted { link: link(node), from: SocketAddr::new(ip, 40_000), local };
        self.tracker.handle(self.now, accepted);
        let hello = Hello { version: VERSION, features: 0, node: u64::from(node) + 1 };
        self.tracker.handle(
            self.now,
            Event::Message { link: link(node), request: 0, message: Message::Hello(hello) },
        );
        while self.tracker.poll().is_some() {}
        let answer = self.ask(node, update(7_071, Digest::default(), UpdateSet::All(entries(node)), 1));
        let Message::Updated(Updated { digest, resend: false, .. }) = answer else { panic!("{answer:?}") };
        self.digests.push(digest);
    }

    /// The same set again, as a node announces it.
    pub(crate) fn same(&self, node: u32) -> Message {
        update(7_071, self.digests[node as usize], UpdateSet::Same, 2)
    }

    /// Asks as `node`, and gives the answer.
    pub(crate) fn ask(&mut self, node: u32, message: Message) -> Message {
        self.requests += 1;
        let request = self.requests;
        self.tracker.handle(self.now, Event::Message { link: link(node), request, message });
        let mut answer = None;
        while let Some(action) = self.tracker.poll() {
            if let Action::Send { message, .. } = action {
                answer = Some(message);
            }
        }
        answer.unwrap()
    }
}
