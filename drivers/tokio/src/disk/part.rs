//! The files of one download, and what each of a store's operations does to them.
//!
//! `NAME.part` holds the data, `NAME.part.journal` what is known of it, `NAME.part.journal.new` is a journal about to
//! replace the other. All lie beside the target, so that a rename puts the file in place.

use std::fs::{self, File as Handle, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use samara::hash::{Hashed, Sha2};
use samara::store::{DiskError, DiskErrorKind, File, Identity, Op, Outcome};

use super::{Opened, sys};
use crate::env::{Content, Part};
use crate::lock;

/// Most bytes of a journal that are read.
const MAX_JOURNAL: u64 = 16 << 20;
/// Bytes that are written at once: larger writes are several times slower on some file systems.
const PIECE: usize = 512 << 10;
/// How often a part file that another process takes away under our hands is opened again.
const ATTEMPTS: u32 = 8;

/// The files of one download.
pub(super) struct PartFiles {
    target: PathBuf,
    open: Mutex<Handles>,
}

#[derive(Default)]
struct Handles {
    part: Option<Arc<Handle>>,
    journal: Option<Arc<Handle>>,
    new_journal: Option<Arc<Handle>>,
}

/// What was being done, for the error message, and what went wrong.
type Failed = (&'static str, DiskErrorKind, Option<i32>);

/// Names what was being done.
trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, Failed>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str) -> Result<T, Failed> {
        self.map_err(|error| (what, sys::kind(&error), error.raw_os_error()))
    }
}

impl Part for PartFiles {
    fn perform(&self, op: Op) -> Outcome {
        self.try_perform(op)
            .unwrap_or_else(|(doing, kind, os)| Outcome::Failed(DiskError { kind, doing, os }))
    }

    fn content(&self) -> io::Result<Arc<dyn Content>> {
        let part = lock(&self.open).part.clone();
        part.map(|file| Arc::new(Opened(file)) as Arc<dyn Content>).ok_or_else(not_open)
    }

    /// Whoever still reads from the part file may go on, but the lock ends here.
    fn close(&self) {
        let Handles { part, .. } = std::mem::take(&mut *lock(&self.open));
        if let Some(part) = part {
            let _ = part.unlock();
        }
    }
}

impl PartFiles {
    pub(super) fn new(target: &Path) -> Self {
        Self { target: target.to_owned(), open: Mutex::default() }
    }

    fn try_perform(&self, op: Op) -> Result<Outcome, Failed> {
        match op {
            Op::Open => return self.open(),
            Op::Create { bytes } => self.create(&bytes).doing("writing the journal")?,
            Op::Append { bytes } => {
                self.handle(File::Journal)
                    .and_then(|mut file| file.write_all(&bytes))
                    .doing("writing the journal")?;
            }
            Op::Write { offset, bytes } => self.write(offset, &bytes).doing("writing the part file")?,
            Op::Resize { length } => {
                self.handle(File::Part)
                    .and_then(|file| file.set_len(length))
                    .doing("sizing the part file")?;
            }
            Op::Sync(file) => self.handle(file).and_then(|file| file.sync_data()).doing("syncing")?,
            Op::SyncFolder => sync_folder(&self.target).doing("syncing the folder")?,
            Op::Rename { from, to, replace } => {
                self.rename(from, to, replace).doing("putting the file in place")?
            }
            Op::Remove(file) => self.remove(file).doing("removing a file")?,
            Op::Check { offset, step } => {
                let mut bytes = vec![0; step.len as usize];
                let file = self.handle(File::Part).doing("reading the part file")?;
                sys::read_at(&file, &mut bytes, offset).doing("reading the part file")?;
                return Ok(Outcome::Checked(Hashed::new::<Sha2>(step.start, step.last, bytes.into())));
            }
            Op::Look(file) => return self.look(file).doing("looking at the file").map(Outcome::Looked),
        }
        Ok(Outcome::Done)
    }

