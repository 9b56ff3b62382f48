//! What faults do while they are on: blows that fall at random moments, and are made good later.

use std::time::Duration;

use samara::seeder::FileId;

use super::stage::{NAME, Stage};
use crate::disk::Harm;
use crate::fault::Fault;
use crate::host::HostId;

/// What happens to a stage at some moment.
#[derive(Clone, Debug)]
pub enum Blow {
    /// Another download begins.
    Begin,
    /// A fault strikes somebody.
    Strike(Fault),
    /// A host comes back, if it is down.
    Start(HostId),
    /// Two hosts reach each other again.
    Heal(HostId, HostId),
    /// A disk is well again.
    Mend(HostId),
    /// A host's line breaks connections no more.
    Calm(HostId),
}

/// What the power is cut after, when it is cut at a certain moment.
const CUTS: [&str; 5] =
    ["appending to the journal", "creating the journal", "syncing", "renaming", "removing"];

impl Stage {
    /// Lets a fault strike. Gives what follows, and after how long.
    pub fn strike(&mut self, fault: Fault) -> Option<(Duration, Blow)> {
        let pause = Duration::from_millis(200 + self.entropy.below(6_000) as u64);
        let nodes = self.nodes();
        let &node = self.entropy.pick(&nodes)?;
        let anybody: Vec<_> = nodes.iter().chain(&self.trackers).copied().collect();
        let &one = self.entropy.pick(&anybody)?;
        // There are fewer trackers than nodes, and their clocks decide who is named.
        let clocks = [Fault::ClockAhead, Fault::ClockBack, Fault::ClockDrift];
        let watched = clocks.contains(&fault) && self.entropy.below(3) == 0;
        let one = if watched { *self.entropy.pick(&self.trackers)? } else { one };
        match fault {
            Fault::Reset => {
                self.world.reset(node);
                self.world.place(node).loss =
                    u32::try_from(1_000 + self.entropy.below(20_000)).unwrap_or(1_000);
                Some((pause, Blow::Calm(node)))
            }
            Fault::Partition | Fault::OneWay => {
                // Two that speak to each other, most of the time.
                let peers = self.world.peers(one);
                let others = if self.entropy.below(4) > 0 { &peers } else { &nodes };
                let &other = self.entropy.pick(others).filter(|other| **other != one)?;
                if fault == Fault::Partition {
                    self.world.cut(one, other);
                } else {
                    self.world.cut_one_way(one, other);
                }
                Some((2 * pause, Blow::Heal(one, other)))
            }
            Fault::HalfOpen => {
                // Somebody whom others have something to say to: trackers always are.
                let host =
                    if self.entropy.below(4) == 0 { *self.entropy.pick(&self.trackers)? } else { node };
                self.world.is_up(host).then(|| {
                    self.world.vanish(host);
                    (pause, Blow::Start(host))
                })
            }
            Fault::UnsyncedLost if self.entropy.below(2) == 0 => self.hurt_disk(fault, pause),
            Fault::Crash | Fault::UnsyncedLost => {
                let gets: Vec<_> = self.downloads.iter().map(|get| get.host).collect();
                let &node = if fault == Fault::Crash { &node } else { self.entropy.pick(&gets)? };
                self.world.is_up(node).then(|| {
                    self.world.count(Fault::Crash, node);
                    self.world.crash(node);
                    (pause, Blow::Start(node))
                })
            }
            Fault::Stop => self.world.is_up(node).then(|| {
                self.world.count(fault, node);
                self.world.stop(node);
                (Duration::from_secs(6) + pause, Blow::Start(node))
            }),
            Fault::TrackerRestart => {
                let &tracker = self.entropy.pick(&self.trackers)?;
                self.world.is_up(tracker).then(|| {
                    self.world.count(fault, tracker);
                    self.world.kill(tracker);
                    (pause, Blow::Start(tracker))
                })
            }
            Fault::Leave => {
                let (host, _) = self.leaver();
                self.world.count(fault, host);
                self.world.kill(host);
                None
            }
            Fault::Withdraw => {
                let (host, file) = self.leaver();
                self.world.count(fault, host);
                self.world.unshare(host, file);
                None
            }
            Fault::DiskSlow | Fault::DiskFull | Fault::DiskError => self.hurt_disk(fault, pause),
            Fault::ClockAhead => {
                let by = Duration::from_millis(100 + self.entropy.below(90_000) as u64);
                self.world.clock_ahead(one, by);
                None
            }
            Fault::ClockBack => {
                self.world.clock_back(one, Duration::from_millis(100 + self.entropy.below(5_000) as u64));
                None
            }
            Fault::ClockDrift => {
                let drift = i32::try_from(self.entropy.below(200_000)).unwrap_or(0) - 100_000;
                self.world.clock_drift(one, drift);
                None
            }
            Fault::Stale => {
                let Some(host) = self.stale.pop() else {
                    let (host, _) = self.seeder(&format!("stale{}", self.world.hosts()));
                    self.world.mark(host, fault);
                    self.stale.push(host);
                    return Some((Duration::from_secs(2), Blow::Strike(fault)));
                };
                self.spoil(host);
                self.world.spoiled(host);
                None
            }
            Fault::SlowLine => {
                if self.world.is_marked(node, fault) {
                    return None;
                }
                self.world.mark(node, fault);
                let place = self.world.place(node);
                (place.up, place.down) = (place.up / 16, place.down / 4);
                None
            }
            Fault::Poisoner | Fault::Liar | Fault::Tarpit | Fault::Flooder => None,
            Fault::FalseList | Fault::Withhold | Fault::BogusTracker => None,
        }
    }

