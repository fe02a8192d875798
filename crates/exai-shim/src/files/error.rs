//! Why files were not read, in sentences for the model that named them.

use std::fmt;
use std::io;

use thiserror::Error;

use super::{FILE_BYTES_MAX, FILES_BYTES_MAX, FILES_MAX};

/// Longest piece of a path or value that is shown, in characters: 64 of them stay below what hosts cut.
const EXCERPT_CHARS: usize = 120;

/// Most files whose sizes are listed when they are too large together.
const SIZES_LISTED: usize = 10;

/// Why a call's files were not read. Nothing of the call is sent then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilesError {
    /// The argument is neither an array nor a text.
    #[error("{argument}: expected an array of absolute paths, got {value}. Nothing was sent.")]
    NotPaths {
        /// Name of the argument.
        argument: String,
        /// Beginning of its value.
        value: String,
    },
    /// More files than may be sent.
    #[error("{files} files are too many, at most {FILES_MAX} go into a call. Nothing was sent.")]
    TooMany {
        /// How many were named.
        files: usize,
    },
    /// Some can't be read; all of those are named.
    #[error("Nothing was sent: {} of {of} files can't be used.\n{}", bad.len(), lines(bad))]
    Bad {
        /// Each with its problem.
        bad: Vec<BadFile>,
        /// How many were named.
        of: usize,
    },
    /// Each is small enough, all together are not.
    #[error(
        "Nothing was sent: the files have {} together, at most {} go into a call. Leave some out, or paste the parts that \
         matter into the prompt.\n{}",
        mebibytes(*bytes),
        mebibytes(FILES_BYTES_MAX),
        largest(sizes)
    )]
    TooLargeTogether {
        /// Their sum.
        bytes: u64,
        /// Each path with its size.
        sizes: Vec<(String, u64)>,
    },
    /// With the other arguments and its escapes the call is longer than a line may be.
    #[error("Nothing was sent: with its files the call has {}, more than 16 MiB. Leave some files out.", mebibytes(*bytes as u64))]
    CallTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The call could not be put together again.
    #[error("Nothing was sent: the files could not be put into the call ({message}).")]
    Internal {
        /// What the encoder says.
        message: String,
    },
}

impl FilesError {
    /// Stable word for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotPaths { .. } => "files_not_paths",
            Self::TooMany { .. } => "files_too_many",
            Self::Bad { .. } => "files_bad",
            Self::TooLargeTogether { .. } => "files_too_large",
            Self::CallTooLarge { .. } => "files_call_too_large",
            Self::Internal { .. } => "files_internal",
        }
    }
}

/// One file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// As it was named; cut if it is very long.
    pub path: String,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// What is wrong with one file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// An element that is no string.
    #[error("is not a path; give each file as a string")]
    NotAPath,
    /// Nothing but blanks.
    #[error("is an empty path")]
    Empty,
    /// A path that depends on a working directory.
    #[error("is not an absolute path{}", .hint.as_ref().map(|hint| format!("; perhaps {hint}?")).unwrap_or_default())]
    Relative {
        /// What may be meant.
        hint: Option<String>,
    },
    /// `~` of a user whose home is not known, or of another user.
    #[error("starts with a home directory that is not known here; give the absolute path")]
    NoHome,
    /// A URL that is no local file.
    #[error("is not a file of this machine; only paths and file:/// URLs are read")]
    NotLocal,
    /// Not there.
    #[error("does not exist")]
    Missing,
    /// Neither itself nor what it links to lies below a root.
    #[error("is outside of the directories that may be read ({roots}); EXAI_FILE_ROOTS changes them")]
    Outside {
        /// The roots.
        roots: String,
    },
    /// A file that usually holds secrets.
    #[error("is never read: {reason}")]
    Secret {
        /// Why.
        reason: &'static str,
    },
    /// A directory.
    #[error("is a directory; name its files one by one")]
    Directory,
    /// A pipe, a socket or a device.
    #[error("is not a regular file")]
    NotRegular,
    /// Larger than one file may be.
    #[error(
        "is too large: {}, at most {} for one file; paste the part that matters into the prompt",
        mebibytes(*bytes),
        mebibytes(FILE_BYTES_MAX)
    )]
    TooLarge {
        /// Its size, or as much of it as was read when it was found to grow.
        bytes: u64,
    },
    /// With NUL bytes.
    #[error("is binary (it has NUL bytes); only text can be sent")]
    Binary,
    /// Text in another encoding.
    #[error("is not UTF-8 text (byte {at} is the first that is wrong); convert it first")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// The user may not read it.
    #[error("can't be read: permission denied")]
    Denied,
    /// Anything else that the system says.
    #[error("can't be read: {kind}")]
    Io {
        /// What it says.
        kind: io::ErrorKind,
    },
}

impl From<io::Error> for FileProblem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            kind => Self::Io { kind },
        }
    }
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "- {}: {}", self.path, self.problem)
    }
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let mut chars = text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char });
    let mut cut: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

fn lines(bad: &[BadFile]) -> String {
    bad.iter().map(BadFile::to_string).collect::<Vec<_>>().join("\n")
}

fn largest(sizes: &[(String, u64)]) -> String {
    let mut sorted: Vec<&(String, u64)> = sizes.iter().collect();
    sorted.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let shown = sorted
        .iter()
        .take(SIZES_LISTED)
        .map(|(path, bytes)| format!("- {}: {}", excerpt(path), mebibytes(*bytes)));
    shown.collect::<Vec<_>>().join("\n")
}

/// Bytes as people read them, exact where it matters.
fn mebibytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{:.2} MiB ({bytes} bytes)", bytes as f64 / 1_048_576.0),
    }
}
