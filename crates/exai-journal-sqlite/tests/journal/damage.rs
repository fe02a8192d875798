//! Files that are damaged, of something else, or of another time; and what a person can do about it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::world::*;
use exai_journal::{Journal, JournalError, Store as _};
use exai_journal_sqlite::{Calls, Fault, OpenError, SqliteStore, check, compact, repair};
use exai_wire::CallId;
use proptest::prelude::*;

const PAGE: u64 = 4096;
const CALLS: u64 = 400;

/// A closed journal of many calls, each with an end of a page and more.
fn many_calls() -> Disk {
    let disk = Disk::default();
    let body = format!("\"{}\"", "x".repeat(5000));
    let records = (0..CALLS).flat_map(|n| [accepted(n), started(n, 1, 0), done_with(n, &body)]);
    let mut desk = disk.open();
    desk.keep(records);
    desk.keep([turn(CALLS, key(1), 5, "\"one\""), turn(CALLS + 1, key(1), 6, "\"two\"")]);
    drop(desk);
    disk
}

fn open_error(disk: &Disk) -> OpenError {
    SqliteStore::open(disk.options.clone(), || {}, |_| {}, |_| {}).unwrap_err()
}

fn pages(disk: &Disk) -> u64 {
    fs::metadata(disk.file()).unwrap().len() / PAGE
}

fn overwrite(disk: &Disk, pages: impl IntoIterator<Item = u64>) {
    let file = fs::File::options().write(true).open(disk.file()).unwrap();
    for page in pages {
        file.write_all_at(&[0xa5; PAGE as usize], page * PAGE).unwrap();
    }
}

/// Pages with rows of `records` on them.
fn leaves(disk: &Disk) -> Vec<u64> {
    pages_where(disk, "name = 'records' AND pagetype = 'leaf'")
}

/// Pages of loads that are too long for their leaf.
fn overflow(disk: &Disk) -> Vec<u64> {
    pages_where(disk, "name = 'records' AND pagetype = 'overflow'")
}

fn pages_where(disk: &Disk, what: &str) -> Vec<u64> {
    let conn = rusqlite::Connection::open(disk.file()).unwrap();
    let sql = format!("SELECT pageno - 1 FROM dbstat WHERE {what} ORDER BY pageno");
    let mut statement = conn.prepare(&sql).unwrap();
    let found = statement.query_map([], |row| row.get::<_, u32>(0)).unwrap();
    found.map(|page| u64::from(page.unwrap())).collect()
}

fn call_ids(disk: &Disk) -> BTreeSet<CallId> {
    disk.open().calls().into_iter().map(|call| call.call_id).collect()
}

#[test]
fn a_journal_of_a_later_release_is_left_alone() {
    let disk = Disk::default();
    disk.open().keep([accepted(1)]);
    let conn = rusqlite::Connection::open(disk.file()).unwrap();
    conn.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    let before = fs::read(disk.file()).unwrap();
    let error = open_error(&disk);
    assert_eq!(error.fault, Fault::Newer);
    let text = error.to_string();
    assert!(text.contains("format is 99") && text.contains("install the newer release again"), "{text}");
    assert_eq!(repair(disk.dir.path()).unwrap_err().fault, Fault::Newer);
    assert_eq!(compact(disk.dir.path()).unwrap_err().fault, Fault::Newer);
    assert!(fs::read(disk.file()).unwrap() == before, "untouched");
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let disk = Disk::default();
    rusqlite::Connection::open(disk.file()).unwrap().execute_batch("CREATE TABLE songs (name)").unwrap();
    assert_eq!(open_error(&disk).fault, Fault::Foreign);
    assert_eq!(repair(disk.dir.path()).unwrap_err().fault, Fault::Foreign);
    fs::write(disk.file(), "a shopping list").unwrap();
    let error = open_error(&disk);
    assert!(error.fault == Fault::Foreign && error.to_string().contains("move that file away"), "{error}");
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let disk = Disk::default();
    fs::write(disk.file(), "").unwrap();
    disk.open().keep([accepted(1)]);
}

