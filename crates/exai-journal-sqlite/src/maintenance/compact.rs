//! A journal as small as it can be.

use std::path::Path;

use rusqlite::OpenFlags;

use super::{Expect, bytes, existing};
use crate::error::OpenError;
use crate::place::Place;

/// Bytes on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Before it was compacted.
    pub before: u64,
    /// Since.
    pub after: u64,
}

/// Writes the journal of a state directory anew, without what is free in it. For a moment it takes its place twice.
///
/// # Errors
/// [`OpenError`]; the journal is as it was then.
pub fn compact(dir: &Path) -> Result<Sizes, OpenError> {
    let place = Place::in_dir(dir);
    let before = bytes(&place);
    let conn = existing(&place, OpenFlags::SQLITE_OPEN_READ_WRITE, Expect::Order)?;
    let failed = |error| OpenError::sql(&place.file, "it can't be written anew", &error);
    // To its place first, so that the log does not hold both.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed)?;
    conn.execute_batch("VACUUM").map_err(failed)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed)?;
    Ok(Sizes { before, after: bytes(&place) })
}
