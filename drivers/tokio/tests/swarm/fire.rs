//! Nodes and trackers under fire, on real sockets: whoever is honest is served all the same, and who was turned away is
//! noted. Attackers call from networks of their own, which loopback has enough of on Linux.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use samara::downloader::Config;
use samara::node::{self, Note};
use samara::seeder;
use samara::tracker::Note as TrackerNote;
use samara::wire::message::{Fetch, Hello, SeedKey, VERSION};
use samara::wire::session::Fault;
use samara::wire::{Message, codec, limits};
use samara_tokio::{NodeHandle, NodeOptions, Order, Report, Tokio, TrackerHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::{PATIENCE, Peer, data, loopback, next, order, tracker};

/// An attacker's address, in a network of its own.
const FOE: Ipv4Addr = Ipv4Addr::new(127, 66, 6, 6);

/// A connection of an attacker.
async fn strike(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((FOE, 0).into())?;
    socket.connect(to).await
}

/// How many connections an attacker may hold, so that the other side of each, and other tests, find file descriptors.
fn magazine() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let open_files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = open_files.and_then(|numbers| numbers.split_whitespace().next()?.parse().ok());
    (soft.unwrap_or(1_024_usize) / 8).min(10_000)
}

fn frame(request: u32, message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode(request, message, &mut out);
    out
}

fn hello() -> Vec<u8> {
    frame(0, &Message::Hello(Hello { version: VERSION, features: 0, node: next() + 1_000_000 }))
}

/// A download of `seeder`'s file by the tracker, which has to succeed.
async fn download(tracker: &TrackerHandle, hash: samara::FileHash, bytes: &[u8]) {
    let mut peer = Peer::start(&[tracker.local_addr()]).await;
    peer.get(order(hash, peer.path("copy")));
    assert!(fs::read(peer.done().await).unwrap() == bytes);
}

/// Whom a node turned away, until `enough` of them came.
async fn turned_away(peer: &mut Peer, enough: usize) -> Vec<(SocketAddr, Fault)> {
    let mut all = Vec::new();
    while all.len() < enough {
        let one = |report| match report {
            Report::Note(Note::Seeder(seeder::Note::TurnedAway { from, why })) => Some((from, why)),
            Report::Note(_) | Report::Announced { .. } => None,
            Report::Done { .. } | Report::Failed { .. } | Report::Stopped => None,
        };
        all.push(peer.until(one).await);
    }
    all
}

