//! The library index: what files were when they were last hashed, so that a restart rehashes nothing.
//!
//! One file per indexed path in the user's data folder, written beside and renamed, so any number of processes use
//! it at once and none waits for another. Nothing depends on it: an entry that is missing, damaged or outdated
//! only means that a file is hashed again.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;
use samara::store::Identity;
use samara::wire::seedfile;
use samara::{FileHash, Hasher, Seed, Sha2};

const MAGIC: &[u8] = b"samara index 1\n";
const DIGEST: usize = 32;
/// The largest seed file (65,536 chunk hashes) with room for the rest.
const MOST: u64 = 4 << 20;

/// The index; without a folder it remembers nothing.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    folder: Option<PathBuf>,
}

impl Index {
    /// The one in the user's data folder (`XDG_DATA_HOME`, else below `HOME`).
    pub(crate) fn of_user() -> Self {
        let data = etcetera::choose_base_strategy().map(|strategy| strategy.data_dir());
        Self { folder: data.ok().map(|data| data.join("samara").join("index")) }
    }

    /// One that remembers nothing.
    pub(crate) const fn none() -> Self {
        Self { folder: None }
    }

    /// What the file is, if it was hashed before and looks the same since.
    pub(crate) fn recall(&self, path: &Path, identity: &Identity) -> Option<Arc<Seed>> {
        let path = fs::canonicalize(path).ok()?;
        let entry = self.entry(&path)?;
        if fs::metadata(&entry).ok()?.len() > MOST {
            return None;
        }
        parse(&fs::read(entry).ok()?, &path, identity).map(Arc::new)
    }

    /// Remembers what the file is. A failure only costs time later.
    pub(crate) fn remember(&self, path: &Path, identity: &Identity, seed: &Seed) {
        if let Err(error) = self.write(path, identity, seed) {
            tracing::debug!("the library index is not written: {error}");
        }
    }

    fn write(&self, path: &Path, identity: &Identity, seed: &Seed) -> io::Result<()> {
        let path = fs::canonicalize(path)?;
        let (Some(folder), Some(entry)) = (&self.folder, self.entry(&path)) else { return Ok(()) };
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        file.write_all(&format(&path, identity, seed))?;
        file.persist(entry)?;
        Ok(())
    }

    /// Where the entry of a canonical path is: one path has one, so the index is as large as what was seeded.
    fn entry(&self, path: &Path) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(digest(path.as_os_str().as_encoded_bytes()).to_string()))
    }
}

fn digest(bytes: &[u8]) -> FileHash {
    let mut hasher = Hasher::<Sha2>::new();
    hasher.update(bytes);
    hasher.finish()
}

/// Magic, identity, path with its length, the seed file, SHA-256 of all that.
fn format(path: &Path, identity: &Identity, seed: &Seed) -> Vec<u8> {
    let path = path.as_os_str().as_encoded_bytes();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(head(identity, path));
    bytes.extend(seedfile::to_bytes(seed));
    let digest = digest(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

fn head(identity: &Identity, path: &[u8]) -> Vec<u8> {
    let Identity { device, inode, size, modified } = identity;
    let mut bytes =
        [device, inode, size].into_iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    bytes.extend(modified.to_le_bytes());
    bytes.extend((path.len() as u64).to_le_bytes());
    bytes.extend(path);
    bytes
}

fn parse(bytes: &[u8], path: &Path, identity: &Identity) -> Option<Seed> {
    let (body, trailer) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
    if digest(body).as_bytes() != trailer {
        return None;
    }
    let path: &OsStr = path.as_os_str();
    let rest = body.strip_prefix(MAGIC)?.strip_prefix(&head(identity, path.as_encoded_bytes())[..])?;
    seedfile::from_bytes(rest).ok().filter(|seed| seed.length() == identity.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::{Entropy, SafeName, SeedBuilder};

    fn seed(bytes: &[u8]) -> Seed {
        let mut builder = SeedBuilder::<Sha2>::new(bytes.len() as u64).unwrap();
        builder.update(bytes);
        builder.finish(SafeName::new("f").unwrap()).unwrap()
    }

    fn setup() -> (tempfile::TempDir, Index, PathBuf, Identity) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, b"abc").unwrap();
        let index = Index { folder: Some(folder.path().join("index")) };
        let identity = Identity { device: 1, inode: 2, size: 3, modified: -4 };
        (folder, index, path, identity)
    }

    #[test]
    fn a_file_that_looks_the_same_is_recalled() {
        let (_folder, index, path, identity) = setup();
        assert_eq!(index.recall(&path, &identity), None);
        index.remember(&path, &identity, &seed(b"abc"));
        assert_eq!(index.recall(&path, &identity).as_deref(), Some(&seed(b"abc")));
        for changed in [
            Identity { device: 9, ..identity },
            Identity { inode: 9, ..identity },
            Identity { size: 9, ..identity },
            Identity { modified: 9, ..identity },
        ] {
            assert_eq!(index.recall(&path, &changed), None);
        }
    }

    #[test]
    fn a_damaged_entry_is_ignored_and_replaced() {
        let (_folder, index, path, identity) = setup();
        index.remember(&path, &identity, &seed(b"abc"));
        let entry = index.entry(&fs::canonicalize(&path).unwrap()).unwrap();
        let whole = fs::read(&entry).unwrap();
        for damage in [0, 20, 60, whole.len() - 40, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[damage] ^= 1;
            fs::write(&entry, &bytes).unwrap();
            assert_eq!(index.recall(&path, &identity), None, "byte {damage}");
            fs::write(&entry, &whole[..damage]).unwrap();
            assert_eq!(index.recall(&path, &identity), None, "{damage} bytes");
        }
        index.remember(&path, &identity, &seed(b"abc"));
        assert!(index.recall(&path, &identity).is_some());
    }

    /// Somebody has been at the entry, and has made its digest right: it is taken only if it says what this program
    /// would have written.
    #[test]
    fn an_entry_that_was_tampered_with_is_taken_only_in_the_form_in_which_it_is_written() {
        let (path, identity) = (Path::new("/f"), Identity { device: 1, inode: 2, size: 3, modified: -4 });
        let whole = format(path, &identity, &seed(b"abc"));
        let mut entropy = Entropy::new(1);
        let mut taken = 0;
        for _ in 0..20_000 {
            let mut bytes = whole[..whole.len() - DIGEST].to_vec();
            for _ in 0..=entropy.below(2) {
                let (at, byte) = (entropy.below(bytes.len() + 1), entropy.next().to_le_bytes()[0]);
                match entropy.below(4) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, byte),
                    2 => drop(bytes.splice(at..at, (u64::from(byte) << entropy.below(57)).to_le_bytes())),
                    _ => bytes.iter_mut().skip(at).take(1).for_each(|flipped| *flipped ^= 1 << (byte % 8)),
                }
            }
            bytes.extend(*digest(&bytes).as_bytes());
            if let Some(seed) = parse(&bytes, path, &identity) {
                assert_eq!(format(path, &identity, &seed), bytes);
                taken += 1;
            }
        }
        assert!(taken > 0, "another name in the seed, at least");
    }

    #[test]
    fn without_a_folder_nothing_is_remembered_and_nothing_fails() {
        let (_folder, _, path, identity) = setup();
        let index = Index::none();
        index.remember(&path, &identity, &seed(b"abc"));
        assert_eq!(index.recall(&path, &identity), None);
    }
}
