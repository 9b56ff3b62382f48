//! Progress: a bar on a terminal, a plain line each ten seconds, or events. Always on stderr, but for events of
//! `--json`. Never 100 % before every byte is verified.

mod rate;

use std::io::{self, IsTerminal};
use std::sync::LazyLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::time::Instant;

use crate::args::{Global, ProgressKind};
use crate::output::{Event, Out};
use crate::text;
pub(crate) use rate::Rate;

/// How often a meter wants to be shown something.
pub(crate) const TICK: Duration = Duration::from_millis(200);
const EVENTS: Duration = Duration::from_millis(500);
const LINES: Duration = Duration::from_secs(10);
/// Characters of a full bar.
const WIDTH: u64 = 12;

static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Runs `write` while no bar is on the screen.
pub(crate) fn above_the_bar<R>(write: impl FnOnce() -> R) -> R {
    BARS.suspend(write)
}

/// One look at what goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot<'a> {
    /// What is being done.
    pub(crate) phase: Phase,
    /// Which file or files, ready to be printed.
    pub(crate) name: &'a str,
    /// Bytes done.
    pub(crate) bytes: u64,
    /// Of so many; none while that is a claim.
    pub(crate) length: Option<u64>,
    /// Bytes done by this run: what the rate is measured by.
    pub(crate) moved: u64,
    /// Chunks verified.
    pub(crate) chunks: u32,
    /// Peers connected.
    pub(crate) peers: usize,
    /// Stale holders met.
    pub(crate) stale: usize,
    /// Peers banned.
    pub(crate) banned: usize,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Hashing files to seed them.
    Hashing,
    /// Comparing a file that is there.
    Checking,
    /// Copying files.
    Copying,
    /// Looking for holders.
    Asking,
    /// Downloading.
    Fetching,
    /// Everything is verified; syncing and renaming.
    Finishing,
}

impl Phase {
    const fn word(self) -> &'static str {
        match self {
            Self::Hashing => "hashing",
            Self::Checking => "checking",
            Self::Copying => "copying",
            Self::Asking => "asking",
            Self::Fetching => "fetching",
            Self::Finishing => "finishing",
        }
    }
}

impl<'a> Snapshot<'a> {
    /// Of reading files that are here.
    pub(crate) const fn reading(phase: Phase, name: &'a str, bytes: u64, length: u64) -> Self {
        let length = Some(length);
        Self { phase, name, bytes, length, moved: bytes, chunks: 0, peers: 0, stale: 0, banned: 0 }
    }

    /// Whole per cent, rounded down: 100 only when all is there.
    fn percent(&self) -> Option<u64> {
        self.length.filter(|length| *length > 0).map(|length| {
            u64::try_from(u128::from(self.bytes) * 100 / u128::from(length)).unwrap_or(100).min(100)
        })
    }

    /// Everything but the name and the bar.
    fn details(&self, rate: u64) -> String {
        let mut parts = Vec::with_capacity(6);
        if let (Some(percent), Some(length)) = (self.percent(), self.length) {
            parts.push(format!("{percent:>3}%"));
            parts.push(format!("{} of {}", text::size(self.bytes), text::size(length)));
        }
        parts.push(text::rate(rate));
        if let Some(left) = self.length.map(|length| length.saturating_sub(self.bytes))
            && let Some(seconds) = left.checked_div(rate)
        {
            parts.push(format!("ETA {}", text::time(Duration::from_secs(seconds))));
        }
        for (number, what) in [(self.peers, "peer"), (self.stale, "stale"), (self.banned, "banned")] {
            match (number, what) {
                (0, _) => {}
                (n, "peer") => parts.push(text::plural(n as u64, what)),
                (n, _) => parts.push(format!("{n} {what}")),
            }
        }
        parts.join("  ")
    }

    fn event(&self, rate: u64) -> Event<'a> {
        let (name, bytes, length) = (self.name, self.bytes, self.length.unwrap_or(0));
        match self.phase {
            Phase::Hashing => Event::Hashing { name, bytes, length, rate },
            Phase::Checking => Event::Checking { name, bytes, length, rate },
            Phase::Copying => Event::Copying { name, bytes, length, rate },
            Phase::Asking | Phase::Fetching | Phase::Finishing => Event::Progress {
                phase: self.phase.word(),
                bytes,
                length: self.length,
                chunks: self.chunks,
                peers: self.peers,
                stale: self.stale,
                banned: self.banned,
                rate,
            },
        }
    }
}

