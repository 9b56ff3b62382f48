//! Where a download goes, and what is there already.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use samara::downloader::Pin;
use samara::{SafeName, Seed};
use samara_tokio::files;

use super::Job;
use crate::exit::{Code, Failure};
use crate::hashing::{self, Ready};
use crate::progress::Phase;
use crate::target::Wanted;
use crate::text;

/// What is at the destination.
pub(super) enum Existing {
    /// The wanted file.
    Present(Ready),
    /// Nothing, or something that the user wants replaced.
    Absent,
}

/// Where the file goes: `-o`, a folder in which it takes its name, or here.
pub(super) fn destination(output: Option<&Path>, wanted: &Wanted) -> Result<PathBuf, Failure> {
    let path = match output {
        None => PathBuf::from(wanted.file_name()),
        Some(folder) if folder.is_dir() || ends_with_slash(folder) => folder.join(wanted.file_name()),
        Some(path) => path.to_owned(),
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or_else(|| Path::new("."));
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => Ok(path),
        Ok(_) => {
            let message = format!("cannot write {}: {} is no folder", text::path(&path), text::path(folder));
            Err(Failure::new(Code::Disk, message).next("-o with a path in a folder"))
        }
        Err(error) => {
            let (path, why) = (text::path(&path), text::os(&error));
            let failure =
                Failure::new(Code::Disk, format!("cannot write {path}: {}: {why}", text::path(folder)));
            Err(if error.kind() == io::ErrorKind::NotFound {
                failure.next(format!("mkdir -p {}", text::shell_path(folder)))
            } else {
                failure.next("-o with a path in a folder")
            })
        }
    }
}

fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// Looks at the destination: is the wanted file there, or another one?
pub(super) async fn look(job: &Job<'_>) -> Result<Existing, Failure> {
    let path = &job.path;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Existing::Absent),
        Err(error) => return Err(Failure::disk("look at", path, &error)),
        Ok(_) => {}
    }
    if let Some(ready) = same(job).await? {
        files::keep(path).map_err(|error| Failure::disk("sync", path, &error))?;
        forget_journal(path);
        return Ok(Existing::Present(ready));
    }
    let folder = path.is_dir();
    if job.args.overwrite && !folder {
        return Ok(Existing::Absent);
    }
    let next = if folder { "-o with another name" } else { "--overwrite replaces it; -o takes another name" };
    Err(Failure::new(Code::Differs, format!("{} exists and differs", text::path(path))).next(next))
}

/// The file at the destination, if it is the wanted one.
async fn same(job: &Job<'_>) -> Result<Option<Ready>, Failure> {
    let (path, wanted) = (&job.path, &job.wanted);
    let Ok(about) = fs::metadata(path) else { return Ok(None) };
    if !about.is_file() || wanted.length.is_some_and(|length| length != about.len()) {
        return Ok(None);
    }
    let unreadable = |error: io::Error| Failure::disk("read", path, &error);
    if let Pin::Seed(seed) = &wanted.target.pin
        && !seed.is_canonical()
    {
        return pinned(job, seed).await.map_err(unreadable);
    }
    let name = match SafeName::new(&wanted.file_name()) {
        Ok(name) => name,
        Err(error) => return Err(Failure::usage(error.to_string())),
    };
    let ready =
        hashing::one(path, name, &job.index, Phase::Checking, job.meter()).await.map_err(unreadable)?;
    Ok((ready.seed.file_hash() == wanted.target.file_hash).then_some(ready))
}

/// Compares with a list of unusual chunks that the user pinned.
async fn pinned(job: &Job<'_>, seed: &Arc<Seed>) -> io::Result<Option<Ready>> {
    let identity = files::identity(&job.path)?;
    let bytes = Arc::new(AtomicU64::new(0));
    let (path, list, done) = (job.path.clone(), Arc::clone(seed), Arc::clone(&bytes));
    let work =
        tokio::task::spawn_blocking(move || files::verify(&list, &path, 2, &hashing::adding_to(&done)));
    let shown = text::path(&job.path);
    let bad = hashing::watch(work, Phase::Checking, &shown, &bytes, seed.length(), job.meter()).await??;
    let same = bad.is_empty() && files::identity(&job.path)? == identity;
    Ok(same.then(|| Ready { path: job.path.clone(), seed: Arc::clone(seed), identity, known: false }))
}

/// A crash right after the last rename leaves a journal without its part file; the file is whole, so it goes.
fn forget_journal(path: &Path) {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    if !beside(".part").exists() {
        let _not_there = fs::remove_file(beside(".part.journal"));
    }
}