/// How many of these are still open, once all that are to be closed are. (Those that are not would be waited for in vain.)
async fn open(connections: &[TcpStream], at_most: usize) -> usize {
    let still_open = |connection: &TcpStream| matches!(connection.try_read(&mut [0; 64]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
    tokio::time::timeout(PATIENCE, async {
        loop {
            let count = connections.iter().filter(|connection| still_open(connection)).count();
            if count <= at_most {
                return count;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("they are not closed")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_from_one_source_keep_nobody_out() {
    let tracker = tracker().await;
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let bytes = data(4 << 20);
    let seed = seeder.seed(&bytes, true).await;
    let (node, magazine) = (seeder.node.local_addr(), magazine());
    // The last ones are held, the others are dropped: half of all say hello, half nothing.
    let mut held = std::collections::VecDeque::new();
    for n in 0..10_000 {
        let mut connection = strike(node).await.unwrap();
        if n % 2 == 0 {
            let _ = connection.write_all(&hello()).await;
        }
        held.push_back(connection);
        if held.len() > magazine {
            held.pop_front();
        }
    }
    download(&tracker, seed.file_hash(), &bytes).await;
    let cap = seeder::Config::default().max_connections_per_source as usize;
    assert!(open(held.make_contiguous(), cap).await <= cap);
    let turned_away = turned_away(&mut seeder, 1_000).await;
    assert!(turned_away.iter().all(|(from, why)| from.ip() == FOE && *why == Fault::Full));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracker_under_the_same_fire_goes_on_answering() {
    let config = samara::tracker::Config { max_connections_per_source: 32, ..Default::default() };
    let mut tracker = TrackerHandle::start(Tokio, loopback(), config, next()).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..magazine() {
        held.push(strike(tracker.local_addr()).await.unwrap());
    }
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let bytes = data(1 << 20);
    let seed = seeder.seed(&bytes, true).await;
    download(&tracker, seed.file_hash(), &bytes).await;
    assert_eq!(open(&held, 32).await, 32);
    let counters = tracker.counters();
    assert!(counters.accepted >= held.len() as u64, "{counters:?}");
    let full = async {
        while let Some(note) = tracker.note().await {
            if matches!(note, TrackerNote::TurnedAway { from, why: Fault::Full } if from.ip() == FOE) {
                return true;
            }
        }
        false
    };
    assert!(full.await, "it is noted");
}

/// What is no frame, or too long for one: each ends its own connection and is named.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_oversized_prefixes_end_their_connections_and_no_others() {
    let tracker = tracker().await;
    let mut seeder = Peer::start(&[tracker.local_addr()]).await;
    let bytes = data(2 << 20);
    let seed = seeder.seed(&bytes, true).await;
    let oversized =
        |len: u32, kind: u16| [&len.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 6], &[0x77; 64]].concat();
    let mut salvos: Vec<Vec<u8>> = vec![
        vec![0xff; 4_096],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on".to_vec(),
        [hello(), vec![0xff; 4_096]].concat(),
        [hello(), oversized(limits::MAX_UNKNOWN + 1, 9_999)].concat(),
        [hello(), codec::data_header(1, 4).to_vec(), vec![0; 4]].concat(),
    ];
    // Each kind of frame, longer than any may be.
    salvos.extend((0..256).map(|kind| oversized(u32::MAX, kind)));
    for addr in [seeder.node.local_addr(), tracker.local_addr()] {
        for salvo in &salvos {
            let mut connection = strike(addr).await.unwrap();
            connection.write_all(salvo).await.unwrap();
            let mut answer = Vec::new();
            let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
            end.expect("it is closed").ok();
            assert!(answer.len() < 100, "a word of hello at most: {answer:?}");
        }
    }
    let turned_away = turned_away(&mut seeder, salvos.len()).await;
    let deserved = |why: &Fault| matches!(why, Fault::Malformed(_) | Fault::NoHello);
    assert!(turned_away.iter().all(|(from, why)| from.ip() == FOE && deserved(why)), "{turned_away:?}");
    download(&tracker, seed.file_hash(), &bytes).await;
}

/// Slowloris, and those who say nothing at all. (Time is simulated: it jumps to the next deadline.)
#[tokio::test(start_paused = true)]
async fn whoever_dribbles_or_is_silent_is_closed_when_hello_is_due() {
    let mut seeder = Peer::start(&[]).await;
    seeder.seed(&data(1 << 20), false).await;
    let begun = tokio::time::Instant::now();
    let mut connections = Vec::new();
    for n in 0..20 {
        let mut connection = strike(seeder.node.local_addr()).await.unwrap();
        // All of Hello but its last byte, one after the other; or the first few; or none.
        let hello = hello();
        let bytes = [hello.len() - 1, 5, 0][n % 3];
        for byte in &hello[..bytes] {
            connection.write_all(&[*byte]).await.unwrap();
        }
        connections.push(connection);
    }
    for mut connection in connections {
        let mut answer = Vec::new();
        let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
        assert!(end.is_ok() && answer.is_empty());
    }
    assert!(begun.elapsed() >= limits::HELLO_TIMEOUT, "not before");
    let turned_away = turned_away(&mut seeder, 20).await;
    assert!(turned_away.iter().all(|(from, why)| from.ip() == FOE && *why == Fault::NoHello));
}

/// A peer that asks for all it can get and reads nothing has one slot while others wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_reads_starves_nobody() {
    let tracker = tracker().await;
    let trackers = vec![tracker.local_addr().to_string()];
    let seeder_config = seeder::Config { limit_up: 16 << 20, ..Default::default() };
    let config = node::Config { seeder: seeder_config, ..Default::default() };
    let options = NodeOptions { listen: loopback(), trackers, config, entropy: next() };
    let (node, reports) = NodeHandle::start(Tokio, options).await.unwrap();
    let mut seeder = Peer { node, reports, folder: tempfile::tempdir().unwrap(), notes: Vec::new() };
    let bytes = data(8 << 20);
    let seed = seeder.seed(&bytes, true).await;
    let mut peer = Peer::start(&[tracker.local_addr()]).await;
    let config = Config { stall_timeout: PATIENCE / 2, ..Config::default() };
    peer.get(Order { config, ..order(seed.file_hash(), peer.path("copy")) });
    let begun = |report| {
        let Report::Note(Note::Download { note, .. }) = report else { return None };
        matches!(note, samara::downloader::Note::Verified { .. }).then_some(())
    };
    peer.until(begun).await;

    let key = SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() };
    let mut foes = Vec::new();
    for _ in 0..16 {
        let mut foe = strike(seeder.node.local_addr()).await.unwrap();
        let mut greed = [hello(), frame(1, &Message::Test(key))].concat();
        for request in 2..40 {
            let any_of = vec![request % seed.chunks()];
            greed.extend(frame(request, &Message::Fetch(Fetch { t: 1, any_of })));
        }
        foe.write_all(&greed).await.unwrap();
        foes.push(foe);
    }
    assert!(fs::read(peer.done().await).unwrap() == bytes);
    let honest = peer.notes.iter().filter(|note| matches!(note, samara::downloader::Note::Lost { .. }));
    assert_eq!(honest.count(), 0, "its connection was never ended");
    drop(foes);
}
