//! What a program does with files before or without a node: hash them, verify them, look at them. All of it blocks.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use bytes::Bytes;
use samara::hash::{Hashed, Hasher, Sha2};
use samara::store::Identity;
use samara::{FileHash, SafeName, Seed, SeedBuilder};

use crate::disk;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What the file at `path` looks like: its device, inode, size and modification time.
///
/// # Errors
/// It can't be opened, or is no plain file.
pub fn identity(path: &Path) -> io::Result<Identity> {
    disk::identity(&disk::open(path)?)
}

/// Makes the canonical seed of the file at `path` in one pass. `progress` is told how many bytes are read so far.
///
/// # Errors
/// It can't be read, is longer than 1 TiB, or changed meanwhile.
pub fn hash(path: &Path, name: SafeName, progress: &dyn Fn(u64)) -> io::Result<(Arc<Seed>, Identity)> {
    let file = disk::open(path)?;
    let before = disk::identity(&file)?;
    let mut builder = SeedBuilder::<Sha2>::new(before.size).map_err(invalid)?;
    each_piece(&file, before.size, progress, |bytes| builder.update(bytes))?;
    let seed = builder.finish(name).map_err(|_| changed())?;
    if disk::identity(&file)? != before || identity(path)? != before {
        return Err(changed());
    }
    Ok((Arc::new(seed), before))
}

/// Makes sure that the file at `path` stays there under its name, whatever becomes of the machine.
///
/// # Errors
/// It can't be opened, or its disk fails.
pub fn keep(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    disk::sync_folder(path)
}

/// The SHA-256 of the file at `path`, as long as it is now. `progress` is told how many bytes are read so far.
///
/// # Errors
/// It can't be read.
pub fn sha256(path: &Path, progress: &dyn Fn(u64)) -> io::Result<FileHash> {
    let mut hasher = Hasher::<Sha2>::new();
    let file = disk::open(path)?;
    each_piece(&file, disk::identity(&file)?.size, progress, |bytes| hasher.update(bytes))?;
    Ok(hasher.finish())
}

/// Reads `size` bytes, or fewer if the file ends before: one that grows on and on comes to an end, too.
fn each_piece(file: &File, size: u64, progress: &dyn Fn(u64), mut f: impl FnMut(&[u8])) -> io::Result<()> {
    let mut file = file.take(size);
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        f(buffer.get(..read).unwrap_or_default());
        done += read as u64;
        progress(done);
    }
}

/// Which bytes of the file at `path` are not what `seed` says, in order, adjoining ranges joined: empty for a file
/// that is whole. What lies beyond the seed's length is bad, too, and so is what is missing before it.
///
/// Chunks verify alone, so they are spread over `threads` threads (0: one per processor). `progress` is told how many
/// bytes are checked so far, on the thread that called.
///
/// # Errors
/// It can't be read.
pub fn verify(
    seed: &Seed,
    path: &Path,
    threads: usize,
    progress: &dyn Fn(u64),
) -> io::Result<Vec<Range<u64>>> {
    let file = disk::open(path)?;
    let size = disk::identity(&file)?.size;
    let threads = match threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let next = AtomicU32::new(0);
    let (checked, results) = std::sync::mpsc::channel();
    let mut bad = thread::scope(|scope| {
        for _ in 0..threads {
            let (file, next, checked) = (&file, &next, checked.clone());
            scope.spawn(move || {
                while let Some(result) = check_next(seed, file, next) {
                    if checked.send(result).is_err() {
                        return;
                    }
                }
            });
        }
        drop(checked);
        collect(results.iter(), progress)
    })?;
    if size > seed.length() {
        bad.push(seed.length()..size);
    }
    Ok(join(bad))
}

/// A chunk's place in the file, and whether it is what it has to be.
type Checked = io::Result<(Range<u64>, bool)>;

/// Checks the next chunk that nobody has taken.
fn check_next(seed: &Seed, file: &File, next: &AtomicU32) -> Option<Checked> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    let (step, range) = (seed.step(index)?, seed.range(index)?);
    let mut bytes = vec![0; step.len as usize];
    Some(match disk::read_at(file, &mut bytes, range.start) {
        Ok(()) => {
            let hashed = Hashed::new::<Sha2>(step.start, step.last, Bytes::from(bytes));
            Ok((range, step.accepts(&hashed)))
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok((range, false)),
        Err(error) => Err(error),
    })
}

/// The bad ranges, in whatever order they come.
fn collect(results: impl Iterator<Item = Checked>, progress: &dyn Fn(u64)) -> io::Result<Vec<Range<u64>>> {
    let (mut bad, mut done) = (Vec::new(), 0);
    for result in results {
        let (range, ok) = result?;
        done += range.end - range.start;
        progress(done);
        if !ok {
            bad.push(range);
        }
    }
    Ok(bad)
}

/// In order, with adjoining ranges joined.
fn join(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

fn invalid(error: samara::seed::SeedError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

fn changed() -> io::Error {
    io::Error::other("the file changed while it was read")
}
