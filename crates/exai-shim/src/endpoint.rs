//! Where this user's local daemon listens, and whether it lives: what it leaves in the state directory.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub use exai_wire::{Endpoint, LOCK_FILE};

/// Where it is.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(Endpoint::FILE)
}

/// Reads the file of a state directory. It may speak of a daemon that is gone: dial to know.
///
/// # Errors
/// If there is none, or it can't be read or understood.
pub fn read(state_dir: &Path) -> io::Result<Endpoint> {
    Ok(Endpoint::decode(&std::fs::read(path(state_dir))?)?)
}

/// Whether a daemon works on this state directory, from its start to the end of its process. `None` where there is no
/// lock to look at, or the file system does not tell.
pub fn is_held(state_dir: &Path) -> Option<bool> {
    match File::open(state_dir.join(LOCK_FILE)).ok()?.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

/// What to tell of a daemon that has the lock of the state directory, and does not answer. No other one can start
/// beside it.
pub fn silent(state_dir: &Path, pid: u32) -> String {
    let dir = state_dir.display();
    match pid {
        0 => format!("a daemon holds {dir} and does not answer: `exai stop` ends it"),
        pid => format!("pid {pid} (from endpoint.json) holds {dir} and does not answer: `exai stop` ends it"),
    }
}

/// What to tell when it can't be read.
pub(crate) fn sentence(state_dir: &Path, error: &io::Error) -> String {
    let path = path(state_dir);
    match error.kind() {
        io::ErrorKind::NotFound => format!("no local exai daemon runs ({} does not exist)", path.display()),
        // What the parser says of a text.
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            format!("{} is malformed: {error}", path.display())
        }
        _ => format!("{} can't be read: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests;
