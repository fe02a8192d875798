//! From a directory to a journal that this daemon may write on.

use std::path::Path;
use std::time::Duration;

use exai_wire::{Epoch, JournalId};
use rusqlite::{Connection, OpenFlags};

use crate::error::{Fault, OpenError};
use crate::first_look::first_look;
use crate::group::Statements;
use crate::place::Place;
use crate::probe;
use crate::rows::{self, Rows};
use crate::schema;

/// How long a lock of another process is waited for. Only a program that is no daemon can hold one (a daemon that does is
/// usurped), and such programs read or write for moments.
const BUSY: Duration = Duration::from_secs(5);

/// A journal, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) conn: Connection,
    pub(crate) journal_id: JournalId,
    pub(crate) epoch: Epoch,
    pub(crate) found: Rows,
    /// What may be wrong with it.
    pub(crate) odd: Option<String>,
}

/// Opens the journal at a place, or makes one there, and begins an epoch.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn open(place: &Place) -> Result<Opened, OpenError> {
    // Before there is a file that would be taken for a journal.
    probe::probe(place)?;
    place.is_free_for_a_file()?;
    let odd = first_look(place)?;
    place.prepare().map_err(|error| OpenError::io(&place.file, "it can't be opened or made", &error))?;
    let was_left_open = place.was_left_open();
    let failed = |tried: &'static str| move |error| OpenError::sql(&place.file, tried, &error);
    let conn =
        connect(&place.file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed("it can't be opened"))?;
    let version = schema::judge(&conn, place)?;
    prepare(&conn, place)?;
    schema::migrate(&conn, version).map_err(failed("its tables can't be made"))?;
    if was_left_open {
        look_over(&conn, place)?;
    }
    if odd.is_some() {
        // What stands behind the damage would be found again at every start.
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(failed("its log can't be emptied"))?;
    }
    let (journal_id, epoch) = begin(&conn).map_err(failed("a first write to it failed"))?;
    // The writer's thread does the same, and could only say so by ending the process.
    Statements::prepare(&conn).map_err(failed("its tables are not as they should be"))?;
    let found = rows::read(&conn).map_err(failed("its records can't be read"))?;
    Ok(Opened { conn, journal_id, epoch, found, odd })
}

/// A connection with what every connection of this crate has.
pub(crate) fn connect(file: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite needs no lock of its own.
    let conn = Connection::open_with_flags(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    Ok(conn)
}

/// How much of the write-ahead log stays on the disk once it was emptied: written over and over, it costs less than a
/// file that grows.
const LOG_BYTES: u64 = 8 << 20;

/// What the writer's connection has besides.
fn prepare(conn: &Connection, place: &Place) -> Result<(), OpenError> {
    let failed = |error| OpenError::sql(&place.file, "its write-ahead log can't be set up", &error);
    // Before the first table, or not at all.
    conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").map_err(failed)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let reason = format!("this file system has no memory that processes share (journal mode {mode})");
        return Err(OpenError::new(Fault::Unsuitable, &place.file, reason));
    }
    // The log is emptied when nobody waits (`housekeeping`), not by whoever's record happens to fill it.
    let settings = format!(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {LOG_BYTES};
         PRAGMA secure_delete = FAST"
    );
    conn.execute_batch(&settings).map_err(failed)
}

/// A journal that was not closed may lie on a disk that lost writes. Damage that is found now is a sentence; found later, it
/// would be a daemon that aborts, and whose successor aborts again at the same record.
fn look_over(conn: &Connection, place: &Place) -> Result<(), OpenError> {
    let verdict: String = conn
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| OpenError::sql(&place.file, "it can't be checked", &error))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        damage => Err(OpenError::new(Fault::Damaged, &place.file, format!("it is damaged ({damage})"))),
    }
}

/// The next epoch, on the disk.
fn begin(conn: &Connection) -> rusqlite::Result<(JournalId, Epoch)> {
    conn.execute_batch("BEGIN IMMEDIATE; UPDATE meta SET epoch = epoch + 1")?;
    let begun = conn.query_row("SELECT journal_id, epoch FROM meta", [], |row| {
        let epoch: i64 = row.get(1)?;
        Ok((JournalId::from_bytes(row.get(0)?), Epoch(epoch.unsigned_abs())))
    })?;
    conn.execute_batch("COMMIT")?;
    Ok(begun)
}
