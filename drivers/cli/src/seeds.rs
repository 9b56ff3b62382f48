//! Writing seed files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use samara::Seed;
use samara::wire::seedfile;

use crate::exit::{Code, Failure};
use crate::text;

/// Writes a seed file, whole or not at all. One that is there and differs is replaced only if the user says so, and anything
/// that is no seed file never.
pub(crate) fn write(path: &Path, seed: &Seed, overwrite: bool) -> Result<(), Failure> {
    let bytes = seedfile::to_bytes(seed);
    match fs::read(path) {
        Ok(there) if there == bytes => return Ok(()),
        Ok(_) if !overwrite => {
            let message = format!("{} exists and differs", text::path(path));
            return Err(Failure::new(Code::Differs, message).next("--overwrite, or -o with another name"));
        }
        Ok(there) if seedfile::from_bytes(&there).is_err() => {
            let message = format!("{} exists and is no seed file", text::path(path));
            return Err(Failure::new(Code::Differs, message).next("-o with another name"));
        }
        Ok(_) | Err(_) => {}
    }
    put(path, &bytes).map_err(|error| Failure::disk("write", path, &error))
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
