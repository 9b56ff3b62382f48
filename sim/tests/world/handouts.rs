//! Trackers that name whom they like: dead addresses, attackers only, a victim. The file arrives all the same, and the
//! victim hears little.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samara::wire::Message;
use samara::wire::message::{Digest, Hello, Holder, HolderAddr, Holders, Updated, VERSION};
use samara::{Link, Seed, SeedId, Time, node, tracker};
use samara_sim::actor::{Actor, Cue};
use samara_sim::fault::Fault as Kind;
use samara_sim::file;
use samara_sim::host::{Heard, HostId, Order};
use samara_sim::hostile::{Impostor, Poisoner, Trick};
use samara_sim::trace::Detail;
use samara_sim::world::World;

use super::{MINUTE, SECOND, finish};

/// A tracker that takes every announcement and names the same holders to whoever asks.
#[derive(Clone)]
struct Names {
    seed_id: SeedId,
    holders: Vec<SocketAddr>,
}

impl Names {
    fn tracker(world: &mut World, seed: &Seed, holders: Vec<SocketAddr>) -> HostId {
        let host = world.actor("liar", true, Box::new(Self { seed_id: seed.id(), holders }));
        world.mark(host, Kind::BogusTracker);
        host
    }
}

impl Actor for Names {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "it answers a few messages of many")]
    fn play(&mut self, _: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        let Some((link, Heard::Message { request, message })) = heard else { return };
        let message = match message {
            Message::Hello(_) => hello(),
            Message::Query(_) => {
                let holder =
                    |addr: &_| Holder { addr: HolderAddr::At(*addr), seed_id: self.seed_id, complete: true };
                let holders = self.holders.iter().map(holder).collect();
                Message::Holders(Holders { seeds: Vec::new(), holders, warming: false })
            }
            Message::Update(_) | Message::Withdraw(_) | Message::Leave => Message::Updated(Updated {
                epoch: 1,
                warming: false,
                ttl: MINUTE,
                interval: MINUTE / 3,
                digest: Digest::default(),
                resend: false,
                want: Vec::new(),
            }),
            _ => Message::Unknown,
        };
        cues.push(Cue::Say { link, request, message });
    }
}

/// A host that has nothing to do with any of this: it hangs up on whoever calls, and takes down when.
#[derive(Clone, Default)]
struct Victim(Arc<Mutex<Vec<Time>>>);

impl Actor for Victim {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    fn play(&mut self, now: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        if let Some((link, Heard::Message { message: Message::Hello(_), .. })) = heard {
            self.0.lock().unwrap().push(now);
            cues.push(Cue::HangUp { link });
        }
    }
}

const fn hello() -> Message {
    Message::Hello(Hello { version: VERSION, features: 0, node: 1 })
}

/// Addresses from which nothing ever comes, and some that nobody may dial.
fn bogus() -> Vec<SocketAddr> {
    let forbidden =
        ["10.0.1.1:0", "0.0.0.0:7000", "224.0.0.1:7000", "127.0.0.1:22", "[::1]:22", "[ff02::1]:7"];
    let forbidden = forbidden.into_iter().map(|addr| addr.parse().unwrap());
    let silent = (0..21).map(|n| SocketAddr::from(([172, 16, n, 2 * n + 1], 7_000)));
    forbidden.chain(silent).collect()
}

/// Row 12 of the attacks.
#[test]
fn of_ten_addresses_nine_are_bogus_and_the_file_arrives() {
    let bytes = file::random(1 << 20, 1);
    let seed = file::seed(&bytes, 16_384);
    let mut world = World::new(1, Detail::All);
    let honest = ["alice", "anna", "arno"].map(|name| world.node(name, &[], node::Config::default()));
    let honest = honest.map(|host| {
        world.share(host, "file", &bytes, seed.clone());
        world.addr(host)
    });
    // Those that are named more often are dialled first.
    let named = [bogus(), bogus(), [bogus(), honest.to_vec()].concat()];
    let liars = named.map(|holders| Names::tracker(&mut world, &seed, holders));
    let bob = world.node("bob", &liars, node::Config::default());
    let begun = world.now();
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    assert!(world.fired().contains_key(&Kind::BogusTracker), "some were dialled");
    // Each of them may take five seconds to be given up, eight at once.
    assert!(world.now() - begun < 25 * SECOND, "{:?}", world.now() - begun);
}

