//! Recordings and their replay.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::cast_possible_truncation, reason = "small numbers")]

mod forms;
mod hostile;
mod recordings;
mod tampering;

use std::io::{self, Cursor};

use samara::record::Data;
use samara_sim::file;
use samara_sim::replay::{Error, FileData, Replayed, replay};

/// What `tests/cli/record.rs` recorded: a `get`, its seeder and its tracker, real processes over loopback.
const GET: &str = include_str!("../recordings/get.ndjson");
const SEED: &str = include_str!("../recordings/seed.ndjson");
const TRACKER: &str = include_str!("../recordings/tracker.ndjson");

/// The file that was downloaded: four chunks and a short one.
fn data() -> Vec<u8> {
    file::random((1 << 20) + 100, 1)
}

fn memory(bytes: Vec<u8>) -> Option<Box<dyn Data>> {
    Some(Box::new(FileData(Cursor::new(bytes))))
}

/// Replays, and drops what is told.
fn run(recording: &str, data: Option<Box<dyn Data>>) -> Result<Replayed, Error> {
    replay(recording.as_bytes(), data, |_| Ok(()))
}

/// Replays, and gives what is told.
fn told(recording: &str) -> String {
    let mut text = String::new();
    let end = replay(recording.as_bytes(), memory(data()), |turn| {
        text += &format!("{}\n", turn.event);
        turn.actions.iter().for_each(|action| text += &format!("  -> {action}\n"));
        io::Result::Ok(())
    });
    end.unwrap();
    text
}
