//! From what a model wrote to a file that may be read.

use std::path::{Path, PathBuf};

use super::FileRules;
use super::error::FileProblem;
use super::forbidden;

/// The rules with every path resolved, at the time of the call: a root may be a mount that comes later.
#[derive(Debug)]
pub(super) struct Location<'a> {
    rules: &'a FileRules,
    roots: Vec<PathBuf>,
    home: Option<PathBuf>,
    secret_files: Vec<PathBuf>,
}

/// A file that may be read.
#[derive(Debug)]
pub(super) struct Place {
    /// Absolute path as it was named, `~` and `file://` resolved.
    pub(super) named: String,
    /// Where it really lies, links followed.
    pub(super) real: PathBuf,
}

impl<'a> Location<'a> {
    /// Resolves the rules.
    pub(super) fn new(rules: &'a FileRules) -> Self {
        let resolve = |paths: &[PathBuf]| paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
        Self {
            rules,
            roots: resolve(&rules.roots),
            home: rules.home.as_ref().and_then(|home| home.canonicalize().ok()),
            secret_files: resolve(&rules.secret_files),
        }
    }

    /// Finds the file and checks its name and place, before anything is opened.
    pub(super) fn of(&self, given: &str) -> Result<Place, FileProblem> {
        let path = self.absolute(given)?;
        if let Some(reason) = forbidden::by_name(&path) {
            return Err(FileProblem::Secret { reason });
        }
        let real = match path.canonicalize() {
            Ok(real) => real,
            // What exists elsewhere on the disk is nobody's business either.
            Err(_) if !self.may_be_inside(&path) => return Err(self.outside()),
            Err(error) => return Err(error.into()),
        };
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(self.outside());
        }
        let reason = forbidden::by_name(&real)
            .or_else(|| forbidden::by_place(&real, self.home.as_deref(), &self.secret_files));
        match reason {
            Some(reason) => Err(FileProblem::Secret { reason }),
            None => Ok(Place { named: path.to_string_lossy().into_owned(), real }),
        }
    }

    fn absolute(&self, given: &str) -> Result<PathBuf, FileProblem> {
        if given.trim().is_empty() {
            return Err(FileProblem::Empty);
        }
        if let Some(url) = given.strip_prefix("file://") {
            return from_url(url);
        }
        if let Some(rest) = given.strip_prefix('~') {
            let home = self.rules.home.as_ref().ok_or(FileProblem::NoHome)?;
            return match rest.strip_prefix(['/', '\\']) {
                Some(rest) => Ok(home.join(rest)),
                None if rest.is_empty() => Ok(home.clone()),
                None => Err(FileProblem::NoHome),
            };
        }
        let path = PathBuf::from(given);
        if path.is_absolute() {
            return Ok(path);
        }
        if given.contains("://") {
            return Err(FileProblem::NotLocal);
        }
        let hint = self
            .rules
            .working_directory
            .as_ref()
            .map(|directory| directory.join(given).display().to_string());
        Err(FileProblem::Relative { hint })
    }

    /// Whether a path that does not resolve lies below a root by its letters.
    fn may_be_inside(&self, path: &Path) -> bool {
        self.rules.roots.iter().chain(&self.roots).any(|root| path.starts_with(root))
    }

    fn outside(&self) -> FileProblem {
        let shown: Vec<String> = self.rules.roots.iter().map(|root| root.display().to_string()).collect();
        let roots = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
        FileProblem::Outside { roots }
    }
}

/// The path of a `file://` URL, without that scheme.
fn from_url(url: &str) -> Result<PathBuf, FileProblem> {
    let path = url.strip_prefix("localhost").unwrap_or(url);
    if !path.starts_with('/') {
        return Err(FileProblem::NotLocal);
    }
    let path = unescape(path).ok_or(FileProblem::NotLocal)?;
    // file:///C:/x names C:/x.
    let path = if cfg!(windows) { path.trim_start_matches('/').to_owned() } else { path };
    Ok(PathBuf::from(path))
}

/// Resolves `%xx`; `None` if what comes out is no text, or an escape is broken.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
