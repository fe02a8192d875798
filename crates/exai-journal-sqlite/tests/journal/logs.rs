//! Files that are damaged beside a log that is full, and logs that are damaged beside a file.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::world::*;
use exai_journal::{Archive as _, JournalError, Store as _};
use exai_journal_sqlite::{Fault, OpenError, SqliteArchive, SqliteStore, check, repair};
use exai_wire::CallId;
use proptest::prelude::*;

const HEADER: u64 = 32;
const FRAME: u64 = 24 + 4096;

fn log(disk: &Disk) -> PathBuf {
    disk.dir.path().join("journal.db-wal")
}

fn write_at(path: &PathBuf, bytes: &[u8], at: u64) {
    fs::File::options().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

fn cut(path: &PathBuf, bytes: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

/// What a crash leaves of a journal of so many calls, each in a transaction of its own, and all in the log.
fn young(calls: u64) -> Disk {
    let disk = Disk::default();
    let mut desk = disk.open();
    (0..calls).for_each(|n| desk.keep([accepted(n)]));
    disk.crashed()
}

fn open(disk: &Disk) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(disk.options.clone(), || {}, |_| {}, |_| {})
}

fn calls(disk: &Disk) -> usize {
    disk.open().calls().len()
}

/// Nobody opens it, nothing is deleted, and all of it is saved.
fn is_named_and_saved(disk: &Disk, reason: &str, calls_saved: std::ops::RangeInclusive<usize>) -> String {
    let dir = disk.dir.path();
    let before = fs::read(log(disk)).unwrap();
    let archive = SqliteArchive::open(dir).map(|_| ()).unwrap_err();
    for error in [open(disk).unwrap_err(), check(dir).unwrap_err(), archive] {
        let text = error.to_string();
        assert!(error.fault == Fault::Damaged && text.contains(reason), "{text}");
        assert!(text.contains("`exai journal repair`"), "{text}");
    }
    assert!(fs::read(log(disk)).unwrap() == before, "the log is as it was");
    let repaired = repair(dir).unwrap();
    let checked = check(dir).unwrap();
    assert!(checked.problems.is_empty(), "{:?}", checked.problems);
    assert!(calls_saved.contains(&calls(disk)), "{} of them: {:?}", calls(disk), repaired.report.problems);
    let old = fs::read(dir.join("journal.db.damaged-1-wal")).unwrap();
    assert!(old == before && repaired.kept.exists(), "the old log is kept: {:?}", repaired.kept);
    let mut left = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.all(|name| !name.contains("mended") && !name.contains("repaired")));
    repaired.report.problems.join("; ")
}

#[test]
fn a_file_without_a_beginning_beside_a_full_log_is_named_and_everything_saved() {
    let whole = young(20);
    let identity = {
        let copy = whole.crashed();
        copy.store().0.identity().0
    };
    for (length, reason) in [(0, "it is empty"), (50, "its beginning is no journal's")] {
        let disk = whole.crashed();
        cut(&disk.file(), length);
        assert_eq!(is_named_and_saved(&disk, reason, 20..=20), "");
        assert_eq!(disk.store().0.identity().0, identity, "it is the same journal");
    }
    let disk = whole.crashed();
    write_at(&disk.file(), &[0xa5; 4096], 0);
    is_named_and_saved(&disk, "its beginning is no journal's", 20..=20);
    let disk = whole.crashed();
    fs::remove_file(disk.file()).unwrap();
    is_named_and_saved(&disk, "it is gone", 20..=20);
}

#[test]
fn an_empty_file_beside_an_empty_log_becomes_a_journal() {
    let disk = Disk::default();
    fs::write(disk.file(), "").unwrap();
    fs::write(log(&disk), "").unwrap();
    disk.open().keep([accepted(1)]);
}

#[test]
fn a_log_without_a_header_is_named_and_everything_saved() {
    for garbage in [4, 32] {
        let disk = young(20);
        write_at(&log(&disk), &vec![0xee; garbage], 0);
        is_named_and_saved(&disk, "it has no beginning", 20..=20);
    }
    // Some pages, too: they are written again by later transactions.
    let disk = young(20);
    write_at(&log(&disk), &[0xee; 8000], 0);
    is_named_and_saved(&disk, "it has no beginning", 1..=20);
}

#[test]
fn damage_in_front_of_many_transactions_is_no_crash() {
    let disk = young(20);
    write_at(&log(&disk), &[0xee; 8000], 40);
    let lost = is_named_and_saved(&disk, "page 1 in it can't be read", 1..=20);
    assert!(lost.starts_with("2 pages of its log can't be read"), "{lost}");
    let disk = young(20);
    let frames = (fs::metadata(log(&disk)).unwrap().len() - HEADER) / FRAME;
    write_at(&log(&disk), &[0xee; 100], HEADER + frames / 3 * FRAME + 1000);
    let lost = is_named_and_saved(&disk, "is damaged", 19..=20);
    assert!(lost.starts_with("1 pages of its log can't be read"), "{lost}");
}

#[test]
fn damage_in_front_of_a_few_transactions_may_be_a_power_cut_and_is_told() {
    let disk = young(20);
    let length = fs::metadata(log(&disk)).unwrap().len();
    write_at(&log(&disk), &[0xee; 100], length - 4 * FRAME);
    let report = check(disk.dir.path()).unwrap();
    assert!(report.problems[0].contains("transactions behind that are whole"), "{:?}", report.problems);
    let found = calls(&disk);
    assert!((10..20).contains(&found), "{found}");
    let said = disk.odd.lock().unwrap().clone();
    assert!(said.len() == 1 && said[0].contains("after a power cut"), "{said:?}");
    // Once: what stood behind is gone.
    assert_eq!(calls(&disk.crashed()), found);
    assert_eq!(disk.crashed().odd.lock().unwrap().len(), 0);
    assert!(check(disk.dir.path()).unwrap().problems.is_empty());
}

