//! Seeders whose file is gone.

use std::fs;

use samara::downloader::{Pin, Stale};
use samara::tracker;
use samara::wire::message::Gone;
use turmoil::Sim;

use crate::stage::{Stage, addr};

/// A tracker and two seeders, `good` and `bad`.
pub(crate) fn two_seeders(stage: &Stage, limit: u64) -> turmoil::Result<Sim<'static>> {
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config::default());
    stage.seeder(&mut sim, "good", limit)?;
    stage.seeder(&mut sim, "bad", limit)?;
    Ok(sim)
}

#[test]
fn a_seeder_whose_file_is_deleted_fails_its_test_and_the_other_completes_the_file() -> turmoil::Result {
    let stage = Stage::new(10, 7)?;
    let mut sim = two_seeders(&stage, 0)?;
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced().len() == 2).await;
        fs::remove_file(downloader.path("bad"))?;
        downloader.download("downloader", Pin::Hash).await
    });
    sim.run()?;

    assert_eq!(stage.log().stale(), [(addr(&sim, "bad"), Stale::Gone(Gone::Changed))]);
    assert!(stage.log().verified().iter().all(|(_, from)| *from == addr(&sim, "good")));
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_file_may_be_deleted_while_it_is_being_sent() -> turmoil::Result {
    let stage = Stage::new(10, 8)?;
    let mut sim = two_seeders(&stage, 512 << 10)?;
    let bad = addr(&sim, "bad");
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced().len() == 2).await;
        downloader.download("downloader", Pin::Seed(downloader.seed().clone())).await
    });
    let sent = |stage: &Stage| stage.log().verified().iter().filter(|(_, from)| *from == bad).count();
    while sent(&stage) == 0 {
        assert!(!sim.step()?, "it never sent anything");
    }
    fs::remove_file(stage.path("bad"))?;
    sim.run()?;

    assert!(sent(&stage) < 5, "it went on sending: {}", sent(&stage));
    assert_eq!(stage.log().stale(), [(bad, Stale::Gone(Gone::Changed))]);
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn a_seeder_that_is_cut_off_in_mid_download_is_replaced_by_the_other() -> turmoil::Result {
    let stage = Stage::new(10, 10)?;
    let mut sim = two_seeders(&stage, 512 << 10)?;
    let bad = addr(&sim, "bad");
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced().len() == 2).await;
        downloader.download("downloader", Pin::Hash).await
    });
    let sent = |stage: &Stage| stage.log().verified().iter().filter(|(_, from)| *from == bad).count();
    while sent(&stage) == 0 {
        assert!(!sim.step()?, "it never sent anything");
    }
    sim.partition("bad", "downloader");
    let before = sent(&stage);
    sim.run()?;

    assert_eq!(sent(&stage), before, "nothing gets through");
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}
