//! `samara-sim replay`: what its user sees.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Write};
use std::path::Path;

use samara::record::Data;
use serde_json::json;

use super::{Error, FileData, Replayed, Turn, replay};

/// Exit codes.
const SAME: u8 = 0;
const DIFFERS: u8 = 1;
const UNUSABLE: u8 = 2;

/// Replays the recording in `file`, with the downloaded file at `data` if chunks came. Each event and each action
/// goes to `out` on a line of its own (with `json`, each event with its actions as one object), then the result;
/// what is wrong with the recording or the data goes to `errors`.
///
/// Gives the code to exit with: 0 if every action is the same as recorded, 1 at the first that isn't, 2 if the
/// recording or the data can't be used.
pub fn command(
    file: &Path,
    data: Option<&Path>,
    json: bool,
    out: &mut dyn Write,
    errors: &mut dyn Write,
) -> u8 {
    let code = match open(file, data) {
        Ok((recording, data)) => {
            let result = replay(recording, data, |turn| tell(turn, json, out));
            conclude(result, json, out, errors)
        }
        Err(message) => writeln!(errors, "error: {message}").map(|()| UNUSABLE),
    };
    code.unwrap_or(UNUSABLE)
}

type Opened = (BufReader<File>, Option<Box<dyn Data>>);

fn open(file: &Path, data: Option<&Path>) -> Result<Opened, String> {
    let unreadable = |path: &Path, error: io::Error| format!("cannot read {}: {error}", path.display());
    let recording = File::open(file).map_err(|error| unreadable(file, error))?;
    let data = data.map(|path| FileData::open(path).map_err(|error| unreadable(path, error))).transpose()?;
    Ok((BufReader::new(recording), data.map(|data| Box::new(data) as Box<dyn Data>)))
}

fn tell(turn: &Turn, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let Turn { line, at, event, actions } = turn;
    if json {
        let at = at.as_micros();
        return writeln!(out, "{}", json!({"line": line, "at": at, "event": event, "actions": actions}));
    }
    writeln!(out, "{at}  {event}")?;
    actions.iter().try_for_each(|action| writeln!(out, "{at}    -> {action}"))
}

fn conclude(
    result: Result<Replayed, Error>,
    json: bool,
    out: &mut dyn Write,
    errors: &mut dyn Write,
) -> io::Result<u8> {
    match result {
        Ok(Replayed { events, actions, torn }) => {
            if json {
                writeln!(
                    out,
                    "{}",
                    json!({"events": events, "actions": actions, "same": true, "torn": torn})
                )?;
                return Ok(SAME);
            }
            writeln!(out, "replayed {events} events, {actions} actions: the same as recorded")?;
            if torn > 0 {
                writeln!(
                    errors,
                    "note: the last line was not written to its end; its {torn} bytes are left out"
                )?;
            }
            Ok(SAME)
        }
        Err(Error::Differs(difference)) => {
            if json {
                let (line, at, action) = (difference.line, difference.at.as_micros(), difference.action);
                let (event, expected, got) = (&difference.event, &difference.expected, &difference.got);
                let told = json!({"line": line, "at": at, "event": event, "action": action, "expected": expected, "got": got});
                writeln!(out, "{}", json!({"same": false, "difference": told}))?;
            } else {
                writeln!(out, "{difference}")?;
            }
            Ok(DIFFERS)
        }
        // Whoever reads has seen enough.
        Err(Error::Tell(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(UNUSABLE),
        Err(error) => {
            writeln!(errors, "error: {error}")?;
            Ok(UNUSABLE)
        }
    }
}
