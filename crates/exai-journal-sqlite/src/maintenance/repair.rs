//! What can still be read of a damaged journal, in a new one.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use exai_journal::{Kind, Row};
use exai_wire::CallId;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::check::{Report, look_through};
use super::salvage::{Lost, Table, Use, salvage};
use super::{Expect, existing};
use crate::error::{Fault, OpenError};
use crate::first_look::first_look;
use crate::log_file;
use crate::open::connect;
use crate::place::{Place, private, sync_dir};
use crate::room::PAGE_BYTES;
use crate::schema;

/// What came of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// Of the new journal; its problems are first what was lost.
    pub report: Report,
    /// Where the damaged file is now; its log is beside it, or all that there was.
    pub kept: PathBuf,
}

/// Starts that a damaged file may not know of: no epoch is given twice, whatever of the newest writes is lost.
const EPOCHS_SKIPPED: i64 = 1000;

const RECORDS: Table = Table {
    name: "records",
    key: "seq",
    columns: "call_id, kind, head",
    load: "load",
    index: ("records_of_call", "call_id"),
};

const TURNS: Table = Table {
    name: "turns",
    key: "id",
    columns: "call_id, conversation, seq, at_ms, bytes",
    load: "body",
    index: ("turns_of_conversation", "conversation"),
};

const MEMOS: Table = Table {
    name: "memos",
    key: "id",
    columns: "name, until_ms",
    load: "body",
    index: ("memos_by_name", "name"),
};

/// Copies what can be read of the journal of a state directory into a new file, which takes its place; the old one stays
/// beside it as `journal.db.damaged-1`, or the next number that is free.
///
/// # Errors
/// [`OpenError`] where the new file can't be written, or the old one is of a later release or of something else; the old one is
/// in its place then.
pub fn repair(dir: &Path) -> Result<Repaired, OpenError> {
    let place = Place::in_dir(dir);
    let new = Place { dir: place.dir.clone(), file: place.beside(".repaired") };
    let mended = Place { dir: place.dir.clone(), file: place.beside(".mended") };
    let repaired = repair_into(&place, &mended, &new);
    if repaired.is_err() {
        // If it can't be removed, the next attempt says so.
        let _ = remove(&new);
    }
    let _ = remove(&mended);
    repaired
}

