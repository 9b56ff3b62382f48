//! Dialling, reading, writing and closing.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use samara::node::{Action, Endpoint, Event};
use samara::wire::message::{Gone, Rejection};
use samara::wire::session::Fault;
use samara::wire::{DecodeError, Decoded, Frame, Message, codec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::world::World;
use super::{DIALLED, PATIENCE, Peer, frame, hello, silent};
use crate::Tokio;
use crate::role::Input;

/// A seeder's answer to whatever comes, and `Close` for what is malformed.
fn answering(event: &Event) -> Vec<Action> {
    match event {
        Event::Message { link, request, message: Message::Leave } => {
            vec![Action::Send { link: *link, request: *request, message: Message::Published }]
        }
        Event::Malformed { link, error } => {
            vec![Action::Close { link: *link, fault: Fault::Malformed(*error) }]
        }
        _ => Vec::new(),
    }
}

/// Everything that `stream` gives until it ends.
async fn messages(stream: &mut TcpStream) -> Vec<(u32, Message)> {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    let (mut rest, mut messages) = (&bytes[..], Vec::new());
    while let Ok(Decoded::Frame { frame: Frame::Message { request, message }, used }) = codec::decode(rest) {
        messages.push((request, message));
        rest = &rest[used..];
    }
    assert!(rest.is_empty(), "{} bytes are left over", rest.len());
    messages
}

#[tokio::test]
async fn pipelined_requests_in_any_pieces_are_answered_in_order() {
    let mut peer = Peer::start(Tokio, answering).await;
    let mut stream = TcpStream::connect(peer.addr).await.unwrap();
    let link = peer.wait_accepted().await;
    let mut out = frame(0, &hello());
    (1..=500).for_each(|request| out.extend(frame(request, &Message::Leave)));
    for piece in out.chunks(777) {
        stream.write_all(piece).await.unwrap();
    }
    peer.wait(|event| matches!(event, Event::Message { request: 500, .. }).then_some(())).await;
    peer.act([Action::Close { link, fault: Fault::Finished }]);
    let answers = messages(&mut stream).await;
    assert!(answers.iter().map(|(request, _)| *request).eq(1..=500), "all that was sent before Close");
    assert_eq!(peer.wait_closed().await, link);
}

#[tokio::test]
async fn garbage_is_told_to_the_machine_and_the_connection_ends_once() {
    let mut peer = Peer::start(Tokio, answering).await;
    let mut stream = TcpStream::connect(peer.addr).await.unwrap();
    stream.write_all(&[0xff; 4096]).await.unwrap();
    let error =
        peer.wait(|event| if let Event::Malformed { error, .. } = event { Some(error) } else { None });
    assert!(matches!(error.await, DecodeError::Flags { .. } | DecodeError::TooLong { .. }));
    assert_eq!(messages(&mut stream).await, []);
    let link = peer.wait_closed().await;
    peer.driver.input(Input::Wake);
    let next = peer.wait(|event| if let Event::Wake = event { Some(None) } else { Some(Some(event)) }).await;
    assert!(next.is_none(), "{next:?} after {link:?} was closed");
}

#[tokio::test]
async fn data_that_nobody_asked_for_is_malformed() {
    let mut peer = Peer::start(Tokio, answering).await;
    let mut stream = TcpStream::connect(peer.addr).await.unwrap();
    stream.write_all(&codec::data_header(1, 100)).await.unwrap();
    peer.wait(|event| matches!(event, Event::Malformed { .. }).then_some(())).await;
    assert_eq!(messages(&mut stream).await, []);
}

#[tokio::test]
async fn who_does_not_fetch_answers_is_not_listened_to() {
    // Each answer is much longer than its request.
    let answer = |event: &Event| match event {
        Event::Message { link, request, .. } => {
            let message = Message::Gained((0..1_000).collect());
            vec![Action::Send { link: *link, request: *request, message }]
        }
        _ => Vec::new(),
    };
    let mut peer = Peer::start(Tokio, answer).await;
    let stream = TcpStream::connect(peer.addr).await.unwrap();
    let link = peer.wait_accepted().await;
    let (mut read, mut write) = stream.into_split();
    let all = 20_000;
    let sending = tokio::spawn(async move {
        let requests: Vec<u8> = (1..=all).flat_map(|request| frame(request, &Message::Leave)).collect();
        write.write_all(&requests).await.unwrap();
        write
    });
    // Answers fill the sockets' buffers, then the queue; only then do requests wait.
    let mut last = 0;
    while let Ok(event) =
        tokio::time::timeout(std::time::Duration::from_millis(300), peer.events.recv()).await
    {
        if let Some(Event::Message { request, .. }) = event {
            last = request;
        }
    }
    assert!(last < all, "80 MB of answers were queued for somebody who reads none");
    let mut waste = vec![0; 1 << 20];
    let reading = tokio::spawn(async move { while read.read(&mut waste).await.unwrap() > 0 {} });
    peer.wait(|event| matches!(event, Event::Message { request, .. } if request == all).then_some(())).await;
    peer.act([Action::Close { link, fault: Fault::Finished }]);
    drop(sending.await.unwrap());
    reading.await.unwrap();
}

#[tokio::test]
async fn both_ends_of_a_dialled_connection_hear_each_other() {
    let mut callee = Peer::start(Tokio, silent).await;
    let mut caller = Peer::start(Tokio, silent).await;
    caller.act([
        Action::Dial { link: DIALLED, to: Endpoint::Peer(callee.addr) },
        Action::Send { link: DIALLED, request: 0, message: hello() },
    ]);
    let peer =
        caller.wait(|event| if let Event::Opened { peer, .. } = event { Some(peer) } else { None }).await;
    assert_eq!(peer, callee.addr);
    let link = callee.wait_accepted().await;
    callee.wait(|event| matches!(event, Event::Message { .. }).then_some(())).await;
    let gone = Message::Rejected(Rejection::Gone(Gone::Changed));
    callee.act([Action::Send { link, request: 3, message: gone.clone() }]);
    let told = caller.wait(|event| match event {
        Event::Message { link: DIALLED, request: 3, message } => Some(message),
        _ => None,
    });
    assert_eq!(told.await, gone);
    caller.act([Action::Close { link: DIALLED, fault: Fault::Finished }]);
    assert_eq!((caller.wait_closed().await, callee.wait_closed().await), (DIALLED, link));
}

#[tokio::test]
async fn who_cannot_be_reached_is_closed_and_so_is_who_is_not_wanted_any_more() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut peer = Peer::start(Tokio, silent).await;
    peer.act([Action::Dial { link: DIALLED, to: Endpoint::Peer(free) }]);
    assert_eq!(peer.wait_closed().await, DIALLED);
    // Closed before the first attempt got anywhere: no `Opened`.
    peer.act([
        Action::Dial { link: DIALLED, to: Endpoint::Peer("192.0.2.1:9".parse().unwrap()) },
        Action::Close { link: DIALLED, fault: Fault::Finished },
    ]);
    assert_eq!(peer.wait_closed().await, DIALLED);
}

#[tokio::test]
async fn accepting_goes_on_when_file_descriptors_come_back() {
    let mut peer = Peer::start(World::Exhausted(Arc::new(AtomicU32::new(3))), silent).await;
    let _stream = TcpStream::connect(peer.addr).await.unwrap();
    peer.wait_accepted().await;
}

#[tokio::test]
async fn dropping_the_driver_ends_its_connections() {
    let mut peer = Peer::start(Tokio, silent).await;
    let mut stream = TcpStream::connect(peer.addr).await.unwrap();
    peer.wait_accepted().await;
    drop(peer);
    let end = tokio::time::timeout(PATIENCE, stream.read(&mut [0])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)));
}

#[tokio::test(start_paused = true)]
async fn the_machine_is_woken_at_its_deadline_and_not_before() {
    use crate::env::Env;
    use std::time::Duration;
    let mut peer = Peer::start(Tokio, silent).await;
    let (start, span) = (Tokio.now(), Duration::from_secs(30));
    peer.driver.turn(|state, now| state.machine.deadline = Some(now + span));
    peer.wait(|event| matches!(event, Event::Wake).then_some(())).await;
    let late = Tokio.now().since(start);
    assert!(late >= span && late < span + Duration::from_millis(10), "{late:?}");
}
