//! What a user wants: `sha256:HEX`, `HEX`, a `samara:` link or a seed file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use samara::downloader::{Pin, Target};
use samara::link::ShareLink;
use samara::wire::seedfile;
use samara::{FileHash, SafeName, Seed, SeedId};

use crate::exit::{Code, Failure};
use crate::text;

/// The largest seed file: 65,536 chunk hashes, and room for the rest.
const MOST: u64 = 4 << 20;

/// What a user may type.
const TARGETS: &str = "a target is sha256:HEX, HEX, a samara: link or a seed file";

/// A parsed target.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// What to download.
    pub(crate) target: Target,
    /// A name that came from the user: in a link or a seed file.
    pub(crate) name: Option<SafeName>,
    /// The length, if the user said so.
    pub(crate) length: Option<u64>,
    /// Trackers of a link.
    pub(crate) trackers: Vec<String>,
}

impl Wanted {
    /// Parses what was typed; a seed file is read.
    pub(crate) async fn read(text: &str) -> Result<Self, Failure> {
        let text = text.to_owned();
        apart(move || Self::parse(&text)).await
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        if let Some(hash) = hash(text)? {
            return Ok(Self::bare(hash));
        }
        if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("samara:")) {
            let link: ShareLink =
                text.parse().map_err(|error| wrong(text, format!("a bad samara: link: {error}")))?;
            let pin = link.seed_id.map_or(Pin::Hash, Pin::Id);
            let target = Target { file_hash: link.file_hash, pin };
            return Ok(Self { target, name: link.name, length: link.length, trackers: link.trackers });
        }
        let seed = read_seed(Path::new(text)).map_err(|failure| failure.next(TARGETS))?;
        let (name, length) = (Some(seed.name().clone()), Some(seed.length()));
        let target = Target { file_hash: seed.file_hash(), pin: Pin::Seed(Arc::new(seed)) };
        Ok(Self { target, name, length, trackers: Vec::new() })
    }

    const fn bare(file_hash: FileHash) -> Self {
        let target = Target { file_hash, pin: Pin::Hash };
        Self { target, name: None, length: None, trackers: Vec::new() }
    }

    /// The list that the user vouched for.
    pub(crate) fn seed_id(&self) -> Option<SeedId> {
        match &self.target.pin {
            Pin::Hash => None,
            Pin::Id(id) => Some(*id),
            Pin::Seed(seed) => Some(seed.id()),
        }
    }

    /// The name under which to store it: one that the user gave, else the hash. A stranger never names a file.
    pub(crate) fn file_name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.target.file_hash.to_string(), ToString::to_string)
    }
}

/// A hash, if the text is meant as one.
pub(crate) fn hash(text: &str) -> Result<Option<FileHash>, Failure> {
    match (text.strip_prefix("sha256:"), text.parse()) {
        (Some(hex), _) => hex.parse().map(Some).map_err(|error| wrong(text, error)),
        (None, Ok(hash)) => Ok(Some(hash)),
        (None, Err(_)) => Ok(None),
    }
}

/// Reads a seed file.
pub(crate) async fn seed(path: &Path) -> Result<Seed, Failure> {
    let path = path.to_owned();
    apart(move || read_seed(&path)).await
}

/// Reads on a thread of its own: a pipe may keep it waiting for ever, and a signal has to end the command all the same.
async fn apart<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let failed = |error| Err(Failure::new(Code::Other, format!("cannot read the target: {error}")));
    tokio::task::spawn_blocking(read).await.unwrap_or_else(failed)
}

fn read_seed(path: &Path) -> Result<Seed, Failure> {
    let shown = text::path(path);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    let wrong = |why| Failure::usage(format!("{shown}: {why}")).next("samara create FILE makes FILE.seed");
    read.map_err(|error| wrong(format!("not readable as a seed file: {}", text::os(&error))))?;
    if bytes.len() as u64 > MOST {
        return Err(wrong("too large for a seed file".to_owned()));
    }
    seedfile::from_bytes(&bytes).map_err(|error| wrong(format!("no valid seed file: {error}")))
}

fn wrong(text: &str, why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {why}", text::escape(text))).next(TARGETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_taken_with_and_without_their_prefix() {
        let hex = FileHash::of_nothing().to_string();
        for text in [hex.clone(), format!("sha256:{hex}"), hex.to_uppercase()] {
            let wanted = Wanted::parse(&text).unwrap();
            assert_eq!(wanted.target.file_hash, FileHash::of_nothing());
            assert_eq!((wanted.file_name(), wanted.seed_id()), (hex.clone(), None));
        }
    }

    #[test]
    fn what_is_no_target_is_bad_usage() {
        let folder = tempfile::tempdir().unwrap();
        let bad = folder.path().join("bad.seed");
        std::fs::write(&bad, b"not a seed").unwrap();
        let bad = bad.to_string_lossy();
        for text in ["sha256:12", "samara:nonsense", "/nowhere/f.seed", "", &bad] {
            let failure = Wanted::parse(text).unwrap_err();
            assert_eq!(failure.code, Code::Usage, "{text}");
            assert!(failure.next.is_some());
        }
    }
}
