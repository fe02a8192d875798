#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use super::*;

const GET: Request<'_> = Request { method: "GET", path: "/health/ready", token: None };
const PATIENCE: Duration = Duration::from_secs(10);

/// A listener that answers one connection with `answer` and tells what it was sent.
fn answering(answer: &'static str) -> (Address, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = sync_channel(1);
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
            request.extend(byte);
        }
        tell.send(String::from_utf8(request).unwrap()).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (Address { host: "127.0.0.1".to_owned(), port, tls: Tls::Off }, told)
}

#[test]
fn a_response_is_its_status_and_body() {
    let (address, told) =
        answering("HTTP/1.0 503 Service Unavailable\r\nX: y\r\n\r\n{\"state\":\"draining\"}");
    let request = Request { token: Some("secret"), ..GET };
    let response = ask(&address, request, PATIENCE).unwrap();
    assert_eq!(response, Response { status: 503, body: "{\"state\":\"draining\"}".to_owned() });
    let sent = told.recv().unwrap();
    assert!(sent.starts_with("GET /health/ready HTTP/1.0\r\n"), "{sent}");
    assert!(sent.contains("\r\nAuthorization: Bearer secret\r\n"), "{sent}");
}

#[test]
fn something_else_that_listens_there_is_told_apart() {
    let (address, _told) = answering("220 mail ready\r\n");
    assert!(matches!(ask(&address, GET, PATIENCE), Err(AskError::NotHttp)));
}

#[test]
fn an_endless_response_ends_at_its_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address =
        Address { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port(), tls: Tls::Off };
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let response = ask(&address, GET, PATIENCE).unwrap();
    assert!(response.body.len() as u64 >= RESPONSE_BYTES_MAX);
}

#[test]
fn a_silent_listener_costs_the_timeout_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address =
        Address { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port(), tls: Tls::Off };
    let error = ask(&address, GET, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.to_string(), "no answer in time");
}

#[test]
fn tls_with_something_that_speaks_none_fails_in_time() {
    let (mut address, _told) = answering("HTTP/1.0 200 OK\r\n\r\n");
    address.tls = Tls::On { ca: None };
    assert!(ask(&address, GET, Duration::from_millis(200)).is_err());
}

fn at(url: &str) -> Option<(String, u16, bool)> {
    Address::parse(url, None).map(|address| (address.host, address.port, address.tls != Tls::Off))
}

#[test]
fn urls_become_host_port_and_scheme() {
    assert_eq!(at("ws://127.0.0.1:8079/"), Some(("127.0.0.1".to_owned(), 8079, false)));
    assert_eq!(at("ws://[::1]:9/x?y"), Some(("::1".to_owned(), 9, false)));
    assert_eq!(at("wss://[::1]"), Some(("::1".to_owned(), 443, true)));
    assert_eq!(at("wss://exai.example/a:1"), Some(("exai.example".to_owned(), 443, true)));
    assert_eq!(at("ws://exai.example"), Some(("exai.example".to_owned(), 80, false)));
    for wrong in ["http://a:1", "ws://", "ws://:80", "ws://a:x", "ws://a:99999", ""] {
        assert_eq!(at(wrong), None, "{wrong}");
    }
}

/// A daemon behind TLS that answers one request.
fn answering_over_tls() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut stream = crate::tls::tests::serve(listener.accept().unwrap().0);
        let mut request = [0; 1024];
        if stream.read(&mut request).is_ok() {
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nover TLS").unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
    });
    Address { host: "127.0.0.1".to_owned(), port, tls: Tls::On { ca: None } }
}

#[test]
fn a_private_authority_is_trusted_if_its_certificate_is_named_and_else_told_how() {
    let address = answering_over_tls();
    let error = ask(&address, GET, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("EXAI_WS_CA"), "{error}");

    let tls = Tls::On { ca: Some(crate::tls::tests::authority()) };
    let address = Address { tls, ..answering_over_tls() };
    assert_eq!(ask(&address, GET, PATIENCE).unwrap().body, "over TLS");
}
