use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

#[test]
fn reserved_ports_differ_and_can_be_listened_on() {
    let (one, two) = (Port::reserve().unwrap(), Port::reserve().unwrap());
    assert_ne!(one.number(), two.number());
    TcpListener::bind(one.address()).unwrap();
}

#[test]
fn a_directory_goes_with_its_owner() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().to_owned();
    std::fs::write(path.join("file"), "x").unwrap();
    drop(directory);
    assert!(!path.exists());
}

#[test]
fn a_get_ends_at_the_length_even_if_the_connection_stays_open() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 503 no\r\nContent-Length: 5\r\n\r\nready").unwrap();
        // Open until the client has what it wants.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let answer = http_get(address, "/health/ready", HANG).unwrap();
    assert_eq!(answer, HttpAnswer { status: 503, body: "ready".into() });
    server.join().unwrap();
}
