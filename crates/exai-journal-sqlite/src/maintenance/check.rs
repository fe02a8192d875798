//! Whether a journal is whole.

use std::path::Path;

use exai_journal::Recovery;
use exai_wire::Kept;
use rusqlite::{Connection, OpenFlags};

use super::{Expect, bytes, existing};
use crate::error::OpenError;
use crate::first_look::first_look;
use crate::place::Place;
use crate::rows;
use crate::schema;

/// More of them tell nobody more.
const PROBLEMS_MAX: usize = 100;

/// What a journal holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Records.
    pub records: u64,
    /// Calls, by how far they got.
    pub calls: Calls,
    /// Conversations.
    pub conversations: u64,
    /// Their turns.
    pub turns: u64,
    /// Memos.
    pub memos: u64,
    /// Bytes on the disk, the write-ahead log included.
    pub bytes: u64,
    /// What is wrong; a sentence each, not more than a hundred.
    pub problems: Vec<String>,
}

impl Report {
    fn problem(&mut self, sentence: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(sentence);
        }
    }

    /// Puts this before all else.
    pub(super) fn begin_with(&mut self, lost: Vec<String>) {
        self.problems.splice(0..0, lost);
        self.problems.truncate(PROBLEMS_MAX);
    }
}

/// Calls, each counted once: at the last that is known of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Taken; no attempt was made.
    pub accepted: u64,
    /// An attempt was made; not ended.
    pub started: u64,
    /// Ended; nobody has said that the answer arrived.
    pub ended: u64,
    /// The answer arrived.
    pub acked: u64,
    /// Only their ids are kept.
    pub buried: u64,
}

impl Calls {
    fn count(&mut self, call: &Kept) {
        let place = match call {
            call if call.buried_ms.is_some() => &mut self.buried,
            call if call.acked_ms.is_some() => &mut self.acked,
            call if call.ended.is_some() => &mut self.ended,
            call if call.attempts.is_empty() => &mut self.accepted,
            _ => &mut self.started,
        };
        *place += 1;
    }
}

/// Reads every record and every turn of the journal of a state directory, and the structure of its file; changes nothing. A
/// daemon may be at work on it.
///
/// # Errors
/// [`OpenError`] where there is none that can be read at all.
pub fn check(dir: &Path) -> Result<Report, OpenError> {
    let place = Place::in_dir(dir);
    let conn = existing(&place, OpenFlags::SQLITE_OPEN_READ_ONLY, Expect::Order)?;
    let odd = first_look(&place)?;
    let mut report = look_through(&conn, &place);
    report.begin_with(odd.into_iter().collect());
    Ok(report)
}

pub(super) fn look_through(conn: &Connection, place: &Place) -> Report {
    let mut report = Report { bytes: bytes(place), ..Report::default() };
    let tried = |part: &str, result: rusqlite::Result<()>, report: &mut Report| {
        if let Err(error) = result {
            report.problem(format!("{part} can't be read to the end: {error}"));
        }
    };
    // All of it as it was at one moment, while a daemon writes on.
    let _ = conn.execute_batch("BEGIN");
    let result = structure(conn, &mut report);
    tried("the file", result, &mut report);
    let result = records(conn, &mut report);
    tried("the records", result, &mut report);
    let result = turns(conn, &mut report);
    tried("the conversations", result, &mut report);
    let result = memos(conn, &mut report);
    tried("the memos", result, &mut report);
    let _ = conn.execute_batch("COMMIT");
    report
}

fn structure(conn: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        // Several at a time, under a headline that says nothing.
        for said in line?.lines().filter(|said| *said != "ok" && !said.starts_with("***")) {
            report.problem(format!("the file is damaged; SQLite says: {said}"));
        }
    }
    Ok(())
}

fn records(conn: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut recovery = Recovery::default();
    let mut statement =
        conn.prepare("SELECT call_id, kind, head, length(load), load, seq FROM records ORDER BY seq")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        report.records += 1;
        let Some(row) = rows::of(row)? else {
            report.problem(format!("record {} is of an unknown kind", row.get::<_, i64>(5)?));
            continue;
        };
        // Its load is read once, and not kept.
        let light = row.without_load();
        if let Err(error) = row.record().map(drop).and_then(|()| recovery.read(light)) {
            report.problem(error.to_string());
        }
    }
    recovery.finish().iter().for_each(|call| report.calls.count(call));
    Ok(())
}

fn turns(conn: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let counts = "SELECT count(*), count(DISTINCT conversation) FROM turns";
    let (turns, conversations): (i64, i64) =
        conn.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    (report.turns, report.conversations) = (turns.unsigned_abs(), conversations.unsigned_abs());
    let mut statement = conn.prepare("SELECT body, id FROM turns ORDER BY id")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        if serde_json::from_slice::<serde::de::IgnoredAny>(row.get_ref(0)?.as_blob()?).is_err() {
            report.problem(format!("turn {} is no JSON", row.get::<_, i64>(1)?));
        }
    }
    Ok(())
}

/// What they say is not for a journal to judge.
fn memos(conn: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    if !schema::has_memos(conn)? {
        return Ok(());
    }
    let mut statement = conn.prepare("SELECT name, until_ms, body FROM memos ORDER BY id")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (_, _, _): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        report.memos += 1;
    }
    Ok(())
}
