//! Conversations, read beside the writer and changed by it alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use exai_journal::{ConversationHead, KeptTurn, Turns, TurnsError};
use exai_wire::{CallId, ConversationKey};
use rusqlite::Connection;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use serde_json::value::RawValue;

use crate::mailbox::Work;
use crate::store::Shared;
use crate::view::View;

const LOAD: &str = "SELECT seq, call_id, at_ms, body FROM turns WHERE conversation = ?1 ORDER BY seq";

const LIST: &str = "SELECT conversation, count(*), sum(bytes), min(at_ms), max(at_ms) FROM turns
     GROUP BY conversation ORDER BY max(at_ms) DESC";

/// The conversations of a journal, for any thread. Its copies share a connection, which is opened when it is first needed.
#[derive(Debug, Clone)]
pub struct SqliteTurns {
    view: Arc<View>,
    shared: Arc<Shared>,
}

impl SqliteTurns {
    pub(crate) fn new(file: PathBuf, shared: Arc<Shared>) -> Self {
        Self { view: Arc::new(View::of(file)), shared }
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, TurnsError> {
        self.view.read(read).map_err(|error| TurnsError(error.to_string()))
    }
}

impl Turns for SqliteTurns {
    fn load(&self, conversation: ConversationKey) -> Result<Vec<KeptTurn>, TurnsError> {
        self.read(|conn| {
            let mut statement = conn.prepare(LOAD)?;
            let turns = statement.query_map([conversation.as_bytes()], turn)?;
            turns.collect()
        })
    }

    fn list(&self) -> Result<Vec<ConversationHead>, TurnsError> {
        self.read(list)
    }

    fn delete(&self, conversation: ConversationKey) -> Result<bool, TurnsError> {
        let (reply, answer) = sync_channel(1);
        let ended = || TurnsError("the journal is closed".into());
        if !self.shared.mailbox.put(Work::Delete(conversation, reply)) {
            return Err(ended());
        }
        answer.recv().unwrap_or_else(|_| Err(ended()))
    }

    fn forget_before(&self, at_ms: u64) {
        // After the end of the store the next daemon's turn will come.
        self.shared.mailbox.put(Work::ForgetTurns(at_ms));
    }
}

/// All conversations, the newest first.
pub(crate) fn list(conn: &Connection) -> rusqlite::Result<Vec<ConversationHead>> {
    let mut statement = conn.prepare(LIST)?;
    let heads = statement.query_map([], |row| {
        Ok(ConversationHead {
            key: ConversationKey::from_bytes(row.get(0)?),
            turns: number(row, 1)?,
            bytes: number(row, 2)?,
            began_ms: number(row, 3)?,
            last_ms: number(row, 4)?,
        })
    })?;
    heads.collect()
}

/// From the columns number, call, moment, body.
pub(crate) fn turn(row: &rusqlite::Row<'_>) -> rusqlite::Result<KeptTurn> {
    Ok(KeptTurn {
        seq: number(row, 0)?,
        call_id: CallId::from_bytes(row.get(1)?),
        at_ms: number(row, 2)?,
        body: row.get::<_, Body>(3)?.0,
    })
}

pub(crate) fn number(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or_default())
}

/// JSON as it was written.
struct Body(Box<RawValue>);

impl FromSql for Body {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = str::from_utf8(value.as_blob()?).map_err(FromSqlError::other)?;
        RawValue::from_string(text.to_owned()).map(Self).map_err(FromSqlError::other)
    }
}
