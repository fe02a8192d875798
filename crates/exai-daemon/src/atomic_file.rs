//! Files that a reader sees whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// As the process's umask says.
    Anyone,
    /// The daemon's own user (mode 0600 where there are modes).
    Owner,
}

/// Writes next to `path` and renames. Not synced: what is written here informs, nothing hangs on it after a power
/// loss.
///
/// # Errors
/// Those of the file system; a half-written neighbour is removed.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let neighbour = path.with_file_name(name);
    let written = write_new(&neighbour, bytes, readers).and_then(|()| fs::rename(&neighbour, path));
    if written.is_err() {
        let _ = fs::remove_file(&neighbour);
    }
    written
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
