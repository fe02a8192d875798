use super::*;
use crate::open;
use crate::place::Place;

#[test]
fn at_a_start_turns_are_looked_at_only_where_there_are_any() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open::open(&Place::in_dir(dir.path())).unwrap();
    let mut housekeeping = Housekeeping::new(&opened.conn, 1).unwrap();
    assert!(!housekeeping.is_due() && housekeeping.chores().is_empty());
    let turn = "INSERT INTO turns VALUES (1, randomblob(16), randomblob(16), 1, 1000, 3, x'616263')";
    opened.conn.execute_batch(turn).unwrap();
    let mut housekeeping = Housekeeping::new(&opened.conn, 1).unwrap();
    assert!(housekeeping.is_due() && housekeeping.chores().len() == 1);
}