#[test]
fn what_many_crashes_leave_is_nothing_odd() {
    let mut disk = Disk::default();
    for round in 0..6 {
        let mut desk = disk.open();
        let new = (0..5 + round).map(|n| 100 * round + n);
        new.clone().for_each(|n| desk.keep([accepted(n)]));
        desk.keep(new.flat_map(|n| [done(n), acked(n)]));
        let crashed = disk.crashed();
        assert!(disk.odd.lock().unwrap().is_empty());
        disk = crashed;
        // The last transaction is half written.
        let length = fs::metadata(log(&disk)).unwrap().len();
        cut(&log(&disk), length - 1000);
    }
    assert!(check(disk.dir.path()).unwrap().problems.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 50, ..ProptestConfig::default() })]

    /// However much of it is there: what a process that ends at any moment leaves is opened without a word.
    #[test]
    fn a_log_that_ends_anywhere_is_an_ordinary_crash(end in any::<prop::sample::Index>()) {
        let disk = young(12);
        let length = fs::metadata(log(&disk)).unwrap().len();
        cut(&log(&disk), end.index(length as usize) as u64);
        // The beginning of a journal, without its tables, is none.
        let calls = open(&disk).map(|mut store| store.take_rows().len());
        prop_assert!(calls.is_ok_and(|calls| calls <= 12));
        prop_assert!(disk.odd.lock().unwrap().is_empty());
    }

    /// Whatever is overwritten in it: opened or refused with a sentence, and what is refused can be repaired.
    #[test]
    fn any_damage_of_a_log_is_named_or_harmless(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..9000_usize), 1..4)
    ) {
        let disk = young(30);
        let length = fs::metadata(log(&disk)).unwrap().len();
        for (place, byte, size) in hits {
            let at = place.index(length as usize) as u64;
            let size = size.min((length - at) as usize);
            write_at(&log(&disk), &vec![byte; size], at);
        }
        if let Err(error) = open(&disk) {
            prop_assert_eq!(error.fault, Fault::Damaged, "{}", error);
            let repaired = repair(disk.dir.path());
            prop_assert!(repaired.is_ok(), "{:?}", repaired);
        }
        prop_assert!(open(&disk).is_ok());
    }
}

/// A journal at work, of 400 calls, half of them in its file.
fn at_work() -> (Disk, Desk<SqliteStore>) {
    let disk = Disk::default();
    disk.open().keep((0..200).map(accepted));
    let mut desk = disk.open();
    desk.keep((200..400).map(accepted));
    (disk, desk)
}

fn is_fatal(disk: &Disk, desk: &mut Desk<SqliteStore>, reason: &str) {
    for record in [accepted(1000), done(1)] {
        desk.submit(record);
        assert!(matches!(desk.decision().result, Err(JournalError::Unavailable(_))), "{reason}");
    }
    let said = disk.fatal.lock().unwrap().clone();
    assert!(said.len() == 1 && said[0].contains(reason), "{said:?}");
}

#[test]
fn a_file_that_is_cut_while_in_use_promises_nothing_more_and_keeps_its_log() {
    for left in [0, 4096, 40_000] {
        let (disk, mut desk) = at_work();
        let before = fs::metadata(log(&disk)).unwrap().len();
        cut(&disk.file(), left);
        is_fatal(&disk, &mut desk, "its file was cut");
        drop(desk);
        assert_eq!(fs::metadata(log(&disk)).unwrap().len(), before);
    }
}

/// Its owner looks at it for the first time: that must not delete the log either.
#[test]
fn looking_at_a_file_that_was_emptied_deletes_no_log() {
    let (disk, mut desk) = at_work();
    let archive = SqliteArchive::of(disk.dir.path());
    cut(&disk.file(), 0);
    assert!(archive.heads().is_err());
    assert!(log(&disk).exists());
    is_fatal(&disk, &mut desk, "its file was cut");
}

#[test]
fn a_log_that_is_cut_and_grows_again_promises_nothing_more() {
    for left in [0, HEADER, HEADER + 3 * FRAME] {
        let (disk, mut desk) = at_work();
        let length = fs::metadata(log(&disk)).unwrap().len();
        cut(&log(&disk), left);
        cut(&log(&disk), length + 200_000);
        is_fatal(&disk, &mut desk, "was cut");
    }
}

/// Other programs may have it written over from its beginning.
#[test]
fn a_log_that_begins_anew_is_no_damage() {
    let (disk, mut desk) = at_work();
    for mode in ["RESTART", "TRUNCATE", "PASSIVE"] {
        let other = rusqlite::Connection::open(disk.file()).unwrap();
        other.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
        (0..30).for_each(|n| desk.keep([acked(n)]));
    }
    assert!(disk.fatal.lock().unwrap().is_empty());
    drop(desk);
    let calls: Vec<CallId> = disk.open().calls().iter().map(|call| call.call_id).collect();
    assert_eq!(calls.len(), 400);
    assert_eq!(fs::metadata(log(&disk)).map_err(|error| error.kind()).map_or(0, |found| found.len()), 0);
}
