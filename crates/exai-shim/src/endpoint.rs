//! `endpoint.json`: where this user's local daemon listens.

use std::path::Path;

use exai_settings::Secret;
use serde::Deserialize;

/// What a daemon of the local default writes down once it listens. Fields of later releases are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `ws://` URL.
    pub(crate) url: String,
    /// Its random token, if it asks for one.
    pub(crate) token: Option<Secret>,
    /// Its release.
    pub(crate) version: String,
    /// Number of its start.
    pub(crate) epoch: u64,
    /// Its process.
    pub(crate) pid: u32,
}

#[derive(Deserialize)]
struct File {
    url: String,
    token: Option<String>,
    #[serde(default)]
    version: String,
    #[serde(default)]
    epoch: u64,
    #[serde(default)]
    pid: u32,
}

/// Reads it; the error is a sentence.
pub(crate) fn read(state_dir: &Path) -> Result<Endpoint, String> {
    let path = state_dir.join("endpoint.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("no local exai daemon runs ({} does not exist)", path.display()));
        }
        Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
    };
    let file: File = serde_json::from_slice(&bytes)
        .map_err(|error| format!("{} is malformed: {error}", path.display()))?;
    let File { url, token, version, epoch, pid } = file;
    Ok(Endpoint { url, token: token.map(Secret::new), version, epoch, pid })
}

#[cfg(test)]
mod tests;
