use super::*;
use crate::hash::{FileHash, SeedId};
use crate::seeder::event::FileId;
use crate::seeder::peer::Peer;
use alloc::format;
use alloc::vec;

const KEY: SeedKey = key(1);
const CHUNK: u64 = 1 << 20;

const fn key(n: u8) -> SeedKey {
    SeedKey { file_hash: FileHash::new([n; 32]), seed_id: SeedId::new([n; 32]) }
}

const fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

/// Request `request` of the peer at `ip`, which has one connection.
fn asker(ip: &str, request: u32) -> Asker {
    let ip: core::net::Ipv4Addr = ip.parse().unwrap();
    let [_, b, c, d] = ip.octets();
    let link = Link { space: 0, slot: u16::from_be_bytes([c, d]), generation: u32::from(b) };
    Asker { link, request, peer: Peer { node: 7, ip: ip.into() } }
}

struct Bench {
    uploads: Uploads,
    now: Time,
}

impl Bench {
    fn new(limit_up: u64) -> Self {
        let config = Config { limit_up, slots: 2, queue: 3, ..Config::default() };
        Self { uploads: Uploads::new(&config, at(0)), now: at(0) }
    }

    /// Asks for one of `any_of`: everything that this leads to.
    fn fetch(&mut self, ip: &str, request: u32, any_of: &[u32]) -> Vec<Verdict> {
        let verdict = self.uploads.fetch(self.now, KEY, asker(ip, request), any_of.to_vec());
        verdict.into_iter().chain(self.pump()).collect()
    }

    /// Chunks 0 to 99 are held.
    fn pump(&mut self) -> Vec<Verdict> {
        self.uploads.pump(self.now, |_, index| (index < 100).then(|| chunk(index)))
    }

    /// The chunk of this request was sent; gives what begins in its place.
    fn sent(&mut self, ip: &str, request: u32) -> Vec<Verdict> {
        let Asker { link, .. } = asker(ip, request);
        let done = self.uploads.served(self.now, link, request, Served::Whole).unwrap();
        assert_eq!(done.rejection, None);
        self.pump()
    }
}

fn chunk(index: u32) -> Chunk {
    let start = u64::from(index) * CHUNK;
    Chunk { file: FileId(1), index, range: start..start + CHUNK }
}

fn serve(ip: &str, request: u32, index: u32) -> Verdict {
    Verdict::Serve(asker(ip, request), chunk(index))
}

/// Who was told to come back later.
fn busy(verdicts: &[Verdict]) -> Vec<Asker> {
    let only = |verdict: &Verdict| match verdict {
        Verdict::Reject(asker, Rejection::Busy { retry_after }) => {
            assert!((HINTS.0..=HINTS.1).contains(retry_after));
            Some(*asker)
        }
        Verdict::Serve(..) | Verdict::Stop(_) | Verdict::Reject(..) => None,
    };
    verdicts.iter().filter_map(only).collect()
}

#[test]
fn a_lone_peer_has_two_slots_and_three_places_and_then_it_is_busy() {
    let mut bench = Bench::new(0);
    assert_eq!(bench.fetch("10.0.0.1", 1, &[0]), [serve("10.0.0.1", 1, 0)]);
    assert_eq!(bench.fetch("10.0.0.1", 2, &[1]), [serve("10.0.0.1", 2, 1)]);
    (3..=5).for_each(|request| assert_eq!(bench.fetch("10.0.0.1", request, &[2]), []));
    assert_eq!(busy(&bench.fetch("10.0.0.1", 6, &[3])), [asker("10.0.0.1", 6)]);
    assert_eq!(bench.sent("10.0.0.1", 1), [serve("10.0.0.1", 3, 2)]);
    assert_eq!(bench.fetch("10.0.0.1", 7, &[3]), []);
}

#[test]
fn a_chunk_never_sent_goes_first_and_a_stopped_one_counts_as_not_sent() {
    let mut bench = Bench::new(0);
    bench.fetch("10.0.0.1", 1, &[5]);
    assert_eq!(bench.fetch("10.0.0.2", 1, &[5, 6, 7]), [serve("10.0.0.2", 1, 6)]);
    bench.fetch("10.0.0.1", 2, &[5, 6, 7, 200]);
    bench.fetch("10.0.0.1", 3, &[200]);
    assert_eq!(bench.sent("10.0.0.1", 1), [serve("10.0.0.1", 2, 7)]);
    let Asker { link, .. } = asker("10.0.0.2", 1);
    assert_eq!(bench.uploads.cancel(link, 1), Some(Verdict::Stop(asker("10.0.0.2", 1))));
    assert_eq!(bench.uploads.cancel(link, 1), None, "once is enough");
    let done = bench.uploads.served(at(0), link, 1, Served::Stopped).unwrap();
    assert_eq!(done.rejection, Some(Rejection::Cancelled));
    assert_eq!(bench.pump(), [Verdict::Reject(asker("10.0.0.1", 3), Rejection::NotHeld)]);
    assert_eq!(bench.fetch("10.0.0.1", 4, &[5, 7, 6]), [serve("10.0.0.1", 4, 6)]);
}

