//! What it costs to keep a promise: records on the disk, beside the disk's own sync.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use exai_journal::{Journal, Recovered, Store as _};
use exai_journal_sqlite::{Options, SqliteStore};
use exai_wire::{Asked, Attempt, CallId, Class, End, Fingerprint, Outcome, Record, SessionId};
use serde_json::value::RawValue;

use super::bed::Bed;
use super::samples::Samples;
use super::table::{Row, Verdict, pair, ratio, shown};
use crate::process::{HANG, TempDir};

/// Samples of each duration; a sync takes a fraction of a millisecond on a disk that is worth measuring.
const SAMPLES: u64 = 1000;
/// Calls until the log is as large as it gets, and is written over from then on.
const WARM_UP: u64 = 300;
/// Calls at once, and how many all in all: a second's work and more.
const AT_ONCE: u64 = 256;
const CALLS: u64 = 20_000;
/// Records that a daemon begins with: four for each call, of which one in ten has not ended.
const RECORDS: u64 = 10_000;
/// Bytes of params and results: a usual question and a usual answer.
const PARAMS: usize = 1500;
const BODY: usize = 4000;

/// All figures of the journal. The disk is the one that the programs were built on, since /tmp may be memory.
pub(super) fn figures(_: &Bed) -> anyhow::Result<Vec<Row>> {
    let exe = std::env::current_exe()?;
    let dir = TempDir::within(exe.parent().context("a program without a directory")?)?;
    let mut rows = one_by_one(&within(&dir, "one")?, Floor::in_dir(dir.path())?)?;
    rows.push(at_once(&within(&dir, "many")?)?);
    rows.push(recovery(&dir)?);
    Ok(rows)
}

fn within(dir: &TempDir, name: &str) -> anyhow::Result<std::path::PathBuf> {
    let path = dir.path().join(name);
    std::fs::create_dir(&path)?;
    Ok(path)
}

/// The next four kilobytes of a file that is written over and over, and a sync: what the same promise costs the simplest log
/// there could be.
pub(super) struct Floor {
    file: File,
    written: u64,
}

impl Floor {
    const BLOCK: usize = 4096;
    const BLOCKS: u64 = 1000;

    pub(super) fn in_dir(dir: &Path) -> anyhow::Result<Self> {
        let mut file = File::create(dir.join("floor"))?;
        for _ in 0..Self::BLOCKS {
            file.write_all(&[0; Self::BLOCK])?;
        }
        file.sync_all()?;
        Ok(Self { file, written: 0 })
    }

    pub(super) fn sync(&mut self) -> anyhow::Result<()> {
        if self.written.is_multiple_of(Self::BLOCKS) {
            self.file.rewind()?;
        }
        self.file.write_all(&[7; Self::BLOCK])?;
        self.written += 1;
        Ok(self.file.sync_data()?)
    }
}

/// A journal, and a bell for its decisions.
struct Bench {
    journal: Journal<SqliteStore>,
    bell: Receiver<()>,
}

impl Bench {
    fn open(dir: &Path) -> anyhow::Result<Self> {
        let (ring, bell) = sync_channel(1);
        let wake = move || {
            let _ = ring.try_send(());
        };
        let store =
            SqliteStore::open(Options::new(dir), wake, |what| eprintln!("{what}"), |why| eprintln!("{why}"))?;
        Ok(Self { journal: Journal::new(store), bell })
    }

    /// The ticket of the next record that is durable.
    fn decided(&mut self) -> anyhow::Result<u64> {
        loop {
            if let Some(committed) = self.journal.poll_committed() {
                committed.result?;
                return Ok(committed.ticket);
            }
            self.bell.recv_timeout(HANG).context("no decision")?;
        }
    }

    /// Records that are handed over together, as a daemon does it: until the last is durable.
    fn keep(&mut self, records: Vec<Record>) -> anyhow::Result<Duration> {
        let (begun, count) = (Instant::now(), records.len());
        for record in records {
            self.journal.submit(0, record);
        }
        for _ in 0..count {
            self.decided()?;
        }
        Ok(begun.elapsed())
    }
}

/// Single records, and those of a call, one call after the other: its start shares the commit of its acceptance, which is how
/// it goes where a place is free. After each call as many bare syncs, since disks have moods.
fn one_by_one(dir: &Path, mut floor: Floor) -> anyhow::Result<Vec<Row>> {
    let mut bench = Bench::open(dir)?;
    let [mut commits, mut calls, mut syncs] = [(); 3].map(|()| Samples::default());
    for call in 0..SAMPLES + WARM_UP {
        let begun = bench.keep(vec![step_of(call, 0)?, step_of(call, 1)?])?;
        let ended = bench.keep(vec![step_of(call, 2)?])?;
        let start = Instant::now();
        for _ in 0..2 {
            floor.sync()?;
        }
        if call >= WARM_UP {
            syncs.push(start.elapsed() / 2);
            calls.push(begun + ended);
            commits.push(ended);
        }
    }
    let sync = syncs.median();
    let (commit, call) = (commits.median(), calls.median());
    Ok(vec![
        Row {
            figure: "a result made durable, p50 / p99 (floor: 4 KiB of a log and fdatasync)",
            target: "–",
            measured: pair(commit, commits.percentile(99)),
            floor: shown(sync),
            ratio: ratio(commit, sync),
            verdict: Verdict::NoTarget,
        },
        Row {
            figure: "a call made durable: accepted with its start, then its result, p50 / p99",
            target: "≤ 5 × fdatasync",
            measured: pair(call, calls.percentile(99)),
            floor: shown(sync),
            ratio: ratio(call, sync),
            verdict: Verdict::of(call <= sync * 5),
        },
    ])
}

