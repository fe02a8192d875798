//! A directory of one test or demo, gone with its owner.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

/// A fresh directory, removed on drop.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Makes one in the system's directory for temporary files.
    ///
    /// # Errors
    /// It can't be created.
    pub fn new() -> anyhow::Result<Self> {
        Self::within(&std::env::temp_dir())
    }

    /// Makes one in this directory.
    ///
    /// # Errors
    /// It can't be created.
    pub fn within(dir: &Path) -> anyhow::Result<Self> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        // Short: a socket or a log line below it has a length limit.
        let path = dir.join(format!("exai-sim-{}-{number}-{nanos:08x}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("can't create {}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What can't be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
