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

/// From the columns call, kind, head, size of the load, load. `None`: it is none that this release writes.
pub(crate) fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Row>> {
    let call_id = row.get_ref(0)?.as_blob().ok().and_then(|bytes| bytes.try_into().ok());
    let kind = row.get_ref(1)?.as_i64().ok().and_then(|kind| Kind::of(u8::try_from(kind).ok()?));
    let head = row.get_ref(2)?.as_str().ok();
    let (Some(call_id), Some(kind), Some(head)) = (call_id, kind, head) else { return Ok(None) };
    let bytes = row.get_ref(3)?.as_i64_or_null().ok().flatten().unwrap_or_default();
    let load = row.get_ref(4)?.as_blob_or_null().ok().flatten().map(text);
    Ok(Some(Row {
        call_id: CallId::from_bytes(call_id),
        kind,
        head: head.to_owned(),
        load,
        bytes: usize::try_from(bytes).unwrap_or_default(),
    }))
}

/// Loads are written from texts. Damaged ones become texts that say nothing, and are found unreadable by who parses them.
fn text(load: &[u8]) -> String {
    str::from_utf8(load).unwrap_or_default().to_owned()
}
