//! Which files a user means: the regular ones among some paths and below some folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use samara::SafeName;
use walkdir::WalkDir;

use crate::exit::Failure;
use crate::text;

/// A file to be seeded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// Where.
    pub(crate) path: PathBuf,
    /// Under which name.
    pub(crate) name: SafeName,
    /// In bytes.
    pub(crate) size: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files, each once.
    pub(crate) items: Vec<Item>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<(PathBuf, String)>,
}

/// The files at `paths`: each file itself, and every regular file below each folder. Symbolic links below a folder
/// are not followed, and what a running download has on the disk is left out.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Found, Failure> {
    let (mut found, mut seen) = (Found::default(), BTreeSet::new());
    for path in paths {
        let about = fs::metadata(path).map_err(|error| Failure::unreadable(path, &error))?;
        if about.is_dir() {
            below(path, &mut found, &mut seen);
        } else if about.is_file() {
            add(path, about.len(), &mut found, &mut seen);
        } else {
            let message = format!("{} is neither a regular file nor a folder", text::path(path));
            return Err(Failure::usage(message).next("samara seed PATH of a file or folder"));
        }
    }
    Ok(found)
}

fn below(folder: &Path, found: &mut Found, seen: &mut BTreeSet<PathBuf>) {
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                found.skipped.push((path, error.io_error().map_or_else(|| error.to_string(), text::os)));
                continue;
            }
        };
        if entry.file_type().is_file() && !is_unfinished(entry.path()) {
            match entry.metadata() {
                Ok(about) => add(entry.path(), about.len(), found, seen),
                Err(error) => found.skipped.push((entry.path().to_owned(), error.to_string())),
            }
        }
    }
}

fn add(path: &Path, size: u64, found: &mut Found, seen: &mut BTreeSet<PathBuf>) {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if !seen.insert(whole.clone()) {
        return;
    }
    let name = path.file_name().or_else(|| whole.file_name()).and_then(|name| name.to_str());
    match name.map(SafeName::new) {
        Some(Ok(name)) => found.items.push(Item { path: path.to_owned(), name, size }),
        Some(Err(error)) => found.skipped.push((path.to_owned(), error.to_string())),
        None => found.skipped.push((path.to_owned(), "the file name is not UTF-8".to_owned())),
    }
}

/// Is it the part file of a download, or its journal?
fn is_unfinished(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let journal = || path.with_file_name(format!("{name}.journal")).exists();
    name.ends_with(".part.journal")
        || name.ends_with(".part.journal.new")
        || (name.ends_with(".part") && journal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_every_regular_file_below_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("deep/er")).unwrap();
        let files = ["b", "deep/er/a", "own.part", "x.part", "x.part.journal", "y.part.journal.new", "NUL"];
        for name in files {
            fs::write(at(name), name).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("b"), at("link")).unwrap();
        let found = super::files(&[folder.path().to_owned(), at("b")]).unwrap();
        let names = found.items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names, ["b", "a", "own.part"]);
        assert_eq!(found.items[0].size, 1);
        assert_eq!(found.skipped.len(), 1, "the device name");
    }

    #[test]
    fn a_path_that_is_not_there_is_bad_usage() {
        let failure = files(&["/nowhere/at/all".into()]).unwrap_err();
        assert_eq!(failure.code, crate::exit::Code::Usage);
        assert!(failure.message.contains("/nowhere/at/all"), "{}", failure.message);
    }
}
