//! What a tracker process can do, in requests per second of its processor time, with a million entries.
//! `cargo bench -p samara-cli --bench tracker_load`
//!
//! 64 connections, each with 64 requests under way, then each with one; the latter beside an echo server that reads
//! and writes as many bytes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may stop and print")]

mod client;
mod echo;
#[path = "../tracker/keys.rs"]
mod keys;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Client, load};
use keys::{EACH, FILES, NODES, entries, query, update};
use samara::wire::Message;
use samara::wire::message::{Digest, UpdateSet, Updated};
use server::Server;

/// Connections that ask.
const CONNECTIONS: u16 = 64;
/// Requests under way on each, when they are many.
const DEEP: usize = 64;
/// How long each load lasts.
const SPAN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("echo") {
        let mut size = || args.next().unwrap().parse().unwrap();
        return echo::serve(size(), size()).await;
    }

    let tracker = Server::tracker();
    fill(tracker.addr).await;
    println!("{} entries, {} bytes of memory", NODES * EACH, tracker.memory());
    let ask = |_: u16, n: u32| query(n.wrapping_mul(2_654_435_761) % FILES);
    let clients = connect(tracker.addr).await;
    let (clients, sizes) = measure("query, 64 under way", &tracker, clients, DEEP, ask).await;
    let (_, _) = measure("query, one by one", &tracker, clients, 1, ask).await;
    echo("echo of the same sizes, one by one", sizes).await;

    // All have the same set.
    let mut clients = connect(tracker.addr).await;
    let mut digest = Digest::default();
    for client in &mut clients {
        digest = join(client, 0).await;
    }
    let same = move |port: u16, _: u32| update(port, digest, UpdateSet::Same, 2);
    let (clients, _) = measure("update, unchanged, 64 under way", &tracker, clients, DEEP, same).await;
    let (_, sizes) = measure("update, unchanged, one by one", &tracker, clients, 1, same).await;
    echo("echo of the same sizes, one by one", sizes).await;
}

/// Loads a server, and prints what it did per second of its processor time. Gives the sizes of request and answer.
async fn measure(
    what: &str,
    server: &Server,
    clients: Vec<Client>,
    depth: usize,
    ask: impl Fn(u16, u32) -> Message + Clone + Send + 'static,
) -> (Vec<Client>, (usize, usize)) {
    let before = server.cpu();
    let done = load(clients, depth, SPAN, ask).await;
    let cpu = server.cpu() - before;
    let (requests, request, answer) = (done.answers, done.sent / done.answers, done.received / done.answers);
    println!(
        "{what}: {:.0} per CPU second, {:.0} per second, requests of {request} bytes, answers of {answer}",
        requests as f64 / cpu.as_secs_f64(),
        requests as f64 / SPAN.as_secs_f64(),
    );
    (done.clients, (request, answer))
}

async fn echo(what: &str, (request, answer): (usize, usize)) {
    let server = Server::echo(request, answer);
    let mut clients = Vec::new();
    for port in 1..=CONNECTIONS {
        clients.push(Client::connect(server.addr, port).await);
    }
    let before = server.cpu();
    let answers = client::echo(clients, SPAN, request, answer).await;
    let cpu = server.cpu() - before;
    println!("{what}: {:.0} per CPU second", answers as f64 / cpu.as_secs_f64());
}

async fn connect(addr: SocketAddr) -> Vec<Client> {
    let mut clients = Vec::new();
    for port in 1..=CONNECTIONS {
        let mut client = Client::connect(addr, port).await;
        client.hello().await;
        clients.push(client);
    }
    clients
}

/// Announces a million entries, a connection for each node. Closing it ends nothing.
async fn fill(addr: SocketAddr) {
    for node in 0..NODES {
        let mut client = Client::connect(addr, u16::try_from(node + 100).unwrap()).await;
        client.hello().await;
        join(&mut client, node).await;
    }
}

async fn join(client: &mut Client, node: u32) -> Digest {
    let message = update(client.port, Digest::default(), UpdateSet::All(entries(node)), 1);
    let answer = client.ask(message).await;
    let Message::Updated(Updated { digest, resend: false, .. }) = answer else { panic!("{answer:?}") };
    digest
}
