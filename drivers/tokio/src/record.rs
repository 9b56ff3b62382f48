//! Recordings: what happens to a machine, taken down for `samara-sim replay`.
//!
//! Entries are made under the machine's lock, in the order in which it sees the events, and written by a thread.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use samara::Time;
use samara::record::{Awaited, Entry, Machine, Signed, Start, ToRecord, VERSION};

/// Lines that wait to be written. If there are more, the machine waits for the disk: nothing is left out.
const WAITING: usize = 1_024;

/// Where to write a recording: see [`samara::record`].
///
/// When the machine ends, all that happened is written. What happened shortly before a crash may be missing.
pub struct Recording {
    lines: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Recording {
    /// Into a new file.
    ///
    /// # Errors
    /// It exists already, or can't be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::new(File::create_new(path)?)
    }

    /// Into anything. If writing fails there is a warning, and the machine runs on without being recorded.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn new(to: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, to_write) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("recording".to_owned()).spawn(move || {
            if let Err(error) = write(&to_write, BufWriter::new(to)) {
                tracing::warn!(%error, "the recording ends here: it can't be written");
            }
        })?;
        Ok(Self { lines: Some(lines), thread: Some(thread) })
    }

    fn line(&mut self, line: serde_json::Result<Vec<u8>>) {
        let Some(lines) = &self.lines else { return };
        let sent = line.is_ok_and(|mut line| {
            line.push(b'\n');
            lines.send(line).is_ok()
        });
        if !sent {
            // Entries after a gap would be of no use.
            self.lines = None;
        }
    }
}

impl Drop for Recording {
    /// Waits until everything is written.
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}

/// Writes lines, and sees that they are out whenever none waits.
fn write(lines: &Receiver<Vec<u8>>, mut to: impl Write) -> io::Result<()> {
    while let Ok(line) = lines.recv() {
        to.write_all(&line)?;
        while let Ok(line) = lines.try_recv() {
            to.write_all(&line)?;
        }
        to.flush()?;
    }
    Ok(())
}

/// Takes down what one machine sees and does.
pub(crate) struct Recorder {
    recording: Recording,
    awaited: Awaited,
    /// The event that the machine is dealing with.
    entry: Option<Entry>,
}

impl Recorder {
    /// For a machine that was made at `at`.
    pub(crate) fn start(mut recording: Recording, at: Time, entropy: u64, machine: Machine) -> Self {
        let start = Start { samara_recording: VERSION, at, entropy, machine };
        recording.line(serde_json::to_vec(&start));
        Self { recording, awaited: Awaited::default(), entry: None }
    }

    /// What happens next.
    pub(crate) fn event(&mut self, at: Time, event: &impl ToRecord) {
        let event = event.to_record(&mut self.awaited);
        self.entry = Some(Entry { at, event, actions: Vec::new() });
    }

    /// What the machine does about it.
    pub(crate) fn action(&mut self, action: &impl Signed) {
        let signature = action.sign(&mut self.awaited);
        if let Some(entry) = &mut self.entry {
            entry.actions.push(signature);
        }
    }

    /// That was all.
    pub(crate) fn write(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.recording.line(serde_json::to_vec(&entry));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use samara::node::{Action, Config, Event};

    use super::*;
    use crate::lock;

    /// A file in memory, with room for so many bytes.
    #[derive(Clone)]
    struct Memory(Arc<Mutex<Vec<u8>>>, usize);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut file = lock(&self.0);
            if file.len() + bytes.len() > self.1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Records `events` events; gives what was written by then.
    fn record(room: usize, events: u64) -> String {
        let memory = Memory(Arc::default(), room);
        let recording = Recording::new(memory.clone()).unwrap();
        let mut recorder = Recorder::start(recording, Time::ZERO, 7, Machine::Node(Config::default()));
        for at in 0..events {
            recorder.event(Time::from_micros(at), &Event::Wake);
            recorder.action(&Action::Stopped);
            recorder.write();
        }
        drop(recorder);
        let text = String::from_utf8(lock(&memory.0).clone());
        text.unwrap()
    }

    #[test]
    fn all_is_written_in_order_when_the_machine_has_ended() {
        let text = record(usize::MAX, 5_000);
        let mut lines = text.lines();
        let start: Start = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!((start.samara_recording, start.entropy), (VERSION, 7));
        let times: Vec<_> = lines
            .map(|line| {
                let entry: Entry = serde_json::from_str(line).unwrap();
                assert_eq!(entry.actions.len(), 1);
                entry.at.as_micros()
            })
            .collect();
        assert_eq!(times, (0..5_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_disk_that_is_full_ends_the_recording_and_nothing_else() {
        let text = record(100_000, 50_000);
        assert!((50_000..=100_000).contains(&text.len()), "{} B", text.len());
    }

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Recording::create(file.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
