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
    (Address { host: "127.0.0.1".to_owned(), port, tls: false }, told)
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
        Address { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port(), tls: false };
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
        Address { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port(), tls: false };
    let error = ask(&address, GET, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.to_string(), "no answer in time");
}

#[test]
fn tls_with_something_that_speaks_none_fails_in_time() {
    let (mut address, _told) = answering("HTTP/1.0 200 OK\r\n\r\n");
    address.tls = true;
    assert!(ask(&address, GET, Duration::from_millis(200)).is_err());
}