    /// A seeder that is up, out of those that can be relied on; the first one always stays.
    fn leaver(&mut self) -> (HostId, FileId) {
        let up = |seeder: &(HostId, FileId)| self.world.is_up(seeder.0);
        match self.seeders.iter().skip(1).position(up) {
            Some(number) => self.seeders.remove(number + 1),
            None => self.seeder(&format!("seeder{}", self.world.hosts())),
        }
    }

    fn hurt_disk(&mut self, fault: Fault, pause: Duration) -> Option<(Duration, Blow)> {
        let unfinished = self.downloads.iter().filter(|get| self.world.is_under_way(get.host, get.file));
        let hosts: Vec<_> = unfinished.map(|get| get.host).collect();
        let &host = self.entropy.pick(&hosts)?;
        let length = self.bytes.len();
        let disk = self.world.disk_mut(host);
        let soon = disk.operations() + 1 + self.entropy.below(12) as u64;
        let harm = if fault == Fault::DiskSlow {
            Harm { delay: Duration::from_millis(20 + self.entropy.below(400) as u64), ..Harm::default() }
        } else if fault == Fault::UnsyncedLost {
            // In the middle of what has to be done in order.
            Harm { cuts: self.entropy.pick(&CUTS).copied(), ..Harm::default() }
        } else if fault == Fault::DiskFull {
            Harm { room: Some(self.entropy.below(length) as u64), ..Harm::default() }
        } else {
            Harm { fails: Some(soon), ..Harm::default() }
        };
        self.world.disk_mut(host).harm(harm);
        Some((2 * pause, Blow::Mend(host)))
    }

    /// A seeder's file is deleted, cut short, or edited.
    fn spoil(&mut self, host: HostId) {
        let now = self.world.now();
        let mut bytes = self.bytes.to_vec();
        match self.entropy.below(3) {
            0 => self.world.disk_mut(host).delete(NAME),
            1 => {
                bytes.truncate(bytes.len() / 2);
                self.world.disk_mut(host).put(NAME, &bytes, now);
            }
            _ => {
                bytes.iter_mut().for_each(|byte| *byte ^= 1);
                self.world.disk_mut(host).put(NAME, &bytes, now);
            }
        }
    }

    /// What was planned happens; gives what follows, and after how long.
    pub(super) fn fall(&mut self, blow: Blow) -> Option<(Duration, Blow)> {
        match blow {
            Blow::Begin => {
                let n = self.downloads.len();
                self.downloader(&format!("downloader{n}"));
                None
            }
            Blow::Strike(fault) => self.strike(fault),
            Blow::Start(host) => {
                if !self.world.is_up(host) {
                    // Who stopped in order has nothing to lose.
                    if self.entropy.below(2) == 0 {
                        self.world.power_cut(host);
                    }
                    self.world.start(host);
                }
                None
            }
            Blow::Heal(a, b) => {
                self.world.heal(a, b);
                None
            }
            Blow::Mend(host) => {
                self.world.disk_mut(host).harm(Harm::default());
                (!self.world.is_up(host)).then_some((Duration::ZERO, Blow::Start(host)))
            }
            Blow::Calm(host) => {
                self.world.place(host).loss = 0;
                None
            }
        }
    }
}
