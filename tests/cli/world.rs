//! A folder with files of its own, and processes of `samara` that end with the test.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// How long anything may take; only a failing test waits so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// The bytes of a canonical chunk of a small file.
pub(crate) const CHUNK: usize = 256 << 10;

/// A user's machine: a home, a current folder.
pub(crate) struct World {
    folder: TempDir,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in the current folder.
    pub(crate) fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of bytes that look random; equal salts give equal bytes.
    pub(crate) fn file(&self, name: &str, length: usize, salt: u64) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes(length, salt)).unwrap();
        path
    }

    /// `samara`, with nothing of the real user around it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.wrapped(env!("CARGO_BIN_EXE_samara"), args)
    }

    /// Another program that may run `samara`.
    pub(crate) fn wrapped(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        let bin = Path::new(env!("CARGO_BIN_EXE_samara")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        command.args(args).current_dir(self.folder.path()).env_clear();
        command.env("PATH", path).env("HOME", self.at("home")).env("XDG_DATA_HOME", self.at("home/data"));
        command
    }

    /// Runs `samara` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        finish(self.command(args))
    }

    /// Runs `samara`, which has to end with `code`.
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Ended {
        let ended = self.run(args);
        assert_eq!(ended.code, code, "samara {args:?}: {ended:#?}");
        ended
    }

    /// Starts `samara`.
    pub(crate) fn spawn(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// A tracker at a free port, with further options.
    pub(crate) fn tracker(&self, options: &[&str]) -> Service {
        self.service(&[&["tracker", "--listen", "127.0.0.1:0", "--json"], options].concat())
    }

    /// A seeder of one file, as soon as the tracker knows it.
    pub(crate) fn seeder(&self, tracker: &Service, file: &Path, options: &[&str]) -> Seeder {
        let file = file.to_str().unwrap();
        let fixed = ["seed", file, "--tracker", &tracker.addr, "--listen", "127.0.0.1:0", "--json"];
        let mut service = self.service(&[&fixed, options].concat());
        let seeding = service.running.event("seeding");
        Seeder { service, link: text(&seeding, "link"), hash: text(&seeding, "file_hash"), seeding }
    }

    /// A process that listens.
    pub(crate) fn service(&self, args: &[&str]) -> Service {
        let mut running = self.spawn(args);
        let addr = text(&running.event("listening"), "addr");
        Service { running, addr }
    }
}

/// A process and where it listens.
pub(crate) struct Service {
    pub(crate) running: Running,
    pub(crate) addr: String,
}

/// A process that seeds one file.
pub(crate) struct Seeder {
    pub(crate) service: Service,
    pub(crate) link: String,
    pub(crate) hash: String,
    pub(crate) seeding: Value,
}

/// Runs any command to its end.
pub(crate) fn finish(command: Command) -> Ended {
    let output = assert_cmd::Command::from_std(command).timeout(LIMIT).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// Every line of stdout, each a JSON object.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The last event of this kind.
    pub(crate) fn event(&self, kind: &str) -> Value {
        let found = self.objects().into_iter().rfind(|object| object["event"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}: {self:#?}"))
    }
}

/// A process under way, killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Option<thread::JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut errors = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            let _ended = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, lines, seen: Vec::new(), stderr: Some(stderr) }
    }

    /// The next line of stdout; none at its end.
    pub(crate) fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(LIMIT) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more came after {:#?}", self.seen),
        }
    }

    /// The next event of this kind.
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.event_that(kind, |_| true)
    }

    /// The next event of this kind for which `fits` holds.
    pub(crate) fn event_that(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            let Some(line) = self.line() else {
                let seen = std::mem::take(&mut self.seen);
                panic!("it ended without '{kind}': {seen:#?}\n{}", self.errors());
            };
            let object: Value = serde_json::from_str(&line).expect(&line);
            if object["event"] == kind && fits(&object) {
                return object;
            }
        }
        panic!("no such '{kind}': {:#?}", self.seen);
    }

    /// Sends a signal, such as `INT`.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Ended {
        while self.line().is_some() {}
        let status = self.child.wait().unwrap();
        let stdout = self.seen.iter().map(|line| format!("{line}\n")).collect();
        Ended { code: status.code().unwrap_or(-1), stdout, stderr: self.errors() }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn errors(&mut self) -> String {
        self.stderr.take().map_or_else(String::new, |thread| thread.join().unwrap_or_default())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Bytes that look random.
pub(crate) fn bytes(length: usize, salt: u64) -> Vec<u8> {
    let mut state = salt.wrapping_mul(2).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// What `sha256sum` prints.
pub(crate) fn sha256(path: &Path) -> String {
    Sha256::digest(fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A string of an object.
pub(crate) fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_else(|| panic!("no {field} in {object}")).to_owned()
}

/// A number of an object.
pub(crate) fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("no {field} in {object}"))
}

/// Flips the first byte of every chunk under an unchanged size and time.
pub(crate) fn rot(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes.iter_mut().step_by(CHUNK).for_each(|byte| *byte ^= 1);
    let mut file = File::options().write(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    file.set_modified(modified).unwrap();
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Repeats `attempt` until it gives something.
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if let Some(found) = attempt() {
            return found;
        }
    }
    panic!("it did not happen: {what}");
}
