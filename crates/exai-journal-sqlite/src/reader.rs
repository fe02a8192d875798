//! Kept ends, read by a thread of its own: resuming sessions get what was kept also while the writer waits for a disk that
//! hangs, and a sync waits for no large answer that is read.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use exai_journal::{Kind, Row};
use exai_wire::{CallId, Record};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::open::connect;
use crate::rows;
use crate::store::Shared;

/// Bytes of ends that were read and that nobody has taken yet; beyond them the reader waits.
const FOUND_BYTES_MAX: usize = 32 << 20;

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

/// Answers until the desk is closed.
pub(crate) fn run(file: &Path, shared: &Arc<Shared>) {
    // Opened with the first question: many daemons are never asked.
    let mut conn = None;
    while let Some(call_id) = shared.desk.next() {
        let (bytes, record) = match find(&mut conn, file, call_id) {
            // Without its load it is buried.
            Ok(Some(row)) if row.load.is_some() => {
                (row.bytes, row.record().ok().or_else(|| shared.damaged()))
            }
            Ok(_) => (0, None),
            // Of how much else this is true can't be known.
            Err(error) => {
                shared.fatal(&format!("the journal {} can't be read: {error}", file.display()));
                (0, None)
            }
        };
        shared.desk.put(call_id, bytes, record);
        shared.wake();
    }
}

fn find(conn: &mut Option<Connection>, file: &Path, call_id: CallId) -> rusqlite::Result<Option<Row>> {
    let conn = match conn {
        Some(conn) => conn,
        None => conn.insert(connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?),
    };
    let key = params![call_id.as_bytes(), Kind::Done.number()];
    Ok(conn.query_row(DONE, key, rows::of).optional()?.flatten())
}