/// Row 14 of the attacks.
#[test]
fn whom_a_tracker_names_falsely_is_dialled_once_and_then_ever_less_often() {
    let bytes = file::random(1 << 20, 2);
    let seed = file::seed(&bytes, 16_384);
    let mut world = World::new(2, Detail::All);
    let alice = world.node("alice", &[], node::Config::default());
    world.place(alice).up = 10_000;
    world.share(alice, "file", &bytes, seed.clone());
    let victim = Victim::default();
    let host = world.actor("victim", false, Box::new(victim.clone()));
    let named = world.addr(host);
    let holders = vec![world.addr(alice), named, named];
    let liars = [0, 1].map(|_| Names::tracker(&mut world, &seed, holders.clone()));
    let bob = world.node("bob", &liars, node::Config::default());
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    world.run_for(90 * SECOND);
    assert!(world.outcome(bob, get).is_none(), "it is still at it");
    let dials = victim.0.lock().unwrap().clone();
    let gaps: Vec<Duration> = dials.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((1..=8).contains(&dials.len()), "{gaps:?}");
    let waits = (0..).map(|n| SECOND * (1 << n.min(5)));
    assert!(gaps.iter().zip(waits).all(|(gap, wait)| *gap >= wait), "{gaps:?}");
}

/// Attackers of every kind who hold the file, or claim to: announced at `trackers`.
fn attackers(world: &mut World, seed: &Arc<Seed>, bytes: &[u8], trackers: &[HostId]) -> Vec<SocketAddr> {
    let trackers: Vec<_> = trackers.iter().map(|tracker| world.addr(*tracker)).collect();
    let content = Arc::new(bytes.to_vec());
    let last = seed.chunks() - 1;
    let mut hosts = Vec::new();
    for n in 0..4 {
        let impostor = |trick| Impostor::new(trackers.clone(), Arc::clone(seed), Arc::clone(&content), trick);
        let poisoner = Poisoner::new(trackers.clone(), Arc::clone(seed), SECOND / 10);
        let cast: [(Kind, Box<dyn Actor>); 4] = [
            (Kind::Liar, Box::new(impostor(Trick::Refuse))),
            (Kind::Tarpit, Box::new(impostor(Trick::Stall))),
            (Kind::Withhold, Box::new(impostor(Trick::Withhold(vec![1, last])))),
            (Kind::Poisoner, Box::new(poisoner)),
        ];
        for (kind, actor) in cast {
            let host = world.actor(&format!("{kind}{n}"), false, actor);
            world.mark(host, kind);
            hosts.push(host);
        }
    }
    hosts.into_iter().map(|host| world.addr(host)).collect()
}

/// Row 13 of the attacks: one tracker names attackers only, the other one mostly; or both do, and the user knows better.
#[test]
fn whoever_surrounds_a_node_has_to_be_everybody_it_knows() {
    for user_knows in [false, true] {
        let bytes = file::random((5 << 20) + 77, 3);
        let seed = file::canonical(&bytes);
        let mut world = World::new(3, Detail::All);
        let good = world.tracker("tracker", tracker::Config::default());
        let enemies = attackers(&mut world, &seed, &bytes, &[good]);
        let liar = Names::tracker(&mut world, &seed, enemies.clone());
        let alice = world.node("alice", &[good], node::Config::default());
        world.share(alice, "file", &bytes, seed.clone());
        world.run_for(SECOND);
        let trackers = if user_knows { vec![liar] } else { vec![liar, good] };
        let bob = world.node("bob", &trackers, node::Config::default());
        let mut order = Order::new("file", file::unpinned(&seed));
        order.peers = if user_knows { vec![world.addr(alice)] } else { Vec::new() };
        let get = world.download(bob, order);
        assert_eq!(finish(&mut world, bob, get), None, "{user_knows}\n{}", world.trace());
        assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
        for kind in [Kind::Liar, Kind::Tarpit, Kind::Withhold, Kind::Poisoner] {
            assert!(world.fired().contains_key(&kind), "{user_knows} {kind}");
        }
    }
}
