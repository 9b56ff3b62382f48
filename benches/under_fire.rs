//! How much longer an honest download takes while its seeder and its tracker are under fire: `cargo bench -p samara-cli
//! --bench under_fire`, on Linux, whose loopback has addresses enough for attackers of other networks.
//!
//! Real processes on this machine, a limit of 50 MiB/s as of a line of 500 Mbit/s, and attackers that go at it as fast as
//! two threads can: 10,000 connections from one source and then more, half-open ones, Hello byte by byte, garbage,
//! oversized prefixes, and peers that ask for everything and read nothing. It is to be no more than 1.25 times.

#![expect(clippy::unwrap_used, reason = "a bench may stop here")]
#![expect(clippy::disallowed_methods, reason = "this one measures time")]
#![expect(clippy::print_stdout, reason = "to say what it measured")]

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use samara::wire::message::{Fetch, Hello, SeedKey, VERSION};
use samara::wire::{Message, codec};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// The file's size in bytes.
const LENGTH: usize = 256 << 20;
/// Downloads of each kind, in turn.
const ROUNDS: usize = 3;
/// What is allowed.
const MOST: f64 = 1.25;
/// Connections that an attacker holds at once, of each kind and to each victim.
const HELD: usize = 1_000;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let random = samara_sim::file::random(LENGTH, 1);
    fs::write(folder.path().join("f"), &random).unwrap();
    drop(random);
    let (_tracker, tracker) = start(folder.path(), &["tracker", "--listen", "127.0.0.1:0"], "listening");
    let tracker = text(&tracker, "addr");
    let seed = ["seed", "f", "--tracker", &tracker, "--listen", "127.0.0.1:0"];
    let (mut seeder, listening) = start(folder.path(), &seed, "listening");
    let seeding = seeder.event("seeding");
    let (node, hash) = (text(&listening, "addr"), text(&seeding, "file_hash"));
    let key =
        SeedKey { file_hash: hash.parse().unwrap(), seed_id: text(&seeding, "seed_id").parse().unwrap() };
    let victims = [node, tracker.clone()].map(|addr| addr.parse().unwrap());

    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(download(folder.path(), &hash, &tracker));
        let fire = Fire::open(victims, key);
        beside.push(download(folder.path(), &hash, &tracker));
        println!(
            "alone {:.2?}, under fire {:.2?}: {}",
            alone.last().unwrap(),
            beside.last().unwrap(),
            fire.cease()
        );
    }
    let ratio = median(beside).as_secs_f64() / median(alone).as_secs_f64();
    println!("under fire it takes {ratio:.3} times as long; {MOST} are allowed");
    if ratio <= MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long a download takes.
fn download(folder: &Path, hash: &str, tracker: &str) -> Duration {
    let begun = Instant::now();
    let get = ["get", hash, "--tracker", tracker, "-o", "copy", "--limit", "50MiB/s"];
    let (_get, done) = start(folder, &get, "done");
    let took = begun.elapsed();
    assert_eq!(text(&done, "file_hash"), hash);
    fs::remove_file(folder.join("copy")).unwrap();
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A process of `samara` that ends with this value.
struct Process {
    child: Child,
    lines: io::Lines<BufReader<std::process::ChildStdout>>,
}

/// Starts one, and waits for an event.
fn start(folder: &Path, args: &[&str], event: &str) -> (Process, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samara"));
    command.args(args).arg("--json").current_dir(folder).env("HOME", folder).env("XDG_DATA_HOME", folder);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut process = Process { child, lines };
    let event = process.event(event);
    (process, event)
}

impl Process {
    /// The next event of this kind.
    fn event(&mut self, kind: &str) -> Value {
        let mut events =
            self.lines.by_ref().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        events.find(|event| event["event"] == kind).unwrap_or_else(|| panic!("it ended without {kind}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn text(event: &Value, field: &str) -> String {
    event[field].as_str().unwrap().to_owned()
}

/// Attackers at work.
struct Fire {
    runtime: Runtime,
    shots: Arc<AtomicU64>,
}

/// What an attacker does with a connection.
#[derive(Clone, Copy)]
enum Way {
    /// Nothing.
    HalfOpen,
    /// It says what is no frame, or too long for one.
    Garbage,
    /// It says Hello, a byte each tenth of a second.
    Dribble,
    /// It asks for chunk after chunk and reads none.
    Greed,
}

impl Fire {
    fn open(victims: [SocketAddr; 2], key: SeedKey) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let shots = Arc::<AtomicU64>::default();
        for victim in victims {
            for (net, way) in (1..).zip([Way::HalfOpen, Way::Garbage, Way::Dribble, Way::Greed]) {
                // Each kind has a network of its own.
                let from = Ipv4Addr::new(127, 66, net, 6);
                runtime.spawn(attack(way, from, victim, key, Arc::clone(&shots)));
            }
        }
        while shots.load(Ordering::Relaxed) < 10_000 {
            std::thread::yield_now();
        }
        Self { runtime, shots }
    }

    /// Ends it, and says how much there was.
    fn cease(self) -> String {
        self.runtime.shutdown_background();
        format!("{} connections", self.shots.load(Ordering::Relaxed))
    }
}

/// Opens connections for ever, and holds the last ones.
async fn attack(way: Way, from: Ipv4Addr, victim: SocketAddr, key: SeedKey, shots: Arc<AtomicU64>) {
    let mut held = VecDeque::new();
    loop {
        match strike(from, victim).await {
            Ok(stream) => {
                shots.fetch_add(1, Ordering::Relaxed);
                held.push_back(tokio::spawn(use_up(way, stream, key)));
            }
            // No port or descriptor is free: some will be.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        if held.len() > HELD
            && let Some(oldest) = held.pop_front()
        {
            oldest.abort();
        }
    }
}

async fn strike(from: Ipv4Addr, victim: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(victim).await
}

async fn use_up(way: Way, mut stream: TcpStream, key: SeedKey) -> io::Result<()> {
    let frame = |request, message: &Message| {
        let mut out = Vec::new();
        codec::encode(request, message, &mut out);
        out
    };
    let hello = frame(0, &Message::Hello(Hello { version: VERSION, features: 0, node: 66 }));
    match way {
        Way::HalfOpen => {}
        Way::Garbage => stream.write_all(&[0xff; 4_096]).await?,
        Way::Dribble => {
            for byte in hello {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Way::Greed => {
            stream.write_all(&hello).await?;
            stream.write_all(&frame(1, &Message::Test(key))).await?;
            for request in 2..500 {
                let any_of = vec![request % 512, (request + 100) % 512];
                stream.write_all(&frame(request, &Message::Fetch(Fetch { t: 1, any_of }))).await?;
            }
        }
    }
    std::future::pending().await
}
