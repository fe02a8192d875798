//! What a shim is told once, by `main`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use exai_settings::Loaded;
use serde_json::value::RawValue;

/// Everything that the shim would otherwise have to find out from its surroundings.
#[derive(Debug, Clone)]
pub struct ShimOptions {
    /// Settings with their errors and warnings. With errors of its own the shim serves all the same and answers calls with them.
    pub loaded: Loaded,
    /// Reads the settings again, for a shim that is stopped by errors in them; `None`: they stay as they are.
    pub reload: Option<Reload>,
    /// The tools built into this program.
    pub catalogue: Catalogue,
    /// Release of this program.
    pub version: String,
    /// Guidance for the model, sent with the handshake; may be empty.
    pub instructions: String,
    /// This program, to start a daemon with (`<exe> daemon --local`); `None` where it is not known.
    pub exe: Option<PathBuf>,
    /// The user's home, whose dot-directories are never read for `files`.
    pub home: Option<PathBuf>,
    /// The working directory, in which hosts start the shim; used only to name files in results.
    pub cwd: Option<PathBuf>,
}

/// Reads the settings from where they were read first. May block on the disk.
#[derive(Clone)]
pub struct Reload(pub Arc<dyn Fn() -> Loaded + Send + Sync>);

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reload")
    }
}

/// Tool definitions as data: a first start without a daemon lists them too.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// JSON array of tool objects as of 2026-07-28.
    pub tools: Box<RawValue>,
    /// Hash of them, the same that a daemon of this release tells.
    pub hash: String,
    /// Tools with an argument that names files: tool → argument. The shim reads those files, since it runs as the
    /// user and the daemon may sit in a container.
    pub files: BTreeMap<String, String>,
}
