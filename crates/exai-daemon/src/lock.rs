//! One daemon per state directory: a lock of the operating system, which no crash can leave behind. It has no
//! version in it, so that daemons of different releases exclude each other too.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use exai_wire::{Endpoint, LOCK_FILE};

use crate::endpoint;
use crate::same_file::is_at;

/// The lock; free again when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct StateLock {
    /// Another one after the first was deleted.
    file: Mutex<File>,
}

/// What a look at the lock's file led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// It is the one that this daemon has locked.
    NotNeeded,
    /// It was gone, or another that nobody had locked; now this daemon has.
    Taken,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has it.
    #[error("another daemon works on {dir}{}; stop it with `exai stop`, or set EXAI_STATE_DIR", about(.holder.as_ref()))]
    Held {
        /// The state directory.
        dir: String,
        /// What it says of itself, if it has got that far.
        holder: Option<Endpoint>,
    },
    /// The file system has no such lock, or refuses.
    #[error("can't lock {path}: {source}")]
    Io {
        /// The lock's file.
        path: String,
        /// What the operating system says.
        source: io::Error,
    },
}

impl StateLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(state_dir: &Path) -> Result<Self, LockError> {
        Ok(Self { file: Mutex::new(take(state_dir)?) })
    }

    /// Takes the lock again if its file was deleted or replaced: others would not see ours any more.
    ///
    /// # Errors
    /// [`LockError`]; `Held` if another daemon was faster.
    pub(crate) fn renew(&self, state_dir: &Path) -> Result<Renewal, LockError> {
        let path = state_dir.join(LOCK_FILE);
        if is_at(&self.file.lock().unwrap_or_else(PoisonError::into_inner), &path) {
            return Ok(Renewal::NotNeeded);
        }
        let file = take(state_dir)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(Renewal::Taken)
    }
}

fn take(state_dir: &Path) -> Result<File, LockError> {
    let path = state_dir.join(LOCK_FILE);
    let failed = |source| LockError::Io { path: path.display().to_string(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Held {
            dir: state_dir.display().to_string(),
            holder: endpoint::read(state_dir).ok(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// How long somebody who only looks is given to let go; a look takes microseconds.
const LOOK: Duration = Duration::from_millis(20);

/// Twice, because the first time somebody may just have looked.
#[expect(
    clippy::disallowed_methods,
    reason = "at the start nothing else happens yet; later it has a thread of its own"
)]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            std::thread::sleep(LOOK);
            file.try_lock()
        }
        locked => locked,
    }
}

fn about(endpoint: Option<&Endpoint>) -> String {
    match endpoint {
        Some(Endpoint { url, version, pid, .. }) => format!(" (version {version}, pid {pid}, {url})"),
        None => String::new(),
    }
}
