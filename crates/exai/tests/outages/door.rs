//! Those who come to the daemon's door with the wrong words.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use exai_sim::process::{HANG, Port, pace};

use crate::world::{World, assert_orderly, assert_served, assert_whole, chat_now, failure_of};

#[test]
fn a_wrong_token_is_answered_at_once_with_what_to_set_and_the_shim_stays() {
    let port = Port::reserve().unwrap();
    let number = port.number().to_string();
    let mut world = World::with(&[
        ("EXAI_WS_HOST", "127.0.0.1"),
        ("EXAI_WS_PORT", &number),
        ("EXAI_WS_TOKEN", "the-token-of-the-daemon"),
    ]);
    let daemon = world.daemon();
    world.exai.set("EXAI_WS_TOKEN", "the-token-of-the-shim");
    let host = world.host();
    for _ in 0..2 {
        let sentence = failure_of(&chat_now(&host, "let me in"));
        assert!(sentence.contains("EXAI_WS_TOKEN"), "{sentence}");
        assert!(!sentence.contains("the-token-of"), "{sentence}");
    }
    assert!(!host.list_tools().unwrap().is_empty());
    assert!(world.provider.requests().is_empty());
    daemon.kill().unwrap();
    let _agreeing = world.daemon();
    // For a second after it the next call is told the same, without another dial.
    pace(Duration::from_secs(2));
    assert_whole(&chat_now(&host, "and now?"), "and now?", 3);
    assert_orderly(&host);
}

#[test]
fn a_connection_that_never_says_hello_is_closed_and_disturbs_nobody() {
    let port = Port::reserve().unwrap();
    let number = port.number().to_string();
    let world = World::with(&[("EXAI_WS_HOST", "127.0.0.1"), ("EXAI_WS_PORT", &number)]);
    let _daemon = world.daemon();
    let mut silent = TcpStream::connect(port.address()).unwrap();
    silent.set_read_timeout(Some(HANG)).unwrap();
    let upgrade = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: exai.v1\r\n\r\n";
    silent.write_all(upgrade.as_bytes()).unwrap();
    let host = world.host();
    assert_served(&host);
    let mut all = Vec::new();
    silent.read_to_end(&mut all).unwrap();
    assert!(all.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&all));
    assert_served(&host);
    assert_orderly(&host);
}
