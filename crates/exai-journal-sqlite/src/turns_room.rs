//! Conversations that have to go, so that they take no more room than they may.

use rusqlite::{Connection, params};

use crate::group::signed;

/// The size of each conversation, the one that was left alone for longest first.
const OLDEST: &str =
    "SELECT conversation, sum(bytes) FROM turns GROUP BY conversation ORDER BY max(at_ms), conversation";

/// Deletes the oldest conversations until the rest takes no more than this; of the last one, its oldest turns.
///
/// # Errors
/// As SQLite says.
pub(crate) fn keep_within(conn: &Connection, bytes_max: u64) -> rusqlite::Result<()> {
    let mut conversations = conn.prepare(OLDEST)?;
    let conversations = conversations
        .query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut excess = conversations.iter().map(|(_, bytes)| bytes).sum::<u64>().saturating_sub(bytes_max);
    for (nth, (key, bytes)) in conversations.iter().enumerate() {
        if excess == 0 {
            break;
        }
        if nth + 1 == conversations.len() {
            return shorten(conn, key, excess);
        }
        conn.execute("DELETE FROM turns WHERE conversation = ?1", [key])?;
        excess = excess.saturating_sub(*bytes);
    }
    Ok(())
}

/// Deletes its oldest turns, at least so many bytes of them.
fn shorten(conn: &Connection, key: &[u8; 16], excess: u64) -> rusqlite::Result<()> {
    // Before each turn, what the turns before it take.
    let oldest = "DELETE FROM turns WHERE id IN (
        SELECT id FROM (
            SELECT id, sum(bytes) OVER (ORDER BY seq) - bytes AS before FROM turns WHERE conversation = ?1
        ) WHERE before < ?2
     )";
    conn.execute(oldest, params![key, signed(excess)]).map(drop)
}
