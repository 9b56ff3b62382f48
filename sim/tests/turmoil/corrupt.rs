//! Seeders whose file is not what it was, though nothing shows it: chunk hashes are what finds out.

use std::fs::{self, File};
use std::io;
use std::ops::Range;

use samara::downloader::Pin;
use samara::wire::session::Fault;
use samara_tokio::files;
use turmoil::Sim;

use crate::stage::{Stage, addr};
use crate::stale::two_seeders;

/// Chunks of the file.
const CHUNKS: usize = 10;
const CHUNK: usize = 256 << 10;

/// Changes a byte of each of these chunks on a host, and makes the file look as if it had not been touched.
pub(crate) fn corrupt(stage: &Stage, host: &str, chunks: impl Iterator<Item = usize>) -> io::Result<()> {
    let path = stage.path(host);
    let before = files::identity(&path)?;
    let modified = fs::metadata(&path)?.modified()?;
    let mut bytes = fs::read(&path)?;
    for chunk in chunks {
        bytes[chunk * CHUNK] ^= 1;
    }
    fs::write(&path, bytes)?;
    File::options().write(true).open(&path)?.set_modified(modified)?;
    assert_eq!(files::identity(&path)?, before, "nobody can see it");
    Ok(())
}

/// A downloader that begins when both seeders have announced the file and `change` has been carried out.
fn download_after(sim: &mut Sim<'_>, stage: &Stage, change: impl FnOnce(&Stage) -> io::Result<()> + 'static) {
    let downloader = stage.clone();
    sim.client("downloader", async move {
        downloader.until(|log| log.announced().len() == 2).await;
        change(&downloader)?;
        downloader.download("downloader", Pin::Hash).await
    });
}

#[test]
fn who_sends_corrupted_bytes_is_banned_and_the_other_completes_the_file() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 9)?;
    let mut sim = two_seeders(&stage, 0)?;
    download_after(&mut sim, &stage, |stage| corrupt(stage, "bad", 0..CHUNKS));
    sim.run()?;

    let (banned, bad) = (stage.log().banned(), addr(&sim, "bad"));
    assert!(matches!(banned[..], [(addr, Fault::BadChunk { .. })] if addr == bad), "{banned:?}");
    assert!(stage.log().verified().iter().all(|(_, from)| *from == addr(&sim, "good")));
    assert!(!stage.is_whole_on("bad")? && stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn good_chunks_that_came_before_a_bad_one_are_kept_and_no_others_follow() -> turmoil::Result {
    const BAD: Range<u32> = 0..4;
    let stage = Stage::new(CHUNKS, 12)?;
    let mut sim = two_seeders(&stage, 256 << 10)?;
    download_after(&mut sim, &stage, |stage| corrupt(stage, "bad", 0..4));
    let bad = addr(&sim, "bad");
    let sent = || stage.log().verified().into_iter().filter(|(_, from)| *from == bad).count();
    while stage.log().banned().is_empty() {
        assert!(!sim.step()?, "it is complete without a bad chunk having been sent");
    }
    let before = sent();
    sim.run()?;

    assert!(before > 0 && sent() == before, "{before} before it was banned, {} in all", sent());
    let banned = stage.log().banned();
    let index = |fault| if let Fault::BadChunk { index } = fault { Some(index) } else { None };
    assert!(
        matches!(banned[..], [(addr, fault)] if addr == bad && index(fault).is_some_and(|at| BAD.contains(&at)))
    );
    let verified = stage.log().verified();
    assert_eq!(verified.len(), CHUNKS, "no chunk is accepted twice");
    assert!(verified.iter().all(|(index, from)| !BAD.contains(index) || *from != bad));
    assert!(stage.is_whole_on("downloader")?);
    Ok(())
}

#[test]
fn corrupted_seeders_alone_end_a_download_and_nothing_gets_the_files_name() -> turmoil::Result {
    let stage = Stage::new(CHUNKS, 12)?;
    let mut sim = two_seeders(&stage, 0)?;
    download_after(&mut sim, &stage, |stage| {
        corrupt(stage, "good", 2..3)?;
        corrupt(stage, "bad", 2..3)
    });
    let error = sim.run().expect_err("nobody has the third chunk").to_string();

    assert!(error.contains("Integrity"), "{error}");
    assert_eq!(stage.log().banned().len(), 2, "{error}");
    assert!(stage.log().verified().iter().all(|(index, _)| *index != 2));
    assert!(!stage.path("downloader").exists());
    Ok(())
}
