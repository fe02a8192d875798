//! Kept ends, read by a thread of its own: resuming sessions get what was kept also while the writer waits for a disk that
//! hangs, and a sync waits for no large answer that is read.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exai_journal::{Kind, Row};
use exai_wire::{CallId, Record};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, ffi, params};

use crate::error::OpenError;
use crate::open::connect;
use crate::place::Place;
use crate::rows;
use crate::store::Shared;

/// Bytes of ends that were read and that nobody has taken yet; beyond them the reader waits.
const FOUND_BYTES_MAX: usize = 32 << 20;

/// How long after a failure that may pass the same is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// The first end is the one that was told.
const DONE: &str = "SELECT call_id, kind, head, length(load), load FROM records
     WHERE call_id = ?1 AND kind = ?2 ORDER BY seq LIMIT 1";

/// What is asked of the reader, and what it found.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    inner: Mutex<Inner>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    asked: VecDeque<CallId>,
    found: VecDeque<(CallId, usize, Option<Record>)>,
    found_bytes: usize,
    is_closed: bool,
}

impl Desk {
    pub(crate) fn ask(&self, call_id: CallId) {
        self.lock().asked.push_back(call_id);
        self.bell.notify_one();
    }

    pub(crate) fn take(&self) -> Option<(CallId, Option<Record>)> {
        let mut inner = self.lock();
        let (call_id, bytes, record) = inner.found.pop_front()?;
        let waits = inner.found_bytes >= FOUND_BYTES_MAX;
        inner.found_bytes -= bytes;
        drop(inner);
        if waits {
            self.bell.notify_one();
        }
        Some((call_id, record))
    }

    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.bell.notify_all();
    }

    /// The next question, once there is room for its answer; `None` at the end.
    fn next(&self) -> Option<CallId> {
        let mut inner = self.lock();
        loop {
            if inner.is_closed {
                return None;
            }
            let has_room = inner.found_bytes < FOUND_BYTES_MAX;
            if let Some(call_id) = has_room.then(|| inner.asked.pop_front()).flatten() {
                return Some(call_id);
            }
            inner = self.bell.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits before another try; `false`: there will be none.
    fn pause(&self) -> bool {
        let until = Instant::now() + RETRY;
        let mut inner = self.lock();
        while !inner.is_closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            inner = self.bell.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    fn put(&self, call_id: CallId, bytes: usize, record: Option<Record>) {
        let mut inner = self.lock();
        inner.found_bytes += bytes;
        inner.found.push_back((call_id, bytes, record));
    }

    /// No operation leaves it half changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection of the reader's own, with all that it needs open: later there may be no file descriptor left.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn open(place: &Place) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::sql(&place.file, "it can't be read", &error);
    let conn = connect(&place.file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    // The log is opened with the first read.
    conn.query_row("SELECT epoch FROM meta", [], |_| Ok(())).map_err(failed)?;
    Ok(conn)
}

/// Answers until the desk is closed, or nothing can be read any more.
pub(crate) fn run(conn: &Connection, file: &Path, shared: &Shared) {
    answer(shared, file, |call_id| find(conn, call_id));
}

fn answer(shared: &Shared, file: &Path, find: impl Fn(CallId) -> rusqlite::Result<Option<Row>>) {
    let mut damaged = BTreeSet::new();
    while let Some(call_id) = shared.desk.next() {
        let found = match patiently(shared, file, || find(call_id)) {
            Ok(Some(found)) => found,
            Ok(None) => return,
            // Of how much else this is true can't be known, and "not kept" would be an answer that nobody has read.
            Err(error) => {
                return shared.fatal(&format!("the journal {} can't be read: {error}", file.display()));
            }
        };
        // Without its load it is buried.
        let (bytes, record) =
            match found.filter(|row| row.load.is_some()).map(|row| (row.bytes, row.record())) {
                Some((bytes, Ok(record))) => (bytes, Some(record)),
                // It concerns its call alone, so nothing ends by it.
                Some((_, Err(error))) => {
                    if damaged.insert(call_id) {
                        shared.odd(&format!("{error}; it is answered as if it were kept no longer"));
                    }
                    (0, None)
                }
                None => (0, None),
            };
        shared.desk.put(call_id, bytes, record);
        shared.wake();
    }
}

/// Tries until it goes well, or fails for good; `None`: nobody waits any more.
fn patiently<T>(
    shared: &Shared,
    file: &Path,
    mut read: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let mut is_first = true;
    loop {
        match read() {
            Err(error) if is_passing(&error) => {
                if std::mem::take(&mut is_first) {
                    shared.odd(&format!("the journal {} can't be read now: {error}", file.display()));
                }
                if !shared.desk.pause() {
                    return Ok(None);
                }
            }
            other => return other.map(Some),
        }
    }
}

/// Want of a lock, a file descriptor or memory: it says nothing about the disk, and the same may go well in a moment.
fn is_passing(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, OutOfMemory, SystemIoFailure};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked | CannotOpen | OutOfMemory) => true,
        Some(SystemIoFailure) => error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_NOMEM),
        _ => false,
    }
}

fn find(conn: &Connection, call_id: CallId) -> rusqlite::Result<Option<Row>> {
    let key = params![call_id.as_bytes(), Kind::Done.number()];
    Ok(conn.query_row(DONE, key, rows::of).optional()?.flatten())
}

#[cfg(test)]
mod tests;
