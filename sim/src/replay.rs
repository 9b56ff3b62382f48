//! A recording of a real machine, run once more through the core: the same events at the same times have to give the
//! same actions.
//!
//! Chunks are hashed again from the file that was downloaded; a recording has only their digests
//! ([`samara::record`]). Whatever a recording says is untrusted: it ends in an [`Error`], not in a panic.

mod command;
mod data;
mod lines;
mod text;

use std::fmt;
use std::io::{self, BufRead};

use samara::node::Node;
use samara::record::{self, Data, FromRecord, RestoreError, Restorer, Signed, Start};
use samara::tracker::Tracker;
use samara::{Machine, Time};

pub use command::command;
pub use data::FileData;
use lines::Lines;
use text::Readable;

/// An event and what the machine did about it, this time.
#[derive(Clone, Debug)]
pub struct Turn {
    /// On which line of the recording it is, counted from 1.
    pub line: u64,
    /// When it happened.
    pub at: Time,
    /// What happened, in a few words.
    pub event: String,
    /// What the machine did, in a few words each.
    pub actions: Vec<String>,
}

/// A replay that came to the recording's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were run.
    pub events: u64,
    /// Actions that followed: the same as recorded.
    pub actions: u64,
    /// Bytes of a last line that was not written to its end, and is left out.
    pub torn: usize,
}

/// The first action that isn't as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// On which line of the recording.
    pub line: u64,
    /// When it happened.
    pub at: Time,
    /// The event, in a few words.
    pub event: String,
    /// Which of the actions that follow from it, from 1.
    pub action: usize,
    /// Its recorded signature; none if there were no more.
    pub expected: Option<String>,
    /// Its signature this time and the action in a few words; none if there were no more.
    pub got: Option<String>,
}

/// Why a replay ended before the recording did.
#[derive(Debug)]
pub enum Error {
    /// The machine did something else than recorded.
    Differs(Box<Difference>),
    /// The recording, or the data, can't be used: on which line, and why.
    Unusable(u64, Unusable),
    /// Reading the recording failed.
    Read(io::Error),
    /// Whoever was to be told failed.
    Tell(io::Error),
}

/// What is wrong with a line of a recording.
#[derive(Debug)]
pub enum Unusable {
    /// It is no recording.
    NoRecording,
    /// Another version of samara wrote it, with this version of the layout.
    Version(u32),
    /// It is longer than any line that samara writes.
    TooLong,
    /// It isn't as samara writes it.
    Malformed(serde_json::Error),
    /// No event can be made of it.
    Event(RestoreError),
}

/// Runs a recording. `data` is the file that was downloaded, which is needed if chunks came; `tell` gets each turn.
///
/// # Errors
/// See [`Error`].
pub fn replay(
    recording: impl BufRead,
    data: Option<Box<dyn Data>>,
    tell: impl FnMut(&Turn) -> io::Result<()>,
) -> Result<Replayed, Error> {
    let mut lines = Lines::new(recording);
    let Start { at, entropy, machine, .. } = lines.start()?;
    let restorer = Restorer::new(data);
    match machine {
        record::Machine::Tracker(config) => run(Tracker::new(config, entropy, at), lines, restorer, tell),
        record::Machine::Node(config) => run(Node::new(config, entropy, at), lines, restorer, tell),
    }
}

/// The loop, for either machine.
fn run<M>(
    mut machine: M,
    mut lines: Lines<impl BufRead>,
    mut restorer: Restorer,
    mut tell: impl FnMut(&Turn) -> io::Result<()>,
) -> Result<Replayed, Error>
where
    M: Machine<Event: FromRecord + Readable, Action: Signed + Readable>,
{
    let mut replayed = Replayed::default();
    while let Some(entry) = lines.entry()? {
        let line = lines.number();
        let event = M::Event::from_record(entry.event, &mut restorer)
            .map_err(|error| Error::Unusable(line, Unusable::Event(error)))?;
        let mut turn = Turn { line, at: entry.at, event: event.readable(), actions: Vec::new() };
        machine.handle(entry.at, event);
        let mut signatures = Vec::new();
        while let Some(action) = machine.poll() {
            signatures.push(action.sign(&mut restorer.awaited));
            turn.actions.push(action.readable());
        }
        tell(&turn).map_err(Error::Tell)?;
        if let Some(difference) = difference(&turn, &entry.actions, &signatures) {
            return Err(Error::Differs(Box::new(difference)));
        }
        replayed.events += 1;
        replayed.actions += signatures.len() as u64;
    }
    replayed.torn = lines.torn();
    Ok(replayed)
}

fn difference(turn: &Turn, expected: &[String], got: &[String]) -> Option<Difference> {
    let at = (0..expected.len().max(got.len())).find(|at| expected.get(*at) != got.get(*at))?;
    let words =
        |signature: &String| format!("{signature}: {}", turn.actions.get(at).map_or("", String::as_str));
    Some(Difference {
        line: turn.line,
        at: turn.at,
        event: turn.event.clone(),
        action: at + 1,
        expected: expected.get(at).cloned(),
        got: got.get(at).map(words),
    })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |action: &Option<String>| action.clone().unwrap_or_else(|| "nothing more".to_owned());
        writeln!(
            f,
            "line {}, at {}: after '{}', action {} differs",
            self.line, self.at, self.event, self.action
        )?;
        writeln!(f, "  expected {}", or_none(&self.expected))?;
        write!(f, "  got      {}", or_none(&self.got))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(difference) => difference.fmt(f),
            Self::Unusable(line, why) => write!(f, "line {line}: {why}"),
            Self::Read(error) => write!(f, "the recording cannot be read: {error}"),
            Self::Tell(error) => write!(f, "the replay cannot be printed: {error}"),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecording => f.write_str("this is no recording of samara"),
            Self::Version(version) => {
                write!(f, "the recording has version {version}, and only {} is known", record::VERSION)
            }
            Self::TooLong => write!(f, "a line has at most {} bytes", record::MAX_LINE),
            Self::Malformed(error) => write!(f, "the recording is damaged: {error}"),
            Self::Event(error @ RestoreError::NoData) => write!(f, "{error} (--data PATH)"),
            Self::Event(error @ (RestoreError::Unreadable { .. } | RestoreError::OtherBytes { .. })) => {
                write!(f, "{error}: --data takes the one that was downloaded")
            }
            Self::Event(
                error @ (RestoreError::Foreign
                | RestoreError::Frame
                | RestoreError::Seed(_)
                | RestoreError::Text
                | RestoreError::NotAwaited { .. }),
            ) => write!(f, "the recording is damaged: {error}"),
        }
    }
}

impl std::error::Error for Error {}
