#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_missing_and_a_malformed_file_are_told_apart_without_their_text() {
    let state = tempfile::tempdir().unwrap();
    let told = || sentence(state.path(), &read(state.path()).unwrap_err());
    assert!(told().starts_with("no local exai daemon runs"));
    std::fs::write(state.path().join("endpoint.json"), "{\"token\":\"secret\"").unwrap();
    let error = told();
    assert!(error.contains("is malformed") && !error.contains("secret"), "{error}");
}

#[test]
fn the_lock_tells_whether_a_daemon_lives() {
    let state = tempfile::tempdir().unwrap();
    assert_eq!(is_held(state.path()), None, "there never was one, or somebody deleted its lock");
    let lock = File::create(state.path().join("daemon.lock")).unwrap();
    assert_eq!(is_held(state.path()), Some(false));
    lock.lock().unwrap();
    assert_eq!(is_held(state.path()), Some(true));
    lock.unlock().unwrap();
    assert_eq!(is_held(state.path()), Some(false), "a look leaves no lock behind");
}
