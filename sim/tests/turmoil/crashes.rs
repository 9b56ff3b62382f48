//! Hosts that crash, and come back or don't.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use samara::downloader::{Pin, Stale};
use samara::tracker;
use turmoil::Sim;

use crate::stage::{Stage, addr, pass};
use crate::stale::two_seeders;

/// Chunks of the file.
const CHUNKS: usize = 10;
const CHUNK: u64 = 256 << 10;
/// Slow enough for a crash to come in the middle.
const SLOW: u64 = 512 << 10;

/// A tracker, a seeder, and a downloader that crashes after four chunks; `meanwhile` something happens to what it left.
/// Returns how many bytes were taken up when it came back, and which chunks were fetched then.
fn crashed_downloader(
    stage: &Stage,
    meanwhile: impl FnOnce() -> turmoil::Result,
) -> turmoil::Result<(u64, Vec<u32>)> {
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config::default());
    stage.seeder(&mut sim, "seeder", SLOW)?;
    stage.downloader(&mut sim, "downloader", 1, 0);
    stage.ends_with(&mut sim, 1);
    while stage.log().verified().len() < 4 {
        assert!(!sim.step()?, "it is too fast to crash");
    }
    sim.crash("downloader");
    let before = stage.log().verified().len();
    pass(&mut sim, Duration::from_secs(2))?;
    assert_eq!(stage.log().verified().len(), before, "it is down");
    assert_eq!(stage.log().resumed(), [], "the first run had nothing to resume");
    assert!(!stage.path("downloader").exists());
    meanwhile()?;
    sim.bounce("downloader");
    sim.run()?;

    assert!(stage.is_whole_on("downloader")?);
    let bytes = stage.log().resumed().iter().map(|(_, bytes)| bytes).sum();
    let fetched = stage.log().verified()[before..].iter().map(|(index, _)| *index).collect();
    Ok((bytes, fetched))
}

#[test]
fn a_downloader_that_crashes_resumes_from_its_part_file() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 21)?;
    let (resumed, fetched) = crashed_downloader(&stage, || Ok(()))?;
    assert!(resumed >= 3 * CHUNK, "only {resumed} bytes were taken up");
    let ranges = fetched.iter().filter_map(|index| stage.seed().range(*index));
    let again: u64 = ranges.map(|range| range.end - range.start).sum();
    assert_eq!(resumed + again, stage.seed().length(), "nothing is fetched twice: {fetched:?}");
    Ok(())
}

#[test]
fn what_is_damaged_while_a_downloader_is_down_is_fetched_again() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 21)?;
    let part = stage.path("downloader").with_extension("part");
    let damaged = || stage.log().verified()[1].0;
    let damage = || {
        let file = File::options().write(true).open(&part)?;
        file.write_all_at(b"damage", u64::from(damaged()) * CHUNK + 100)?;
        Ok(())
    };
    let (resumed, fetched) = crashed_downloader(&stage, damage)?;
    assert!(fetched.contains(&damaged()), "{} is not among {fetched:?}", damaged());
    assert!(resumed >= 2 * CHUNK, "the others are taken up: {resumed} bytes");
    Ok(())
}

/// How long the tracker is down.
const OUTAGE: Duration = Duration::from_secs(3);
/// A node tries to reach a tracker again after so long at most, when it was down no longer than that.
const RETRY: Duration = Duration::from_secs(4);
/// How often nodes announce.
const INTERVAL: Duration = Duration::from_secs(4);

/// Two seeders have announced the file; then the tracker crashes and comes back. Returns when.
fn restarted_tracker(stage: &Stage) -> turmoil::Result<(Sim<'static>, Duration)> {
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config { interval: INTERVAL, ..tracker::Config::default() });
    stage.seeder(&mut sim, "good", 0)?;
    stage.seeder(&mut sim, "bad", 0)?;
    while stage.log().joined().len() < 2 {
        sim.step()?;
    }
    pass(&mut sim, Duration::from_secs(1))?;
    sim.crash("tracker");
    pass(&mut sim, OUTAGE)?;
    sim.bounce("tracker");
    let since = sim.elapsed();
    Ok((sim, since))
}

#[test]
fn a_tracker_that_restarts_knows_everything_again_within_an_interval() -> turmoil::Result {
    let stage = Stage::new(1, 22)?;
    let (mut sim, since) = restarted_tracker(&stage)?;
    pass(&mut sim, RETRY + INTERVAL)?;
    let again = stage.log().joined().into_iter().filter(|(at, _)| *at > since).map(|(_, node)| node);
    assert_eq!(again.collect::<BTreeSet<_>>(), ["good", "bad"].map(|host| addr(&sim, host)).into());
    Ok(())
}

#[test]
fn who_asks_a_tracker_that_has_just_restarted_asks_again_until_it_knows() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 23)?;
    let (mut sim, since) = restarted_tracker(&stage)?;
    let downloader = stage.clone();
    sim.client("downloader", async move { downloader.download("downloader", Pin::Hash).await });
    sim.run()?;
    let answers = stage.log().named();
    assert!(matches!(answers[..], [(at, 0), .., (_, 1..)] if at > since), "{answers:?}");
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_download_goes_on_while_the_tracker_is_down() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 24)?;
    let mut sim = two_seeders(&stage, SLOW / 4)?;
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced().len() == 2).await;
        downloader.download("downloader", Pin::Hash).await
    });
    while stage.log().verified().len() < 3 {
        assert!(!sim.step()?, "it is complete already");
    }
    sim.crash("tracker");
    sim.run()?;
    assert!(!sim.is_host_running("tracker"));
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_seeder_that_crashed_for_good_is_still_named_and_who_comes_later_finds_it_stale() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 25)?;
    let mut sim = two_seeders(&stage, SLOW / 2)?;
    let (first, bad) = (stage.clone(), addr(&sim, "bad"));
    sim.client("first", async move {
        first.until(|log| log.announced().len() == 2).await;
        first.download("first", Pin::Hash).await
    });
    let sent = || stage.log().verified().into_iter().filter(|(_, from)| *from == bad).count();
    while sent() == 0 {
        assert!(!sim.step()?, "it never sent anything");
    }
    sim.crash("bad");
    let before = sent();
    sim.run()?;
    assert!(stage.log().lost().iter().any(|(_, host, to)| (*host, *to) == ("first", bad)));

    let second = stage.clone();
    sim.client("second", async move { second.download("second", Pin::Hash).await });
    sim.run()?;
    assert_eq!(sent(), before, "it is dead");
    assert!(stage.log().stale().contains(&(bad, Stale::Unreachable)), "{:?}", stage.log().stale());
    assert_eq!(stage.log().expired(), [], "its lease is not over yet");
    assert!(stage.is_whole_on("first")? && stage.is_whole_on("second")?);
    Ok(())
}