#[test]
fn peers_take_turns() {
    let mut bench = Bench::new(0);
    bench.fetch("10.0.0.1", 1, &[0]);
    bench.fetch("10.0.0.1", 2, &[0]);
    bench.fetch("10.0.0.1", 3, &[0]);
    bench.fetch("10.0.0.1", 4, &[0]);
    bench.fetch("10.0.0.2", 1, &[0]);
    assert_eq!(bench.sent("10.0.0.1", 1), [serve("10.0.0.2", 1, 0)]);
    bench.fetch("10.0.0.2", 2, &[0]);
    assert_eq!(bench.sent("10.0.0.1", 2), [serve("10.0.0.1", 3, 0)], "it has no slot any more");
    assert_eq!(bench.sent("10.0.0.2", 1), [serve("10.0.0.2", 2, 0)]);
    assert_eq!(bench.sent("10.0.0.1", 3), [serve("10.0.0.1", 4, 0)]);
}

#[test]
fn who_has_a_slot_waits_for_who_has_none_even_if_served_longer_ago() {
    // The one with a slot is the same peer, or another of the same network.
    for (one, again, other) in [
        ("10.0.1.1", "10.0.1.1", "10.0.1.2"),
        ("10.0.1.1", "10.0.1.1", "10.0.2.1"),
        ("10.0.1.1", "10.0.1.9", "10.0.2.1"),
    ] {
        let mut bench = Bench::new(0);
        bench.fetch(one, 1, &[0]);
        bench.fetch(other, 1, &[0]);
        bench.fetch(again, 2, &[0]);
        bench.fetch(other, 2, &[0]);
        assert_eq!(bench.sent(other, 1), [serve(other, 2, 0)]);
    }
}

#[test]
fn a_network_has_no_second_place_beside_another_even_if_there_is_room() {
    let mut bench = Bench::new(0);
    (1..=2).for_each(|request| drop(bench.fetch("10.0.1.1", request, &[0])));
    assert_eq!(bench.fetch("10.0.2.1", 1, &[0]), []);
    assert_eq!(bench.fetch("10.0.3.1", 1, &[0]), []);
    assert_eq!(busy(&bench.fetch("10.0.2.2", 1, &[0])), [asker("10.0.2.2", 1)]);
    assert_eq!(bench.fetch("10.0.4.1", 1, &[0]), []);
}

#[test]
fn while_others_wait_a_network_has_one_slot_and_one_place() {
    let mut bench = Bench::new(0);
    for (peer, request) in
        [("10.0.1.1", 1), ("10.0.1.2", 1), ("10.0.1.3", 1), ("10.0.1.4", 1), ("10.0.1.5", 1)]
    {
        assert!(busy(&bench.fetch(peer, request, &[0])).is_empty());
    }
    // A newcomer from elsewhere takes the place of the newest; its network has no second one then.
    assert_eq!(busy(&bench.fetch("10.0.2.1", 1, &[0])), [asker("10.0.1.5", 1)]);
    assert_eq!(busy(&bench.fetch("10.0.2.2", 1, &[0])), [asker("10.0.2.2", 1)]);
    assert_eq!(busy(&bench.fetch("10.0.3.1", 1, &[0])), [asker("10.0.1.4", 1)]);
    assert_eq!(busy(&bench.fetch("10.0.4.1", 1, &[0])), [asker("10.0.1.3", 1)]);
    // Now three networks wait that were never served: nobody has to yield.
    assert_eq!(busy(&bench.fetch("10.0.5.1", 1, &[0])), [asker("10.0.5.1", 1)]);
    assert_eq!(bench.sent("10.0.1.1", 1), [serve("10.0.2.1", 1, 0)]);
    assert_eq!(busy(&bench.fetch("10.0.1.9", 1, &[0])), [], "there is room");
    assert_eq!(bench.sent("10.0.2.1", 1), [serve("10.0.3.1", 1, 0)]);
    assert_eq!(bench.sent("10.0.3.1", 1), [serve("10.0.4.1", 1, 0)]);
    assert_eq!(bench.sent("10.0.4.1", 1), [serve("10.0.1.9", 1, 0)], "nobody else waits");
}

