//! Files of the state directory that the daemon keeps open, and that somebody may have deleted or replaced since.

use std::fs::File;
use std::path::Path;

/// Whether this is the file of that name, as far as that can be told.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(found)) => identity(ours) == identity(found),
        (_, Err(error)) => error.kind() != std::io::ErrorKind::NotFound,
        (Err(_), Ok(_)) => true,
    }
}

/// Whether there is a file of that name; which one it is can't be told everywhere.
#[cfg(not(unix))]
pub(crate) fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}
