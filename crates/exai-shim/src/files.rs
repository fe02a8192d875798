//! Puts the text of the user's files into a call, before it is sent.
//!
//! The shim reads them because it runs as the user, on the user's machine; the daemon may sit in a container. What
//! asks for files is a model, which may have been talked into it by something that it read. So: only below the roots,
//! never what usually holds secrets, never more than a model can take. Every bad file is named in one error, so that
//! the model can mend its call in one go.
//!
//! This reads from disk and may block for as long as the disk does: run it on a thread of its own.

mod arguments;
mod error;
mod forbidden;
mod location;
mod read;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

use exai_wire::LINE_BYTES_MAX;
use serde::Serialize;
use serde_json::value::RawValue;

use self::arguments::FilesArgument;
pub use self::error::{BadFile, FileProblem, FilesError};
use self::location::Location;
use self::read::Content;

/// Largest file in bytes (1 MiB): about 300,000 tokens of source code, more than most models take at all.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Most bytes of all files of a call (4 MiB): about a million tokens, the largest context on the market. Together with
/// the host's line and its escapes it also stays within a frame.
pub const FILES_BYTES_MAX: u64 = 4 << 20;

/// Most files of a call. A model that names more has expanded a directory; a person would send an archive.
pub const FILES_MAX: usize = 64;

/// Which files may be read.
#[derive(Debug, Clone)]
pub struct FileRules {
    /// Directories below which files may be read; those that don't exist are passed over.
    pub roots: Vec<PathBuf>,
    /// The user's home: `~` stands for it, and its dot-directories are never read.
    pub home: Option<PathBuf>,
    /// Where relative paths would start; only for the hint in the error that refuses them.
    pub working_directory: Option<PathBuf>,
    /// Files that hold secrets under any name, such as the settings file that is in use.
    pub secret_files: Vec<PathBuf>,
}

impl FileRules {
    /// The rules for these settings. Without configured roots: the working directory, and the home. The root of a file
    /// system is none of them by default: hosts without a project start the shim there, and nobody meant the whole disk.
    pub fn new(
        configured_roots: &[PathBuf],
        working_directory: Option<PathBuf>,
        home: Option<PathBuf>,
    ) -> Self {
        let defaults = working_directory.iter().chain(&home).filter(|path| path.parent().is_some());
        let roots = match configured_roots {
            [] => defaults.cloned().collect(),
            roots => roots.to_vec(),
        };
        Self { roots, home, working_directory, secret_files: Vec::new() }
    }
}

/// A call with the text of its files in it.
#[derive(Debug, Clone)]
pub struct Inlined {
    /// The params; every byte outside of the files argument is the host's.
    pub params: Box<RawValue>,
    /// What was read, in the order of the call, each file once.
    pub files: Vec<FileDigest>,
}

/// What a file was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// Absolute path, as the host named it.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Time of the last change, where the file system tells.
    pub modified: Option<SystemTime>,
}

/// A file as the daemon gets it.
#[derive(Serialize)]
struct InlineFile<'a> {
    path: &'a str,
    bytes: u64,
    sha256: &'a str,
    text: &'a str,
}

/// Replaces the paths under `argument` by `{path, bytes, sha256, text}`. `None`: the call names no files.
///
/// # Errors
/// See [`FilesError`]; its text is for the model, nothing is to be sent then.
pub fn inline(params: &RawValue, argument: &str, rules: &FileRules) -> Result<Option<Inlined>, FilesError> {
    let Some(found) = FilesArgument::find(params, argument)? else { return Ok(None) };
    if found.entries.len() > FILES_MAX {
        return Err(FilesError::TooMany { files: found.entries.len() });
    }
    let (digests, texts) = read_all(&found, rules)?;
    let files: Vec<InlineFile<'_>> =
        digests.iter().zip(&texts).map(|(digest, text)| digest.inline(text)).collect();
    let params = found.replaced_by(&files)?;
    if params.get().len() > LINE_BYTES_MAX {
        return Err(FilesError::CallTooLarge { bytes: params.get().len() });
    }
    Ok(Some(Inlined { params, files: digests }))
}

/// Reads every file, also behind a bad one; keeps no more text than may be sent.
fn read_all(
    found: &FilesArgument<'_>,
    rules: &FileRules,
) -> Result<(Vec<FileDigest>, Vec<String>), FilesError> {
    let location = Location::new(rules);
    let (mut digests, mut texts, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut total: u64 = 0;
    for entry in &found.entries {
        let read = entry.path().and_then(|given| {
            let place = location.of(given)?;
            if !seen.insert(place.real.clone()) {
                return Ok(None);
            }
            read::whole(&place.real).map(|content| Some((place.named, content)))
        });
        match read {
            Ok(None) => {}
            Ok(Some((path, content))) => {
                let Content { text, bytes, sha256, modified } = content;
                total += bytes;
                if total <= FILES_BYTES_MAX {
                    texts.push(text);
                }
                digests.push(FileDigest { path, bytes, sha256, modified });
            }
            Err(problem) => bad.push(BadFile { path: entry.shown(), problem }),
        }
    }
    if !bad.is_empty() {
        return Err(FilesError::Bad { bad, of: found.entries.len() });
    }
    if total > FILES_BYTES_MAX {
        let sizes = digests.into_iter().map(|digest| (digest.path, digest.bytes)).collect();
        return Err(FilesError::TooLargeTogether { bytes: total, sizes });
    }
    Ok((digests, texts))
}

impl FileDigest {
    fn inline<'a>(&'a self, text: &'a str) -> InlineFile<'a> {
        InlineFile { path: &self.path, bytes: self.bytes, sha256: &self.sha256, text }
    }
}

#[cfg(test)]
mod tests;
