use std::collections::BTreeSet;

use super::support::*;
use samara::tracker::{Config, Note};
use samara::wire::Message;
use samara::wire::message::{Digest, Entry, Refusal, UpdateSet};

fn get(world: &mut World, peer: &mut Peer, entry: &Entry, pinned: bool) -> Message {
    let seed_id = pinned.then_some(entry.key.seed_id);
    world.ask(peer, Message::GetSeed { file_hash: entry.key.file_hash, seed_id })
}

#[test]
fn every_seed_is_listed_exactly_once() {
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    for (page, first) in [0, 2_500].into_iter().enumerate() {
        let entries = (first..first + 2_500).map(complete).collect();
        world.page(&mut peer, page as u32, page == 1, Digest::default(), UpdateSet::All(entries));
    }
    let gaps = (0..5_000).filter(|number| number % 7 == 0).map(|number| key(number, number)).collect();
    world.ask(&mut peer, Message::Withdraw(gaps));
    for limit in [1_000, 512, 37] {
        let (mut seen, mut after, mut pages) = (BTreeSet::new(), Some(0), 0);
        while let Some(cursor) = after {
            let page = world.list(&mut peer, cursor, limit);
            assert!(page.summaries.len() <= usize::from(limit).min(512));
            for summary in page.summaries {
                assert_eq!((summary.complete, summary.partial, &summary.about), (1, 0, &None));
                assert!(seen.insert(summary.key));
            }
            after = page.next;
            pages += 1;
            assert!(pages < 1_000);
        }
        let expected: BTreeSet<_> = (0..5_000).filter(|n| n % 7 != 0).map(|n| key(n, n)).collect();
        assert!(seen == expected, "{} of {}", seen.len(), expected.len());
    }
}

#[test]
fn a_cursor_out_of_thin_air_ends_the_list_and_an_empty_page_is_no_request() {
    let mut world = World::new();
    let mut peer = world.holder("10.0.0.1", 1, &[complete(1)]);
    for after in [1, 1 << 32, u64::MAX] {
        let page = world.list(&mut peer, after, 10);
        assert_eq!((page.summaries.len(), page.next), (0, None));
    }
    let nothing = Message::List(samara::wire::message::List { after: 0, limit: 0 });
    assert_eq!(world.ask(&mut peer, nothing), Message::Refused(Refusal::Invalid));
}

#[test]
fn a_published_seed_is_kept_listed_and_given() {
    let seed = real_seed("a file", 1_000);
    let entry = holding(&seed);
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    assert_eq!(world.announce(&mut peer, &[entry]).want, [seed.id()]);
    assert_eq!(get(&mut world, &mut peer, &entry, true), Message::Unknown);
    assert_eq!(world.announce(&mut peer, &[entry]).want, [seed.id()], "still not here");
    assert_eq!(world.ask(&mut peer, Message::Publish(seed.clone())), Message::Published);
    assert!(world.notes.contains(&Note::Published { key: entry.key }));
    assert_eq!(world.announce(&mut peer, &[entry]).want, []);
    assert_eq!(world.ask(&mut peer, Message::Publish(seed.clone())), Message::Published);
    for pinned in [true, false] {
        assert_eq!(get(&mut world, &mut peer, &entry, pinned), Message::Seed(seed.clone()));
    }
    let about = world.list(&mut peer, 0, 10).summaries[0].about.clone().unwrap();
    assert_eq!((about.0.as_str(), about.1), ("a file", 1_000));
    // It goes with its last holder, and is asked for again after that.
    world.pass(TTL);
    assert_eq!(get(&mut world, &mut peer, &entry, false), Message::Unknown);
    assert_eq!(world.announce(&mut peer, &[entry]).want, [seed.id()]);
}

#[test]
fn only_holders_publish() {
    let seed = real_seed("a file", 1_000);
    let mut world = World::new();
    let mut stranger = world.connect("10.0.0.2", 2);
    let publish = || Message::Publish(seed.clone());
    let invalid = Message::Refused(Refusal::Invalid);
    assert_eq!(world.ask(&mut stranger, publish()), invalid, "nobody holds it");
    let mut peer = world.holder("10.0.0.1", 1, &[holding(&seed)]);
    assert_eq!(world.ask(&mut stranger, publish()), invalid, "another one holds it");
    world.announce(&mut stranger, &[Entry { key: key(1, 1), ..holding(&seed) }]);
    assert_eq!(world.ask(&mut stranger, publish()), invalid);
    world.oversleep(TTL);
    assert_eq!(world.ask(&mut peer, publish()), invalid, "its lease has expired");
}

#[test]
fn a_seed_may_be_published_before_the_announcement_is_finished() {
    let seed = real_seed("a file", 1_000);
    let mut world = World::new();
    let mut peer = world.connect("10.0.0.1", 1);
    let all = |entry| UpdateSet::All(vec![entry]);
    world.page(&mut peer, 0, false, Digest::default(), all(holding(&seed)));
    assert_eq!(world.ask(&mut peer, Message::Publish(seed.clone())), Message::Published);
    assert_eq!(get(&mut world, &mut peer, &holding(&seed), true), Message::Unknown, "nobody holds it yet");
    assert_eq!(
        updated(world.page(&mut peer, 1, true, Digest::default(), all(complete(1)))).want,
        [seed_id(1)]
    );
    assert_eq!(get(&mut world, &mut peer, &holding(&seed), true), Message::Seed(seed));
}

#[test]
fn bodies_that_do_not_fit_are_refused_once_and_not_asked_for_again() {
    let mut world = World::with(Config { max_seed_bytes: 500, ..Config::default() });
    let seed = real_seed("a file", 64 * 100);
    let mut peer = world.connect("10.0.0.1", 1);
    assert_eq!(world.announce(&mut peer, &[holding(&seed)]).want.len(), 1);
    assert_eq!(world.ask(&mut peer, Message::Publish(seed.clone())), Message::Refused(Refusal::Quota));
    assert_eq!(world.announce(&mut peer, &[holding(&seed)]).want, []);
    assert_eq!(world.holders(1).len(), 0);
    let mut query = about(0);
    query.file_hash = seed.file_hash();
    assert_eq!(world.query(&mut peer, query).seeds.len(), 1, "it is held all the same");
}
