//! A journal as its owner looks at it, beside whoever writes it and without.

use crate::world::*;
use exai_journal::{Archive, Kind, ModelDisk, Pace, Turns as _};
use exai_journal_sqlite::{Fault, SqliteArchive, delete_conversation};

fn is_seen_as_it_is(world: &impl World, archive: &dyn Archive) {
    let mut desk = world.open();
    let text = format!("\"{}\"", "x".repeat(998));
    desk.keep([accepted(1), started(1, 1, 0), turn(1, key(1), 10, &text), accepted(2)]);
    desk.keep([turn(2, key(1), 20, &text), turn(3, key(1), 30, &text), accepted(4), buried(1)]);

    let heads = archive.heads().unwrap();
    assert!(heads.iter().all(|row| row.load.is_none()));
    let kinds = |n| heads.iter().filter(|row| row.call_id == id(n)).map(|row| row.kind).collect::<Vec<_>>();
    assert_eq!(kinds(1), [Kind::Accepted, Kind::Started, Kind::Done, Kind::Buried]);
    assert_eq!(kinds(4), [Kind::Accepted]);

    let rows = archive.call(id(4)).unwrap();
    assert_eq!((rows.len(), rows[0].load.as_deref()), (1, Some("{\"name\":\"chat\"}")));
    assert!(archive.call(id(9)).unwrap().is_empty());

    let seqs = |from, bytes_max| {
        let turns = archive.turns(key(1), from, bytes_max).unwrap();
        turns.iter().map(|turn| turn.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 1 << 20), [1, 2, 3]);
    assert_eq!(seqs(2, 1 << 20), [2, 3]);
    assert_eq!(seqs(0, 2000), [1, 2]);
    assert_eq!(seqs(0, 1), [1], "one at least");
    assert!(seqs(4, 1 << 20).is_empty());
}

#[test]
fn the_model_is_seen_as_it_is() {
    let disk = ModelDisk::default();
    is_seen_as_it_is(&Memory(disk.clone(), Pace::AtOnce), &disk);
}

#[test]
fn the_disk_is_seen_as_it_is() {
    let disk = Disk::default();
    is_seen_as_it_is(&disk, &SqliteArchive::of(disk.dir.path()));
    let archive = SqliteArchive::open(disk.dir.path()).unwrap();
    assert_eq!(archive.heads().unwrap().len(), 8, "also when nobody has it open");
    assert_eq!(archive.conversations().unwrap()[0].turns, 3);
}

#[test]
fn where_there_is_none_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(SqliteArchive::open(dir.path()).unwrap_err().fault, Fault::Missing);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_conversation_that_is_deleted_between_two_daemons_is_gone_for_the_next() {
    let disk = Disk::default();
    disk.open().keep([accepted(1), turn(1, key(1), 10, "1"), turn(2, key(2), 20, "2")]);
    assert!(delete_conversation(disk.dir.path(), key(1)).unwrap());
    assert!(!delete_conversation(disk.dir.path(), key(1)).unwrap(), "it was");
    let turns = disk.open().journal.store_mut().turns();
    assert!(turns.load(key(1)).unwrap().is_empty());
    assert_eq!(turns.load(key(2)).unwrap().len(), 1);
}
