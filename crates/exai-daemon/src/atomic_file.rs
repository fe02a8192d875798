//! Files that a reader sees whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// As the process's umask says.
    Anyone,
    /// The daemon's own user (mode 0600 where there are modes).
    Owner,
}

/// Writes next to `path` and renames. Not synced: what is written here informs, nothing hangs on it after a power
/// loss. A link to a file stays a link; the file that it leads to is replaced.
///
/// # Errors
/// Those of the file system; a half-written neighbour is removed. `InvalidInput` if `path` is there and is no file:
/// a rename would put a file in the place of a device that others need.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let path = &target(path)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let neighbour = path.with_file_name(name);
    let written = write_new(&neighbour, bytes, readers).and_then(|()| fs::rename(&neighbour, path));
    if written.is_err() {
        let _ = fs::remove_file(&neighbour);
    }
    written
}

/// What is to be replaced: the path itself, or where it leads to.
fn target(path: &Path) -> io::Result<PathBuf> {
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error),
    };
    let target = if kind.is_symlink() { fs::canonicalize(path)? } else { path.to_owned() };
    if fs::symlink_metadata(&target)?.is_file() {
        return Ok(target);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "there is something that is no regular file"))
}

fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    // A neighbour left by a killed process of the same pid would keep its old mode.
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    options.open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests;
