//! The files by which this daemon is found and is alone, as long as it lives: whatever somebody else does to the state
//! directory is put right, because new shims would wait for ever for a daemon that they can't find.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::endpoint::{EndpointFile, Repair};
use crate::lock::{LockError, Renewal, StateLock};

/// What is kept. Dropping it removes `endpoint.json`, if it is still this daemon's.
#[derive(Debug)]
pub(crate) struct Keeper {
    dir: PathBuf,
    lock: Option<Arc<StateLock>>,
    endpoint: Option<EndpointFile>,
    /// The last check found something that it could not put right.
    failing: bool,
}

/// Whose the state directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// This daemon's.
    Ours,
    /// Another daemon's, which has locked the file that now bears the lock's name.
    Lost,
}

impl Keeper {
    /// Keeps the endpoint and the lock of a state directory, as far as this daemon has them.
    pub(crate) fn new(dir: PathBuf, lock: Option<Arc<StateLock>>, endpoint: Option<EndpointFile>) -> Self {
        Self { dir, lock, endpoint, failing: false }
    }

    /// Looks, and puts right what is wrong. Blocks on the disk.
    pub(crate) fn check(&mut self) -> Hold {
        match self.repair() {
            Ok(()) => self.failing = false,
            Err(LockError::Held { .. }) => return Hold::Lost,
            // Said once per trouble: it is tried every 2 s.
            Err(error) if !self.failing => {
                self.failing = true;
                tracing::warn!(%error, "can't repair the state directory; new shims may not find this daemon");
            }
            Err(_) => {}
        }
        Hold::Ours
    }

    /// The lock before the endpoint: who has not got the one must not touch the other.
    fn repair(&self) -> Result<(), LockError> {
        let failed = |source| LockError::Io { path: self.dir.display().to_string(), source };
        if !self.dir.is_dir() {
            make_private(&self.dir).map_err(failed)?;
            tracing::warn!(dir = %self.dir.display(), "the state directory was gone, made it anew");
        }
        if let Some(lock) = &self.lock
            && lock.renew(&self.dir)? == Renewal::Taken
        {
            tracing::warn!("the lock's file was gone, took a new one");
        }
        if let Some(endpoint) = &self.endpoint
            && endpoint.repair().map_err(failed)? == Repair::Written
        {
            tracing::warn!("endpoint.json was gone or changed, wrote it anew");
        }
        Ok(())
    }
}

/// Makes a directory and what is missing above it, for the daemon's own user.
///
/// # Errors
/// Those of the file system.
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
