#![allow(clippy::unwrap_used)]

use std::sync::Barrier;

use super::*;

#[test]
fn shims_that_start_at_once_agree_on_a_key_that_only_the_user_can_read() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("not yet there");
    let barrier = Barrier::new(8);
    let keys: Vec<SealKey> = std::thread::scope(|scope| {
        let load = || {
            barrier.wait();
            load(&dir).unwrap()
        };
        let shims: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        shims.into_iter().map(|shim| shim.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; 32]));
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path(&dir)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_is_no_key_is_replaced_and_what_is_no_file_is_not() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(path(state.path()), "cut").unwrap();
    let key = load(state.path()).unwrap();
    assert_eq!(load(state.path()).unwrap(), key);
    std::fs::remove_file(path(state.path())).unwrap();
    std::fs::create_dir(path(state.path())).unwrap();
    assert!(load(state.path()).unwrap_err().to_string().contains("no regular file"));
}

#[test]
fn a_directory_that_can_not_be_written_is_told() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(load(&file.join("state")).is_err());
}
