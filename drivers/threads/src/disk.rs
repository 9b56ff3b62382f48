//! Files: what a store wants done, one thing after the other, on a thread of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use samara::hash::{Hashed, Sha2};
use samara::node::Event;
use samara::seeder::FileId;
use samara::store::{self, DiskError, DiskErrorKind, Identity, Op, Outcome};

use crate::Shared;

/// Something to do with a file; without `files`, the file isn't known any more.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) file: FileId,
    pub(crate) files: Option<Arc<Files>>,
    pub(crate) task: Task,
}

#[derive(Debug)]
pub(crate) enum Task {
    Look,
    Do(u32, Op),
}

/// Carries out jobs until the node is dropped.
pub(crate) fn work(shared: &Arc<Shared>, jobs: &Receiver<Job>) {
    while let Ok(Job { file, files, task }) = jobs.recv() {
        shared.handle(match task {
            Task::Look => {
                Event::Looked { file, identity: files.and_then(|files| identity(&files.target).ok()) }
            }
            Task::Do(job, op) => {
                let outcome =
                    files.map_or_else(|| Err(ErrorKind::NotFound.into()), |files| files.perform(op));
                let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(failure(&error)));
                Event::Disk { file, job, outcome }
            }
        });
    }
}

/// What the file at `path` looks like.
///
/// # Errors
/// It can't be looked at, or is no plain file.
pub fn identity(path: &Path) -> io::Result<Identity> {
    look(&File::open(path)?)
}

fn look(file: &File) -> io::Result<Identity> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    #[cfg(unix)]
    let (device, inode) = {
        use std::os::unix::fs::MetadataExt;
        (about.dev(), about.ino())
    };
    #[cfg(not(unix))]
    let (device, inode) = (0, 0);
    let modified = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let modified = i64::try_from(modified).unwrap_or(i64::MAX);
    Ok(Identity { device, inode, size: about.len(), modified })
}

/// The files of one share or download.
#[derive(Debug)]
pub(crate) struct Files {
    target: PathBuf,
    /// The part file and the journal, while downloading.
    open: Mutex<(Option<File>, Option<File>)>,
}

impl Files {
    pub(crate) fn new(target: PathBuf) -> Self {
        Self { target, open: Mutex::default() }
    }

    /// The bytes of a chunk, if the file looks as it should before and after. Without an identity, it is the part
    /// file.
    pub(crate) fn read(&self, wanted: Option<Identity>, range: Range<u64>) -> io::Result<Vec<u8>> {
        let path = if wanted.is_some() { self.target.clone() } else { self.path(store::File::Part) };
        let mut file = File::open(path)?;
        let same = |file: &File| wanted.is_none() || look(file).ok() == wanted;
        let bytes = if same(&file) { read_at(&mut file, range)? } else { Vec::new() };
        if same(&file) { Ok(bytes) } else { Err(ErrorKind::NotFound.into()) }
    }

    /// The download has ended: closes its files, and so gives up the lock.
    pub(crate) fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = (None, None);
    }

    fn perform(&self, op: Op) -> io::Result<Outcome> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (part, journal) = &mut *open;
        match op {
            Op::Open => {
                let (file, found) = open_part(&self.path(store::File::Part))?;
                let found = if found { Some(look(&file)?) } else { None };
                *part = Some(file);
                *journal =
                    OpenOptions::new().read(true).append(true).open(self.path(store::File::Journal)).ok();
                let mut bytes = Vec::new();
                if let Some(journal) = journal {
                    journal.take(16 << 20).read_to_end(&mut bytes)?;
                }
                let journal = journal.is_some().then(|| bytes.into());
                return Ok(Outcome::Opened { journal, part: found });
            }
            Op::Create { bytes } => {
                let mut file = File::create(self.path(store::File::NewJournal))?;
                file.write_all(&bytes)?;
                *journal = Some(file);
            }
            Op::Append { bytes } => opened(journal)?.write_all(&bytes)?,
            Op::Write { offset, bytes } => {
                let part = opened(part)?;
                part.seek(SeekFrom::Start(offset))?;
                part.write_all(&bytes)?;
            }
            Op::Resize { length } => opened(part)?.set_len(length)?,
            Op::Sync(store::File::Part) => opened(part)?.sync_data()?,
            Op::Sync(store::File::Journal | store::File::NewJournal) => opened(journal)?.sync_data()?,
            Op::Sync(store::File::Target) => File::open(&self.target)?.sync_data()?,
            Op::SyncFolder => File::open(self.folder())?.sync_all()?,
            Op::Rename { from, to, replace } => {
                let (from, to) = (self.path(from), self.path(to));
                if !replace && fs::symlink_metadata(&to).is_ok() {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                fs::rename(from, to)?;
            }
            Op::Remove(file) => match fs::remove_file(self.path(file)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            },
            Op::Check { offset, step } => {
                let bytes = read_at(opened(part)?, offset..offset + u64::from(step.len))?;
                return Ok(Outcome::Checked(Hashed::new::<Sha2>(step.start, step.last, bytes.into())));
            }
            Op::Look(file) => return identity(&self.path(file)).map(Outcome::Looked),
        }
        Ok(Outcome::Done)
    }

    fn path(&self, file: store::File) -> PathBuf {
        let ending = match file {
            store::File::Part => ".part",
            store::File::Journal => ".part.journal",
            store::File::NewJournal => ".part.journal.new",
            store::File::Target => "",
        };
        let mut path = self.target.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    fn folder(&self) -> &Path {
        self.target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
    }
}

/// The part file, locked, and whether it was there already.
fn open_part(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let (file, found) = match options.create_new(true).open(path) {
        Ok(file) => (file, false),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && fs::symlink_metadata(path)?.is_file() => {
            (options.create_new(false).open(path)?, true)
        }
        Err(error) => return Err(error),
    };
    file.try_lock().map_err(|_| ErrorKind::WouldBlock)?;
    Ok((file, found))
}

fn opened(file: &mut Option<File>) -> io::Result<&mut File> {
    file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
}

fn read_at(file: &mut File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let len = usize::try_from(range.end - range.start).map_err(|_| ErrorKind::InvalidInput)?;
    let mut bytes = vec![0; len];
    file.seek(SeekFrom::Start(range.start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn failure(error: &io::Error) -> DiskError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "one of many")]
    let kind = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => DiskErrorKind::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => DiskErrorKind::Denied,
        ErrorKind::NotFound | ErrorKind::NotADirectory => DiskErrorKind::NoFolder,
        ErrorKind::AlreadyExists => DiskErrorKind::Exists,
        ErrorKind::WouldBlock => DiskErrorKind::Locked,
        _ => DiskErrorKind::Other,
    };
    DiskError { kind, doing: "working on the download's files", os: error.raw_os_error() }
}
