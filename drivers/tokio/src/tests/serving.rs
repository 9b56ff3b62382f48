//! Chunks, from one file to another machine's hands.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use samara::hash::{ChunkHash, Hashed, Sha2};
use samara::node::{Action, Endpoint, Event};
use samara::seed::Step;
use samara::seeder::{FileId, Served};
use samara::store::Identity;
use samara::wire::session::Fault;
use samara::wire::{Decoded, Frame, Message, codec};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::world::World::{Edited, Plain, Shrinking};
use super::{DIALLED, Peer, silent};
use crate::Tokio;
use crate::env::Env;

fn data(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 1_009) as u8).collect()
}

fn identity(path: &Path) -> Identity {
    crate::files::identity(path).unwrap()
}

/// Welcomes every chunk.
fn welcoming(event: &Event) -> Vec<Action> {
    match event {
        Event::Message { link, request, message: Message::Chunk { index, len } } => {
            let start = ChunkHash::INITIAL;
            let step = Step { index: *index, start, end: start, len: *len, last: None };
            vec![Action::Receive { link: *link, request: *request, step }]
        }
        Event::Malformed { link, error } => {
            vec![Action::Close { link: *link, fault: Fault::Malformed(*error) }]
        }
        _ => Vec::new(),
    }
}

/// A server of a file with these bytes, and a client that is connected to it.
struct Pair<E: Env> {
    server: Peer<E>,
    client: Peer<E>,
    link: samara::Link,
    folder: tempfile::TempDir,
}

impl<E: Env> Pair<E> {
    async fn new(env: E, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), bytes).unwrap();
        let mut server = Peer::start(env.clone(), silent).await;
        server.share(1, &folder.path().join("f"));
        let client = Peer::start(env, welcoming).await;
        client.act([Action::Dial { link: DIALLED, to: Endpoint::Peer(server.addr) }]);
        let link = server.wait_accepted().await;
        Self { server, client, link, folder }
    }

    fn serve(&self, request: u32, range: Range<u64>) -> Action {
        let identity = Some(identity(&self.folder.path().join("f")));
        Action::Serve { link: self.link, request, file: FileId(1), identity, index: request, range }
    }

    async fn outcome(&mut self, wanted: u32) -> Served {
        let pick = |event| match event {
            Event::Served { request, outcome, .. } if request == wanted => Some(outcome),
            _ => None,
        };
        self.server.wait(pick).await
    }

    async fn chunk(&mut self) -> (u32, Hashed) {
        let pick = |event| {
            if let Event::Chunk { request, hashed, .. } = event { Some((request, hashed)) } else { None }
        };
        self.client.wait(pick).await
    }
}

