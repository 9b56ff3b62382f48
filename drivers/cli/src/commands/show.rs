//! `samara show`: what is in a seed file.

use samara::{ChunkHash, FileHash, Seed, SeedId};
use serde::Serialize;

use crate::args::{Global, ShowArgs};
use crate::exit::{Code, Outcome};
use crate::output::Out;
use crate::{target, text};

/// A seed as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    length: u64,
    chunk_size: u32,
    file_hash: FileHash,
    seed_id: SeedId,
    chunk_hashes: &'a [ChunkHash],
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &ShowArgs) -> Outcome {
    let seed = target::seed(&args.seed).await?;
    let out = Out::new(global.json);
    out.object(&Shown {
        name: seed.name().as_str(),
        length: seed.length(),
        chunk_size: seed.chunk_size(),
        file_hash: seed.file_hash(),
        seed_id: seed.id(),
        chunk_hashes: seed.chunk_hashes(),
    });
    out.line(&words(&seed));
    Ok(Code::Ok)
}

fn words(seed: &Seed) -> String {
    let kind = if seed.is_canonical() { "" } else { " (unusual: pinned downloads only)" };
    let lines = [
        ("name", seed.name().to_string()),
        ("length", format!("{} bytes ({})", text::count(seed.length()), text::size(seed.length()))),
        (
            "chunks",
            format!(
                "{} of {}{kind}",
                text::count(seed.chunks().into()),
                text::size(seed.chunk_size().into())
            ),
        ),
        ("file hash", format!("sha256:{}", seed.file_hash())),
        ("seed id", seed.id().to_string()),
    ];
    lines.map(|(what, value)| format!("{what:<10} {value}")).join("\n")
}
