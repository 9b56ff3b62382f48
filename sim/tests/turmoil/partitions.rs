//! Links that fail while others work.

use std::net::SocketAddr;
use std::time::Duration;

use samara::downloader::Pin;
use samara::tracker;

use crate::stage::{Stage, TRAVEL, addr, pass};

/// Chunks of the file.
const CHUNKS: usize = 12;

#[test]
fn both_halves_of_a_swarm_that_falls_apart_complete_the_file() -> turmoil::Result {
    const LEFT: [&str; 3] = ["tracker", "seeder-1", "downloader-1"];
    const RIGHT: [&str; 2] = ["seeder-2", "downloader-2"];
    let stage = Stage::new(CHUNKS, 31)?;
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config::default());
    for seeder in ["seeder-1", "seeder-2"] {
        stage.seeder(&mut sim, seeder, 512 << 10)?;
    }
    for downloader in ["downloader-1", "downloader-2"] {
        stage.downloader(&mut sim, downloader, 2, 512 << 10);
    }
    stage.ends_with(&mut sim, 2);

    let right: Vec<SocketAddr> = RIGHT.iter().map(|host| addr(&sim, host)).collect();
    let crossings = |host| {
        let chunks = stage.log().chunks().into_iter().filter(|chunk| chunk.host == host);
        let crossings = chunks.filter(|chunk| RIGHT.contains(&chunk.host) != right.contains(&chunk.from));
        crossings.map(|chunk| chunk.at).collect::<Vec<_>>()
    };
    while crossings("downloader-1").is_empty() || crossings("downloader-2").is_empty() {
        assert!(!sim.step()?, "they never needed the other half");
    }
    assert_eq!(stage.log().done(), [], "it is too late");
    let apart = sim.elapsed();
    for (left, right) in LEFT.iter().flat_map(|left| RIGHT.map(|right| (*left, right))) {
        sim.partition(left, right);
    }
    sim.run()?;
    for downloader in ["downloader-1", "downloader-2"] {
        assert!(crossings(downloader).iter().all(|at| *at <= apart + TRAVEL), "nothing gets through");
        assert!(stage.is_whole_on(downloader)?);
    }
    Ok(())
}

#[test]
fn a_seeder_cut_off_from_its_tracker_expires_there_goes_on_serving_and_comes_back() -> turmoil::Result {
    const TTL: Duration = Duration::from_secs(15);
    const INTERVAL: Duration = Duration::from_secs(5);
    let stage = Stage::new(CHUNKS, 32)?;
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config { ttl: TTL, interval: INTERVAL, ..tracker::Config::default() });
    stage.seeder(&mut sim, "seeder", 100 << 10)?;
    stage.downloader(&mut sim, "downloader", 1, 0);
    stage.ends_with(&mut sim, 1);
    let seeder = addr(&sim, "seeder");
    while stage.log().verified().is_empty() {
        assert!(!sim.step()?);
    }
    sim.partition("tracker", "seeder");
    let cut = sim.elapsed();
    while !stage.log().expired().iter().any(|(_, node)| *node == seeder) {
        assert!(!sim.step()?, "the seeder never expired");
    }
    let expired = sim.elapsed();
    assert!((cut + TTL - INTERVAL - TRAVEL..cut + TTL + TRAVEL).contains(&expired), "{cut:?}, {expired:?}");
    sim.run()?;
    let chunks = stage.log().chunks();
    assert!(chunks.last().is_some_and(|chunk| chunk.at > expired), "the download didn't go on");
    assert!(stage.is_whole_on("downloader")?);
    let joined = || stage.log().joined().into_iter().rfind(|(_, node)| *node == seeder);
    assert!(joined().is_some_and(|(at, _)| at < cut), "it is cut off");

    sim.repair("tracker", "seeder");
    let repaired = sim.elapsed();
    // It tries every half a minute at least.
    pass(&mut sim, Duration::from_secs(31))?;
    assert!(joined().is_some_and(|(at, _)| at > repaired), "{:?}", stage.log().joined());
    Ok(())
}

#[test]
fn a_downloader_that_is_cut_off_for_too_long_gives_up_and_keeps_what_it_has() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 33)?;
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config::default());
    stage.seeder(&mut sim, "seeder", 512 << 10)?;
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced().len() == 1).await;
        downloader.download("downloader", Pin::Hash).await
    });
    while stage.log().verified().len() < 3 {
        assert!(!sim.step()?);
    }
    for other in ["tracker", "seeder"] {
        sim.partition("downloader", other);
    }
    let cut = sim.elapsed();
    let error = sim.run().expect_err("it is cut off").to_string();
    assert!(error.contains("Stalled"), "{error}");
    let stalled = sim.elapsed() - cut;
    assert!((Duration::from_secs(59)..Duration::from_secs(62)).contains(&stalled), "{stalled:?}");

    for other in ["tracker", "seeder"] {
        sim.repair("downloader", other);
    }
    let again = stage.clone();
    sim.client("again", async move { again.download("downloader", Pin::Hash).await });
    sim.run()?;
    assert!(matches!(stage.log().resumed()[..], [(_, bytes)] if bytes > 0), "{:?}", stage.log().resumed());
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}
