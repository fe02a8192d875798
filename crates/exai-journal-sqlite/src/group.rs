//! What is written in one transaction.

use std::sync::mpsc::SyncSender;

use exai_journal::{JournalError, Kind, MemoChange, Row, TurnsError, Written};
use exai_wire::{CallId, ConversationKey, Record, Turn, TurnPlace};
use rusqlite::{Connection, Statement, params};

use crate::mailbox::Work;
use crate::memos::MemoStatements;
use crate::room::PAGE_BYTES;
use crate::turns_room;

/// One change, and who is told.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) change: Change,
    pub(crate) answer: Answer,
}

/// What is to be changed.
#[derive(Debug)]
pub(crate) enum Change {
    /// A row more; and a turn, which ended then.
    Add(Row, Option<(Turn, u64)>),
    /// All rows of a call less.
    Remove(CallId),
    /// A conversation less.
    Delete(ConversationKey),
    /// Conversations less that nobody has gone on with since then.
    ForgetTurns(u64),
    /// The oldest conversations less, until the rest takes no more bytes than this.
    KeepTurnsWithin(u64),
    /// A memo more, or less.
    Memo(MemoChange),
    /// As many free pages less.
    GiveBack(i64),
}

/// Who is told.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Who submitted a record under this number.
    Ticket(u64),
    /// Who waits for a deletion.
    Reply(SyncSender<Result<bool, TurnsError>>),
    /// Nobody.
    Nobody,
}

impl Entry {
    pub(crate) fn of(work: Work) -> Self {
        match work {
            Work::Record(ticket, record) => {
                Self { change: Change::of(record), answer: Answer::Ticket(ticket) }
            }
            Work::Delete(key, reply) => Self { change: Change::Delete(key), answer: Answer::Reply(reply) },
            Work::ForgetTurns(at_ms) => Self { change: Change::ForgetTurns(at_ms), answer: Answer::Nobody },
            Work::Memo(change) => Self { change: Change::Memo(change), answer: Answer::Nobody },
        }
    }

    /// Whether it takes on something new. All else serves what was promised already, and finds room when this does not.
    pub(crate) fn is_new_call(&self) -> bool {
        matches!(&self.change, Change::Add(row, _) if row.kind == Kind::Accepted)
    }

    /// Whether somebody would be paid on the strength of it.
    pub(crate) fn is_start(&self) -> bool {
        matches!(&self.change, Change::Add(row, _) if row.kind == Kind::Started)
    }

    /// Bytes to be written, as far as they are worth counting.
    pub(crate) fn bytes(&self) -> usize {
        match &self.change {
            Change::Add(row, turn) => row.bytes + turn.as_ref().map_or(0, |(turn, _)| turn.body.get().len()),
            _ => 0,
        }
    }
}

impl Change {
    fn of(record: Record) -> Self {
        let at_ms = match &record {
            Record::Done { end, .. } => end.at_ms,
            _ => 0,
        };
        match Written::of(record) {
            Written::Row(row, turn) => Self::Add(row, turn.map(|turn| (turn, at_ms))),
            Written::Removal(call_id) => Self::Remove(call_id),
        }
    }
}

/// What became of an entry; of a deletion, whether there was anything.
pub(crate) type Outcome = Result<bool, JournalError>;

/// The statements of the writer, prepared once.
#[derive(Debug)]
pub(crate) struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    epoch: Statement<'c>,
    pages: Statement<'c>,
    free_pages: Statement<'c>,
    add: Statement<'c>,
    add_to_call: Statement<'c>,
    drop_texts: Statement<'c>,
    drop_question: Statement<'c>,
    drop_loads: Statement<'c>,
    remove: Statement<'c>,
    add_turn: Statement<'c>,
    delete: Statement<'c>,
    forget_turns: Statement<'c>,
    memos: MemoStatements<'c>,
}

