//! What is wrong with what was written, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The process environment.
    Environment,
    /// A line of the env file, counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// 1 for the first.
        line: usize,
    },
    /// The env file as a whole.
    WholeFile {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment => f.write_str("environment"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::WholeFile { path } => write!(f, "{}", path.display()),
        }
    }
}

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// The setting as it was written there; `None` when it is about the file itself.
    pub setting: Option<String>,
    /// The offending text on one line, cut to 80 characters. `None` when there is none, or when it is or may be a secret.
    pub found: Option<String>,
    /// What is allowed, and what to do.
    pub message: String,
}

/// Longest text of a problem that is shown, in characters: enough to recognise it.
const FOUND_MAX: usize = 80;

/// What has been found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) errors: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl Problem {
    /// About the file itself, or a line that is no setting.
    pub(crate) fn of_file(origin: Origin, message: impl Into<String>) -> Self {
        Self { origin, setting: None, found: None, message: message.into() }
    }

    /// About a setting.
    pub(crate) fn of(origin: Origin, setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { origin, setting: Some(setting.into()), found: None, message: message.into() }
    }

    /// By place, as people go through them: the environment, then the file from its first line on.
    pub(crate) fn place(&self) -> (u8, Option<&Path>, usize) {
        match &self.origin {
            Origin::Default => (0, None, 0),
            Origin::Environment => (1, None, 0),
            Origin::WholeFile { path } => (2, Some(path), 0),
            Origin::File { path, line } => (2, Some(path), *line),
        }
    }

    /// With the offending text, which must not be a secret.
    pub(crate) fn showing(mut self, found: Option<&str>) -> Self {
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        self.found = found.map(|text| {
            let dots = if text.chars().nth(FOUND_MAX).is_some() { "…" } else { "" };
            text.chars().take(FOUND_MAX).map(printable).chain(dots.chars()).collect()
        });
        self
    }
}

impl fmt::Display for Problem {
    /// One line: where, what stands there, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        match (&self.setting, &self.found) {
            (Some(setting), Some(found)) => write!(f, "`{setting}={found}`: ")?,
            (Some(setting), None) => write!(f, "{setting}: ")?,
            (None, Some(found)) => write!(f, "`{found}`: ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}
