//! What was sent, and to how many.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::output::Event;
use crate::progress::Rate;
use crate::text;

const RECENT: Duration = Duration::from_secs(10);

/// Counts uploads.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    told: u64,
    peers: BTreeMap<SocketAddr, Instant>,
    rate: Rate,
    line_due: Option<Instant>,
}

impl Uploads {
    /// A peer was sent a chunk.
    pub(crate) fn sent(&mut self, now: Instant, to: SocketAddr) {
        self.peers.insert(to, now);
    }

    /// What to tell now that `bytes` were sent since the start: nothing unless there are more than before.
    pub(crate) fn event(&mut self, now: Instant, bytes: u64) -> Option<Event<'static>> {
        self.peers.retain(|_, last| now - *last < RECENT);
        let rate = self.rate.measure(now, bytes);
        if bytes == self.told {
            return None;
        }
        self.told = bytes;
        Some(Event::Uploaded { bytes, peers: self.peers.len(), rate })
    }

    /// The same for people, each ten seconds.
    pub(crate) fn line(&mut self, now: Instant, event: &Event<'_>) -> Option<String> {
        let Event::Uploaded { bytes, peers, rate } = event else { return None };
        if self.line_due.is_some_and(|due| now < due) {
            return None;
        }
        self.line_due = Some(now + RECENT);
        let peers = text::plural(*peers as u64, "peer");
        Some(format!("sent {} in all  {}  {peers}", text::size(*bytes), text::rate(*rate)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_speaks_only_while_sending() {
        let (mut uploads, start) = (Uploads::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(uploads.event(at(0), 0).is_none());
        uploads.sent(at(1), "10.0.0.1:5".parse().unwrap());
        let event = uploads.event(at(1), 500).unwrap();
        assert!(matches!(event, Event::Uploaded { bytes: 500, peers: 1, .. }));
        assert!(uploads.line(at(1), &event).is_some());
        assert!(uploads.line(at(2), &event).is_none(), "a line each ten seconds");
        assert!(uploads.event(at(3), 500).is_none());
        assert!(matches!(uploads.event(at(30), 501).unwrap(), Event::Uploaded { peers: 0, .. }));
    }
}
