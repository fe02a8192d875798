//! What keeps the files small. None of it is waited for, and none of it matters if it fails: it is tried again later.

use std::path::Path;

use rusqlite::{Connection, Statement};

use crate::error::Trouble;
use crate::group::{Answer, Change, Entry};
use crate::log_file::{HEAD, HEADER, has_frame};
use crate::room::PAGE_BYTES;

/// Pages of the log that are worth the two syncs of emptying it when nobody waits.
const LOG_PAGES_IDLE: i64 = 250;
/// Pages of the log that are too many, whoever waits: with the transaction that goes beyond them, the most that a start
/// has to read, and that a daemon which is never idle keeps beside its journal.
const LOG_PAGES_MAX: i64 = 2000;

/// Free pages that are kept for what comes next; of more than these, so many at a time are given back to the disk.
const FREE_PAGES_MAX: i64 = 2048;
const GIVEN_BACK: i64 = 512;

/// Turns after which their room is looked at even if there is always something to do.
const TURNS_UNSEEN_MAX: u32 = 256;

#[derive(Debug)]
pub(crate) struct Housekeeping<'c> {
    conn: &'c Connection,
    log: Statement<'c>,
    turns_bytes_max: u64,
    log_pages: i64,
    /// Pages in the log, in their places already or not, as they were counted last.
    log_length: u64,
    free_pages: i64,
    /// Something was written since it was looked at.
    has_changed: bool,
    /// Pages were given back, which the file does not show yet.
    is_shorter: bool,
    /// Transactions with turns since their room was looked at.
    turns_unseen: u32,
}

impl<'c> Housekeeping<'c> {
    pub(crate) fn new(conn: &'c Connection, turns_bytes_max: u64) -> rusqlite::Result<Self> {
        let log = conn.prepare("PRAGMA wal_checkpoint(NOOP)")?;
        let free_pages = free_pages(conn)?;
        // The cap may be another one now. Where there is nothing to look at, a start writes nothing.
        let has_turns: bool = conn.query_row("SELECT EXISTS (SELECT 1 FROM turns)", [], |row| row.get(0))?;
        Ok(Self {
            conn,
            log,
            turns_bytes_max,
            log_pages: 0,
            log_length: 0,
            free_pages,
            has_changed: false,
            is_shorter: false,
            turns_unseen: u32::from(has_turns),
        })
    }

    /// After a group.
    ///
    /// # Errors
    /// What was written is not on the disk as it should be.
    pub(crate) fn note(&mut self, has_turns: bool) -> Result<(), Trouble> {
        self.turns_unseen += u32::from(has_turns);
        self.has_changed = true;
        self.measure_log()?;
        if self.log_pages >= LOG_PAGES_MAX { self.empty_log() } else { Ok(()) }
    }

    pub(crate) fn is_due(&self) -> bool {
        self.has_changed || self.free_pages >= FREE_PAGES_MAX || self.turns_unseen > 0
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.turns_unseen >= TURNS_UNSEEN_MAX
    }

    /// What is to be written when nobody waits.
    pub(crate) fn chores(&mut self) -> Vec<Entry> {
        let mut chores = Vec::new();
        if self.turns_unseen > 0 {
            chores.push(Change::KeepTurnsWithin(self.turns_bytes_max));
        }
        if self.free_pages >= FREE_PAGES_MAX {
            chores.push(Change::GiveBack(GIVEN_BACK));
            self.is_shorter = true;
        }
        // Chores that fail are not tried again and again, but after the next records.
        (self.turns_unseen, self.free_pages) = (0, 0);
        chores.into_iter().map(|change| Entry { change, answer: Answer::Nobody }).collect()
    }

    /// After the chores.
    ///
    /// # Errors
    /// As [`Housekeeping::note`].
    pub(crate) fn tidy(&mut self) -> Result<(), Trouble> {
        self.has_changed = false;
        self.measure_log()?;
        self.free_pages = free_pages(self.conn)?;
        // The file gets shorter when the log is emptied.
        let is_shorter = std::mem::take(&mut self.is_shorter);
        if is_shorter || self.log_pages >= LOG_PAGES_IDLE { self.empty_log() } else { Ok(()) }
    }

    /// Whether a log of this size lacks something that was written to it, also where something else was put into its place.
    /// Another program may have emptied it in order since it was measured; then it is known to be empty.
    ///
    /// # Errors
    /// As SQLite says.
    pub(crate) fn is_cut(&mut self, log: &Path, log_bytes: u64) -> rusqlite::Result<bool> {
        let lacks = |length: u64| {
            // What can't be looked at now is not gone.
            length > 0 && (log_bytes < bytes(length) || has_frame(log, length).is_ok_and(|there| !there))
        };
        if !lacks(self.log_length) {
            return Ok(false);
        }
        self.measure_log()?;
        Ok(lacks(self.log_length))
    }

    fn measure_log(&mut self) -> rusqlite::Result<()> {
        let (all, done) = self.log.query_row([], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
        self.log_pages = all - done;
        self.log_length = u64::try_from(all).unwrap_or(0);
        Ok(())
    }

    /// Brings what is in the log to its place, so that the log can be written over from its beginning.
    ///
    /// # Errors
    /// As [`Housekeeping::note`].
    pub(crate) fn empty_log(&mut self) -> Result<(), Trouble> {
        // What could not be brought there now will be when there is more of it.
        self.log_pages = 0;
        self.checkpoint("PASSIVE")
    }

    /// The same, and the log is cut off.
    ///
    /// # Errors
    /// As [`Housekeeping::note`].
    pub(crate) fn end_log(&self) -> Result<(), Trouble> {
        self.checkpoint("TRUNCATE")
    }

    /// A reader that is in the way, or a full disk, only keeps it for later. A sync that failed is no such thing: asked
    /// again, an operating system says that all is well, and what it lost stays lost.
    fn checkpoint(&self, mode: &str) -> Result<(), Trouble> {
        let done = self.conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        match done.map_err(Trouble::from) {
            Err(trouble @ Trouble::Unknown(_)) => Err(trouble),
            _ => Ok(()),
        }
    }
}

/// Least size of a log with so many pages.
const fn bytes(length: u64) -> u64 {
    HEADER + length * (HEAD + PAGE_BYTES)
}

fn free_pages(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA freelist_count", [], |row| row.get(0))
}

#[cfg(test)]
mod tests;