    /// Opens or makes the part file and locks it, then reads the journal.
    fn open(&self) -> Result<Outcome, Failed> {
        let (part, found) = self.open_part()?;
        let part_identity = if found {
            Some(part.metadata().map(|about| sys::identity(&about)).doing("looking at the part file")?)
        } else {
            None
        };
        let journal = match sys::open(&self.path(File::Journal), sys::Open::Append) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            opened => Some(plain(opened, "opening the journal")?),
        };
        let bytes = journal.as_ref().map(read_journal).transpose().doing("reading the journal")?;
        *lock(&self.open) =
            Handles { part: Some(Arc::new(part)), journal: journal.map(Arc::new), new_journal: None };
        Ok(Outcome::Opened { journal: bytes, part: part_identity })
    }

    /// The part file, locked, and whether it was there already. A process that completes or removes it at this very
    /// moment can leave us with a file of no name: then all begins again.
    fn open_part(&self) -> Result<(Handle, bool), Failed> {
        let path = self.path(File::Part);
        for _ in 0..ATTEMPTS {
            let (file, found) = match sys::open(&path, sys::Open::New) {
                Ok(file) => (file, false),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    match sys::open(&path, sys::Open::Write) {
                        Err(error) if error.kind() == ErrorKind::NotFound => continue,
                        opened => (plain(opened, "opening the part file")?, true),
                    }
                }
                Err(error) => return Err(error).doing("creating the part file"),
            };
            lock_file(&file)?;
            if is_at(&file, &path) {
                return Ok((file, found));
            }
        }
        Err(("opening the part file", DiskErrorKind::Locked, None))
    }

    /// Whatever lies under the new journal's name is nobody's.
    fn create(&self, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(File::NewJournal);
        self.remove(File::NewJournal)?;
        let mut file = sys::open(&path, sys::Open::New)?;
        file.write_all(bytes)?;
        lock(&self.open).new_journal = Some(Arc::new(file));
        Ok(())
    }

    fn write(&self, mut offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = self.handle(File::Part)?;
        for piece in bytes.chunks(PIECE) {
            sys::write_at(&file, piece, offset)?;
            offset += piece.len() as u64;
        }
        Ok(())
    }

    fn rename(&self, from: File, to: File, replace: bool) -> io::Result<()> {
        let (old, new) = (self.path(from), self.path(to));
        if replace {
            fs::rename(&old, &new)?
        } else {
            sys::rename_new(&old, &new)?
        }
        if from == File::NewJournal && to == File::Journal {
            let mut open = lock(&self.open);
            open.journal = open.new_journal.take();
        }
        Ok(())
    }

    fn remove(&self, file: File) -> io::Result<()> {
        match fs::remove_file(self.path(file)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn look(&self, file: File) -> io::Result<Identity> {
        let about = match file {
            File::Part => self.handle(File::Part)?.metadata()?,
            File::Journal | File::NewJournal | File::Target => fs::metadata(self.path(file))?,
        };
        Ok(sys::identity(&about))
    }

    fn handle(&self, file: File) -> io::Result<Arc<Handle>> {
        let open = lock(&self.open);
        let handle = match file {
            File::Part => open.part.clone(),
            File::Journal => open.journal.clone(),
            File::NewJournal => open.new_journal.clone(),
            File::Target => return Handle::open(&self.target).map(Arc::new),
        };
        handle.ok_or_else(not_open)
    }

    fn path(&self, file: File) -> PathBuf {
        let ending = match file {
            File::Part => ".part",
            File::Journal => ".part.journal",
            File::NewJournal => ".part.journal.new",
            File::Target => return self.target.clone(),
        };
        let mut path = self.target.clone().into_os_string();
        path.push(ending);
        path.into()
    }
}

fn not_open() -> io::Error {
    io::Error::other("the file is not open")
}

/// A file that was there must be a regular one with one name: else writing to it would change somebody else's.
fn plain(opened: io::Result<Handle>, doing: &'static str) -> Result<Handle, Failed> {
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            return Err((doing, DiskErrorKind::NotPlain, error.raw_os_error()));
        }
        opened => opened.doing(doing)?,
    };
    let about = file.metadata().doing(doing)?;
    if sys::is_plain(&about) { Ok(file) } else { Err((doing, DiskErrorKind::NotPlain, None)) }
}

/// Where there are no locks, two downloads of one file are not told apart.
fn lock_file(file: &Handle) -> Result<(), Failed> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(("opening the part file", DiskErrorKind::Locked, None)),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(error).doing("locking the part file"),
    }
}

/// Does `path` still lead to `file`?
fn is_at(file: &Handle, path: &Path) -> bool {
    let (Ok(here), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    let (here, there) = (sys::identity(&here), sys::identity(&there));
    (here.device, here.inode) == (there.device, there.inode)
}

fn read_journal(file: &Handle) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(MAX_JOURNAL).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Makes the names in the target's folder durable, where that can be asked for.
pub(crate) fn sync_folder(target: &Path) -> io::Result<()> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    #[cfg(unix)]
    match Handle::open(folder)?.sync_all() {
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
    #[cfg(not(unix))]
    fs::metadata(folder).map(drop)
}
