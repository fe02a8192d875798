//! Rows of a table whose file is damaged, one by one, past what can't be read.

use rusqlite::types::Value;
use rusqlite::{Connection, Row};

/// A table with a key that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    /// What is read together; where it can't be, the row is lost.
    pub(super) columns: &'static str,
    /// What is read by itself, because it may lie on pages of its own.
    pub(super) load: Option<&'static str>,
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

/// Keys after a damaged place that are tried one by one if nothing tells where the table ends.
const BLIND: i64 = 100_000;

/// Hands out each row that can be read, in order of its key: its columns, and its load or why there is none (null where the
/// table has none). `take` says whether it was of use.
///
/// # Errors
/// Those of `take`.
pub(super) fn salvage(
    conn: &Connection,
    table: &Table,
    lost: &mut Lost,
    mut take: impl FnMut(i64, Vec<Value>, rusqlite::Result<Value>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let mut from = i64::MIN;
    // Where a stretch began that can't be read.
    let mut gap = None;
    let mut end = None;
    loop {
        match next(conn, table, from) {
            Ok(None) => break,
            Ok(Some((key, columns))) => {
                if let Some(began) = gap.take() {
                    lost.stretches.push((began, key - 1));
                }
                let was_of_use = take(key, columns, load(conn, table, key))?;
                lost.rows += u64::from(!was_of_use);
                from = key + 1;
            }
            Err(_) => {
                from = from.max(first(conn, table).unwrap_or(0));
                let end = *end.get_or_insert_with(|| last(conn, table).unwrap_or(from.saturating_add(BLIND)));
                gap.get_or_insert(from);
                if from >= end {
                    break;
                }
                from += 1;
            }
        }
    }
    if let Some(began) = gap {
        lost.stretches.push((began, end.unwrap_or(from)));
    }
    Ok(())
}

/// The first row from this key on. Not by an index, which may be damaged in other places than the table.
fn next(conn: &Connection, table: &Table, from: i64) -> rusqlite::Result<Option<(i64, Vec<Value>)>> {
    let Table { name, key, columns, .. } = table;
    let sql =
        format!("SELECT {key}, {columns} FROM {name} NOT INDEXED WHERE {key} >= ?1 ORDER BY {key} LIMIT 1");
    let mut statement = conn.prepare(&sql)?;
    let count = statement.column_count();
    let mut rows = statement.query([from])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let columns = (1..count).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
    Ok(Some((row.get(0)?, columns)))
}

fn load(conn: &Connection, table: &Table, key_is: i64) -> rusqlite::Result<Value> {
    let Table { name, key, load: Some(load), .. } = table else { return Ok(Value::Null) };
    let sql = format!("SELECT {load} FROM {name} NOT INDEXED WHERE {key} = ?1");
    conn.query_row(&sql, [key_is], |row: &Row<'_>| row.get(0))
}

/// The smallest key, by whichever way to it is whole.
fn first(conn: &Connection, table: &Table) -> Option<i64> {
    extreme(conn, table, "min")
}

/// The greatest.
fn last(conn: &Connection, table: &Table) -> Option<i64> {
    extreme(conn, table, "max")
}

fn extreme(conn: &Connection, table: &Table, which: &str) -> Option<i64> {
    let Table { name, key, .. } = table;
    let index = format!("{name}_of_{}", if *name == "turns" { "conversation" } else { "call" });
    let ask = |how: &str| {
        let sql = format!("SELECT {which}({key}) FROM {name} {how}");
        conn.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0)).ok().flatten()
    };
    // The index holds every key too, and may be whole where the table is not.
    let (by_table, by_index) = (ask("NOT INDEXED"), ask(&format!("INDEXED BY {index}")));
    match which {
        "min" => by_table.min(by_index).or(by_table).or(by_index),
        _ => by_table.max(by_index),
    }
}
