//! What a program does with files before or without a node: hash them, verify them, look at them. All of it blocks.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use bytes::Bytes;
use samara::hash::{Hashed, Hasher, Sha2};
use samara::seed::Step;
use samara::store::Identity;
use samara::{FileHash, SafeName, Seed, SeedBuilder};

use crate::pool::Pool;
use crate::{Sha256, disk};

/// Bytes that are read at once: few enough to be in the processor's cache when they are hashed.
const PIECE: usize = 256 << 10;
/// Pieces that are read before they are hashed.
const AHEAD: usize = 2;

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

/// Reads `size` bytes, or fewer if the file ends before: one that grows on and on comes to an end, too. `f` gets them in
/// order, while a second thread reads on.
fn each_piece(file: &File, size: u64, progress: &dyn Fn(u64), mut f: impl FnMut(&[u8])) -> io::Result<()> {
    let (full, pieces) = sync_channel::<io::Result<Vec<u8>>>(AHEAD);
    let (empty, buffers) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut file = file.take(size);
            loop {
                let buffer = buffers.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
                let piece = read_piece(&mut file, buffer);
                let last = !matches!(&piece, Ok(piece) if !piece.is_empty());
                if full.send(piece).is_err() || last {
                    return;
                }
            }
        });
        let mut done = 0;
        for piece in pieces {
            let piece = piece?;
            f(&piece);
            done += piece.len() as u64;
            progress(done);
            let _ = empty.send(piece);
        }
        Ok(())
    })
}

/// The next bytes, in place of what is in `buffer`; none at the end.
fn read_piece(file: &mut impl Read, mut buffer: Vec<u8>) -> io::Result<Vec<u8>> {
    buffer.clear();
    file.take(PIECE as u64).read_to_end(&mut buffer)?;
    Ok(buffer)
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
    let (checked, results) = channel();
    let mut bad = thread::scope(|scope| {
        for _ in 0..threads {
            let (file, next, checked) = (&file, &next, checked.clone());
            scope.spawn(move || {
                let pool = Pool::default();
                loop {
                    let two = check_two(seed, file, &pool, next);
                    if two.is_empty() || two.into_iter().any(|result| checked.send(result).is_err()) {
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

/// Checks the next two chunks that nobody has taken: both at once take less time than one after the other.
fn check_two(seed: &Seed, file: &File, pool: &Pool, next: &AtomicU32) -> Vec<Checked> {
    let first = next.fetch_add(2, Ordering::Relaxed);
    let mut checked = Vec::new();
    let mut read = Vec::new();
    for index in [Some(first), first.checked_add(1)].into_iter().flatten() {
        let (Some(step), Some(range)) = (seed.step(index), seed.range(index)) else { break };
        let mut buffer = pool.take(step.len as usize);
        match disk::read_at(file, buffer.as_mut(), range.start) {
            Ok(()) => read.push((step, range, buffer.freeze())),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => checked.push(Ok((range, false))),
            Err(error) => checked.push(Err(error)),
        }
    }
    let to_hash = |(step, _, bytes): &(Step, _, Bytes)| (step.start, step.last, bytes.clone());
    let hashed = match read.as_slice() {
        [one, other] => Hashed::pair::<Sha256>([to_hash(one), to_hash(other)]).into(),
        rest => rest
            .iter()
            .map(to_hash)
            .map(|(start, last, bytes)| Hashed::new::<Sha256>(start, last, bytes))
            .collect::<Vec<_>>(),
    };
    checked.extend(
        read.into_iter().zip(hashed).map(|((step, range, _), hashed)| Ok((range, step.accepts(&hashed)))),
    );
    checked
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