#[test]
fn a_network_with_several_places_yields_one_even_to_one_that_was_served_after_it() {
    let mut bench = Bench::new(0);
    bench.fetch("10.0.1.1", 1, &[0]);
    bench.fetch("10.0.2.1", 1, &[0]);
    (2..=4).for_each(|request| assert_eq!(bench.fetch("10.0.1.1", request, &[0]), []));
    assert_eq!(busy(&bench.fetch("10.0.2.1", 2, &[0])), [asker("10.0.1.1", 4)]);
}

#[test]
fn within_a_network_a_peer_served_longer_ago_takes_the_place_of_one_just_served() {
    let mut bench = Bench::new(0);
    (1..=5).for_each(|request| assert!(busy(&bench.fetch("10.0.1.1", request, &[0])).is_empty()));
    assert_eq!(busy(&bench.fetch("10.0.1.2", 1, &[0])), [asker("10.0.1.1", 5)]);
    assert_eq!(busy(&bench.fetch("10.0.1.2", 2, &[0])), [asker("10.0.1.2", 2)], "it has a place");
    assert_eq!(bench.sent("10.0.1.1", 1), [serve("10.0.1.2", 1, 0)]);
}

#[test]
fn what_is_sent_leaves_no_timer_behind() {
    let mut bench = Bench::new(0);
    bench.fetch("10.0.1.1", 1, &[0]);
    assert!(bench.uploads.deadline().is_some());
    bench.sent("10.0.1.1", 1);
    assert_eq!(bench.uploads.deadline(), None);
}

#[test]
fn cancelling_frees_a_place_at_once_and_closing_frees_slots() {
    let mut bench = Bench::new(0);
    (1..=5).for_each(|request| drop(bench.fetch("10.0.1.1", request, &[0])));
    let Asker { link, .. } = asker("10.0.1.1", 4);
    let rejected = Verdict::Reject(asker("10.0.1.1", 4), Rejection::Cancelled);
    assert_eq!(bench.uploads.cancel(link, 4), Some(rejected));
    assert_eq!(bench.uploads.cancel(link, 4), None);
    assert_eq!(bench.uploads.cancel(link, 99), None);
    assert!(busy(&bench.fetch("10.0.1.2", 1, &[0])).is_empty());
    bench.uploads.closed(link);
    assert_eq!(bench.pump(), [serve("10.0.1.2", 1, 0)]);
    assert_eq!(bench.uploads.served(at(1), link, 1, Served::Whole), None, "it is closed");
    assert_eq!(bench.uploads.requests.len(), 1);
}

#[test]
fn a_file_that_is_gone_is_refused_to_those_who_wait_and_stopped_for_the_others() {
    let mut bench = Bench::new(0);
    (1..=3).for_each(|request| drop(bench.fetch("10.0.1.1", request, &[0])));
    let gone = Rejection::Gone(Gone::Withdrawn);
    assert_eq!(
        bench.uploads.gone(KEY, Gone::Withdrawn),
        [
            Verdict::Reject(asker("10.0.1.1", 3), gone),
            Verdict::Stop(asker("10.0.1.1", 1)),
            Verdict::Stop(asker("10.0.1.1", 2))
        ]
    );
    let Asker { link, .. } = asker("10.0.1.1", 1);
    assert_eq!(bench.uploads.served(at(1), link, 1, Served::Stopped).unwrap().rejection, Some(gone));
    let whole = bench.uploads.served(at(1), link, 2, Served::Whole).unwrap();
    assert_eq!(whole.rejection, None, "it was too late to stop it");
    assert!(bench.uploads.lanes.is_empty() && bench.uploads.requests.is_empty());
}

