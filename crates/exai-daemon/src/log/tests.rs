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

#[test]
fn a_log_whose_file_or_directory_is_gone_goes_on_in_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("state").join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    let path = logs.join("daemon.log");
    let mut file = BoundedFile::open(path.clone(), Readers::Owner).unwrap();
    file.write_all(b"one\n").unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(b"two\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    file.write_all(b"three\n").unwrap();
    file.write_all(b"four\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\nfour\n");
    assert!(file.written < 20, "its length counts anew");
}

#[cfg(unix)]
#[test]
fn a_log_that_somebody_renamed_goes_on_under_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.log");
    let mut file = BoundedFile::open(path.clone(), Readers::Owner).unwrap();
    std::fs::rename(&path, dir.path().join("kept")).unwrap();
    std::fs::write(&path, "begun by another\n").unwrap();
    file.write_all(b"one\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "begun by another\none\n");
}

#[test]
fn a_log_whose_file_can_not_be_renamed_begins_anew_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.log");
    // As a file that is mounted by itself can't be.
    std::fs::create_dir(dir.path().join("daemon.log.1")).unwrap();
    let mut file = BoundedFile::open(path.clone(), Readers::Owner).unwrap();
    let line = vec![b'x'; 1 << 20];
    for _ in 0..30 {
        file.write_all(&line).unwrap();
    }
    file.write_all(b"the last line\n").unwrap();
    let kept = std::fs::read(&path).unwrap();
    assert!(kept.len() as u64 <= FILE_BYTES_MAX && kept.ends_with(b"the last line\n"), "{}", kept.len());
}

#[cfg(unix)]
#[test]
fn a_log_that_leads_to_a_device_is_never_renamed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.log");
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    let mut file = BoundedFile::open(path.clone(), Readers::Owner).unwrap();
    let line = vec![b'x'; 1 << 20];
    for _ in 0..30 {
        file.write_all(&line).unwrap();
    }
    assert_eq!(std::fs::read_link(&path).unwrap(), std::path::Path::new("/dev/null"));
}
