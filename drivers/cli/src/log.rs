//! The log, on stderr, above the progress bar.

use std::io::{self, Write};

use tracing_subscriber::filter::LevelFilter;

use crate::args::{Global, LogFormat};
use crate::exit::{Code, Failure};
use crate::output::{Event, Out};
use crate::progress::above_the_bar;

/// Starts logging: warnings and errors, fewer with `-q`, more with `-v`.
pub(crate) fn start(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(|| Stderr).with_target(false);
    match global.log_format {
        LogFormat::Text if global.verbose == 0 => log.without_time().with_ansi(false).init(),
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Standard error without a bar in the way.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above_the_bar(|| io::stderr().write_all(bytes)).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says something on stderr, unless the user wants errors only.
pub(crate) fn say(global: &Global, words: &str) {
    if !global.quiet {
        above_the_bar(|| eprintln!("{words}"));
    }
}

/// Tells how a command failed: what, who, and what to type next.
pub(crate) fn failure(global: &Global, failure: &Failure, events: bool) {
    let Failure { code, message, peers, trackers, next } = failure;
    if events {
        let (code, next) = (*code as u8, next.as_deref());
        Out::new(global.json).event(&Event::Error { code, message, peers, trackers, next });
    }
    match global.log_format {
        LogFormat::Json => tracing::error!(code = *code as u8, next, "{message}"),
        LogFormat::Text => above_the_bar(|| eprint!("{}", words(failure))),
    }
}

/// A failure as people read it.
fn words(failure: &Failure) -> String {
    let Failure { code, message, peers, trackers, next } = failure;
    let stopped = matches!(code, Code::Interrupted | Code::Terminated);
    let mut words = if stopped { format!("{message}\n") } else { format!("error: {message}\n") };
    let mut line = |text: &str| {
        words.push_str(text);
        words.push('\n');
    };
    const MOST: usize = 16;
    for peer in peers.iter().take(MOST) {
        match peer.chunks {
            Some(chunks) if chunks > 0 => {
                line(&format!("  peer {} {} (after {chunks} chunks)", peer.addr, peer.why))
            }
            Some(_) | None => line(&format!("  peer {} {}", peer.addr, peer.why)),
        }
    }
    if peers.len() > MOST {
        line(&format!("  and {} more peers", peers.len() - MOST));
    }
    for tracker in trackers {
        line(&format!("  tracker {}: {}", tracker.addr, tracker.why));
    }
    if let Some(next) = next {
        line(&format!("next: {next}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Blame;

    #[test]
    fn an_error_says_what_who_and_the_next_command() {
        let mut lost = Failure::new(Code::NoHolder, "no holder still has the file").next("samara ls");
        lost.peers = (0..18).map(|n| Blame::new(n, "could not be reached")).collect();
        lost.peers[0].chunks = Some(3);
        lost.trackers = vec![Blame::new("t:7070", "named 18 holders")];
        let words = words(&lost);
        assert!(words.starts_with(
            "error: no holder still has the file\n  peer 0 could not be reached (after 3 chunks)\n"
        ));
        assert!(words.ends_with("  and 2 more peers\n  tracker t:7070: named 18 holders\nnext: samara ls\n"));
    }
}
