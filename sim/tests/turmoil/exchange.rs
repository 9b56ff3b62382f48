//! Downloads from seeders that are what they say: the plain case, and a network that breaks.

use std::collections::BTreeSet;
use std::time::Duration;

use samara::downloader::Pin;
use samara::tracker;
use turmoil::Sim;

use crate::stage::Stage;

/// Chunks of the file.
const CHUNKS: usize = 10;

/// A tracker, a seeder and a downloader that knows nothing but the hash.
fn three(stage: &Stage, limit: u64) -> turmoil::Result<Sim<'static>> {
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config::default());
    stage.seeder(&mut sim, "seeder", limit)?;
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced() == 1).await;
        downloader.download("downloader", Pin::Hash).await
    });
    Ok(sim)
}

#[test]
fn a_file_goes_from_a_seeder_to_a_downloader() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 1)?;
    three(&stage, 0)?.run()?;
    assert!(stage.is_whole_on("downloader")?);
    let verified = stage.log().verified();
    assert_eq!(verified.len(), CHUNKS, "no chunk is fetched twice");
    assert_eq!(verified.iter().map(|(index, _)| index).collect::<BTreeSet<_>>().len(), CHUNKS);
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_trace() -> turmoil::Result {
    let trace = |rng_seed| {
        let stage = Stage::new(CHUNKS, rng_seed)?;
        three(&stage, 0)?.run()?;
        turmoil::Result::Ok(stage.log().trace())
    };
    let (first, again, other) = (trace(2)?, trace(2)?, trace(3)?);
    assert!(first.contains("is complete"), "{first}");
    assert_eq!(first, again);
    assert_ne!(first, other, "the seed decides about something");
    Ok(())
}

/// How long the network is broken.
const OUTAGE: Duration = Duration::from_secs(20);

/// Lets `fault` happen once three chunks are there, and `repair` some time later; how many chunks were there then.
fn interrupted(stage: &Stage, fault: impl Fn(&Sim<'_>), repair: impl Fn(&Sim<'_>)) -> turmoil::Result<usize> {
    let mut sim = three(stage, 512 << 10)?;
    while stage.log().verified().len() < 3 {
        assert!(!sim.step()?, "it is too fast to be interrupted");
    }
    fault(&sim);
    let repaired = sim.elapsed() + OUTAGE;
    while sim.elapsed() < repaired {
        assert!(!sim.step()?, "it went on without a network");
    }
    let verified = stage.log().verified().len();
    repair(&sim);
    sim.run()?;
    Ok(verified)
}

#[test]
fn a_download_survives_a_partition_that_no_connection_does() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 4)?;
    let before = interrupted(
        &stage,
        |sim| sim.partition("seeder", "downloader"),
        |sim| sim.repair("seeder", "downloader"),
    )?;
    assert!(before < CHUNKS, "{before} chunks");
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_download_survives_a_network_that_stands_still() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 5)?;
    let before = interrupted(
        &stage,
        |sim| sim.hold("seeder", "downloader"),
        |sim| sim.release("seeder", "downloader"),
    )?;
    assert!(before < CHUNKS, "{before} chunks");
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}
