use std::io::Write as _;

use super::{BoundedFile, FILE_BYTES_MAX, Readers};

#[test]
fn a_log_keeps_its_newest_lines_within_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.log");
    let line = vec![b'x'; 1 << 20];
    let mut file = BoundedFile::open(path.clone(), Readers::Owner).unwrap();
    for _ in 0..30 {
        file.write_all(&line).unwrap();
    }
    file.write_all(b"the last line\n").unwrap();
    let sizes: Vec<u64> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .collect();
    assert_eq!(sizes.len(), 2);
    assert!(sizes.iter().all(|size| *size <= FILE_BYTES_MAX), "{sizes:?}");
    assert!(std::fs::read(&path).unwrap().ends_with(b"the last line\n"));
}

#[test]
fn a_log_is_continued_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.log");
    BoundedFile::open(path.clone(), Readers::Owner).unwrap().write_all(b"one\n").unwrap();
    BoundedFile::open(path.clone(), Readers::Owner).unwrap().write_all(b"two\n").unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\n");
}
