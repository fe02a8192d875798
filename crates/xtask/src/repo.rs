//! The text of the repository, by path, as the checks see it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Directories that hold no part of the project.
const SKIPPED: [&str; 2] = [".git", "target"];

/// Every text file of the repository. Paths are relative to its root and use `/`.
#[derive(Debug, Default)]
pub struct Repo {
    files: BTreeMap<String, String>,
}

impl Repo {
    /// The root of the checkout that this program was built from.
    pub fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// Reads all text files below `root`. Files that are no UTF-8 are left out, links are not followed.
    ///
    /// # Errors
    /// If a file or directory can't be read.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        let mut pending = vec![(root.to_path_buf(), String::new())];
        while let Some((directory, prefix)) = pending.pop() {
            let entries = std::fs::read_dir(&directory).with_context(|| directory.display().to_string())?;
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = format!("{prefix}{name}");
                let kind = entry.file_type()?;
                if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                    pending.push((entry.path(), format!("{path}/")));
                } else if kind.is_file() {
                    let bytes = std::fs::read(entry.path()).with_context(|| path.clone())?;
                    if let Ok(text) = String::from_utf8(bytes) {
                        files.insert(path, text);
                    }
                }
            }
        }
        Ok(Self { files })
    }

    /// A repository made of the given files, for tests of checks.
    pub fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether `path` names a file, or a directory with files.
    pub fn exists(&self, path: &str) -> bool {
        let directory = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&directory))
    }

    /// All files whose path ends with `suffix`, as (path, text).
    pub fn ending(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(suffix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}
