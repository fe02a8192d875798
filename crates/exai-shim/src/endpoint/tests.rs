#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_the_daemon_wrote_is_read_and_what_is_new_in_it_ignored() {
    let state = tempfile::tempdir().unwrap();
    let text =
        r#"{"url":"ws://127.0.0.1:4711/","token":"t0ken","version":"9.9.9","epoch":7,"pid":1,"new":[]}"#;
    std::fs::write(state.path().join("endpoint.json"), text).unwrap();
    let endpoint = Endpoint::read(state.path()).unwrap();
    assert_eq!((endpoint.url.as_str(), endpoint.epoch), ("ws://127.0.0.1:4711/", 7));
    assert_eq!(endpoint.token.unwrap().expose(), "t0ken");
}

#[test]
fn a_missing_and_a_malformed_file_are_told_apart_without_their_text() {
    let state = tempfile::tempdir().unwrap();
    let told = || sentence(state.path(), &Endpoint::read(state.path()).unwrap_err());
    assert!(told().starts_with("no local exai daemon runs"));
    std::fs::write(state.path().join("endpoint.json"), "{\"token\":\"secret\"").unwrap();
    let error = told();
    assert!(error.contains("is malformed") && !error.contains("secret"), "{error}");
}
