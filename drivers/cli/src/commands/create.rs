//! `samara create`: a seed file.

use std::path::PathBuf;

use samara::SafeName;

use crate::args::{CreateArgs, Global};
use crate::exit::{Code, Failure, Outcome};
use crate::hashing;
use crate::index::Index;
use crate::output::{Event, Out, json_path};
use crate::progress::{Meter, Phase};
use crate::{seeds, text};

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &CreateArgs) -> Outcome {
    let (out, path) = (Out::new(global.json), &args.path);
    let about = std::fs::metadata(path).map_err(|error| Failure::unreadable(path, &error))?;
    if !about.is_file() {
        return Err(Failure::usage(format!("{} is no regular file", text::path(path)))
            .next("samara create PATH, once for each file"));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = SafeName::new(name).map_err(|error| {
        Failure::usage(format!("{}: {error}", text::path(path))).next("rename the file first")
    })?;
    let meter = Meter::new(global, out);
    let ready = hashing::one(path, name, &Index::of_user(), Phase::Hashing, meter)
        .await
        .map_err(|error| Failure::disk("read", path, &error))?;
    let seed = &ready.seed;
    let seed_file = args.output.clone().unwrap_or_else(|| {
        let mut name = path.as_os_str().to_owned();
        name.push(".seed");
        PathBuf::from(name)
    });
    seeds::write(&seed_file, seed, args.overwrite)?;
    out.event(&Event::Created {
        path: &json_path(path),
        seed_file: &json_path(&seed_file),
        name: seed.name().as_str(),
        length: seed.length(),
        chunks: seed.chunks(),
        file_hash: seed.file_hash(),
        seed_id: seed.id(),
    });
    out.line(&format!("{}  sha256:{}", text::path(&seed_file), seed.file_hash()));
    Ok(Code::Ok)
}
