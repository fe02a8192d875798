#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_is_new_in_it_is_ignored_and_what_is_missing_is_unknown() {
    let text =
        br#"{"url":"ws://127.0.0.1:4711/","token":"t0ken","version":"9.9.9","epoch":7,"pid":1,"new":[]}"#;
    let endpoint = Endpoint::decode(text).unwrap();
    assert_eq!((endpoint.url.as_str(), endpoint.epoch), ("ws://127.0.0.1:4711/", Epoch(7)));
    assert_eq!(endpoint.token.as_deref(), Some("t0ken"));
    assert_eq!(Endpoint::decode(&endpoint.encode().unwrap()).unwrap(), endpoint);
    let bare = Endpoint::decode(br#"{"url":"ws://h"}"#).unwrap();
    assert_eq!((bare.token, bare.epoch, bare.pid), (None, Epoch(0), 0));
}

#[test]
fn neither_debug_nor_an_error_shows_the_token() {
    let text = r#"{"url":"ws://h","token":"s3cret"}"#;
    assert!(!format!("{:?}", Endpoint::decode(text.as_bytes()).unwrap()).contains("s3cret"));
    for broken in [r#"{"token":"s3cret""#, r#"{"url":1,"token":"s3cret"}"#, r#"{"token":"s3cret"}"#] {
        let error = Endpoint::decode(broken.as_bytes()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
