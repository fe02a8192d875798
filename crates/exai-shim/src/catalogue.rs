//! The tool definitions that hosts are shown: built in, or those of the daemon last spoken to.
//!
//! A daemon may know other tools than this program. What it told last is kept in `catalogue.json` in the state
//! directory, so that the next shim lists the same with no daemon about; hosts that ignore `list_changed` depend on
//! it. A file that is corrupted, or written by another release (whose built-in list was another), is ignored, and
//! written anew when a daemon has been heard.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::calls::Cost;

/// Version of the file's form.
const SCHEMA: u32 = 1;

/// Longest file read, in bytes. All definitions are far below 100 KiB; anything larger is no catalogue.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A list of tools.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// JSON array of tool objects.
    pub(crate) json: Box<RawValue>,
    /// Hash as the daemon tells it.
    pub(crate) hash: String,
    tools: Vec<Tool>,
}

/// Whether the file says what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Snapshot {
    /// It does.
    Current,
    /// It is missing, corrupted or old.
    Stale,
    /// It has not been read yet.
    Unread,
}

#[derive(Serialize, Deserialize)]
struct File<T> {
    schema: u32,
    release: String,
    hash: String,
    /// SHA-256 of `tools`, for telling a corrupted file.
    sha256: String,
    tools: T,
}

/// A tool object, as far as it is read here.
#[derive(Debug, Clone, Deserialize)]
struct Tool {
    name: String,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Annotations {
    /// True of those tools alone that cost nothing.
    #[serde(rename = "readOnlyHint", default)]
    read_only: bool,
}

impl Tools {
    /// A list; one that can't be read is empty.
    pub(crate) fn new(json: Box<RawValue>, hash: String) -> Self {
        let tools = serde_json::from_str(json.get()).unwrap_or_default();
        Self { json, hash, tools }
    }

    /// Names of all tools.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.tools.iter().map(|tool| tool.name.as_str())
    }

    /// What running a tool again costs; one that is not listed may cost something.
    pub(crate) fn cost(&self, name: &str) -> Cost {
        let tool = self.tools.iter().find(|tool| tool.name == name);
        if tool.is_some_and(|tool| tool.annotations.read_only) { Cost::Free } else { Cost::Metered }
    }
}

/// What the daemon last spoken to told, if that is kept. Blocks as long as the disk does.
pub(crate) fn load(state_dir: &Path, release: &str) -> Option<Tools> {
    read(&path(state_dir), release)
}

/// Writes the file, by rename, so that a reader finds the old one or the new one.
///
/// # Errors
/// As the file system says; the list is then not kept.
pub(crate) fn store(state_dir: &Path, release: &str, tools: &Tools) -> std::io::Result<()> {
    std::fs::create_dir_all(state_dir)?;
    let file = File {
        schema: SCHEMA,
        release: release.to_owned(),
        hash: tools.hash.clone(),
        sha256: checksum(&tools.json),
        tools: &tools.json,
    };
    let bytes = serde_json::to_vec(&file)?;
    let path = path(state_dir);
    // Nobody else writes other bytes under this name.
    let mine = state_dir.join(format!("catalogue.json.{}.{}", std::process::id(), file.sha256));
    let written = std::fs::File::create(&mine).and_then(|mut file| file.write_all(&bytes));
    let renamed = written.and_then(|()| std::fs::rename(&mine, &path));
    if renamed.is_err() {
        let _ = std::fs::remove_file(&mine);
    }
    renamed
}

fn read(path: &Path, release: &str) -> Option<Tools> {
    if std::fs::metadata(path).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let file: File<Box<RawValue>> = serde_json::from_slice(&bytes).ok()?;
    let sound = file.schema == SCHEMA && file.release == release && file.sha256 == checksum(&file.tools);
    sound.then(|| Tools::new(file.tools, file.hash))
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("catalogue.json")
}

fn checksum(json: &RawValue) -> String {
    Sha256::digest(json.get().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