#[test]
fn damage_among_the_records_is_named_and_the_rest_is_saved() {
    let disk = many_calls();
    let (id, epoch) = disk.store().0.identity();
    let leaves = leaves(&disk);
    let hit: Vec<_> = [leaves[3], leaves[leaves.len() / 2]].into();
    overwrite(&disk, hit);
    let error = open_error(&disk);
    assert!(error.fault == Fault::Damaged && error.to_string().contains("`exai journal repair`"), "{error}");
    assert!(!check(disk.dir.path()).unwrap().problems.is_empty());

    let repaired = repair(disk.dir.path()).unwrap();
    assert_eq!(repaired.kept, disk.dir.path().join("journal.db.damaged-1"));
    let problems = repaired.report.problems.join("; ");
    assert!(problems.contains("no records can be read from number"), "{problems}");
    let checked = check(disk.dir.path()).unwrap();
    assert!(checked.problems.is_empty(), "{:?}", checked.problems);
    assert_eq!((checked.turns, checked.conversations), (2, 1));
    // A page holds a handful of calls.
    assert!(checked.records > (CALLS * 3 + 2) * 95 / 100, "{checked:?}");
    let (store, _) = disk.store();
    assert_eq!(store.identity().0, id);
    assert!(store.identity().1 > epoch, "epochs never go back");
}

/// One in which answers of so many bytes are damaged, open.
fn damaged_answers(bytes: usize) -> (Disk, Desk<SqliteStore>) {
    let disk = Disk::default();
    let body = format!("\"{}\"", "x".repeat(bytes));
    disk.open().keep((0..CALLS).flat_map(|n| [accepted(n), done_with(n, &body)]));
    let overflow = overflow(&disk);
    overwrite(&disk, overflow.iter().copied().take(3));
    // A journal that was closed is not looked over; what is damaged shows when it is needed.
    let desk = disk.open();
    (disk, desk)
}

#[test]
fn an_end_whose_answer_is_damaged_still_keeps_its_call_from_running() {
    let (disk, mut desk) = damaged_answers(5000);
    let damaged = (0..CALLS).find(|n| desk.fetched(*n).is_none()).expect("a damaged one");
    assert!(desk.fetched(damaged).is_none());
    let said = disk.odd.lock().unwrap().clone();
    assert!(said.len() == 1 && said[0].contains(&id(damaged).to_string()), "once: {said:?}");
    assert!(disk.fatal.lock().unwrap().is_empty(), "it is one call's misfortune");
    drop(desk);
    assert!(!check(disk.dir.path()).unwrap().problems.is_empty());

    let repaired = repair(disk.dir.path()).unwrap();
    assert!(repaired.report.problems.is_empty(), "{:?}", repaired.report);
    let mut desk = disk.open();
    let calls = desk.calls();
    assert!(calls.len() as u64 == CALLS && calls.iter().all(|call| call.ended.is_some()));
    assert!(desk.fetched(damaged).is_none());
}

/// Its question is gone since it ended, and there is nothing to ask with.
#[test]
fn a_call_whose_end_is_lost_is_not_asked_without_its_question() {
    let disk = Disk::default();
    disk.open().keep([accepted(1), done(1), accepted(2), accepted(3), done(3), buried(3)]);
    let conn = rusqlite::Connection::open(disk.file()).unwrap();
    conn.execute_batch("DELETE FROM records WHERE kind = 5").unwrap();
    drop(conn);
    repair(disk.dir.path()).unwrap();
    let calls: Vec<_> = disk.open().calls().iter().map(|call| (call.call_id, call.buried_ms)).collect();
    assert_eq!(calls, [(id(2), None), (id(3), Some(9))]);
}

