//! The tables, and how those of an earlier release become those of this one.

use rusqlite::Connection;

use crate::error::{Fault, OpenError};
use crate::place::Place;

/// What the file says of itself in its header: "exai".
const APPLICATION: i64 = 0x6578_6169;

/// Each takes the schema one version up; a release adds to the end and changes none. The version stands in the file's header
/// (`user_version`).
const MIGRATIONS: [&str; 2] = [
    // Loads are blobs, because the size of a blob is known without reading it; the head stands before the load, so that it is
    // found without reading that either. `bytes` of a turn stands in the index for the same reason.
    "CREATE TABLE meta (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        journal_id BLOB NOT NULL CHECK (length(journal_id) = 16),
        epoch INTEGER NOT NULL
     ) STRICT;
     INSERT INTO meta VALUES (1, randomblob(16), 0);
     CREATE TABLE records (
        seq INTEGER PRIMARY KEY,
        call_id BLOB NOT NULL,
        kind INTEGER NOT NULL,
        head TEXT NOT NULL,
        load BLOB
     ) STRICT;
     CREATE INDEX records_of_call ON records (call_id, kind);
     CREATE TABLE turns (
        id INTEGER PRIMARY KEY,
        call_id BLOB NOT NULL UNIQUE,
        conversation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        body BLOB NOT NULL
     ) STRICT;
     CREATE INDEX turns_of_conversation ON turns (conversation, seq, at_ms, bytes);",
    // What they say is up to whoever puts them there, so that no release needs a table for another matter of this kind.
    "CREATE TABLE memos (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        until_ms INTEGER NOT NULL,
        body TEXT NOT NULL
     ) STRICT;
     CREATE UNIQUE INDEX memos_by_name ON memos (name);",
];

/// The oldest version whose records and turns are where those of this one are.
pub(crate) const READABLE: i64 = 1;

/// The version from which on there are memos.
const WITH_MEMOS: i64 = 2;

/// The version that this release writes.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Whether the file is a journal that this release may write on: told from its header, before anything is changed.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn judge(conn: &Connection, place: &Place) -> Result<i64, OpenError> {
    let pragma = |name: &str| {
        conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(|error| OpenError::sql(&place.file, "its header can't be read", &error))
    };
    let (version, application) = (pragma("user_version")?, pragma("application_id")?);
    let is_empty = version == 0 && application == 0 && pragma("schema_version")? == 0;
    if application != APPLICATION && !is_empty {
        return Err(OpenError::new(Fault::Foreign, &place.file, "it is a database of something else"));
    }
    if version > VERSION {
        let reason = format!(
            "it was written by a later release (its format is {version}, this release knows formats up to {VERSION})"
        );
        return Err(OpenError::new(Fault::Newer, &place.file, reason));
    }
    Ok(version)
}

/// Whether a file has memos, which one of an earlier release has not.
///
/// # Errors
/// As SQLite says.
pub(crate) fn has_memos(conn: &Connection) -> rusqlite::Result<bool> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(version >= WITH_MEMOS)
}

/// Takes a file of an earlier version up to this one, each step whole or not at all.
///
/// # Errors
/// As SQLite says.
pub(crate) fn migrate(conn: &Connection, from: i64) -> rusqlite::Result<()> {
    for (version, step) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
        let header = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version};");
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {step} {header} COMMIT;"))?;
    }
    Ok(())
}
