//! `endpoint.json`: where the daemon of this state directory listens, for every other command.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use exai_wire::Endpoint;

use crate::atomic_file::{self, Readers};

/// Reads the file of a state directory. It may speak of a daemon that is gone.
///
/// # Errors
/// If there is none, or it can't be understood.
pub(crate) fn read(state_dir: &Path) -> io::Result<Endpoint> {
    Ok(Endpoint::decode(&fs::read(state_dir.join(Endpoint::FILE))?)?)
}

/// What a look at the file led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repair {
    /// It says what it should.
    NotNeeded,
    /// It was written again.
    Written,
}

/// The file as its writer holds it; removed when dropped, if it is still this daemon's.
#[derive(Debug)]
pub(crate) struct EndpointFile {
    state_dir: PathBuf,
    endpoint: Endpoint,
}

impl EndpointFile {
    /// Writes the file, 0600, whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(state_dir: &Path, endpoint: Endpoint) -> io::Result<Self> {
        let file = Self { state_dir: state_dir.to_owned(), endpoint };
        file.write_anew()?;
        Ok(file)
    }

    /// Writes it again if it is gone, or says anything else.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn repair(&self) -> io::Result<Repair> {
        // What is no file could keep its reader waiting.
        let is_file = fs::metadata(self.path()).is_ok_and(|found| found.is_file());
        if is_file && self.is_ours() {
            return Ok(Repair::NotNeeded);
        }
        self.write_anew().map(|()| Repair::Written)
    }

    fn write_anew(&self) -> io::Result<()> {
        atomic_file::write(&self.path(), &self.endpoint.encode()?, Readers::Owner)
    }

    fn is_ours(&self) -> bool {
        read(&self.state_dir).is_ok_and(|found| found == self.endpoint)
    }

    fn path(&self) -> PathBuf {
        self.state_dir.join(Endpoint::FILE)
    }
}

impl Drop for EndpointFile {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = fs::remove_file(self.path());
        }
    }
}

#[cfg(test)]
mod tests;
