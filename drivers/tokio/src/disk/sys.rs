//! What operating systems do differently.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use samara::store::{DiskErrorKind, Identity};

/// How to open a part file or a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Make it; it must not be there.
    New,
    /// To read and write; it must be there.
    Write,
    /// As `Write`; all writes go to the end.
    Append,
}

/// Opens `path` without following a symbolic link at its end, and without waiting for a pipe's other end.
pub(super) fn open(path: &Path, how: Open) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    match how {
        Open::New => options.write(true).create_new(true),
        Open::Write => options.write(true),
        Open::Append => options.append(true),
    };
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    #[cfg(not(unix))]
    if std::fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    options.open(path)
}

/// What a file looks like.
#[cfg(unix)]
pub(super) fn identity(about: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    let modified = about.mtime().saturating_mul(1_000_000_000).saturating_add(about.mtime_nsec());
    Identity { device: about.dev(), inode: about.ino(), size: about.size(), modified }
}

/// What a file looks like: here, only its size and modification time.
#[cfg(not(unix))]
pub(super) fn identity(about: &Metadata) -> Identity {
    let since = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let modified = since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
    Identity { device: 0, inode: 0, size: about.len(), modified }
}

/// Is it a regular file under one name only?
pub(super) fn is_plain(about: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        about.is_file() && about.nlink() == 1
    }
    #[cfg(not(unix))]
    about.is_file()
}

/// Fills `bytes` from `offset`.
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset);
    #[cfg(not(unix))]
    {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }
}

/// Writes all of `bytes` at `offset`.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(not(unix))]
    {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}

/// Says that a range is read soon.
pub(super) fn expect(file: &File, offset: u64, len: u64) {
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, offset, len.try_into().ok(), rustix::fs::Advice::WillNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = (file, offset, len);
}

/// Renames without ever replacing a file that is there.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // This file system doesn't know how.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return result.map_err(Into::into),
        }
    }
    link_new(from, to)
}

/// The same in two steps: between them the file has two names.
pub(super) fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

/// What kind of failure it is.
#[cfg(unix)]
pub(super) fn kind(error: &io::Error) -> DiskErrorKind {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => DiskErrorKind::Full,
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => DiskErrorKind::Denied,
        Some(Errno::NOENT | Errno::NOTDIR) => DiskErrorKind::NoFolder,
        Some(Errno::EXIST | Errno::ISDIR | Errno::NOTEMPTY) => DiskErrorKind::Exists,
        Some(Errno::LOOP | Errno::NXIO) => DiskErrorKind::NotPlain,
        _ => DiskErrorKind::Other,
    }
}

/// What kind of failure it is.
#[cfg(not(unix))]
pub(super) fn kind(error: &io::Error) -> DiskErrorKind {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a kind is one of many")]
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            DiskErrorKind::Full
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => DiskErrorKind::Denied,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DiskErrorKind::NoFolder,
        io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => DiskErrorKind::Exists,
        io::ErrorKind::InvalidInput => DiskErrorKind::NotPlain,
        _ => DiskErrorKind::Other,
    }
}
