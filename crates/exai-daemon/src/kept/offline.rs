//! The journal of a state directory in which no daemon is at work.

use std::path::{Path, PathBuf};

use exai_journal::Archive as _;
use exai_journal_sqlite::{OpenError, SqliteArchive, delete_conversation};
use exai_session::CallState;

use super::{LookupError, calls, conversations, digits};
use crate::lock::StateLock;

/// What the daemon would tell of what it keeps, read from its journal.
#[derive(Debug)]
pub struct OfflineJournal {
    dir: PathBuf,
    archive: SqliteArchive,
}

impl OfflineJournal {
    /// Opens the journal of this state directory, read only.
    ///
    /// # Errors
    /// [`OpenError`], also where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { dir: dir.to_owned(), archive: SqliteArchive::open(dir)? })
    }

    /// As `GET /calls`: the calls in these states.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn calls(&self, states: &[CallState]) -> Result<String, LookupError> {
        let kept = calls::fold(self.archive.heads()?);
        Ok(calls::list_kept(kept, |state| states.contains(&state)))
    }

    /// As `GET /calls/{id}`.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn call(&self, id: &str) -> Result<String, LookupError> {
        let digits = digits(id)?;
        calls::kept_call(&self.archive, &digits, calls::fold(self.archive.heads()?))
    }

    /// As `GET /conversations`.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn conversations(&self) -> Result<String, LookupError> {
        Ok(conversations::list(&self.archive, self.archive.conversations()?))
    }

    /// As `GET /conversations/{id}?from={from}`.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn conversation(&self, id: &str, from: u64) -> Result<String, LookupError> {
        let head = conversations::find(&digits(id)?, self.archive.conversations()?)?;
        conversations::page(&self.archive, head.key, from)
    }

    /// As `DELETE /conversations/{id}`. The lock of the same directory is held by whoever calls.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn delete_conversation(&self, _lock: &StateLock, id: &str) -> Result<String, LookupError> {
        let digits = digits(id)?;
        let head = conversations::find(&digits, self.archive.conversations()?)?;
        match delete_conversation(&self.dir, head.key) {
            Ok(true) => Ok(conversations::told(head)),
            Ok(false) => Err(LookupError::Unknown { what: "conversation", digits }),
            Err(error) => Err(LookupError::Unreadable(error.to_string())),
        }
    }
}
