//! What the next daemon begins with.

use exai_journal::{Kind, Row};
use exai_wire::CallId;
use rusqlite::Connection;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// In the order in which they were written.
    pub(crate) rows: Vec<Row>,
    /// Rows of a kind that this release does not know, or of no call. They stay as they are.
    pub(crate) unknown: u64,
}

/// Params of calls that have not ended and the texts of their attempts: what a daemon goes on with.
const ALL: &str = "SELECT call_id, kind, head, length(load),
        CASE WHEN NOT EXISTS (SELECT 1 FROM records AS done WHERE done.call_id = records.call_id AND done.kind = ?1)
        THEN load END
     FROM records ORDER BY seq";

/// Reads everything but the loads of calls that have ended.
///
/// # Errors
/// As SQLite says.
pub(crate) fn read(conn: &Connection) -> rusqlite::Result<Rows> {
    let mut found = Rows::default();
    let mut statement = conn.prepare(ALL)?;
    let mut rows = statement.query([Kind::Done.number()])?;
    while let Some(row) = rows.next()? {
        match of(row)? {
            Some(row) => found.rows.push(row),
            None => found.unknown += 1,
        }
    }
    Ok(found)
}

/// From the columns call, kind, head, size of the load, load.
pub(crate) fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Row>> {
    let call_id = row.get_ref(0)?.as_blob()?.try_into().map(CallId::from_bytes);
    let kind = Kind::of(row.get(1)?);
    let (Ok(call_id), Some(kind)) = (call_id, kind) else { return Ok(None) };
    let bytes = row.get::<_, Option<u32>>(3)?.unwrap_or_default() as usize;
    Ok(Some(Row { call_id, kind, head: row.get(2)?, load: text(row.get(4)?), bytes }))
}

/// Loads are written from texts. Damaged ones become texts that say nothing, and are found unreadable by who parses them.
fn text(load: Option<Vec<u8>>) -> Option<String> {
    load.map(|bytes| String::from_utf8(bytes).unwrap_or_default())
}
