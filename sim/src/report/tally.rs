//! A history gone through once: what each host held when, who sent how much to whom.

use std::collections::{BTreeMap, BTreeSet};

use samara::Time;

use super::axis::Axis;
use crate::history::{History, Kind, Moment};

/// Shades between nothing and all of a file.
pub(super) const LEVELS: u8 = 16;

/// What the pictures draw from.
pub(super) struct Tally<'a> {
    pub(super) history: &'a History,
    pub(super) axis: Axis,
    pub(super) hosts: Vec<Seen>,
    /// Chunks from a sender to a receiver.
    pub(super) sent: BTreeMap<(usize, usize), u64>,
    /// Bytes of all chunks sent.
    pub(super) bytes: u64,
    pub(super) curve: Vec<Sample>,
}

/// What was seen of a host.
#[derive(Default)]
pub(super) struct Seen {
    /// From which pixel on it was how.
    pub(super) steps: Vec<(u32, State)>,
    pub(super) done: Option<Time>,
    pub(super) failed: Option<Time>,
    /// Chunks it was sent, and those that it sent.
    pub(super) got: u64,
    pub(super) gave: u64,
    /// How often others banned it, and it went down.
    pub(super) banned: u64,
    pub(super) downs: u64,
    held: u64,
    full: bool,
    began: bool,
    up: bool,
    /// It went down and hasn't said what it still holds.
    lost: bool,
}

/// How a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Not started yet.
    Before,
    /// Down, after it was up.
    Down,
    /// Up, with so much of the file: 0 to [`LEVELS`].
    Up(u8),
}

/// How far the downloaders together were.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) px: u32,
    /// Downloaders with the whole file.
    pub(super) done: u64,
    /// Chunks that downloaders hold.
    pub(super) held: u64,
}

impl<'a> Tally<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut tally = Self {
            history,
            axis: Axis::of(history),
            hosts: Vec::new(),
            sent: BTreeMap::new(),
            bytes: 0,
            curve: vec![Sample::default()],
        };
        let starts = history.moments.iter().filter_map(|(_, moment)| {
            let Moment::Up { host } = moment else { return None };
            Some(*host)
        });
        let started: BTreeSet<_> = starts.collect();
        for (host, lane) in history.hosts.iter().enumerate() {
            // One that is never said to start was there all along.
            let up = !started.contains(&host);
            let mut seen = Seen { full: lane.kind == Kind::Seeder, began: up, up, ..Seen::default() };
            seen.step(0, history.chunks);
            tally.hosts.push(seen);
        }
        for (at, moment) in &history.moments {
            tally.take(*at, moment);
        }
        tally
    }

    /// What `host` is there for.
    pub(super) fn kind(&self, host: usize) -> Option<Kind> {
        self.history.hosts.get(host).map(|lane| lane.kind)
    }

    /// What `host` is called.
    pub(super) fn name(&self, host: usize) -> String {
        self.history.hosts.get(host).map_or_else(|| format!("host {host}"), |lane| lane.name.clone())
    }

    /// How many hosts are there for `kind`.
    pub(super) fn of_kind(&self, kind: Kind) -> usize {
        self.history.hosts.iter().filter(|lane| lane.kind == kind).count()
    }

    /// How many moments `wanted` holds for.
    pub(super) fn moments(&self, wanted: impl Fn(&Moment) -> bool) -> usize {
        self.history.moments.iter().filter(|(_, moment)| wanted(moment)).count()
    }

    /// When the downloaders had the whole file, in this order.
    pub(super) fn finishes(&self) -> Vec<Time> {
        let downloaders = |host: &usize| self.kind(*host) == Some(Kind::Downloader);
        let mut times: Vec<_> =
            (0..self.hosts.len()).filter(downloaders).filter_map(|host| self.hosts[host].done).collect();
        times.sort_unstable();
        times
    }

    /// The hosts of `kind`, as the scenario has them; `by_finish`: the first to have the whole file first.
    pub(super) fn ordered(&self, kind: Kind, by_finish: bool) -> Vec<usize> {
        let mut hosts: Vec<_> = (0..self.hosts.len()).filter(|host| self.kind(*host) == Some(kind)).collect();
        if by_finish {
            hosts.sort_by_key(|host| {
                let seen = &self.hosts[*host];
                (seen.done.is_none(), seen.done, u64::MAX - seen.held, *host)
            });
        }
        hosts
    }

    fn take(&mut self, at: Time, moment: &Moment) {
        let chunks = u64::from(self.history.chunks);
        match moment {
            Moment::Up { host } => self.change(at, *host, |seen| (seen.up, seen.began) = (true, true)),
            Moment::Down { host, .. } => self.change(at, *host, |seen| {
                (seen.up, seen.lost) = (false, true);
                seen.downs += 1;
            }),
            Moment::Resumed { host, chunks } => {
                self.change(at, *host, |seen| (seen.held, seen.lost) = (u64::from(*chunks), false));
            }
            Moment::Verified { host, from, bytes, .. } => {
                if let Some(from) = *from {
                    *self.sent.entry((from, *host)).or_default() += 1;
                    self.bytes = self.bytes.saturating_add(*bytes);
                    self.change(at, from, |seen| seen.gave += 1);
                }
                self.change(at, *host, |seen| {
                    // What it still has after a crash is said by `Resumed`; without that it begins anew.
                    let held = if std::mem::take(&mut seen.lost) { 0 } else { seen.held };
                    seen.held = (held + 1).min(chunks);
                    seen.got += u64::from(from.is_some());
                });
            }
            Moment::Done { host } => self.change(at, *host, |seen| {
                seen.held = chunks;
                seen.done.get_or_insert(at);
            }),
            Moment::Failed { host, .. } => self.change(at, *host, |seen| {
                seen.failed.get_or_insert(at);
            }),
            Moment::Banned { whom, .. } => self.change(at, *whom, |seen| seen.banned += 1),
            Moment::Bad { .. }
            | Moment::Stale { .. }
            | Moment::Refuted { .. }
            | Moment::Expired { .. }
            | Moment::Fault { .. } => {}
        }
    }

    /// Changes what was seen of a host, and all that follows from it.
    fn change(&mut self, at: Time, host: usize, change: impl FnOnce(&mut Seen)) {
        let px = self.axis.px(at);
        let downloads = self.kind(host) == Some(Kind::Downloader);
        let (Some(seen), Some(last)) = (self.hosts.get_mut(host), self.curve.last().copied()) else { return };
        let before = (u64::from(seen.done.is_some()), seen.held);
        change(seen);
        seen.step(px, self.history.chunks);
        if downloads {
            let done = last.done + u64::from(seen.done.is_some()) - before.0;
            let sample = Sample { px, done, held: last.held + seen.held - before.1 };
            if last.px == px {
                self.curve.pop();
            }
            self.curve.push(sample);
        }
    }
}

