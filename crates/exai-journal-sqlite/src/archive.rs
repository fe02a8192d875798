//! A journal as its owner looks at it: read only, whether a daemon is at work on it or none runs.

use std::path::Path;

use exai_journal::{Archive, ArchiveError, ConversationHead, KeptTurn, Row};
use exai_wire::{CallId, ConversationKey};
use rusqlite::{Connection, OpenFlags, params};

use crate::error::OpenError;
use crate::maintenance::{Expect, existing};
use crate::place::Place;
use crate::view::View;
use crate::{rows, turns};

const HEADS: &str = "SELECT call_id, kind, head, length(load), NULL FROM records ORDER BY seq";

const CALL: &str =
    "SELECT call_id, kind, head, length(load), load FROM records WHERE call_id = ?1 ORDER BY seq";

const TURNS: &str = "SELECT seq, call_id, at_ms, body, bytes FROM turns
     WHERE conversation = ?1 AND seq >= ?2 ORDER BY seq";

/// The journal of a state directory, for any thread. Its connection is opened when it is first needed.
#[derive(Debug)]
pub struct SqliteArchive(View);

impl SqliteArchive {
    /// Of a directory in which a daemon of this release has its journal.
    pub fn of(dir: &Path) -> Self {
        Self(View::of(Place::in_dir(dir).file))
    }

    /// Of a directory in which there may be none.
    ///
    /// # Errors
    /// [`OpenError`], also where it is of another release.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let place = Place::in_dir(dir);
        let conn = existing(&place, OpenFlags::SQLITE_OPEN_READ_ONLY, Expect::Order)?;
        Ok(Self(View::opened(place.file, conn)))
    }

    /// All conversations, the newest first.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn conversations(&self) -> Result<Vec<ConversationHead>, ArchiveError> {
        self.read(turns::list)
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ArchiveError> {
        self.0.read(read).map_err(|error| ArchiveError(error.to_string()))
    }
}

impl Archive for SqliteArchive {
    fn heads(&self) -> Result<Vec<Row>, ArchiveError> {
        self.read(|conn| known_rows(conn, HEADS, params![]))
    }

    fn call(&self, call_id: CallId) -> Result<Vec<Row>, ArchiveError> {
        self.read(|conn| known_rows(conn, CALL, params![call_id.as_bytes()]))
    }

    fn turns(&self, of: ConversationKey, from: u64, bytes_max: u64) -> Result<Vec<KeptTurn>, ArchiveError> {
        self.read(|conn| {
            let mut statement = conn.prepare(TURNS)?;
            let from = i64::try_from(from).unwrap_or(i64::MAX);
            let mut found = statement.query(params![of.as_bytes(), from])?;
            let (mut turns, mut bytes) = (Vec::new(), 0);
            while let Some(row) = found.next()? {
                bytes += turns::number(row, 4)?;
                if !turns.is_empty() && bytes > bytes_max {
                    break;
                }
                turns.push(turns::turn(row)?);
            }
            Ok(turns)
        })
    }
}

/// Rows of a kind that this release does not know are left out.
fn known_rows(conn: &Connection, sql: &str, of: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = conn.prepare(sql)?;
    let mut found = statement.query(of)?;
    let mut known = Vec::new();
    while let Some(row) = found.next()? {
        known.extend(rows::of(row)?);
    }
    Ok(known)
}

/// Deletes a conversation where no daemon runs; `false` if it is not known. The caller holds the directory's lock.
///
/// # Errors
/// [`OpenError`]; nothing was deleted then.
pub fn delete_conversation(dir: &Path, conversation: ConversationKey) -> Result<bool, OpenError> {
    let place = Place::in_dir(dir);
    let conn = existing(&place, OpenFlags::SQLITE_OPEN_READ_WRITE, Expect::Order)?;
    let deleted = conn
        .execute_batch("PRAGMA secure_delete = FAST")
        .and_then(|()| conn.execute("DELETE FROM turns WHERE conversation = ?1", [conversation.as_bytes()]));
    match deleted {
        Ok(turns) => Ok(turns > 0),
        Err(error) => Err(OpenError::sql(&place.file, "a conversation can't be deleted", &error)),
    }
}
