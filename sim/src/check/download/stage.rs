//! What is downloaded: a file, and the lists that somebody may offer for it.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use samara::downloader::{Pin, Target};
use samara::{Hashed, Seed, SeedId, Sha2, Step};

use crate::check::draw::Draw;
use crate::file;

/// A file and its lists.
pub(super) struct Stage {
    /// Its true list first; each with the bytes that those who offer it send.
    pub(super) lists: Vec<(Arc<Seed>, Vec<u8>)>,
}

/// A small one in small chunks, for those who have its seed or a link.
pub(super) static PINNED: LazyLock<Stage> = LazyLock::new(|| {
    let bytes = file::random(11 * 64 - 9, 1);
    let truth = file::seed(&bytes, 64);
    let lies = vec![(file::forged(&truth, &[2]), bytes.clone())];
    Stage::new(truth, bytes, lies)
});

/// A larger one in canonical chunks, for those who know its hash only.
pub(super) static BARE: LazyLock<Stage> = LazyLock::new(|| {
    let bytes = file::random((512 << 10) + 100, 4);
    let truth = file::canonical(&bytes);
    let lies = vec![
        (file::forged(&truth, &[0]), bytes.clone()),
        file::spliced(&truth, &bytes, 1, 5),
        (file::resized(&truth, 6), bytes.clone()),
    ];
    Stage::new(truth, bytes, lies)
});

impl Stage {
    fn new(truth: Arc<Seed>, bytes: Vec<u8>, mut lists: Vec<(Arc<Seed>, Vec<u8>)>) -> Self {
        lists.insert(0, (truth, bytes));
        Self { lists }
    }

    /// What a user asks for who knows so much.
    pub(super) fn target(&self, draw: &mut Draw<'_>) -> Target {
        let truth = &self.lists[0].0;
        let pin = match draw.below(2) {
            _ if truth.is_canonical() => Pin::Hash,
            0 => Pin::Id(truth.id()),
            _ => Pin::Seed(Arc::clone(truth)),
        };
        Target { file_hash: truth.file_hash(), pin }
    }

    /// The list of this id.
    pub(super) fn list(&self, id: SeedId) -> Option<&Arc<Seed>> {
        self.lists.iter().map(|(seed, _)| seed).find(|seed| seed.id() == id)
    }

    /// Some list, more often the true one.
    pub(super) fn drawn(&self, draw: &mut Draw<'_>) -> &Arc<Seed> {
        let at = if draw.any() { 0 } else { draw.below(self.lists.len()) };
        &self.lists[at].0
    }

    /// What comes for a step of some list: what its holders send, or something else of the same length.
    pub(super) fn chunk(&self, draw: &mut Draw<'_>, step: Step) -> Hashed {
        let fits = |(seed, _): &&(Arc<Seed>, Vec<u8>)| seed.step(step.index) == Some(step);
        let holders = self.lists.iter().find(fits);
        let part = |(seed, bytes): &(Arc<Seed>, Vec<u8>)| {
            let range = seed.range(step.index)?;
            let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
            bytes.get(range).map(<[u8]>::to_vec)
        };
        let mut bytes = holders.and_then(part).unwrap_or_else(|| vec![0; step.len as usize]);
        let (mut start, mut last) = (step.start, step.last);
        match draw.below(16) {
            0 => bytes[draw.below(step.len as usize)] ^= 1 << draw.below(8),
            1 => bytes.truncate(draw.below(step.len as usize)),
            2 => start = step.end,
            3 => last = draw.perhaps(|draw| draw.any()),
            _ => {}
        }
        Hashed::new::<Sha2>(start, last, Bytes::from(bytes))
    }
}
