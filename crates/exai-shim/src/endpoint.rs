//! `endpoint.json`: where this user's local daemon listens.

use std::io;
use std::path::{Path, PathBuf};

use exai_settings::Secret;
use serde::Deserialize;

/// What a daemon of the local default writes down once it listens. Fields of later releases are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `ws://` URL.
    pub url: String,
    /// Its random token, if it asks for one.
    pub token: Option<Secret>,
    /// Its release.
    pub version: String,
    /// Number of its start.
    pub epoch: u64,
    /// Its process.
    pub pid: u32,
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

/// Where it is.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("endpoint.json")
}

impl Endpoint {
    /// Reads the file of a state directory. It may speak of a daemon that is gone: dial to know.
    ///
    /// # Errors
    /// If there is none, or it can't be read or understood.
    pub fn read(state_dir: &Path) -> io::Result<Self> {
        let File { url, token, version, epoch, pid } =
            serde_json::from_slice(&std::fs::read(path(state_dir))?)?;
        Ok(Self { url, token: token.map(Secret::new), version, epoch, pid })
    }
}

/// Whether the file's daemon is gone: a daemon holds the lock beside it as long as its process lives. Its port may be
/// anybody's by now, who must not be handed a token and prompts. `false` where the lock can't be looked at.
pub(crate) fn is_left_behind(state_dir: &Path) -> bool {
    let lock = std::fs::File::open(state_dir.join("daemon.lock"));
    lock.is_ok_and(|lock| lock.try_lock_shared().is_ok())
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
