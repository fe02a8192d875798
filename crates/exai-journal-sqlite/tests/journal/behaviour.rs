//! What only a store with a disk and threads has.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::world::*;
use exai_journal::Turns as _;
use exai_journal_sqlite::{Fault, Options, SqliteStore};

/// Transactions in the write-ahead log: each ends with a page that tells the size of the database.
fn transactions(disk: &Disk) -> usize {
    const PAGE: usize = 4096;
    let log = std::fs::read(disk.dir.path().join("journal.db-wal")).unwrap();
    let (header, frames) = log.split_at(32);
    // Frames of an earlier round of the log have other salts.
    let frames = frames.chunks_exact(24 + PAGE).take_while(|frame| frame[8..16] == header[16..24]);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn its_files_are_its_owners_alone() {
    let disk = Disk::default();
    let disk = Disk { options: Options { reserve_bytes: 4096, ..disk.options.clone() }, ..disk };
    std::fs::write(disk.file(), "").unwrap();
    std::fs::set_permissions(disk.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut desk = disk.open();
    desk.keep([accepted(1)]);
    for name in ["journal.db", "journal.db-wal", "journal.db-shm", "journal.reserve"] {
        let mode = std::fs::metadata(disk.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(desk);
    let left: Vec<_> =
        std::fs::read_dir(disk.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "journal.db" || name == "journal.reserve"), "{left:?}");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let disk = Disk::default();
    let error =
        SqliteStore::open(Options::new(disk.dir.path().join("gone")), || {}, |_| {}, |_| {}).unwrap_err();
    assert_eq!(error.fault, Fault::Io);
    assert!(error.to_string().contains("/gone can't be used"), "{error}");
}

#[test]
fn many_records_at_once_share_a_few_syncs() {
    let disk = Disk::default();
    let mut desk = disk.open();
    let before = transactions(&disk);
    desk.keep((0..256).map(accepted));
    let groups = transactions(&disk) - before;
    assert!((1..64).contains(&groups), "{groups} transactions for 256 records");
    until("nothing waits any more", || desk.journal.behind().is_none());
}

#[test]
fn what_nobody_waits_for_rides_along() {
    let disk = Disk::default();
    let mut desk = disk.open();
    desk.keep([accepted(1)]);
    let before = transactions(&disk);
    desk.keep([acked(1), acked(1), accepted(2)]);
    assert_eq!(transactions(&disk), before + 1, "with the record after them");
    desk.submit(acked(2));
    assert!(desk.journal.behind().is_some());
    drop(desk);
    assert_eq!(disk.open().calls()[1].acked_ms, Some(5), "and is written at the end");
}

/// A lock that another program holds is a disk that hangs.
#[test]
fn while_the_disk_hangs_kept_ends_are_read_and_it_shows() {
    let disk = Disk::default();
    let mut desk = disk.open();
    let turns = desk.journal.store_mut().turns();
    desk.keep([turn(1, key(1), 5, "\"kept\"")]);
    until("all is written", || desk.journal.behind().is_none());
    let other = rusqlite::Connection::open(disk.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = Instant::now();
    let ticket = desk.submit(accepted(2));
    assert!(desk.fetched(1).is_some());
    assert_eq!(turns.load(key(1)).unwrap().len(), 1);
    assert!(desk.journal.behind().is_some_and(|waited| waited <= before.elapsed()));
    other.execute_batch("ROLLBACK").unwrap();
    let decision = desk.decision();
    assert_eq!(decision.ticket, ticket);
    decision.result.unwrap();
    until("it shows no more", || desk.journal.behind().is_none());
}

/// Where no file can be opened any more, also because there are too many.
#[test]
fn kept_ends_are_read_without_opening_anything() {
    let disk = Disk::default();
    disk.open().keep([done(1)]);
    let mut desk = disk.open();
    let away = disk.dir.path().join("away");
    for suffix in ["", "-wal", "-shm"] {
        let file = disk.dir.path().join(format!("journal.db{suffix}"));
        std::fs::rename(&file, away.with_extension(format!("db{suffix}"))).unwrap();
    }
    assert!(desk.fetched(1).is_some());
    assert!(disk.fatal.lock().unwrap().is_empty());
}

#[test]
fn old_conversations_go() {
    let disk = Disk::default();
    let disk = Disk { options: Options { turns_bytes_max: 1000, ..disk.options.clone() }, ..disk };
    let body = |n: u64| format!("\"{}\"", "x".repeat(298 + n as usize % 2));
    let mut desk = disk.open();
    let turns = desk.journal.store_mut().turns();
    desk.keep([turn(1, key(1), 10, "1"), turn(2, key(2), 20, "2"), turn(3, key(1), 30, "3")]);
    turns.forget_before(25);
    until("it is left alone since 20", || turns.load(key(2)).unwrap().is_empty());
    assert_eq!(turns.load(key(1)).unwrap().len(), 2, "it was gone on with at 30");
    // 1500 bytes: the oldest conversation goes, and of the only one that is left the oldest turns.
    desk.keep((0..5).map(|n| turn(10 + n, key(3), 100 + n, &body(n))));
    until("not more than 1000 bytes", || {
        turns.list().unwrap().iter().map(|head| head.bytes).sum::<u64>() <= 1000
    });
    assert!(turns.load(key(1)).unwrap().is_empty());
    let left: Vec<_> = turns.load(key(3)).unwrap().iter().map(|turn| turn.seq).collect();
    assert_eq!(left, [3, 4, 5]);
    drop(desk);
    assert!(turns.delete(key(3)).is_err(), "nobody writes any more");
}

/// What a journal keeps of much work does not grow with it.
#[test]
fn its_files_stay_small() {
    let disk = Disk::default();
    let body = format!("\"{}\"", "x".repeat(20_000));
    let mut desk = disk.open();
    let size = |name: &str| std::fs::metadata(disk.dir.path().join(name)).unwrap().len();
    for round in 0..20 {
        desk.keep((0..50).flat_map(|n| [accepted(round * 50 + n), done_with(round * 50 + n, &body)]));
        desk.keep((0..50).map(|n| forgotten(round * 50 + n)).chain([accepted(5000)]));
        assert!(size("journal.db-wal") < 16 << 20, "{}", size("journal.db-wal"));
    }
    assert!(size("journal.db") < 4 << 20, "20 MiB went through it; {}", size("journal.db"));
    desk.keep((0..1000).map(|n| done_with(n, &body)));
    desk.keep((0..1000).map(forgotten).chain([accepted(5001)]));
    assert!(size("journal.db") + size("journal.db-wal") > 16 << 20);
    until("most of it is given back when nobody waits", || size("journal.db") < 10 << 20);
    desk.keep([accepted(5002)]);
    assert!(disk.fatal.lock().unwrap().is_empty(), "a file that gets shorter so is in order");
}

/// In the child: keeps records and says so, until it is killed.
const CHILD: &str = "EXAI_TEST_CHILD_DIR";

#[test]
fn what_was_said_to_be_durable_survives_a_kill() {
    #[expect(clippy::disallowed_methods, reason = "the harness takes no arguments for its tests")]
    if let Some(dir) = std::env::var_os(CHILD) {
        let disk = Disk::default();
        let disk = Disk { options: Options { dir: dir.into(), ..disk.options.clone() }, ..disk };
        let mut desk = disk.open();
        for n in 0.. {
            desk.submit(done_with(n, &format!("\"{}\"", "x".repeat(n as usize % 9000))));
            desk.decision().result.unwrap();
            eprintln!("kept {n}");
        }
    }
    let disk = Disk::default();
    for round in 1..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "behaviour::what_was_said_to_be_durable_survives_a_kill", "--nocapture"])
            .env(CHILD, disk.dir.path())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let kept: Vec<u64> = said
            .filter_map(|line| line.strip_prefix("kept ").map(|n| n.parse().unwrap()))
            .take(50 * round)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut desk = disk.open();
        let epoch = desk.journal.identity().1.0;
        assert_eq!(epoch, 2 * round as u64, "each start, ours included");
        assert!(desk.calls().len() >= kept.len());
        assert!(kept.iter().all(|n| desk.fetched(*n).is_some()));
    }
}