#[test]
fn a_structure_that_is_damaged_ends_the_daemon_and_stops_the_next() {
    let (disk, mut desk) = damaged_answers(50_000);
    (0..CALLS).for_each(|n| desk.journal.fetch(id(n)));
    let mut answers = 0;
    until("it is found", || {
        while let Some((call_id, answer)) = desk.journal.poll_fetched() {
            assert!(answer.is_some(), "nothing is said of {call_id}, which was not read");
            answers += 1;
        }
        !disk.fatal.lock().unwrap().is_empty()
    });
    let said = disk.fatal.lock().unwrap().clone();
    assert!(answers < CALLS && said.len() == 1 && said[0].contains("can't be read"), "{said:?}");
    desk.keep([accepted(1000)]);
    // Nobody closed it: that is what makes the next one look.
    assert_eq!(open_error(&disk.crashed()).fault, Fault::Damaged);
    let crashed = disk.crashed();
    repair(crashed.dir.path()).unwrap();
    assert_eq!(call_ids(&crashed).len() as u64, CALLS + 1);
}

#[test]
fn a_file_that_was_cut_short_is_named_and_the_rest_is_saved() {
    let disk = many_calls();
    let half = pages(&disk) / 2 * PAGE;
    fs::File::options().write(true).open(disk.file()).unwrap().set_len(half).unwrap();
    let error = open_error(&disk);
    assert_eq!(error.fault, Fault::Damaged, "{error}");
    let report = repair(disk.dir.path()).unwrap().report;
    assert!(report.calls.ended > CALLS / 4, "{report:?}");
    assert_eq!(
        call_ids(&disk).len() as u64,
        report.calls.ended + report.calls.started + report.calls.accepted
    );
}

#[test]
fn of_a_file_without_a_beginning_a_new_journal_is_made() {
    let disk = many_calls();
    let (id, _) = disk.store().0.identity();
    overwrite(&disk, [0]);
    assert!(matches!(open_error(&disk).fault, Fault::Foreign | Fault::Damaged));
    let first = repair(disk.dir.path()).unwrap();
    assert!(first.report.problems[0].contains("nothing of it can be read"), "{:?}", first.report);
    assert_ne!(disk.store().0.identity().0, id, "whoever knew the old one learns that it is lost");
    let second = repair(disk.dir.path()).unwrap();
    assert!(second.kept.ends_with("journal.db.damaged-2") && first.kept.exists());
    assert!(second.report.problems.is_empty());
}

#[test]
fn a_repair_loses_nothing_of_a_whole_journal_not_even_what_is_in_its_log() {
    let disk = many_calls();
    let mut desk = disk.open();
    desk.keep([accepted(1000), acked(1), buried(2)]);
    let crashed = disk.crashed();
    let (before, calls) = (check(crashed.dir.path()).unwrap(), call_ids(&disk.crashed()));
    assert_eq!(
        before.calls,
        Calls { accepted: 1, started: 0, ended: CALLS, acked: 1, buried: 1 },
        "two of the ends are those of the turns"
    );
    let repaired = repair(crashed.dir.path()).unwrap();
    assert!(repaired.report.problems.is_empty());
    assert_eq!(repaired.report.records, before.records);
    assert_eq!(call_ids(&crashed), calls);
    assert!(crashed.dir.path().join("journal.db.damaged-1-wal").exists());
}

#[test]
fn a_number_of_starts_that_can_be_none_makes_it_a_new_journal() {
    for damaged in [i64::MAX, i64::MIN] {
        let disk = Disk::default();
        disk.open().keep([accepted(1), done(1)]);
        let (id, _) = disk.open().journal.identity();
        let conn = rusqlite::Connection::open(disk.file()).unwrap();
        conn.execute("UPDATE meta SET epoch = ?1", [damaged]).unwrap();
        conn.close().unwrap();
        let repaired = repair(disk.dir.path()).unwrap();
        assert!(repaired.report.problems[0].contains("it is a new journal"), "{:?}", repaired.report);
        let mut desk = disk.open();
        assert_ne!(desk.journal.identity().0, id);
        assert_eq!(desk.calls().len(), 1);
    }
}

