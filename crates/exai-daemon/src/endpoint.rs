//! `endpoint.json`: where the daemon of this state directory listens, for every other command.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use exai_wire::Epoch;
use serde::{Deserialize, Serialize};

use crate::atomic_file::{self, Readers};

/// Name in the state directory.
const FILE_NAME: &str = "endpoint.json";

/// What stands in the file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `ws://` address to dial.
    pub url: String,
    /// Token to present, if one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The daemon's release.
    pub version: String,
    /// Its start.
    pub epoch: Epoch,
    /// Its process.
    pub pid: u32,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, token: _, version, epoch, pid } = self;
        write!(f, "Endpoint {{ url: {url}, version: {version}, epoch: {}, pid: {pid} }}", epoch.0)
    }
}

impl Endpoint {
    /// Reads the file of a state directory. It may speak of a daemon that is gone: dial to know.
    ///
    /// # Errors
    /// If there is none, or it can't be understood.
    pub fn read(state_dir: &Path) -> io::Result<Self> {
        let bytes = fs::read(state_dir.join(FILE_NAME))?;
        serde_json::from_slice(&bytes).map_err(io::Error::from)
    }
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
        let text = serde_json::to_vec(&endpoint)?;
        atomic_file::write(&state_dir.join(FILE_NAME), &text, Readers::Owner)?;
        Ok(Self { state_dir: state_dir.to_owned(), endpoint })
    }
}

impl Drop for EndpointFile {
    fn drop(&mut self) {
        let ours = Endpoint::read(&self.state_dir).is_ok_and(|found| found == self.endpoint);
        if ours {
            let _ = fs::remove_file(self.state_dir.join(FILE_NAME));
        }
    }
}

#[cfg(test)]
mod tests;
