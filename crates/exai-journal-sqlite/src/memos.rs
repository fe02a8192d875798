//! Memos, read beside the writer and changed by it alone.

use std::path::PathBuf;
use std::sync::Arc;

use exai_journal::{MEMOS_MAX, Memo, MemoChange, Memos, MemosError};
use rusqlite::{Connection, Statement, params};

use crate::group::signed;
use crate::mailbox::Work;
use crate::store::Shared;
use crate::turns::number;
use crate::view::View;

const ALL: &str = "SELECT name, until_ms, body FROM memos ORDER BY name";

/// The memos of a journal, for any thread. Its copies share a connection, which is opened when it is first needed.
#[derive(Debug, Clone)]
pub struct SqliteMemos {
    view: Arc<View>,
    shared: Arc<Shared>,
}

impl SqliteMemos {
    pub(crate) fn new(file: PathBuf, shared: Arc<Shared>) -> Self {
        Self { view: Arc::new(View::of(file)), shared }
    }

    /// After the end of the store nothing is kept any more.
    fn ask(&self, change: MemoChange) {
        self.shared.mailbox.put(Work::Memo(change));
    }
}

impl Memos for SqliteMemos {
    fn all(&self) -> Result<Vec<(String, Memo)>, MemosError> {
        self.view.read(all).map_err(|error| MemosError(error.to_string()))
    }

    fn put(&self, name: &str, memo: Option<Memo>) {
        self.ask(MemoChange::of_put(name, memo));
    }

    fn forget_before(&self, at_ms: u64) {
        self.ask(MemoChange::ForgetBefore(at_ms));
    }
}

fn all(conn: &Connection) -> rusqlite::Result<Vec<(String, Memo)>> {
    let mut statement = conn.prepare(ALL)?;
    let memos = statement
        .query_map([], |row| Ok((row.get(0)?, Memo { until_ms: number(row, 1)?, body: row.get(2)? })))?;
    memos.collect()
}

/// The writer's statements for memos, prepared once.
#[derive(Debug)]
pub(crate) struct MemoStatements<'c> {
    keep: Statement<'c>,
    keep_within: Statement<'c>,
    remove: Statement<'c>,
    forget: Statement<'c>,
}

impl<'c> MemoStatements<'c> {
    pub(crate) fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            keep: conn.prepare(
                "INSERT INTO memos (name, until_ms, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms, body = excluded.body",
            )?,
            keep_within: conn.prepare(
                "DELETE FROM memos WHERE id IN
                 (SELECT id FROM memos WHERE name <> ?1 ORDER BY until_ms, name
                  LIMIT max(0, (SELECT count(*) FROM memos) - ?2))",
            )?,
            remove: conn.prepare("DELETE FROM memos WHERE name = ?1")?,
            forget: conn.prepare("DELETE FROM memos WHERE until_ms < ?1")?,
        })
    }

    pub(crate) fn write(&mut self, change: &MemoChange) -> rusqlite::Result<()> {
        match change {
            MemoChange::Keep(name, memo) => {
                self.keep.execute(params![name, signed(memo.until_ms), memo.body])?;
                self.keep_within.execute(params![name, signed(MEMOS_MAX as u64)])
            }
            MemoChange::Remove(name) => self.remove.execute([name]),
            MemoChange::ForgetBefore(at_ms) => self.forget.execute([signed(*at_ms)]),
        }
        .map(drop)
    }
}
