//! Connections that were ended because their peers broke a rule, or for want of room: told now and then, however many.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use samara::wire::session::Fault;
use tokio::time::Instant;

use crate::text;

/// How often it is told, at most.
const PAUSE: Duration = Duration::from_secs(10);
/// Most sources that are told apart.
const SOURCES: usize = 1_024;

/// Counts them until the user is told.
#[derive(Debug, Default)]
pub(crate) struct TurnedAway {
    count: u64,
    /// How many came from each source, and why the last one was ended.
    sources: BTreeMap<IpAddr, (u64, Option<Fault>)>,
    due: Option<Instant>,
}

impl TurnedAway {
    /// One more.
    pub(crate) fn take(&mut self, from: SocketAddr, why: Fault) {
        tracing::debug!("{from} was turned away: {why}");
        self.count += 1;
        if self.sources.len() < SOURCES || self.sources.contains_key(&from.ip()) {
            let (count, last) = self.sources.entry(from.ip()).or_default();
            *count += 1;
            *last = Some(why);
        }
    }

    /// Tells the user, if there is anything to tell, and it isn't too soon.
    pub(crate) fn tell(&mut self, now: Instant) {
        if let Some(line) = self.line(now) {
            tracing::warn!("{line}");
        }
    }

    /// What to tell, if there is anything, and it isn't too soon.
    fn line(&mut self, now: Instant) -> Option<String> {
        if self.count == 0 || self.due.is_some_and(|due| now < due) {
            return None;
        }
        self.due = Some(now + PAUSE);
        let worst = self.sources.iter().max_by_key(|(_, (count, _))| *count)?;
        let (ip, (most, Some(why))) = worst else { return None };
        let all = text::plural(self.count, "connection");
        let line = format!("{all} turned away, {most} of them from {ip}: {why}");
        *self = Self { due: self.due, ..Self::default() };
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_line_now_and_then_that_names_the_worst() {
        let (mut turned_away, start) = (TurnedAway::default(), Instant::now());
        assert_eq!(turned_away.line(start), None);
        turned_away.take("10.0.0.1:5".parse().unwrap(), Fault::NoHello);
        (1..=999).for_each(|port| turned_away.take(([10, 0, 0, 2], port).into(), Fault::Full));
        let line = turned_away.line(start).unwrap();
        let told = "1,000 connections turned away, 999 of them from 10.0.0.2: no room for more connections";
        assert_eq!(line, told);
        turned_away.take("10.0.0.1:5".parse().unwrap(), Fault::NoHello);
        assert_eq!(turned_away.line(start + PAUSE / 2), None);
        assert!(turned_away.line(start + PAUSE).unwrap().starts_with("1 connection "));
        assert_eq!(turned_away.line(start + 3 * PAUSE), None, "told once");
    }

    #[test]
    fn sources_without_number_take_no_memory_without_bound() {
        let mut turned_away = TurnedAway::default();
        for n in 0..5_000_u32 {
            turned_away.take((n.to_be_bytes(), 5).into(), Fault::Full);
        }
        assert_eq!((turned_away.count, turned_away.sources.len()), (5_000, SOURCES));
    }
}