#[test]
fn a_slow_reader_is_cut_off_when_its_time_is_up_and_another_waits() {
    let mut bench = Bench::new(0);
    bench.fetch("10.0.1.1", 1, &[0]);
    bench.fetch("10.0.2.1", 1, &[0]);
    // A chunk of 1 MiB takes 64 s at 16 KiB/s.
    assert_eq!(bench.uploads.slow(at(64_000)), None, "nobody waits");
    bench.now = at(64_500);
    bench.fetch("10.0.2.1", 2, &[0]);
    assert_eq!(bench.uploads.deadline().map(|deadline| deadline.at), Some(at(65_000)));
    assert_eq!(bench.uploads.slow(at(64_999)), None);
    let slow = bench.uploads.slow(at(65_000));
    assert_eq!(slow, Some(asker("10.0.1.1", 1).link));
    bench.uploads.closed(slow.unwrap());
    assert_eq!(bench.pump(), [serve("10.0.2.1", 2, 0)]);
    assert_eq!(bench.uploads.slow(at(70_000)), None, "only its own peer waited");
}

#[test]
fn a_node_whose_own_line_is_slow_gives_somebody_the_time_for_a_chunk_in_the_end() {
    let config = Config { slots: 1, queue: 3, ..Config::default() };
    let mut bench = Bench { uploads: Uploads::new(&config, at(0)), now: at(0) };
    let mut patience = Vec::new();
    for reader in 1..=10 {
        let ip = format!("10.0.{reader}.1");
        bench.fetch(&ip, 1, &[0]);
        bench.fetch("10.0.99.1", reader, &[0]);
        let begun = bench.now;
        bench.now = bench.uploads.deadline().unwrap().at;
        let slow = bench.uploads.slow(bench.now).unwrap();
        bench.uploads.closed(slow);
        patience.push(bench.now.since(begun).as_secs() / 65);
        bench.uploads.closed(asker("10.0.99.1", 1).link);
        bench.pump();
    }
    assert!(patience.is_sorted() && patience.last() >= Some(&64), "{patience:?}");
    bench.fetch("10.0.1.1", 1, &[0]);
    bench.sent("10.0.1.1", 1);
    bench.fetch("10.0.1.1", 2, &[0]);
    assert_eq!(
        bench.uploads.deadline().unwrap().at,
        bench.now + Duration::from_secs(64),
        "one was quick enough"
    );
}

#[test]
fn the_limit_holds_over_all_files_which_take_turns() {
    let mut bench = Bench::new(CHUNK);
    let mut served = vec![];
    for (file, ip) in [(1, "10.0.1.1"), (2, "10.0.2.1"), (3, "10.0.3.1")] {
        (1..=4).for_each(|request| {
            assert_eq!(bench.uploads.fetch(at(0), key(file), asker(ip, request), vec![0]), None);
        });
    }
    while bench.now < at(10_000) {
        for verdict in bench.pump() {
            let Verdict::Serve(asker, _) = verdict else { panic!("{verdict:?}") };
            served.push((bench.now, asker.peer.ip));
            bench.uploads.served(bench.now, asker.link, asker.request, Served::Whole);
        }
        let deadline = bench.uploads.deadline().filter(|deadline| deadline.timer == "upload limit");
        bench.now = deadline.map_or(at(10_000), |deadline| deadline.at);
        bench.uploads.slow(bench.now);
    }
    // The saved-up tenth of a second pays for part of the first chunk.
    let times: Vec<_> = served.iter().map(|(at, _)| at.as_micros() / 1_000).collect();
    assert_eq!(times, [0, 900, 1_900, 2_900, 3_900, 4_900, 5_900, 6_900, 7_900, 8_900, 9_900]);
    assert!(served.windows(3).all(|three| three[0].1 != three[1].1 && three[1].1 != three[2].1));
}

#[test]
fn no_cap_on_slots_means_none() {
    let config = Config { slots: 0, queue: 3, ..Config::default() };
    let mut bench = Bench { uploads: Uploads::new(&config, at(0)), now: at(0) };
    (1..=60).for_each(|request| assert_eq!(bench.fetch("10.0.1.1", request, &[0]).len(), 1));
}

#[test]
fn chunks_that_are_gone_in_no_time_have_more_places_and_slow_ones_no_more_than_set() {
    for (millis, places) in [(50, 5), (1, 25)] {
        let mut bench = Bench::new(0);
        for request in 1..40 {
            bench.fetch("10.0.0.1", request, &[request]);
            bench.now = bench.now + Duration::from_millis(millis);
            bench.sent("10.0.0.1", request);
        }
        let refused = (100..200).find(|request| {
            let verdicts = bench.fetch("10.0.0.1", *request, &[request - 100]);
            verdicts.iter().any(|verdict| matches!(verdict, Verdict::Reject(..)))
        });
        assert_eq!(refused, Some(100 + places), "chunks that take {millis} ms");
    }
}
