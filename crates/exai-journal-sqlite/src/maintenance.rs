//! What a person does with a journal: check it, repair it, make it small. Offline, the state directory's lock held by the
//! caller; only [`check`] looks on while a daemon works.

mod check;
mod compact;
mod repair;
mod salvage;

pub use check::{Calls, Report, check};
pub use compact::{Sizes, compact};
pub use repair::{Repaired, repair};

use rusqlite::{Connection, OpenFlags};

use crate::error::{Fault, OpenError};
use crate::first_look::first_look;
use crate::open::connect;
use crate::place::Place;
use crate::schema;

/// How much is expected of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// What SQLite expects.
    Order,
    /// As little as it can.
    Damage,
}

/// A journal that is there and that this release knows; also one that it has not yet brought up to date, which may be damaged
/// before it can be.
pub(crate) fn existing(place: &Place, mode: OpenFlags, expect: Expect) -> Result<Connection, OpenError> {
    place.is_free_for_a_file()?;
    if expect == Expect::Order {
        first_look(place)?;
    }
    if !place.file.exists() {
        return Err(OpenError::new(Fault::Missing, &place.file, "there is none"));
    }
    let failed = |error| OpenError::sql(&place.file, "it can't be opened", &error);
    let conn = connect(&place.file, mode).map_err(failed)?;
    if expect == Expect::Damage {
        // Otherwise a file that was cut short is refused as a whole.
        conn.execute_batch("PRAGMA writable_schema = ON").map_err(failed)?;
    }
    let version = schema::judge(&conn, place)?;
    // A header that is damaged may say so of a file that is full.
    let tables = || conn.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0));
    if version == 0 && tables().map_err(failed)? == 0 {
        return Err(OpenError::new(Fault::Empty, &place.file, "nothing is in it"));
    }
    if version < schema::READABLE {
        let known = schema::VERSION;
        let reason = format!("its format is {version}, and the daemon has not yet brought it up to {known}");
        return Err(OpenError::new(Fault::Older, &place.file, reason));
    }
    Ok(conn)
}

/// Bytes of its database and of its log.
fn bytes(place: &Place) -> u64 {
    let files = [place.file.clone(), place.beside("-wal")];
    files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|found| found.len()).sum()
}
