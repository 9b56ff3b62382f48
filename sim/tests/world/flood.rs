//! Somebody opens connections by the thousand and says nothing: who has the file gives it to others all the same.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samara::{Link, Time, seeder, tracker};
use samara_sim::actor::{Actor, Cue};
use samara_sim::file;
use samara_sim::host::{Heard, Order};

use super::{SECOND, finish, world};

/// What of it is open at the flooder's end, by victim.
type Open = Arc<Mutex<BTreeSet<(u16, u16, u32)>>>;

/// A host that opens as many connections as it can and never says a word; when they are closed, it opens others.
#[derive(Clone)]
struct HalfOpen {
    victims: Vec<SocketAddr>,
    waves: u32,
    generation: u32,
    open: Open,
}

/// Connections of one wave, to each victim.
const CROWD: u16 = 10_000;
/// Between two waves: Hello isn't due yet.
const PAUSE: Duration = Duration::from_secs(2);

impl Actor for HalfOpen {
    fn again(&self) -> Box<dyn Actor> {
        Box::new(self.clone())
    }

    fn play(&mut self, _: Time, heard: Option<(Link, Heard)>, cues: &mut Vec<Cue>) {
        match heard {
            None if self.generation < self.waves => {
                self.generation += 1;
                for (space, to) in (1..).zip(&self.victims) {
                    let generation = self.generation;
                    let name = |slot| Link { space, slot, generation };
                    cues.extend((0..CROWD).map(|slot| Cue::Dial { link: name(slot), to: *to }));
                }
                cues.push(Cue::Wake { after: PAUSE });
            }
            Some((link, Heard::Opened)) => {
                self.open.lock().unwrap().insert((link.space, link.slot, link.generation));
            }
            Some((link, Heard::Closed)) => {
                self.open.lock().unwrap().remove(&(link.space, link.slot, link.generation));
            }
            None | Some((_, Heard::Message { .. } | Heard::Data { .. })) => {}
        }
    }
}

/// How long a download takes beside so many waves, and what the flooder still had open at its end and much later, to
/// the seeder and to the tracker.
fn download(waves: u32) -> (Duration, [[usize; 2]; 2]) {
    let bytes = file::random(1 << 20, 1);
    let seed = file::seed(&bytes, 16_384);
    let (mut world, tracker, [alice, bob]) = world(1, ["alice", "bob"]);
    world.place(alice).up = 200_000;
    world.share(alice, "file", &bytes, seed.clone());
    world.run_for(SECOND);
    let open = Open::default();
    let victims = vec![world.addr(alice), world.addr(tracker)];
    let flooder = HalfOpen { victims, waves, generation: 0, open: Arc::clone(&open) };
    let host = world.actor("flooder", false, Box::new(flooder));
    world.mark(host, samara_sim::fault::Fault::Flooder);
    world.run_for(SECOND);
    let begun = world.now();
    let get = world.download(bob, Order::new("file", file::pinned(&seed)));
    assert_eq!(finish(&mut world, bob, get), None);
    let took = world.now() - begun;
    assert_eq!(world.disk(bob).bytes("file"), Some(bytes.as_slice()));
    let count = || [1, 2].map(|space| open.lock().unwrap().iter().filter(|(to, ..)| *to == space).count());
    let then = count();
    world.run_for(30 * SECOND);
    (took, [then, count()])
}

/// Row 8 of the attacks.
#[test]
fn ten_thousand_half_open_connections_from_one_source_slow_nobody_down() {
    let (alone, [none, _]) = download(0);
    let (beside, [then, later]) = download(4);
    assert_eq!(none, [0, 0]);
    assert!(beside.as_micros() * 10 <= alone.as_micros() * 11, "{alone:?} became {beside:?}");
    let caps = [
        seeder::Config::default().max_connections_per_source,
        tracker::Config::default().max_connections_per_source,
    ];
    assert_eq!(then, caps.map(|cap| cap as usize), "as many as one source may have, and no more");
    assert_eq!(later, [0, 0], "who says no Hello is closed");
}