/// Where progress goes.
#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Plain,
    Json,
    None,
}

/// Shows one piece of work.
#[derive(Debug)]
pub(crate) struct Meter {
    display: Display,
    out: Option<Out>,
    rate: Rate,
    phase: Option<Phase>,
    event_due: Option<Instant>,
    line_due: Option<Instant>,
}

impl Meter {
    /// As the user wants it.
    pub(crate) fn new(global: &Global, out: Out) -> Self {
        let display = match global.progress {
            _ if global.quiet => Display::None,
            ProgressKind::Bar => Display::Bar(bar()),
            ProgressKind::Auto if out.json() => Display::None,
            ProgressKind::Auto if io::stderr().is_terminal() => Display::Bar(bar()),
            ProgressKind::Auto | ProgressKind::Plain => Display::Plain,
            ProgressKind::Json if !out.json() => Display::Json,
            ProgressKind::Json | ProgressKind::None => Display::None,
        };
        let out = (out.json() && global.progress != ProgressKind::None).then_some(out);
        Self { display, out, rate: Rate::default(), phase: None, event_due: None, line_due: None }
    }

    /// Shows how far things are; a meter decides itself when a line or an event is due.
    pub(crate) fn show(&mut self, now: Instant, snapshot: &Snapshot<'_>) {
        let fresh = self.phase.replace(snapshot.phase) != Some(snapshot.phase);
        let rate = self.rate.measure(now, snapshot.moved);
        if fresh || self.event_due.is_none_or(|due| now >= due) {
            self.event_due = Some(now + EVENTS);
            self.tell(snapshot, rate);
        }
        if let Display::Bar(bar) = &self.display {
            draw(bar, snapshot, rate);
        }
        if fresh || self.line_due.is_none_or(|due| now >= due) {
            self.line_due = Some(now + LINES);
            if matches!(self.display, Display::Plain) {
                eprintln!("{} {}  {}", snapshot.phase.word(), snapshot.name, snapshot.details(rate));
            }
        }
    }

    /// Shows the last state, and takes the bar off the screen.
    pub(crate) fn finish(&mut self, now: Instant, snapshot: &Snapshot<'_>) {
        let rate = self.rate.measure(now, snapshot.moved);
        self.tell(snapshot, rate);
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }

    fn tell(&self, snapshot: &Snapshot<'_>, rate: u64) {
        if let Some(out) = self.out {
            out.event(&snapshot.event(rate));
        } else if matches!(self.display, Display::Json)
            && let Ok(line) = serde_json::to_string(&snapshot.event(rate))
        {
            eprintln!("{line}");
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = BARS.add(ProgressBar::no_length());
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// One call, since a terminal is drawn to only so often: of several in a row, the last would be left out.
fn draw(bar: &ProgressBar, snapshot: &Snapshot<'_>, rate: u64) {
    let filled = snapshot.percent().map_or_else(String::new, |percent| {
        let blocks = usize::try_from(percent * WIDTH / 100).unwrap_or(0);
        let rest = usize::try_from(WIDTH).unwrap_or(0) - blocks;
        format!("[{}{}]  ", "█".repeat(blocks), " ".repeat(rest))
    });
    let (phase, details) = (snapshot.phase.word(), snapshot.details(rate));
    bar.set_message(format!("{phase} {}  {filled}{details}", snapshot.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_per_cent_means_all_of_it() {
        let at = |bytes, length| Snapshot::reading(Phase::Hashing, "f", bytes, length);
        assert_eq!(at(0, 3).percent(), Some(0));
        assert_eq!(at((1 << 40) - 1, 1 << 40).percent(), Some(99));
        assert_eq!(at(1 << 40, 1 << 40).percent(), Some(100));
        assert_eq!(at(0, 0).percent(), None);
    }

    #[test]
    fn an_unproven_length_is_not_shown() {
        let mut snapshot = Snapshot::reading(Phase::Fetching, "f", 1 << 20, 1 << 30);
        assert_eq!(snapshot.details(1 << 20), "  0%  1.0 MiB of 1.0 GiB  1.0 MiB/s  ETA 17m 3s");
        snapshot.length = None;
        (snapshot.peers, snapshot.stale, snapshot.banned) = (2, 1, 0);
        assert_eq!(snapshot.details(0), "0 B/s  2 peers  1 stale");
        let event = serde_json::to_value(snapshot.event(0)).unwrap();
        assert!(event["event"] == "progress" && event["length"].is_null() && event["bytes"] == 1 << 20);
    }
}
