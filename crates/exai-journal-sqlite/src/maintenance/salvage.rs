//! Rows of a table whose file is damaged, one by one, past what can't be read.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Statement};

/// A table with a key that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    /// What is read together; where it can't be, the row is lost.
    pub(super) columns: &'static str,
    /// What is read by itself, because it may lie on pages of its own.
    pub(super) load: &'static str,
    /// An index that holds every key, and may be whole where the table is not; and its first column.
    pub(super) index: (&'static str, &'static str),
}

/// What could not be saved.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Stretches of keys under which nothing could be read; there need not have been as many rows.
    stretches: Vec<(i64, i64)>,
    /// Rows of which too little could be read.
    rows: u64,
}

impl Lost {
    pub(super) fn tell(&self, what: &str, told: &mut Vec<String>) {
        for (from, to) in &self.stretches {
            told.push(format!("no {what} can be read from number {from} to {to}"));
        }
        if self.rows > 0 {
            told.push(format!("{} {what} can be read in part only, and are left out", self.rows));
        }
    }
}

/// Whether a row was of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Kept,
    LeftOut,
}

/// Keys behind a damaged place that are tried one by one where the index does not know them all. A damaged page holds some
/// hundred rows.
const BLIND: i64 = 10_000;

/// Hands out each row that can be read, in order of its key: its columns, and its load if that can be read.
///
/// # Errors
/// Those of `take`.
pub(super) fn salvage(
    conn: &Connection,
    table: &Table,
    lost: &mut Lost,
    mut take: impl FnMut(i64, Vec<Value>, Option<Value>) -> rusqlite::Result<Use>,
) -> rusqlite::Result<()> {
    let mut source = match Source::new(conn, table) {
        Ok(source) => source,
        // The table's own description is damaged.
        Err(_) => {
            lost.stretches.push((0, i64::MAX));
            return Ok(());
        }
    };
    let mut keys = None;
    let mut from = 0;
    // Where a stretch began that can't be read.
    let mut gap = None;
    loop {
        let step = match source.next(from) {
            Ok(None) => break,
            Ok(Some((key, columns))) => {
                if let Some(began) = gap.take() {
                    lost.stretches.push((began, key - 1));
                }
                let used = take(key, columns, source.load(key))?;
                lost.rows += u64::from(used == Use::LeftOut);
                key.checked_add(1)
            }
            Err(_) => {
                let began = *gap.get_or_insert(from);
                keys.get_or_insert_with(|| Keys::of(conn, table)).after(from, from - began)
            }
        };
        let Some(step) = step else { break };
        from = step;
    }
    if let Some(began) = gap {
        lost.stretches.push((began, from));
    }
    Ok(())
}

/// The ways to a row that use the table alone.
struct Source<'c> {
    next: Statement<'c>,
    load: Statement<'c>,
}

impl<'c> Source<'c> {
    fn new(conn: &'c Connection, table: &Table) -> rusqlite::Result<Self> {
        let Table { name, key, columns, load, .. } = table;
        let from = format!("FROM {name} NOT INDEXED WHERE {key}");
        Ok(Self {
            next: conn.prepare(&format!("SELECT {key}, {columns} {from} >= ?1 ORDER BY {key} LIMIT 1"))?,
            load: conn.prepare(&format!("SELECT {load} {from} = ?1"))?,
        })
    }

    /// The first row from this key on.
    fn next(&mut self, from: i64) -> rusqlite::Result<Option<(i64, Vec<Value>)>> {
        let columns = self.next.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, (1..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?))
        };
        self.next.query_row([from], row).optional()
    }

    fn load(&mut self, key: i64) -> Option<Value> {
        self.load.query_row([key], |row| row.get(0)).ok()
    }
}

/// What an index knows of the keys.
struct Keys {
    known: BTreeSet<i64>,
    /// Whether it could be read to its end.
    is_whole: bool,
}

impl Keys {
    fn of(conn: &Connection, table: &Table) -> Self {
        let mut keys = Self { known: BTreeSet::new(), is_whole: true };
        // From both ends, as far as it goes.
        for order in ["ASC", "DESC"] {
            let read = keys.read(conn, table, order);
            keys.is_whole &= read.is_ok();
        }
        keys
    }

    fn read(&mut self, conn: &Connection, table: &Table, order: &str) -> rusqlite::Result<()> {
        let Table { name, key, index: (index, first), .. } = table;
        let sql = format!("SELECT {key} FROM {name} INDEXED BY {index} ORDER BY {first} {order}");
        let mut statement = conn.prepare(&sql)?;
        for key in statement.query_map([], |row| row.get(0))? {
            self.known.insert(key?);
        }
        Ok(())
    }

    /// Where to go on after `tries` from this key on have failed.
    fn after(&self, from: i64, tries: i64) -> Option<i64> {
        let next = from.checked_add(1)?;
        if !self.is_whole && tries < BLIND {
            return Some(next);
        }
        self.known.range(next..).next().copied()
    }
}
