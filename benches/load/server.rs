//! A server in a process of its own, whose processor time can be read.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Such a process; it ends when this is dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    child: Child,
}

impl Server {
    /// A tracker without limits whose leases don't end.
    pub(crate) fn tracker() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samara"));
        command.args(["tracker", "--listen", "127.0.0.1:0", "--ttl", "1h", "--json"]);
        for limit in ["entries-per-source", "requests", "connections", "connections-per-source"] {
            command.args([format!("--max-{limit}"), "0".to_owned()]);
        }
        Self::start(command)
    }

    /// An echo server for these sizes.
    pub(crate) fn echo(request: usize, answer: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["echo", &request.to_string(), &answer.to_string()]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // An address, alone or at the end of a JSON line.
        let addr = line.trim().trim_end_matches(['"', '}']).rsplit('"').next().unwrap().parse().unwrap();
        Self { addr, child }
    }

    /// The processor time that it has used (Linux).
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        let ticks = |field: usize| after_name.split_whitespace().nth(field).unwrap().parse::<u64>().unwrap();
        // In hundredths of a second.
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    /// The memory that it uses, in bytes (Linux).
    pub(crate) fn memory(&self) -> u64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        4_096 * pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
