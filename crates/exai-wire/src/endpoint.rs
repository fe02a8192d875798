//! What a daemon leaves in its state directory for those who look for it: where it listens, and a lock that goes with
//! its process.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::Epoch;

/// Name of the file, in the state directory, that a daemon of whatever release has locked as long as its process lives.
pub const LOCK_FILE: &str = "daemon.lock";

/// What stands in `endpoint.json`, written once the daemon listens. Fields of later releases are ignored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `ws://` address to dial.
    pub url: String,
    /// Token to present, if one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The daemon's release.
    #[serde(default)]
    pub version: String,
    /// Its start; 0 where the file does not tell.
    #[serde(default = "unknown")]
    pub epoch: Epoch,
    /// Its process; 0 where the file does not tell.
    #[serde(default)]
    pub pid: u32,
}

const fn unknown() -> Epoch {
    Epoch(0)
}

impl Endpoint {
    /// Name of the file in the state directory.
    pub const FILE: &str = "endpoint.json";

    /// Reads the text of the file.
    ///
    /// # Errors
    /// If it is no JSON object with an address. What it says does not quote the text.
    pub fn decode(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// None that is known: every field can be written.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, token: _, version, epoch, pid } = self;
        write!(f, "Endpoint {{ url: {url}, version: {version}, epoch: {}, pid: {pid} }}", epoch.0)
    }
}

#[cfg(test)]
mod tests;
