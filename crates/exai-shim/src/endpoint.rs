//! `endpoint.json`: where this user's local daemon listens.

use std::path::Path;

use exai_settings::Secret;
use serde::Deserialize;

/// What a daemon of the local default writes down once it listens. Fields of later releases are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `ws://` URL.
    pub(crate) url: String,
    /// Its random token.
    pub(crate) token: Secret,
    /// Number of its start.
    pub(crate) epoch: u64,
}

#[derive(Deserialize)]
struct File {
    url: String,
    token: String,
    #[serde(default)]
    epoch: u64,
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
    let file: File =
        serde_json::from_slice(&bytes).map_err(|error| format!("{} is malformed: {error}", path.display()))?;
    Ok(Endpoint { url: file.url, token: Secret::new(file.token), epoch: file.epoch })
}

#[cfg(test)]
mod tests;