fn repair_into(place: &Place, mended: &Place, new: &Place) -> Result<Repaired, OpenError> {
    let mut lost = Vec::new();
    let failed = |error| OpenError::sql(&new.file, "the new file can't be written", &error);
    remove(new).map_err(|error| OpenError::io(&new.file, "an old attempt can't be removed", &error))?;
    new.prepare().map_err(|error| OpenError::io(&new.file, "the new file can't be made", &error))?;
    let to = connect(&new.file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    to.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL").map_err(failed)?;
    schema::migrate(&to, 0).map_err(failed)?;
    let from = mend(place, mended, &mut lost)?;
    match old(&from)? {
        Ok(from) => copy(&from, &to, &mut lost).map_err(failed)?,
        Err(error) => lost.push(format!("nothing of it can be read: {error}")),
    }
    let mut report = look_through(&to, new);
    to.close().map_err(|(_, error)| failed(error))?;
    let kept = exchange(place, new)
        .map_err(|error| OpenError::io(&place.file, "the files can't be exchanged", &error))?;
    report.begin_with(lost);
    Ok(Repaired { report, kept })
}

/// What to read from: the journal itself, or a copy that SQLite reads more of. Its log may hold what its file has lost, and be
/// whole behind what is damaged.
fn mend(place: &Place, mended: &Place, lost: &mut Vec<String>) -> Result<Place, OpenError> {
    let needs = match first_look(place) {
        Ok(odd) => odd.is_some(),
        Err(error) if error.fault == Fault::Damaged => true,
        Err(error) => return Err(error),
    };
    if !needs {
        return Ok(place.clone());
    }
    let pages = remove(mended)
        .and_then(|()| copy_mended(place, mended))
        .map_err(|error| OpenError::io(&mended.file, "it can't be copied", &error))?;
    if pages > 0 {
        lost.push(format!("{pages} pages of its log can't be read; what stood on them alone is lost"));
    }
    Ok(mended.clone())
}

/// How many pages of the log are left out.
fn copy_mended(place: &Place, mended: &Place) -> io::Result<u64> {
    if place.file.exists() {
        fs::copy(&place.file, &mended.file)?;
    }
    let file = private(fs::File::options().write(true).create(true).truncate(false)).open(&mended.file)?;
    // Beside a file without a page SQLite would delete the log.
    if file.metadata()?.len() < PAGE_BYTES {
        file.set_len(PAGE_BYTES)?;
    }
    log_file::mend(&place.beside("-wal"), &mended.beside("-wal"))
}

/// The damaged file, if SQLite makes anything of it. One that is whole, but not to be touched, is an error.
fn old(place: &Place) -> Result<Result<Connection, OpenError>, OpenError> {
    use Fault::{Damaged, Foreign, Io};
    let opened = existing(place, OpenFlags::SQLITE_OPEN_READ_ONLY, Expect::Damage);
    match opened {
        Ok(conn) => Ok(Ok(conn)),
        // A header that is overwritten looks like no database at all.
        Err(error) if matches!(error.fault, Damaged | Io) => Ok(Err(error)),
        Err(error) if error.fault == Foreign && !is_database(place) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

fn is_database(place: &Place) -> bool {
    let mut header = [0; 16];
    let read = fs::File::open(&place.file).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && &header == b"SQLite format 3\0"
}

fn copy(from: &Connection, to: &Connection, lost: &mut Vec<String>) -> rusqlite::Result<()> {
    to.execute_batch("BEGIN")?;
    identity(from, to, lost)?;
    let ended = ended(from);
    let mut gone = Lost::default();
    let mut insert =
        to.prepare("INSERT INTO records (seq, call_id, kind, head, load) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    salvage(from, &RECORDS, &mut gone, |seq, head, load| match whole(head, load, &ended) {
        Some([call_id, kind, head, load]) => {
            inserted(insert.execute(params![seq, call_id, kind, head, load]))
        }
        None => Ok(Use::LeftOut),
    })?;
    gone.tell("records", lost);
    let mut gone = Lost::default();
    let insert = "INSERT INTO turns (id, call_id, conversation, seq, at_ms, bytes, body)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut insert = to.prepare(insert)?;
    salvage(from, &TURNS, &mut gone, |id, head, body| match body.filter(is_json) {
        Some(body) => {
            let row = std::iter::once(Value::Integer(id)).chain(head).chain([body]);
            inserted(insert.execute(rusqlite::params_from_iter(row)))
        }
        None => Ok(Use::LeftOut),
    })?;
    gone.tell("turns", lost);
    memos(from, to, lost)?;
    to.execute_batch("COMMIT")
}

fn memos(from: &Connection, to: &Connection, lost: &mut Vec<String>) -> rusqlite::Result<()> {
    // A header that can't be read is told of with the name.
    if !schema::has_memos(from).unwrap_or_default() {
        return Ok(());
    }
    let mut gone = Lost::default();
    let mut insert = to.prepare("INSERT INTO memos (id, name, until_ms, body) VALUES (?1, ?2, ?3, ?4)")?;
    salvage(from, &MEMOS, &mut gone, |id, head, body| match (<[Value; 2]>::try_from(head), body) {
        (Ok([name @ Value::Text(_), until @ Value::Integer(_)]), Some(body @ Value::Text(_))) => {
            inserted(insert.execute(params![id, name, until, body]))
        }
        _ => Ok(Use::LeftOut),
    })?;
    gone.tell("memos", lost);
    Ok(())
}

fn is_json(load: &Value) -> bool {
    matches!(load, Value::Blob(bytes) if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok())
}

/// A record's columns, if they are one; without its load where that is damaged and can be done without.
fn whole(head: Vec<Value>, load: Option<Value>, ended: &BTreeSet<Vec<u8>>) -> Option<[Value; 4]> {
    let [Value::Blob(call_id), Value::Integer(kind), Value::Text(head)] =
        <[Value; 3]>::try_from(head).ok()?
    else {
        return None;
    };
    let bytes = <[u8; 16]>::try_from(call_id.as_slice()).ok()?;
    // One that is not known may be a later release's; all of them are small numbers.
    let known = Kind::of(u8::try_from(kind).ok()?);
    let reads = |load: Option<&Value>| {
        let Some(kind) = known else { return load.is_some() };
        let load = match load {
            Some(Value::Blob(load)) => Some(String::from_utf8(load.clone())).transpose(),
            Some(Value::Null) => Ok(None),
            _ => return false,
        };
        let call_id = CallId::from_bytes(bytes);
        load.is_ok_and(|load| Row { call_id, kind, head: head.clone(), load, bytes: 0 }.record().is_ok())
    };
    // A question without its params must not be asked, also where they went with an end that is lost.
    let is_needed = known == Some(Kind::Accepted) && !ended.contains(&call_id);
    let load = match load.filter(|load| reads(Some(load))) {
        Some(Value::Null) if is_needed => return None,
        Some(load) => load,
        // An end without its answer keeps the call from running again, as if it were buried. A text without its bytes is none.
        None => {
            let can_do_without = matches!(known, Some(Kind::Done | Kind::Accepted)) && !is_needed;
            (can_do_without && reads(Some(&Value::Null))).then_some(Value::Null)?
        }
    };
    Some([Value::Blob(call_id), Value::Integer(kind), Value::Text(head), load])
}

/// What a damaged page says may be no row of this table.
fn inserted(result: rusqlite::Result<usize>) -> rusqlite::Result<Use> {
    match result {
        Ok(_) => Ok(Use::Kept),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(Use::LeftOut),
        Err(error) => Err(error),
    }
}

/// The same journal, at a later start; or a new one, if the old one's name is lost.
fn identity(from: &Connection, to: &Connection, lost: &mut Vec<String>) -> rusqlite::Result<()> {
    let known = from.query_row("SELECT journal_id, epoch FROM meta", [], |row| {
        Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?))
    });
    let why = match known.map(|(id, epoch)| (id, epoch.checked_add(EPOCHS_SKIPPED))) {
        Ok((id, Some(epoch @ 1..))) => {
            return to.execute("UPDATE meta SET journal_id = ?1, epoch = ?2", params![id, epoch]).map(drop);
        }
        Ok(_) => "its number of starts is none".to_owned(),
        Err(error) => error.to_string(),
    };
    lost.push(format!("its name can't be read ({why}): it is a new journal to whoever knew it"));
    Ok(())
}

