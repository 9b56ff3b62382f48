//! A download through it all: whatever fails, in the end every downloader has the file.

use std::env;
use std::fs;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::time::Duration;

use samara::tracker;
use turmoil::Sim;

use crate::corrupt::corrupt;
use crate::log::{Chunk, Log};
use crate::stage::{Stage, TRAVEL, addr, pass};

/// Chunks of the file.
const CHUNKS: usize = 24;
/// Bytes per second that each node sends: slow enough for everything to happen before anybody is done.
const LIMIT: u64 = 256 << 10;
const SEEDERS: [&str; 4] = ["mortal", "far", "slow", "liar"];
/// The last one begins when everything has happened.
const DOWNLOADERS: [&str; 6] = ["crashing", "cut-off", "waiting", "fourth", "fifth", "late"];
/// How often nodes announce.
const INTERVAL: Duration = Duration::from_secs(4);
const TTL: Duration = Duration::from_secs(12);

/// A simulation of all hosts, and what is to be known of it.
struct Play {
    stage: Stage,
    sim: Sim<'static>,
}

impl Play {
    fn new(rng_seed: u64) -> turmoil::Result<Self> {
        let stage = Stage::new(CHUNKS, rng_seed)?;
        let mut sim = stage.sim();
        let config = tracker::Config { ttl: TTL, interval: INTERVAL, ..tracker::Config::default() };
        stage.tracker(&mut sim, config);
        for seeder in SEEDERS {
            stage.seeder(&mut sim, seeder, LIMIT)?;
        }
        while stage.log().announced().len() < SEEDERS.len() {
            sim.step()?;
        }
        corrupt(&stage, "liar", 0..CHUNKS)?;
        for downloader in &DOWNLOADERS[..5] {
            stage.downloader(&mut sim, downloader, SEEDERS.len(), LIMIT);
        }
        stage.ends_with(&mut sim, DOWNLOADERS.len());
        Ok(Self { stage, sim })
    }

    /// Lets the simulation run until something `happened`, which nobody may be done before.
    fn until(&mut self, what: &str, happened: impl Fn(&Log) -> bool) -> turmoil::Result {
        while !happened(self.stage.log()) {
            self.sim.step()?;
            assert_eq!(self.stage.log().done(), [], "still waiting for: {what}");
        }
        Ok(())
    }

    /// The chunks that came to one host, or to all, from another.
    fn sent(&self, from: &str, to: Option<&str>) -> Vec<Chunk> {
        let from = addr(&self.sim, from);
        let mut chunks = self.stage.log().chunks();
        chunks.retain(|chunk| chunk.from == from && to.is_none_or(|to| chunk.host == to));
        chunks
    }

    /// Waits until a chunk came from one host to another.
    fn until_sent(&mut self, from: &str, to: &str) -> turmoil::Result {
        let sender = addr(&self.sim, from);
        self.until(&format!("{from} to {to}"), |log| {
            log.chunks().iter().any(|chunk| chunk.from == sender && chunk.host == to)
        })
    }
}

/// Did chunks come before `outage`, and none in it?
fn stopped(chunks: &[Chunk], outage: &Range<Duration>) -> bool {
    let outage = outage.start + TRAVEL..outage.end;
    chunks.iter().any(|chunk| chunk.at < outage.start)
        && !chunks.iter().any(|chunk| outage.contains(&chunk.at))
}

/// Plays it, and returns all that was reported.
fn play(rng_seed: u64) -> turmoil::Result<String> {
    let mut play = Play::new(rng_seed)?;

    // Everything breaks...
    play.until_sent("mortal", "fourth")?;
    play.sim.crash("mortal");
    let died = play.sim.elapsed();
    play.until_sent("far", "cut-off")?;
    play.sim.partition("far", "cut-off");
    let cut = play.sim.elapsed();
    play.until_sent("slow", "waiting")?;
    play.sim.hold("slow", "waiting");
    let held = play.sim.elapsed();
    play.sim.crash("tracker");
    let crashing = |log: &Log| log.chunks().iter().filter(|chunk| chunk.host == "crashing").count();
    play.until("some chunks on the one that crashes", |log| crashing(log) >= 4)?;
    play.sim.crash("crashing");
    let before = crashing(play.stage.log());

    // ... and some of it is repaired.
    pass(&mut play.sim, Duration::from_secs(3))?;
    assert_eq!(crashing(play.stage.log()), before, "it is down");
    play.sim.bounce("crashing");
    play.sim.bounce("tracker");
    let restarted = play.sim.elapsed();
    pass(&mut play.sim, Duration::from_secs(10))?;
    play.sim.repair("far", "cut-off");
    play.sim.release("slow", "waiting");
    let repaired = play.sim.elapsed();
    play.stage.downloader(&mut play.sim, "late", 0, LIMIT);
    play.sim.run()?;

    for downloader in DOWNLOADERS {
        assert!(play.stage.is_whole_on(downloader)?, "{downloader}");
    }
    assert!(stopped(&play.sent("mortal", None), &(died..play.sim.elapsed())));
    assert!(stopped(&play.sent("far", Some("cut-off")), &(cut..repaired)));
    assert!(stopped(&play.sent("slow", Some("waiting")), &(held..repaired)));
    let liar = addr(&play.sim, "liar");
    let banned = play.stage.log().banned();
    assert!(!banned.is_empty() && banned.iter().all(|(who, _)| *who == liar), "{banned:?}");
    assert!(play.sent("liar", None).is_empty());
    let rejoined = play.stage.log().joined().into_iter().filter(|(at, _)| *at > restarted);
    assert!(rejoined.count() >= DOWNLOADERS.len(), "the tracker was told everything anew");
    // Each chunk that was verified again, or fetched, once.
    let resumed = play.stage.log().resumed();
    assert!(!resumed.is_empty() && resumed.iter().all(|(host, _)| *host == "crashing"), "{resumed:?}");
    let fetched = crashing(play.stage.log()) - before;
    assert_eq!(resumed.len() + fetched, CHUNKS, "{resumed:?}");
    Ok(play.stage.log().trace())
}

#[test]
fn whatever_fails_every_downloader_has_the_file_in_the_end() -> turmoil::Result {
    for rng_seed in 41..44 {
        play(rng_seed)?;
    }
    Ok(())
}

/// Where a process of this test is to put its trace.
const TRACE: &str = "SAMARA_TRACE";

/// Each run has a process of its own: in which order tokio drops the tasks of a host that crashes depends on how many it
/// has had since the process began.
#[test]
fn the_same_seed_gives_the_same_trace_through_it_all() -> turmoil::Result {
    if let Some(path) = env::var_os(TRACE) {
        return Ok(fs::write(path, play(40)?)?);
    }
    let folder = tempfile::tempdir()?;
    let run = |name| {
        let path = folder.path().join(name);
        let mut process = Command::new(env::current_exe()?);
        process.args(["--exact", "through::the_same_seed_gives_the_same_trace_through_it_all"]);
        assert!(process.env(TRACE, &path).stdout(Stdio::null()).status()?.success());
        turmoil::Result::Ok(fs::read_to_string(path)?)
    };
    let (first, again) = (run("first")?, run("again")?);
    assert!(
        first.lines().filter(|line| line.contains("is complete")).count() == DOWNLOADERS.len(),
        "{first}"
    );
    assert_eq!(first.lines().zip(again.lines()).find(|(first, again)| first != again), None);
    assert_eq!(first.len(), again.len());
    Ok(())
}
