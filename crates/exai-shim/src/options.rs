//! What a shim is told once, by `main`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use exai_settings::Loaded;
use serde_json::value::RawValue;

/// Everything that the shim would otherwise have to find out from its surroundings.
#[derive(Debug, Clone)]
pub struct ShimOptions {
    /// Settings with their errors and warnings. With errors the shim serves all the same and answers calls with them.
    pub loaded: Loaded,
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
