//! What a store does on a disk without room, and on one that may not be written.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::mounts::{make_read_only, small_disk};
use crate::world::*;
use exai_journal::JournalError;
use exai_journal_sqlite::{Fault, Options, SqliteStore};

/// Takes all the room there is but so many bytes.
fn fill_up(dir: &Path, but: u64) {
    let filler = dir.join("filler");
    let mut taken = Vec::new();
    while std::fs::write(&filler, &taken).is_ok() {
        taken.resize(taken.len() + (64 << 10), 7);
    }
    let taken = std::fs::metadata(&filler).unwrap().len();
    std::fs::File::options().write(true).open(&filler).unwrap().set_len(taken.saturating_sub(but)).unwrap();
}

fn on(dir: &Path, reserve_bytes: u64) -> Disk {
    let options = Options { reserve_bytes, ..Options::new(dir) };
    Disk { options, ..Disk::default() }
}

fn quoted(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

#[test]
fn ends_find_room_that_new_calls_do_not() {
    let Some(dir) = small_disk("full_disk::ends_find_room_that_new_calls_do_not", 32) else { return };
    let disk = on(&dir, 8 << 20);
    let mut desk = disk.open();
    desk.keep((0..10).map(accepted));
    fill_up(&dir, 64 << 10);
    // Together they do not fit, and neither costs the other anything.
    let tickets = [accepted_with(20, &quoted(1 << 20)), done_with(0, &quoted(1 << 20)), accepted(21)]
        .map(|record| desk.submit(record));
    let decisions = tickets.map(|ticket| {
        let decision = desk.decision();
        assert_eq!(decision.ticket, ticket);
        decision.result.map(drop)
    });
    assert!(matches!(decisions[0], Err(JournalError::Full(_))), "{decisions:?}");
    assert!(decisions[1].is_ok() && matches!(decisions[2], Err(JournalError::Full(_))), "{decisions:?}");
    assert!(!dir.join("journal.reserve").exists(), "its room was used");
    desk.keep([done(1)]);
    // Beyond the reserve an end is refused too, and can be tried again.
    let mut kept = 0;
    let refused = loop {
        desk.submit(done_with(2, &quoted(3 << 20)));
        match desk.decision().result {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10, "more than there is room for");
    };
    assert!(matches!(refused, JournalError::Full(_)));
    // With room, all is as before.
    std::fs::remove_file(dir.join("filler")).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        desk.submit(accepted(30));
        match desk.decision().result {
            Ok(_) => break,
            Err(error) => {
                assert!(matches!(error, JournalError::Full(_)) && Instant::now() < until, "{error}")
            }
        }
    }
    assert!(dir.join("journal.reserve").exists());
    drop(desk);
    let calls = disk.open().calls();
    let taken: Vec<_> = calls.iter().map(|call| call.call_id).collect();
    assert_eq!(taken, (0..10).chain([30]).map(id).collect::<Vec<_>>());
    assert!(calls[0].ended.is_some() && calls[1].ended.is_some());
    assert!(disk.fatal.lock().unwrap().is_empty(), "{:?}", disk.fatal);
}

#[test]
fn without_room_for_its_reserve_a_store_takes_no_new_call() {
    let Some(dir) = small_disk("full_disk::without_room_for_its_reserve_a_store_takes_no_new_call", 4) else {
        return;
    };
    let disk = on(&dir, 16 << 20);
    let mut desk = disk.open();
    desk.submit(accepted(1));
    assert!(matches!(desk.decision().result, Err(JournalError::Full(why)) if why == "the disk is full"));
    desk.keep([done(2)]);
}

#[test]
fn a_disk_without_any_room_is_named() {
    let Some(dir) = small_disk("full_disk::a_disk_without_any_room_is_named", 2) else { return };
    fill_up(&dir, 0);
    let error = SqliteStore::open(Options::new(&dir), || {}, |_| {}, |_| {}).unwrap_err();
    assert_eq!(error.fault, Fault::Full, "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
}

#[test]
fn a_disk_that_may_not_be_written_is_named() {
    let Some(dir) = small_disk("full_disk::a_disk_that_may_not_be_written_is_named", 16) else { return };
    let disk = on(&dir, 0);
    disk.open().keep([accepted(1)]);
    make_read_only(&dir);
    let error = SqliteStore::open(disk.options.clone(), || {}, |_| {}, |_| {}).unwrap_err();
    assert_eq!(error.fault, Fault::ReadOnly, "{error}");
    assert!(error.to_string().contains("make it writable"), "{error}");
}

#[test]
fn a_journal_at_its_limit_takes_ends_only() {
    let disk = Disk::default();
    let options = Options { bytes_max: 1 << 20, turns_bytes_max: 0, ..disk.options.clone() };
    let disk = Disk { options, ..disk };
    let mut desk = disk.open();
    desk.keep([accepted(1), accepted_with(2, &quoted(1 << 20))]);
    desk.submit(accepted(3));
    let refused = desk.decision().result.unwrap_err();
    assert_eq!(refused, JournalError::Full("it holds 1 MiB, and may hold 1 MiB".into()));
    desk.keep([started(1, 1, 0), done_with(1, &quoted(1 << 20))]);
    // Room comes back with the calls that go.
    desk.keep([forgotten(2), forgotten(1), done(9)]);
    desk.keep([accepted(4)]);
}

#[test]
fn questions_of_calls_that_have_ended_take_no_room() {
    let disk = Disk::default();
    let options = Options { bytes_max: 4 << 20, turns_bytes_max: 0, ..disk.options.clone() };
    let disk = Disk { options, ..disk };
    let mut desk = disk.open();
    for n in 0..12 {
        desk.keep([accepted_with(n, &quoted(1 << 20)), done(n)]);
    }
    // Whether their answers have arrived or are waited for.
    desk.keep((0..6).map(acked).chain([accepted(20)]));
}

#[test]
fn a_memo_that_finds_no_room_costs_nobody_anything() {
    let Some(dir) = small_disk("full_disk::a_memo_that_finds_no_room_costs_nobody_anything", 16) else {
        return;
    };
    let disk = on(&dir, 0);
    let mut desk = disk.open();
    let memos = disk.memos(&mut desk);
    memos.put("a", memo(1, "before"));
    desk.keep([accepted(1)]);
    fill_up(&dir, 0);
    // Up to what is free in its file, and in its log.
    let told_of = |body: &str| told(&*memos).contains(&format!("a 1 {body}"));
    for n in 0..600 {
        memos.put(&format!("{n}"), memo(2, &"x".repeat(1000)));
    }
    memos.put("a", memo(1, "without room"));
    desk.submit(accepted(2));
    assert!(matches!(desk.decision().result, Err(JournalError::Full(_))));
    assert!(told_of("before"), "{:?}", told(&*memos).first());
    std::fs::remove_file(dir.join("filler")).unwrap();
    until("room again", || {
        memos.put("a", memo(1, "after"));
        desk.submit(accepted(3));
        desk.decision().result.is_ok()
    });
    assert!(told_of("after"));
    assert!(disk.fatal.lock().unwrap().is_empty(), "{:?}", disk.fatal);
}
