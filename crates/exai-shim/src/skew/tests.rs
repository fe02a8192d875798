#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::sync_channel;

use super::*;

#[test]
fn releases_are_compared_by_number() {
    assert!(is_older("0.9.9", "0.10.0"));
    assert!(is_older("0.1.0-rc.1", "0.1.1"));
    assert!(!is_older("0.1.0", "0.1.0"));
    assert!(!is_older("1.0.0", "0.9.0"));
    assert!(!is_older("", "1.0.0"));
    assert!(!is_older("nightly", "1.0.0"));
}

/// Asks a daemon with so many calls in flight; what it was asked, and what came of it.
fn ask_one_with(in_flight: u64) -> (Vec<String>, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let token = Some("t0ken".to_owned());
    let endpoint = Endpoint { url, token, version: "0.0.1".to_owned(), epoch: exai_wire::Epoch(1), pid: 1 };
    let (tell, told) = sync_channel(4);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            tell.send(String::from_utf8(request).unwrap()).unwrap();
            let body = format!("{{\"state\":\"ready\",\"in_flight\":{in_flight}}}\n");
            stream.write_all(format!("HTTP/1.0 202 Accepted\r\n\r\n{body}").as_bytes()).unwrap();
        }
    });
    let outcome = drain(&endpoint).unwrap();
    (told.try_iter().collect(), outcome)
}

#[test]
fn an_idle_daemon_is_told_to_stop_with_its_token() {
    let (asked, outcome) = ask_one_with(0);
    assert_eq!(outcome, Asked::Told(202));
    assert!(asked[0].starts_with("GET /health/ready ") && asked[1].starts_with("POST /stop "), "{asked:?}");
    assert!(asked[1].contains("Authorization: Bearer t0ken\r\n"), "{asked:?}");
}

#[test]
fn a_daemon_with_calls_of_others_is_left_alone() {
    let (asked, outcome) = ask_one_with(1);
    assert_eq!((asked.len(), outcome), (1, Asked::Busy));
}
