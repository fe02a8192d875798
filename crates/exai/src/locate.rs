//! Where the daemon is: the configured address, or what the local daemon left in `endpoint.json`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use exai_settings::{Secret, Settings, Target};
use exai_shim::ask::Address;
use exai_shim::endpoint::{self, Endpoint};
use exai_shim::state_room::{self, NoRoom};

/// A daemon to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// Where it listens.
    pub(crate) address: Address,
    /// What it wants to see.
    pub(crate) token: Option<Secret>,
}

/// Why there is nothing to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LocateError {
    /// No address is configured, and no local daemon has left its own.
    NoneRuns {
        /// Whether a call starts one.
        starts: bool,
    },
    /// None runs, and none could: its state directory can't be written. Why, and what to do.
    NoneCan(String),
    /// No address is configured, and what the local daemon has left can't be read.
    Unreadable {
        /// The file.
        endpoint: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Neither an address nor a state directory.
    Nowhere,
    /// The URL has no host, or a scheme other than `ws` and `wss`.
    Url(String),
}

impl fmt::Display for LocateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneRuns { starts: true } => f.write_str("not running; the first call starts one"),
            Self::NoneRuns { starts: false } => f.write_str(
                "not running; `exai daemon --local` starts one, EXAI_AUTOSTART=auto lets calls do so",
            ),
            Self::NoneCan(why) => write!(f, "not running, and none can start: {why}"),
            Self::Unreadable { endpoint, why } => {
                write!(f, "{} can't be read: {why}", endpoint.display())
            }
            Self::Nowhere => {
                f.write_str("no state directory and no address: set EXAI_STATE_DIR or EXAI_WS_URL")
            }
            Self::Url(url) => write!(f, "`{url}` is no address of a daemon: ws://host:port is needed"),
        }
    }
}

impl std::error::Error for LocateError {}

/// Finds the daemon that these settings mean.
///
/// # Errors
/// See [`LocateError`].
pub(crate) fn locate(settings: &Settings) -> Result<Located, LocateError> {
    match settings.connection.target() {
        Target::Url(url) => {
            let address =
                Address::parse(&url, settings.connection.ca.as_deref()).ok_or(LocateError::Url(url))?;
            Ok(Located { address, token: settings.connection.token.clone() })
        }
        Target::Local => local(settings),
    }
}

fn local(settings: &Settings) -> Result<Located, LocateError> {
    let Some(dir) = settings.state.dir.as_deref() else {
        return Err(LocateError::Nowhere);
    };
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => none_runs(settings, dir),
        _ => LocateError::Unreadable { endpoint: dir.join(Endpoint::FILE), why: error.to_string() },
    };
    let Endpoint { url, token, .. } = endpoint::read(dir).map_err(missing)?;
    let address = Address::parse(&url, None).ok_or(LocateError::Url(url))?;
    Ok(Located { address, token: token.map(Secret::new) })
}

/// Where nothing was ever started the directory is not there yet, and is not made to look at it.
fn none_runs(settings: &Settings, dir: &Path) -> LocateError {
    match Some(dir).filter(|dir| dir.exists()).and_then(state_room::what_is_wrong) {
        Some(NoRoom { why, .. }) => LocateError::NoneCan(why),
        None => LocateError::NoneRuns { starts: settings.connection.may_start_daemon() },
    }
}

#[cfg(test)]
mod tests;
