//! What goes wrong with a disk, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use exai_journal::JournalError;
use rusqlite::ErrorCode;

/// What kind of thing stands in the way of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no room.
    Full,
    /// This user may not write there.
    Denied,
    /// The file system, or the file, is read-only.
    ReadOnly,
    /// Somebody holds a lock of the database.
    Locked,
    /// It was written by a later release.
    Newer,
    /// It is of an earlier release's format.
    Older,
    /// There is none.
    Missing,
    /// There is a file, and nothing in it.
    Empty,
    /// There is a directory of its name.
    Directory,
    /// It is no journal, or of something else.
    Foreign,
    /// The file is damaged.
    Damaged,
    /// Locks or syncs do not work on this file system.
    Unsuitable,
    /// Anything else that the operating system says.
    Io,
}

impl Fault {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Full => "journal_full",
            Self::Denied => "journal_denied",
            Self::ReadOnly => "journal_read_only",
            Self::Locked => "journal_locked",
            Self::Newer => "journal_newer",
            Self::Older => "journal_older",
            Self::Missing => "journal_missing",
            Self::Empty => "journal_empty",
            Self::Directory => "journal_directory",
            Self::Foreign => "journal_foreign",
            Self::Damaged => "journal_damaged",
            Self::Unsuitable => "journal_unsuitable",
            Self::Io => "journal_io",
        }
    }

    /// What to do about it.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Full => "free some space there, or set EXAI_STATE_DIR to a disk with room",
            Self::Denied => {
                "make it belong to the user that the daemon runs as (chown), or set EXAI_STATE_DIR to a directory of its own"
            }
            Self::ReadOnly => "make it writable, or set EXAI_STATE_DIR to a directory that is",
            Self::Locked => "end the program that has it open",
            Self::Newer => "install the newer release again, or set EXAI_STATE_DIR to another directory",
            Self::Older => "start the daemon of this release once",
            Self::Missing => "the daemon makes one when it starts with this EXAI_STATE_DIR",
            Self::Empty => {
                "the daemon makes a new one of it when it starts; to have an old one back, put its copy there before"
            }
            Self::Directory => "move that directory away, or set EXAI_STATE_DIR to another one",
            Self::Foreign => "move that file away, or set EXAI_STATE_DIR to another directory",
            Self::Damaged => {
                "save what can be read with `exai journal repair`, or move the file and its -wal away to begin a new journal"
            }
            Self::Unsuitable => {
                "set EXAI_STATE_DIR to a directory on a local disk (in a container: a named volume)"
            }
            Self::Io => "look after the disk, or set EXAI_STATE_DIR to a directory on another one",
        }
    }
}

/// A journal can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct OpenError {
    /// What kind of thing it is.
    pub fault: Fault,
    /// The file or directory.
    pub path: PathBuf,
    /// What was tried, and what came of it.
    pub reason: String,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, path, reason } = self;
        write!(f, "the journal {} can't be used: {reason}; {}", path.display(), fault.remedy())
    }
}

impl OpenError {
    pub(crate) fn new(fault: Fault, path: &Path, reason: impl Into<String>) -> Self {
        Self { fault, path: path.to_owned(), reason: reason.into() }
    }

    /// From what the operating system said when something was tried.
    pub(crate) fn io(path: &Path, tried: &str, error: &io::Error) -> Self {
        let fault = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::Full,
            io::ErrorKind::PermissionDenied => Fault::Denied,
            io::ErrorKind::ReadOnlyFilesystem => Fault::ReadOnly,
            io::ErrorKind::Unsupported => Fault::Unsuitable,
            _ => Fault::Io,
        };
        Self::new(fault, path, format!("{tried}: {error}"))
    }

    /// From what SQLite said when something was tried.
    pub(crate) fn sql(path: &Path, tried: &str, error: &rusqlite::Error) -> Self {
        let fault = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Fault::Full,
            Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Fault::Denied,
            Some(ErrorCode::ReadOnly) => Fault::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Locked,
            Some(ErrorCode::FileLockingProtocolFailed) => Fault::Unsuitable,
            Some(ErrorCode::NotADatabase) => Fault::Foreign,
            Some(ErrorCode::SystemIoFailure) => Fault::Io,
            // What SQLite does not understand in the file, and what this crate does not, such as a table that is gone.
            _ => Fault::Damaged,
        };
        Self::new(fault, path, format!("{tried}: {error}"))
    }
}

/// What goes wrong while the journal is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No room; nothing was changed.
    Full(String),
    /// Refused; nothing was changed.
    Refused(String),
    /// The epoch is another daemon's.
    Usurped,
    /// A write failed for a reason that SQLite does not tell; nothing was changed.
    Unwritten(String),
    /// What is on the disk now can't be known.
    Unknown(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::TooBig,
            ) => Self::Refused(text),
            Some(ErrorCode::SystemIoFailure) if is_write(&error) => Self::Unwritten(text),
            _ => Self::Unknown(text),
        }
    }
}

/// A write, or a growth of the memory that processes share, and no sync.
fn is_write(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE};
    matches!(error.sqlite_extended_error_code(), Some(SQLITE_IOERR_WRITE | SQLITE_IOERR_SHMSIZE))
}

impl From<Trouble> for JournalError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Full(why) => Self::Full(why),
            Trouble::Refused(why) | Trouble::Unwritten(why) | Trouble::Unknown(why) => Self::Unavailable(why),
            Trouble::Usurped => Self::Usurped,
        }
    }
}

#[cfg(test)]
mod tests;