impl<'c> Statements<'c> {
    pub(crate) fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            commit: conn.prepare("COMMIT")?,
            epoch: conn.prepare("SELECT epoch FROM meta")?,
            pages: conn.prepare("PRAGMA page_count")?,
            free_pages: conn.prepare("PRAGMA freelist_count")?,
            add: conn.prepare("INSERT INTO records (call_id, kind, head, load) VALUES (?1, ?2, ?3, ?4)")?,
            add_to_call: conn.prepare(
                "INSERT INTO records (call_id, kind, head, load)
                 SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM records WHERE call_id = ?1)",
            )?,
            drop_texts: conn.prepare("DELETE FROM records WHERE call_id = ?1 AND kind = ?2")?,
            drop_question: conn.prepare(
                "UPDATE records SET load = NULL WHERE call_id = ?1 AND kind = ?2 AND load IS NOT NULL",
            )?,
            drop_loads: conn
                .prepare("UPDATE records SET load = NULL WHERE call_id = ?1 AND load IS NOT NULL")?,
            remove: conn.prepare("DELETE FROM records WHERE call_id = ?1")?,
            // Once a call, whatever is written again; and behind others only where they are.
            add_turn: conn.prepare(
                "INSERT OR IGNORE INTO turns (call_id, conversation, seq, at_ms, bytes, body)
                 SELECT ?1, ?2, coalesce(max(seq), 0) + 1, ?3, ?4, ?5 FROM turns WHERE conversation = ?2
                 HAVING count(*) > 0 OR ?6",
            )?,
            delete: conn.prepare("DELETE FROM turns WHERE conversation = ?1")?,
            forget_turns: conn.prepare(
                "DELETE FROM turns WHERE conversation IN
                 (SELECT conversation FROM turns GROUP BY conversation HAVING max(at_ms) < ?1)",
            )?,
            memos: MemoStatements::prepare(conn)?,
        })
    }

    pub(crate) fn begin(&mut self) -> rusqlite::Result<()> {
        self.begin.execute([]).map(drop)
    }

    pub(crate) fn commit(&mut self) -> rusqlite::Result<()> {
        self.commit.execute([]).map(drop)
    }

    /// Whose journal it is now.
    pub(crate) fn epoch(&mut self) -> rusqlite::Result<i64> {
        self.epoch.query_row([], |row| row.get(0))
    }

    /// Bytes of the database, wherever they are.
    pub(crate) fn bytes(&mut self) -> rusqlite::Result<u64> {
        let pages: u32 = self.pages.query_row([], |row| row.get(0))?;
        Ok(u64::from(pages) * PAGE_BYTES)
    }

    /// Pages of the file that hold something.
    pub(crate) fn pages(&mut self) -> rusqlite::Result<u64> {
        let all: u32 = self.pages.query_row([], |row| row.get(0))?;
        let free: u32 = self.free_pages.query_row([], |row| row.get(0))?;
        Ok(u64::from(all.saturating_sub(free)))
    }

    /// Makes one change; tells whether there was anything to delete, or to add to.
    pub(crate) fn write(&mut self, conn: &Connection, change: &Change) -> rusqlite::Result<bool> {
        match change {
            Change::Add(row, turn) => {
                let written = self.write_row(row)?;
                if let Some((turn, at_ms)) = turn {
                    self.write_turn(row.call_id, turn, *at_ms)?;
                }
                Ok(written)
            }
            Change::Remove(call_id) => Ok(self.remove.execute([call_id.as_bytes()])? > 0),
            Change::Delete(key) => Ok(self.delete.execute([key.as_bytes()])? > 0),
            Change::ForgetTurns(at_ms) => Ok(self.forget_turns.execute([signed(*at_ms)])? > 0),
            Change::KeepTurnsWithin(bytes) => turns_room::keep_within(conn, *bytes).map(|()| true),
            Change::Memo(change) => self.memos.write(change).map(|()| true),
            Change::GiveBack(pages) => give_back(conn, *pages).map(|()| true),
        }
    }

    fn write_row(&mut self, row: &Row) -> rusqlite::Result<bool> {
        let call_id = row.call_id.as_bytes();
        match row.kind {
            // Nobody asks again, or goes on from texts, once a call has ended.
            Kind::Done => {
                self.drop_texts.execute(params![call_id, Kind::Partial.number()])?;
                self.drop_question.execute(params![call_id, Kind::Accepted.number()])?;
            }
            Kind::Buried => drop(self.drop_loads.execute([call_id])?),
            _ => {}
        }
        let load = row.load.as_ref().map(String::as_bytes);
        let add = if row.kind.continues() { &mut self.add_to_call } else { &mut self.add };
        Ok(add.execute(params![call_id, row.kind.number(), row.head, load])? > 0)
    }

    fn write_turn(&mut self, call_id: CallId, turn: &Turn, at_ms: u64) -> rusqlite::Result<()> {
        let body = turn.body.get().as_bytes();
        let (key, bytes) = (turn.conversation.as_bytes(), signed(body.len() as u64));
        let is_first = turn.place == TurnPlace::First;
        self.add_turn
            .execute(params![call_id.as_bytes(), key, signed(at_ms), bytes, body, is_first])
            .map(drop)
    }
}

/// Each step gives back a page, so that all of them have to be taken.
fn give_back(conn: &Connection, pages: i64) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    Ok(())
}

/// SQLite's numbers are signed. Moments and sizes that do not fit are none.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
