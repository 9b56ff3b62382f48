//! Runs that never happened, but could have: a swarm in rounds, with all that can go wrong in it.

use samara::{Entropy, Time};
use samara_sim::history::{History, Kind, Moment};
use samara_sim::report::Header;

/// How long a round takes.
const ROUND: u64 = 100_000;

struct Swarm {
    history: History,
    entropy: Entropy,
    has: Vec<Vec<bool>>,
    held: Vec<u32>,
    up: Vec<bool>,
    done: Vec<bool>,
    banned: Vec<Vec<usize>>,
    round: u64,
}

/// A run with `hosts` hosts in all.
pub(crate) fn run(hosts: usize, chunks: u32, seed: u64) -> History {
    let mut swarm = Swarm::of(hosts, chunks, seed);
    let cut: Vec<_> = (0..hosts).filter(|host| host % 5 == 3).collect();
    swarm.fault("cut", cut, 22, 44);
    let slow: Vec<_> = (0..hosts).filter(|host| host % 11 == 6).collect();
    swarm.fault("slow disk", slow, 50, 85);
    while swarm.round < 140 {
        swarm.step();
    }
    for host in 0..hosts {
        if swarm.history.hosts[host].kind == Kind::Downloader && !swarm.done[host] {
            swarm.add(Moment::Failed { host, why: "no progress for 10 s: nobody has chunk 31".into() });
        }
    }
    swarm.history
}

/// What such a run would say of itself.
pub(crate) fn header(scenario: &str, history: &History) -> Header {
    let mut header = Header {
        scenario: scenario.into(),
        seed: 4_711,
        replay: format!("cargo run -p samara-sim --release -- run {scenario} --seed 4711"),
        trace_hash: "9f3c07ab51d2e864".into(),
        events: history.moments.len() as u64 * 9,
        unfired: vec!["disk full".into()],
        ..Header::default()
    };
    for (_, moment) in &history.moments {
        if let Moment::Fault { kind, .. } = moment {
            *header.faults.entry(kind).or_default() += 1;
        }
    }
    header
}

impl Swarm {
    fn of(hosts: usize, chunks: u32, seed: u64) -> Self {
        let mut history = History::new(chunks);
        for host in 0..hosts {
            let few = (hosts / 60).clamp(1, 12);
            match host {
                0 => history.host("tracker", Kind::Tracker),
                _ if host <= few + 1 => history.host(&format!("seeder-{host}"), Kind::Seeder),
                _ if host + few >= hosts => {
                    history.host(&format!("poisoner-{}", hosts - host), Kind::Hostile)
                }
                _ => history.host(&format!("n-{host:02}"), Kind::Downloader),
            };
        }
        let full = |host: usize| history.hosts[host].kind == Kind::Seeder;
        let has = (0..hosts).map(|host| vec![full(host); chunks as usize]).collect();
        let held = (0..hosts).map(|host| if full(host) { chunks } else { 0 }).collect();
        let (up, done, banned) = (vec![false; hosts], vec![false; hosts], vec![Vec::new(); hosts]);
        Self { history, entropy: Entropy::new(seed), has, held, up, done, banned, round: 0 }
    }

    fn add(&mut self, moment: Moment) {
        let at = Time::from_micros(self.round * ROUND).max(self.history.end);
        let at = at.max(Time::from_micros(self.round * ROUND + self.entropy.below(97_000) as u64));
        self.history.add(at.min(Time::from_micros((self.round + 1) * ROUND - 1)), moment);
    }

    /// A fault from one round to another.
    fn fault(&mut self, kind: &'static str, hosts: Vec<usize>, from: u64, until: u64) {
        let until = Some(Time::from_micros(until * ROUND));
        let at = Time::from_micros(from * ROUND);
        self.history.moments.push((at, Moment::Fault { kind, hosts, until }));
    }

    fn step(&mut self) {
        let hosts = self.history.hosts.len();
        for host in 0..hosts {
            let starts = if self.history.hosts[host].kind == Kind::Downloader { host as u64 % 9 } else { 0 };
            if !self.up[host] && (self.round == starts || (self.round > 20 && self.entropy.below(14) == 0)) {
                self.start(host);
            }
            if self.up[host] && self.history.hosts[host].kind == Kind::Downloader && !self.done[host] {
                self.download(host);
            }
        }
        let unlucky = self.entropy.below(hosts);
        if self.round % 9 == 5 && self.up[unlucky] && unlucky > 0 {
            for host in (unlucky..hosts).step_by(170) {
                self.up[host] = false;
                self.add(Moment::Down {
                    host,
                    how: if host.is_multiple_of(3) { "killed" } else { "crashed" },
                });
            }
        }
        if self.round % 25 == 11 {
            let hosts = vec![unlucky, (unlucky + 3) % hosts];
            self.add(Moment::Fault { kind: "reset", hosts, until: None });
        }
        if self.round == 90 {
            self.add(Moment::Fault { kind: "clock jump", hosts: vec![hosts / 2], until: None });
            self.add(Moment::Expired { tracker: 0, host: hosts / 2 });
        }
        self.round += 1;
    }

    fn start(&mut self, host: usize) {
        self.up[host] = true;
        self.add(Moment::Up { host });
        if self.round > 20 && self.history.hosts[host].kind == Kind::Downloader {
            for index in 0..self.has[host].len() {
                if self.has[host][index] && !self.done[host] && self.entropy.below(5) == 0 {
                    self.has[host][index] = false;
                    self.held[host] -= 1;
                }
            }
            self.add(Moment::Resumed { host, chunks: self.held[host] });
        }
    }

    fn download(&mut self, host: usize) {
        let fast = 1 + self.history.chunks as usize / 40 + host % 3;
        let is_cut = host % 5 == 3 && (22..44).contains(&self.round);
        let is_stuck = self.history.hosts.len() == 12 && host == 5 && self.held[host] > 40;
        for _ in 0..if is_cut || is_stuck { 0 } else { fast } {
            let from = self.entropy.below(self.history.hosts.len());
            if !self.up[from] || self.banned[host].contains(&from) {
                continue;
            }
            if self.history.hosts[from].kind == Kind::Hostile {
                self.mischief(host, from);
                continue;
            }
            let wanted: Vec<_> = (0..self.has[host].len())
                .filter(|index| !self.has[host][*index] && self.has[from][*index])
                .collect();
            let Some(index) = self.entropy.pick(&wanted).copied() else { continue };
            self.has[host][index] = true;
            self.held[host] += 1;
            let number = u32::try_from(index).expect("few chunks");
            self.add(Moment::Verified { host, from: Some(from), index: number, bytes: 262_144 });
            if self.held[host] == self.history.chunks {
                self.done[host] = true;
                return self.add(Moment::Done { host });
            }
        }
    }

    fn mischief(&mut self, host: usize, whom: usize) {
        match self.entropy.below(3) {
            0 => {
                self.add(Moment::Bad { host, from: whom });
                self.banned[host].push(whom);
                self.add(Moment::Banned { host, whom, why: "sent a chunk with another hash".into() });
            }
            1 => self.add(Moment::Stale { host, whom, why: "answered Test with Absent".into() }),
            _ => self.add(Moment::Refuted { host }),
        }
    }
}