impl Seen {
    /// Takes down how it is from `px` on: of what comes within one pixel, the last.
    fn step(&mut self, px: u32, chunks: u32) {
        let state = match (self.began, self.up) {
            (false, _) => State::Before,
            (true, false) => State::Down,
            (true, true) if self.full => State::Up(LEVELS),
            (true, true) => State::Up(level(self.held, u64::from(chunks))),
        };
        if self.steps.last().is_some_and(|(at, _)| *at == px) {
            self.steps.pop();
        }
        if self.steps.last().is_none_or(|(_, before)| *before != state) {
            self.steps.push((px, state));
        }
    }
}

/// The shade of `held` of `all` chunks: the lightest only for none, the darkest only for all.
fn level(held: u64, all: u64) -> u8 {
    let most = u64::from(LEVELS);
    match held {
        0 => 0,
        _ if held >= all => LEVELS,
        _ => u8::try_from((held * most / all).clamp(1, most - 1)).unwrap_or(LEVELS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_leaves_a_gap_and_what_was_resumed() {
        let mut history = History::new(4);
        let (from, host) = (history.host("s", Kind::Seeder), history.host("d", Kind::Downloader));
        let at = |ms: u64| Time::from_micros(ms * 1_000);
        history.add(at(0), Moment::Up { host });
        for index in 0..3u32 {
            history.add(at(100), Moment::Verified { host, from: Some(from), index, bytes: 10 });
        }
        history.add(at(200), Moment::Down { host, how: "crashed" });
        history.add(at(300), Moment::Up { host });
        history.add(at(300), Moment::Resumed { host, chunks: 1 });
        history.add(at(1_000), Moment::Done { host });
        let tally = Tally::of(&history);
        let steps: Vec<_> = tally.hosts[host].steps.iter().map(|(_, state)| *state).collect();
        assert_eq!(steps, [State::Up(0), State::Up(12), State::Down, State::Up(4), State::Up(16)]);
        assert_eq!(tally.hosts[from].steps, [(0, State::Up(16))]);
        assert_eq!((tally.hosts[from].gave, tally.hosts[host].got, tally.bytes), (3, 3, 30));
        let held: Vec<_> = tally.curve.iter().map(|sample| (sample.done, sample.held)).collect();
        assert_eq!(held, [(0, 0), (0, 3), (0, 3), (0, 1), (1, 4)]);
    }
}