#[test]
fn a_repair_keeps_memos() {
    let disk = many_calls();
    let mut desk = disk.open();
    let memos = disk.memos(&mut desk);
    (0..100).for_each(|n| memos.put(&format!("{n:03}"), memo(n, &"x".repeat(1000))));
    desk.keep([accepted(1000)]);
    drop(desk);
    let leaves = pages_where(&disk, "name = 'memos' AND pagetype = 'leaf'");
    overwrite(&disk, [leaves[1]]);
    overwrite(&disk, self::leaves(&disk).into_iter().take(1));
    assert_eq!(open_error(&disk).fault, Fault::Damaged);
    let repaired = repair(disk.dir.path()).unwrap();
    let lost = &repaired.report.problems;
    assert!(lost.iter().any(|lost| lost.starts_with("no memos can be read from number ")), "{lost:?}");
    assert!((90..100).contains(&repaired.report.memos), "{:?}", repaired.report);
    let mut desk = disk.open();
    let left = told(&*disk.memos(&mut desk));
    assert_eq!(left.len() as u64, repaired.report.memos);
    assert!(left[0].starts_with("000 0 xxx"), "{left:?}");
}

/// A file as the first release wrote it: without memos.
fn of_the_first_release() -> Disk {
    let disk = many_calls();
    let conn = rusqlite::Connection::open(disk.file()).unwrap();
    conn.execute_batch("DROP TABLE memos; PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    disk
}

#[test]
fn a_journal_of_the_first_release_is_brought_up_to_date() {
    let disk = of_the_first_release();
    let before = check(disk.dir.path()).unwrap();
    assert_eq!((before.calls.ended, before.memos, before.problems.len()), (CALLS + 2, 0, 0));
    let mut desk = disk.open();
    let memos = disk.memos(&mut desk);
    assert!(told(&*memos).is_empty());
    memos.put("a", memo(1, "one"));
    desk.keep([accepted(1000)]);
    assert_eq!(told(&*memos), ["a 1 one"]);
    let after = check(disk.dir.path()).unwrap();
    assert_eq!((after.records, after.turns), (before.records + 1, before.turns));
    assert_eq!((after.memos, after.problems.len()), (1, 0));
}

#[test]
fn a_damaged_journal_of_the_first_release_is_repaired_by_this_one() {
    let disk = of_the_first_release();
    overwrite(&disk, leaves(&disk).into_iter().take(1));
    assert_eq!(open_error(&disk).fault, Fault::Damaged);
    assert!(!repair(disk.dir.path()).unwrap().report.problems.is_empty());
    assert!(call_ids(&disk).len() > 300);
}

#[test]
fn a_journal_is_checked_while_a_daemon_works() {
    let disk = Disk::default();
    assert_eq!(check(disk.dir.path()).unwrap_err().fault, Fault::Missing);
    let mut desk = disk.open();
    desk.keep([accepted(1), accepted(2), started(2, 1, 0), turn(3, key(1), 1, "1"), done(4), acked(4)]);
    let report = check(disk.dir.path()).unwrap();
    assert_eq!(report.calls, Calls { accepted: 1, started: 1, ended: 1, acked: 1, buried: 0 });
    assert_eq!((report.records, report.turns, report.problems.len()), (6, 1, 0));
    assert!(report.bytes > 0);
    desk.keep([done(1)]);
}

#[test]
fn a_journal_is_compacted() {
    let disk = many_calls();
    let mut desk = disk.open();
    desk.keep((0..CALLS - 1).map(forgotten));
    let crashed = disk.crashed();
    let sizes = compact(crashed.dir.path()).unwrap();
    assert!(sizes.after * 4 < sizes.before, "{sizes:?}");
    assert_eq!(call_ids(&crashed), [CALLS - 1, CALLS, CALLS + 1].map(id).into());
    assert!(crashed.open().fetched(CALLS - 1).is_some());
}

#[test]
fn a_journal_that_is_deleted_while_in_use_promises_nothing_more() {
    // What is not in the database yet is in its log alone.
    for suffix in ["", "-wal"] {
        let disk = Disk::default();
        let mut desk = disk.open();
        desk.keep([accepted(1)]);
        let mut path = disk.file().into_os_string();
        path.push(suffix);
        fs::remove_file(path).unwrap();
        for record in [accepted(2), done(1)] {
            desk.submit(record);
            assert!(matches!(desk.decision().result, Err(JournalError::Unavailable(_))));
        }
        let said = disk.fatal.lock().unwrap().clone();
        assert!(said.len() == 1 && said[0].contains("deleted or replaced"), "{said:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 50, ..ProptestConfig::default() })]

    /// Whatever bytes are overwritten: it is opened, or refused with a sentence and repaired; and never a panic.
    #[test]
    fn any_damage_is_named_or_harmless(hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..300_usize), 1..6)) {
        let disk = Disk::default();
        disk.open().keep((0..60).flat_map(|n| [accepted(n), started(n, 1, 0), turn(n, key(1), n, "\"some text\"")]));
        damage(&disk.file(), &hits);
        let open = |disk: &Disk| SqliteStore::open(disk.options.clone(), || {}, |_| {}, |_| {});
        if let Err(error) = open(&disk) {
            prop_assert!(error.to_string().contains("journal"), "{}", error);
            if let Err(error) = repair(disk.dir.path()) {
                // It looks like a whole one of another kind.
                prop_assert!(matches!(error.fault, Fault::Newer | Fault::Foreign | Fault::Older), "{}", error);
                return Ok(());
            }
        }
        let store = open(&disk);
        prop_assert!(store.is_ok(), "{:?}", store);
        let recovered = Journal::new(store.unwrap()).recover();
        prop_assert!(recovered.calls.len() <= 60 + hits.len());
    }
}

fn damage(file: &Path, hits: &[(prop::sample::Index, u8, usize)]) {
    let size = fs::metadata(file).unwrap().len() as usize;
    let file = fs::File::options().write(true).open(file).unwrap();
    for (place, byte, length) in hits {
        let from = place.index(size);
        file.write_all_at(&vec![*byte; (*length).min(size - from)], from as u64).unwrap();
    }
}

/// Every way in which it can be shorter than what was written to it.
#[test]
fn a_log_that_is_cut_while_in_use_is_promised_nothing_more_on() {
    for left in [0, 32, 5_000] {
        let disk = Disk::default();
        let mut desk = disk.open();
        desk.keep((1..=20).map(accepted));
        let log = disk.dir.path().join("journal.db-wal");
        assert!(fs::metadata(&log).unwrap().len() > 5_000);
        fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(left).unwrap();
        for record in [accepted(100), done(1)] {
            desk.submit(record);
            assert!(matches!(desk.decision().result, Err(JournalError::Unavailable(_))), "cut to {left}");
        }
        let said = disk.fatal.lock().unwrap().clone();
        assert!(said.len() == 1 && said[0].contains("was cut"), "{said:?}");
    }
}

/// Whoever looks at it with other tools may have them empty it; nothing is lost by that.
#[test]
fn a_log_that_another_program_has_emptied_in_order_is_no_damage() {
    let disk = Disk::default();
    let mut desk = disk.open();
    desk.keep((1..=20).map(accepted));
    let other = rusqlite::Connection::open(disk.file()).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert_eq!(fs::metadata(disk.dir.path().join("journal.db-wal")).unwrap().len(), 0);
    desk.keep([accepted(100), done(1)]);
    drop((other, desk));
    assert_eq!(call_ids(&disk).len(), 21);
}

/// What stands in the state directory beside the journal.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_empty_file_and_a_directory_are_told_as_what_they_are() {
    let empty = Disk::default();
    fs::write(empty.file(), "").unwrap();
    let directory = Disk::default();
    fs::create_dir(directory.file()).unwrap();
    let cases = [
        (&empty, Fault::Empty, "nothing is in it; the daemon makes a new one of it when it starts"),
        (&directory, Fault::Directory, "a directory has its name; move that directory away"),
    ];
    for (disk, fault, sentence) in cases {
        let dir = disk.dir.path();
        let errors = [check(dir).unwrap_err(), repair(dir).unwrap_err(), compact(dir).unwrap_err()];
        for error in errors {
            assert!(error.fault == fault && error.to_string().contains(sentence), "{error}");
        }
        assert_eq!(names(dir), ["journal.db"], "nothing is left behind");
    }
    assert_eq!(open_error(&directory).fault, Fault::Directory);
    assert!(empty.open().calls().is_empty(), "a new one");
}