async fn every_range_arrives_as_it_is(env: impl Env) {
    let bytes = data((1 << 20) + 777);
    let mut pair = Pair::new(env, &bytes).await;
    let lens = [1, 63, 4_095, 4_096, 4_097, 256 << 10, (256 << 10) + 4_096, (256 << 10) + 4_097, 1 << 20];
    for (request, len) in (1..).zip(lens) {
        let range = 777..777 + len;
        pair.server.act([pair.serve(request, range.clone())]);
        let (of, hashed) = pair.chunk().await;
        assert_eq!(of, request);
        let there = Bytes::copy_from_slice(&bytes[range.start as usize..range.end as usize]);
        assert!(hashed == Hashed::new::<Sha2>(ChunkHash::INITIAL, None, there), "{len} bytes");
        assert_eq!(pair.outcome(request).await, Served::Whole);
    }
    let sent = pair.server.driver.meters.sent.load(Relaxed);
    assert_eq!(sent, lens.iter().sum::<u64>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_range_arrives_as_it_is_by_sendfile() {
    every_range_arrives_as_it_is(Tokio).await;
}

#[tokio::test]
async fn every_range_arrives_as_it_is_through_buffers() {
    every_range_arrives_as_it_is(Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_chunks_of_one_link_all_arrive_and_small_messages_go_between() {
    let bytes = data(12 << 20);
    let mut pair = Pair::new(Tokio, &bytes).await;
    let link = pair.link;
    pair.server.act([1, 2, 3].map(|request| pair.serve(request, 0..12 << 20)));
    pair.client.wait(|event| matches!(event, Event::Message { request: 1, .. }).then_some(())).await;
    pair.server.act([Action::Send { link, request: 9, message: Message::Gained(vec![4]) }]);
    let mut order = Vec::new();
    while order.len() < 4 {
        let seen = |event| match event {
            Event::Message { request: 9, .. } => Some(9),
            Event::Chunk { request, hashed, .. } => {
                assert!(hashed.bytes() == &bytes);
                Some(request)
            }
            _ => None,
        };
        order.push(pair.client.wait(seen).await);
    }
    assert!(
        order.iter().position(|seen| *seen == 9) < Some(3),
        "a small message waited for all chunks: {order:?}"
    );
    order.retain(|seen| *seen != 9);
    order.sort_unstable();
    assert_eq!(order, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_chunk_at_a_frames_end_and_the_link_goes_on() {
    // Nobody reads at first, so that the first chunk can't get through before it is stopped.
    let bytes = data(16 << 20);
    let mut pair = Pair::new(Tokio, &bytes).await;
    let mut stream = TcpStream::connect(pair.server.addr).await.unwrap();
    pair.link = pair.server.wait_accepted().await;
    let (first, second) = (pair.serve(1, 0..16 << 20), pair.serve(2, 0..100));
    pair.server.act([first, second]);
    stream.readable().await.unwrap();
    let stop = |request| Action::Stop { link: pair.link, request };
    pair.server.act([stop(1), stop(2), stop(77)]);
    let reading = tokio::spawn(async move {
        let mut there = Vec::new();
        stream.read_to_end(&mut there).await.unwrap();
        there
    });
    assert_eq!(pair.outcome(1).await, Served::Stopped);
    assert_eq!(pair.outcome(2).await, Served::Stopped);
    pair.server.act([pair.serve(3, 5..105)]);
    assert_eq!(pair.outcome(3).await, Served::Whole);
    pair.server.act([Action::Close { link: pair.link, fault: Fault::Finished }]);

    let there = reading.await.unwrap();
    let (mut rest, mut of) = (&there[..], [0; 4]);
    while let Ok(Decoded::Frame { frame, used }) = codec::decode(rest) {
        let Frame::Data { request, len } = frame else {
            rest = &rest[used..];
            continue;
        };
        of[request as usize] += len as usize;
        rest = &rest[used + len as usize..];
    }
    assert!(rest.is_empty() && (1..16 << 20).contains(&of[1]), "{of:?}, and {} bytes", rest.len());
    assert_eq!(of[2..], [0, 100]);
}

#[tokio::test]
async fn a_file_that_changed_is_never_sent_whole() {
    let bytes = data(1 << 20);
    let mut pair = Pair::new(Plain, &bytes).await;
    let stale = pair.serve(1, 0..1 << 20);
    let path = pair.folder.path().join("f");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
    pair.server.act([stale]);
    assert_eq!(pair.outcome(1).await, Served::Changed { sent: false });
    assert_eq!(pair.server.driver.meters.sent.load(Relaxed), 0);
    let too_long = pair.serve(2, 0..(1 << 20) + 1);
    pair.server.act([too_long]);
    assert_eq!(pair.outcome(2).await, Served::Changed { sent: false });
    std::fs::remove_file(&path).unwrap();
    let file = FileId(1);
    let action = |request, file| Action::Serve {
        link: pair.link,
        request,
        file,
        identity: None,
        index: 0,
        range: 0..1,
    };
    pair.server.act([action(3, file), action(4, FileId(99))]);
    assert_eq!(pair.outcome(3).await, Served::Changed { sent: false });
    assert_eq!(pair.outcome(4).await, Served::Changed { sent: false });
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_breaks_neither_the_link_nor_trust() {
    for world in [Shrinking { sendfile: true }, Shrinking { sendfile: false }, Edited] {
        let bytes = data(1 << 20);
        let mut pair = Pair::new(world, &bytes).await;
        pair.server.act([pair.serve(1, 0..1 << 20)]);
        assert_eq!(pair.outcome(1).await, Served::Changed { sent: false });
        pair.server.act([pair.serve(2, 10..90)]);
        let (request, hashed) = pair.chunk().await;
        assert_eq!((request, hashed.bytes().as_ref()), (2, &bytes[10..90]));
    }
}