/// Calls that have ended or are buried, as far as can be read.
fn ended(from: &Connection) -> BTreeSet<Vec<u8>> {
    // Only looked at: what fails here fails again, and is told then.
    let table = Table { load: "NULL", ..RECORDS };
    let mut ended = BTreeSet::new();
    let _ = salvage(from, &table, &mut Lost::default(), |_, row, _| {
        if let [Value::Blob(call_id), Value::Integer(kind), ..] = row.as_slice()
            && [Kind::Done, Kind::Buried].iter().any(|end| *kind == i64::from(end.number()))
        {
            ended.insert(call_id.clone());
        }
        Ok(Use::Kept)
    });
    ended
}

/// Puts the new file into the old one's place, and the old one beside it.
fn exchange(old: &Place, new: &Place) -> io::Result<PathBuf> {
    let place = |n: u32| Place { dir: old.dir.clone(), file: old.beside(&format!(".damaged-{n}")) };
    let is_free = |place: &Place| !place.file.exists() && !place.beside("-wal").exists();
    let kept = (1..).map(place).find(is_free).unwrap_or_else(|| place(0));
    let was_there = old.file.exists();
    // There is a journal in its place at every moment: without one, a daemon would begin a new one.
    for suffix in ["", "-wal"] {
        if old.beside(suffix).exists() {
            link(&old.beside(suffix), &kept.beside(suffix))?;
        }
    }
    // A log belongs to whatever file has its name, so it has to be gone before the new file is there.
    for suffix in ["-wal", "-shm"] {
        remove_if_there(&old.beside(suffix))?;
    }
    fs::rename(&new.file, &old.file)?;
    sync_dir(&old.dir)?;
    Ok(if was_there { kept.file } else { kept.beside("-wal") })
}

/// A second name, or where there is no such thing, a copy.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

fn remove(place: &Place) -> io::Result<()> {
    ["", "-wal", "-shm", "-journal"].iter().try_for_each(|suffix| remove_if_there(&place.beside(suffix)))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
