//! `samara verify`: is this file what a seed file, or a SHA-256, says?

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use samara::{FileHash, Seed};
use samara_tokio::files;
use serde::Serialize;

use crate::args::{Global, VerifyArgs};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{Out, json_path};
use crate::progress::{Meter, Phase};
use crate::{hashing, target, text};

/// The answer as JSON.
#[derive(Serialize)]
struct Verdict<'a> {
    ok: bool,
    /// Ranges of bytes, `[start, end]` with the end outside.
    bad: &'a [[u64; 2]],
    path: &'a str,
    file_hash: FileHash,
}

/// What to compare with.
enum Against {
    Hash(FileHash),
    Seed(Arc<Seed>),
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &VerifyArgs) -> Outcome {
    let (out, path) = (Out::new(global.json), &args.path);
    let against = match target::hash(&args.against)? {
        Some(hash) => Against::Hash(hash),
        None => Against::Seed(Arc::new(target::seed(Path::new(&args.against)).await?)),
    };
    let file_hash = match &against {
        Against::Hash(hash) => *hash,
        Against::Seed(seed) => seed.file_hash(),
    };
    let meter = Meter::new(global, Out::new(false)); // stdout has the verdict and nothing else
    let bad = check(against, path, meter).await.map_err(|error| Failure::disk("read", path, &error))?;
    let bad = bad.into_iter().map(|range| [range.start, range.end]).collect::<Vec<_>>();
    out.object(&Verdict { ok: bad.is_empty(), bad: &bad, path: &json_path(path), file_hash });
    if bad.is_empty() {
        out.line(&format!("{}  sha256:{file_hash}  ok", text::path(path)));
        return Ok(Code::Ok);
    }
    for [start, end] in &bad {
        out.line(&format!("{}  bytes {start} to {end} are bad", text::path(path)));
    }
    let message = format!("{} is not sha256:{file_hash}", text::path(path));
    Err(Failure::new(Code::Integrity, message)
        .next(format!("samara get sha256:{file_hash} -o {} --overwrite", text::shell_path(path))))
}

/// The bad ranges; all of it, if there is only a hash to compare with.
async fn check(against: Against, path: &Path, meter: Meter) -> io::Result<Vec<Range<u64>>> {
    let length = std::fs::metadata(path)?.len();
    let bytes = Arc::new(AtomicU64::new(0));
    let (file, done) = (path.to_owned(), Arc::clone(&bytes));
    let work = tokio::task::spawn_blocking(move || {
        let progress = hashing::adding_to(&done);
        match against {
            Against::Seed(seed) => files::verify(&seed, &file, threads(), &progress),
            Against::Hash(hash) => {
                let same = files::sha256(&file, &progress)? == hash;
                Ok((!same).then_some(0..length).into_iter().collect())
            }
        }
    });
    hashing::watch(work, Phase::Checking, &text::path(path), &bytes, length, meter).await?
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
