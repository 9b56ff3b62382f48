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
        downloader.until(|log| log.announced().len() == 1).await;
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

/// How long nothing gets through.
const OUTAGE: Duration = Duration::from_secs(20);

/// Lets `fault` happen once three chunks are there, and `repair` some time later.
fn interrupted(
    stage: &Stage,
    fault: impl Fn(&mut Sim<'_>),
    repair: impl Fn(&mut Sim<'_>),
) -> turmoil::Result {
    let mut sim = three(stage, 512 << 10)?;
    while stage.log().verified().len() < 3 {
        assert!(!sim.step()?, "it is too fast to be interrupted");
    }
    fault(&mut sim);
    let repaired = sim.elapsed() + OUTAGE;
    while sim.elapsed() < repaired {
        assert!(!sim.step()?, "it went on without a seeder");
    }
    assert!(stage.log().verified().len() < CHUNKS);
    repair(&mut sim);
    sim.run()
}

#[test]
fn a_download_survives_a_network_that_stands_still() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 4)?;
    let (fault, repair) = (
        |sim: &mut Sim<'_>| sim.hold("seeder", "downloader"),
        |sim: &mut Sim<'_>| sim.release("seeder", "downloader"),
    );
    interrupted(&stage, fault, repair)?;
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_download_waits_for_a_seeder_that_restarts() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 5)?;
    interrupted(&stage, |sim| sim.crash("seeder"), |sim| sim.bounce("seeder"))?;
    assert!(stage.is_whole_on("downloader")?);
    let announced = stage.log().announced();
    assert_eq!(announced.iter().filter(|host| **host == "seeder").count(), 2, "{announced:?}");
    Ok(())
}

#[test]
fn a_download_survives_a_partition_that_no_connection_does() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 6)?;
    interrupted(
        &stage,
        |sim| sim.partition("seeder", "downloader"),
        |sim| sim.repair("seeder", "downloader"),
    )?;
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_download_survives_a_link_that_works_in_one_direction_only() -> turmoil::Result {
    for (from, to) in [("seeder", "downloader"), ("downloader", "seeder")] {
        let stage = Stage::new(CHUNKS, 13)?;
        interrupted(&stage, |sim| sim.partition_oneway(from, to), |sim| sim.repair_oneway(from, to))?;
        assert!(stage.is_whole_on("downloader")?, "{from} to {to}");
    }
    Ok(())
}
