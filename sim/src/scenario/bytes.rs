//! Scenarios about bytes that are not what they should be, and lists that aren't.

use samara::Entropy;
use samara::downloader::Note;

use super::{Scenario, Setup, Stage};
use crate::fault::Fault;
use crate::file;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        draw: |setup, entropy| {
            setup.hostile = 1 + entropy.below(3);
            setup.faults = vec![Fault::Poisoner];
        },
        ..Scenario::new(
            "chunk-corruption",
            "holders send bytes that aren't the chunk's: each is banned at the first, and the file comes out right",
            &[Fault::Poisoner],
        )
    },
    Scenario {
        draw: false_lists,
        prepare: forge,
        check: wasted,
        ..Scenario::new(
            "false-chunk-list",
            "who knows the hash only is offered lists that aren't the file's, by more holders than the true one has",
            &[Fault::FalseList],
        )
    },
    Scenario {
        draw: |setup, entropy| {
            if entropy.below(3) == 0 {
                setup.unpinned(6 + entropy.below(6), entropy);
            }
            setup.seeders = 1;
            setup.downloaders = 3;
            let few = [Fault::Poisoner, Fault::Liar, Fault::Tarpit, Fault::Withhold];
            setup.faults = few.to_vec();
            setup.faults.push(Fault::Flooder);
        },
        ..Scenario::new(
            "hostile-half",
            "half of all hosts mean harm, each in its own way",
            &[Fault::Poisoner, Fault::Liar, Fault::Tarpit, Fault::Withhold, Fault::Flooder],
        )
    },
];

/// One honest complete holder, and some that are not.
fn false_lists(setup: &mut Setup, entropy: &mut Entropy) {
    // Some are longer than the window within which a false list can be believed.
    let chunks = if entropy.below(32) == 0 { 100 + entropy.below(80) } else { 3 + entropy.below(8) };
    setup.unpinned(chunks, entropy);
    setup.seeders = 1;
    setup.downloaders = 1 + entropy.below(2);
    setup.hostile = 0;
    setup.faults = vec![Fault::FalseList];
    if entropy.below(2) == 0 {
        setup.faults.push(Fault::Poisoner);
    }
    if entropy.below(2) == 0 {
        setup.faults.push(Fault::Withhold);
    }
}

/// One or two false lists: false in the first half, in one value, in the length, or that of another file up to some
/// chunk; each with one to three holders.
/// Others hold the true one, and send bad chunks or withhold one.
fn forge(stage: &mut Stage) {
    let lists = if stage.setup.has(Fault::FalseList) { 1 + stage.entropy.below(2) } else { 0 };
    for n in 0..lists {
        let chunks = stage.seed.chunks();
        let mut bytes = stage.bytes.to_vec();
        let false_list = match stage.entropy.below(4) {
            0 => file::forged(&stage.seed, &(0..chunks.div_ceil(2).min(chunks - 1)).collect::<Vec<_>>()),
            1 => {
                let lie = stage.entropy.below(chunks as usize - 1);
                file::forged(&stage.seed, &[u32::try_from(lie).unwrap_or(0)])
            }
            2 => file::resized(&stage.seed, stage.entropy.next()),
            _ => {
                let upto = u32::try_from(1 + stage.entropy.below(chunks as usize - 1)).unwrap_or(1);
                let (seed, forged) = file::spliced(&stage.seed, &bytes, upto, stage.entropy.next());
                bytes = forged;
                seed
            }
        };
        for holder in 0..1 + stage.entropy.below(3) {
            stage.forger(&format!("liar{n}.{holder}"), std::sync::Arc::clone(&false_list), &bytes);
        }
    }
    if let (0, [tracker, ..], Some((seeder, _))) =
        (stage.entropy.below(3), stage.trackers.as_slice(), stage.seeders.first())
    {
        // For a while only the others are known.
        stage.world.cut(*seeder, *tracker);
    }
    if stage.setup.has(Fault::Poisoner) {
        let chunks: Vec<_> = (0..stage.seed.chunks()).filter(|_| stage.entropy.below(3) > 0).collect();
        stage.poisoner("poisoner", &chunks);
    }
    if stage.setup.has(Fault::Withhold) {
        let one = u32::try_from(stage.entropy.below(stage.seed.chunks() as usize)).unwrap_or(0);
        stage.impostor("withholder", crate::hostile::Trick::Withhold(vec![one]), Fault::Withhold);
    }
}

/// What was fetched in vain is no more than the window allows: a quarter of the file or 64 chunks to begin with, and
/// 64 chunks for each list that was refuted.
fn wasted(stage: &Stage) -> Result<(), String> {
    let (chunks, chunk_size) = (u64::from(stage.seed.chunks()), u64::from(stage.seed.chunk_size()));
    for get in &stage.downloads {
        let notes = stage.notes(get.host);
        let fetched: u64 = notes
            .iter()
            .map(|note| if let Note::Verified { bytes, .. } = note { (*bytes).into() } else { 0 })
            .sum();
        let refuted = notes.iter().filter(|note| matches!(note, Note::Refuted { .. })).count() as u64;
        let window = (chunks / 4).max(64) + 64 * refuted.saturating_sub(1);
        let waste = fetched.saturating_sub(stage.bytes.len() as u64);
        if waste > window * chunk_size {
            return Err(format!("{} fetched {waste} B in vain", stage.world.name(get.host)));
        }
    }
    Ok(())
}