/// Many calls side by side: each submits its next record when the one before is durable.
fn at_once(dir: &Path) -> anyhow::Result<Row> {
    let mut bench = Bench::open(dir)?;
    let start = Instant::now();
    for call in 0..AT_ONCE {
        bench.journal.submit(call * 3, step_of(call, 0)?);
    }
    let mut next = AT_ONCE;
    for _ in 0..CALLS * 3 {
        let ticket = bench.decided()?;
        let (call, step) = (ticket / 3, ticket % 3);
        if step < 2 {
            bench.journal.submit(ticket + 1, step_of(call, step + 1)?);
        } else if next < CALLS {
            bench.journal.submit(next * 3, step_of(next, 0)?);
            next += 1;
        }
    }
    let rate = CALLS as f64 / start.elapsed().as_secs_f64();
    Ok(Row {
        figure: "calls through accepted, started and done, 256 at once",
        target: "≥ 5,000 calls/s",
        measured: format!("{rate:.0} calls/s"),
        floor: "–".into(),
        ratio: None,
        verdict: Verdict::of(rate >= 5000.0),
    })
}

/// From the files that a crash leaves to the calls that a daemon goes on with.
fn recovery(dir: &TempDir) -> anyhow::Result<Row> {
    let (written, left) = (within(dir, "written")?, within(dir, "left")?);
    let mut bench = Bench::open(&written)?;
    let mut count = 0;
    for call in 0..RECORDS / 4 {
        let last = Record::Acked { call_id: id(call), at_ms: 3 };
        let records = [step_of(call, 0)?, step_of(call, 1)?, step_of(call, 2)?, last];
        for record in records.into_iter().take(if call % 10 == 0 { 2 } else { 4 }) {
            bench.journal.submit(count, record);
            count += 1;
        }
    }
    while count < RECORDS {
        bench
            .journal
            .submit(count, Record::Detached { call_id: id(0), session: SessionId::from_bytes([7; 16]) });
        count += 1;
    }
    for _ in 0..count {
        bench.decided()?;
    }
    for name in ["journal.db", "journal.db-wal"] {
        std::fs::copy(written.join(name), left.join(name))?;
    }
    let start = Instant::now();
    let mut again = Bench::open(&left)?;
    let Recovered { calls, unreadable } = again.journal.recover();
    let took = start.elapsed();
    anyhow::ensure!(unreadable.is_empty() && calls.len() as u64 == RECORDS / 4, "not all calls came back");
    anyhow::ensure!(again.journal.store_mut().take_rows().is_empty(), "rows are told once");
    Ok(Row {
        figure: "recovery of 10,000 records after a crash",
        target: "≤ 200 ms",
        measured: shown(took),
        floor: "–".into(),
        ratio: None,
        verdict: Verdict::of(took <= Duration::from_millis(200)),
    })
}

fn id(call: u64) -> CallId {
    // Ids are random: neighbours in time are none in the index.
    CallId::from_bytes(
        u128::from(call + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes(),
    )
}

/// The records of a call, from 0.
fn step_of(call: u64, step: u64) -> anyhow::Result<Record> {
    let call_id = id(call);
    Ok(match step {
        0 => {
            let asked = Asked {
                session: SessionId::from_bytes([7; 16]),
                fingerprint: Fingerprint::from_bytes(*call_id.as_bytes()),
                adopt_key: None,
                adopts: None,
                method: "tools/call".into(),
                tool: String::new(),
                class: Class::Metered,
                at_ms: 1,
                remaining_ms: 60_000,
                attempts_before: 0,
                params: text(PARAMS)?,
            };
            Record::Accepted { call_id, asked }
        }
        1 => {
            let (provider, model) = ("sim".to_owned(), "sim-1".to_owned());
            Record::Started { call_id, attempt: Attempt { n: 1, provider, model, continues: 0, at_ms: 2 } }
        }
        _ => {
            let end = End { attempts: 1, outcome: Outcome::Ok, at_ms: 3, spent: None };
            Record::Done { call_id, end, body: text(BODY)?, turn: None }
        }
    })
}

fn text(bytes: usize) -> anyhow::Result<Box<RawValue>> {
    Ok(RawValue::from_string(format!("\"{}\"", "x".repeat(bytes)))?)
}
