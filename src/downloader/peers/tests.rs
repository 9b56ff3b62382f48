use super::*;
use crate::hash::{ChunkHash, Sha2};
use crate::name::SafeName;
use crate::seed::SeedBuilder;
use alloc::vec;
use core::time::Duration;

fn addr(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 7000))
}

fn seed() -> Seed {
    let mut builder = SeedBuilder::<Sha2>::with_chunk_size(64 * 5, 64).unwrap();
    builder.update(&[1; 64 * 5]);
    builder.finish(SafeName::new("f").unwrap()).unwrap()
}

fn changed(seed: &Seed, index: usize) -> Arc<Seed> {
    let mut hashes = seed.chunk_hashes().to_vec();
    hashes[index] = ChunkHash::new([7; 32]);
    Arc::new(Seed::new(seed.name().clone(), seed.length(), 64, seed.file_hash(), hashes).unwrap())
}

fn sub(t: u32, seed: &Arc<Seed>, have: Have) -> Sub {
    Sub { t, seed: Arc::clone(seed), have }
}

#[test]
fn a_slot_is_used_again_under_a_new_generation() {
    let mut peers = Peers::new(3);
    let (a, b) = (peers.dial(addr(1), Time::ZERO), peers.dial(addr(2), Time::ZERO));
    assert_eq!((a.space, a.slot, b.slot), (3, 0, 1));
    assert!(peers.remove(a).is_some() && peers.remove(a).is_none());
    let c = peers.dial(addr(3), Time::ZERO);
    assert_eq!((c.slot, c.generation), (0, a.generation + 1));
    assert!(peers.get(a).is_none() && peers.get_mut(a).is_none() && peers.remove(a).is_none());
    assert_eq!((peers.get(c).unwrap().addr, peers.len()), (addr(3), 2));
}

#[test]
fn whoever_sends_a_list_is_not_being_tested() {
    let mut peers = Peers::new(1);
    let link = peers.dial(addr(1), Time::ZERO);
    assert_eq!((peers.testing(), peers.ready()), (1, 0));
    let peer = peers.get_mut(link).unwrap();
    peer.phase = Phase::Asking;
    let request = peer.session.open(Ask::Seed(None));
    assert!(peer.is_asked() && !peer.is_sending_list(), "it may be dead");
    let hello = crate::wire::message::Hello { version: 1, features: 0, node: 5 };
    assert!(peer.session.admit(0, &crate::wire::Message::Hello(hello)).is_ok());
    assert!(peer.is_sending_list());
    assert_eq!(peers.testing(), 0);
    let peer = peers.get_mut(link).unwrap();
    peer.session.close(request);
    peer.phase = Phase::Ready;
    assert_eq!((peers.testing(), peers.ready()), (0, 1));
}

#[test]
fn what_it_offers_is_what_it_has_under_the_chosen_list_or_what_is_the_same_under_another() {
    let chosen = Arc::new(seed());
    let (near, far) = (changed(&chosen, 3), changed(&chosen, 1));
    let mut peers = Peers::new(1);
    let link = peers.dial(addr(1), Time::ZERO);
    let peer = peers.get_mut(link).unwrap();
    assert!(peer.best_offer(&chosen).is_none());
    let mut last = Have::none(5);
    last.insert(4);
    peer.subs = vec![sub(1, &near, last), sub(2, &far, Have::all(5))];
    let offer = peer.best_offer(&chosen).unwrap();
    assert_eq!((offer.t, offer.have.iter().collect::<Vec<_>>()), (2, vec![0, 3, 4]));
    peer.subs.push(sub(3, &chosen, Have::none(5)));
    let offer = peer.best_offer(&chosen).unwrap();
    assert_eq!((offer.t, offer.have.is_none()), (3, true), "the chosen one first");
}

#[test]
fn requests_that_were_called_back_are_not_outstanding_but_are_counted_as_owed() {
    let seed = Arc::new(seed());
    let mut peers = Peers::new(1);
    let link = peers.dial(addr(1), Time::ZERO + Duration::from_secs(1));
    let peer = peers.get_mut(link).unwrap();
    let fetch =
        |stage| Fetch { seed: Arc::clone(&seed), any_of: vec![2], held: vec![2], reserved: 64, stage };
    let first = peer.open_fetch(fetch(Stage::Asked));
    peer.open_fetch(fetch(Stage::Receiving(2)));
    let test = peer.session.open(Ask::Test(Arc::clone(&seed)));
    assert_eq!((peer.outstanding(), peer.requests().len()), ((2, 128), 2));
    let step = seed.step(2).unwrap();
    assert!(peer.is_fetching(&step) && !peer.is_fetching(&changed(&seed, 2).step(2).unwrap()));
    assert!(peer.fetch(test).is_none() && peer.close_fetch(test).is_none());
    peer.close_fetch(first);
    assert_eq!(peer.outstanding(), (1, 64));
    for _ in 0..MAX_ABANDONED - 1 {
        peer.open_fetch(fetch(Stage::Abandoned));
    }
    assert!(!peer.is_mute());
    peer.open_fetch(fetch(Stage::Cancelled));
    assert!(peer.is_mute());
}
