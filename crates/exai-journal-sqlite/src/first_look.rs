//! What can be told of a journal's files before SQLite opens them. Of a database without a beginning it makes a new one, and
//! deletes the log beside it, which may hold all that is missing; of a log that is damaged it reads what stands before the
//! damage, and says nothing.

use std::fs::File;
use std::io::{self, Read as _};

use crate::error::{Fault, OpenError};
use crate::log_file::{self, Condition};
use crate::place::{Place, bytes_of};
use crate::writer::UNSYNCED_MAX;

/// What stands at the beginning of a database, and bytes of its header.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER: u64 = 100;

/// Looks at the files, and opens nothing; a sentence about what may be wrong, and may be an ordinary crash's doing.
///
/// # Errors
/// [`OpenError`] where SQLite would lose what is there.
pub(crate) fn first_look(place: &Place) -> Result<Option<String>, OpenError> {
    let log = place.beside("-wal");
    let found = log_file::look(&log).map_err(|error| OpenError::io(&log, "it can't be read", &error))?;
    if found == Condition::Empty {
        return Ok(None);
    }
    let damaged = |reason: &str| Err(OpenError::new(Fault::Damaged, &place.file, reason));
    let missing = "though the log beside it, its -wal, is not empty";
    match beginning(place).map_err(|error| OpenError::io(&place.file, "it can't be read", &error))? {
        Beginning::Missing => return damaged(&format!("it is gone, {missing}")),
        Beginning::Empty => return damaged(&format!("it is empty, {missing}")),
        Beginning::Other => return damaged(&format!("its beginning is no journal's, {missing}")),
        Beginning::Database => {}
    }
    match found {
        Condition::Empty | Condition::Sound => Ok(None),
        Condition::Headless => damaged("the log beside it, its -wal, is damaged: it has no beginning"),
        Condition::Broken { frame, behind } => {
            let reason = format!(
                "the log beside it, its -wal, is damaged: page {frame} in it can't be read, and {behind} transactions \
                 behind that are whole"
            );
            // The last ones before a power cut need not all be on the disk.
            if behind > u64::from(UNSYNCED_MAX) + 1 {
                return damaged(&reason);
            }
            let file = place.file.display();
            Ok(Some(format!("{file}: {reason}; that is so after a power cut, or the disk is at fault")))
        }
    }
}

/// How a file begins.
enum Beginning {
    Missing,
    Empty,
    /// Too short, or not as a database does.
    Other,
    Database,
}

fn beginning(place: &Place) -> io::Result<Beginning> {
    match bytes_of(&place.file)? {
        None => return Ok(Beginning::Missing),
        Some(0) => return Ok(Beginning::Empty),
        Some(1..HEADER) => return Ok(Beginning::Other),
        Some(_) => {}
    }
    let mut magic = [0; MAGIC.len()];
    File::open(&place.file)?.read_exact(&mut magic)?;
    Ok(if &magic == MAGIC { Beginning::Database } else { Beginning::Other })
}
