//! A connection that reads beside the writer, for any thread.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, ffi};

use crate::open::connect;

/// Opened when it is first needed: many daemons, and many of their owners, never look.
#[derive(Debug)]
pub(crate) struct View {
    file: PathBuf,
    conn: Mutex<Option<Connection>>,
}

impl View {
    pub(crate) fn of(file: PathBuf) -> Self {
        Self { file, conn: Mutex::default() }
    }

    /// Of a file that is open already, for reading at least.
    pub(crate) fn opened(file: PathBuf, conn: Connection) -> Self {
        Self { file, conn: Mutex::new(Some(conn)) }
    }

    /// Reads, after whoever does so now.
    ///
    /// # Errors
    /// As SQLite says; the next time may be better.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        // No reading leaves it half changed.
        let mut conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match conn.as_ref() {
            Some(conn) => conn,
            None => {
                self.is_there()?;
                conn.insert(connect(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
            }
        };
        read(opened)
    }

    /// Beside an empty file SQLite would delete the log, which others write to.
    fn is_there(&self) -> rusqlite::Result<()> {
        if std::fs::metadata(&self.file).is_ok_and(|found| found.len() == 0) {
            let code = ffi::Error::new(ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(code, Some("its file is empty".to_owned())));
        }
        Ok(())
    }
}
