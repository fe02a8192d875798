//! Sessions over WebSockets.

use std::io::{ErrorKind, Write as _};
use std::time::Instant;

use exai_wire::{CallId, DaemonFrame, Outcome, RefusedCode, ShimFrame};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Daemon, HANG, call, hello};

#[test]
fn a_pure_call_is_answered_under_its_id() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    shim.call(7, r#"{"name":"version"}"#);
    match shim.next() {
        DaemonFrame::Result(result) => {
            assert_eq!((result.call_id, result.outcome), (CallId::from_bytes([7; 16]), Outcome::Ok));
            assert!(result.body.get().contains("9.8.7"), "{}", result.body);
        }
        other => panic!("{other:?}"),
    }
    daemon.stop();
}

#[test]
fn a_burst_of_calls_is_answered_whole() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    for n in 0..200 {
        let frame = Message::text(call(n, r#"{"name":"status"}"#).encode());
        shim.socket.write(frame).unwrap();
    }
    shim.socket.flush().unwrap();
    let mut answered: Vec<u8> = (0..200)
        .map(|_| match shim.next() {
            DaemonFrame::Result(result) => *result.call_id.as_bytes().first().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    answered.sort_unstable();
    assert!(answered.into_iter().eq(0..200));
    daemon.stop();
}

#[test]
fn a_call_without_a_key_is_kept_and_answered_with_what_to_do() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    shim.call(1, r#"{"name":"chat","arguments":{"prompt":"hello"}}"#);
    let accepted = shim.next();
    assert!(matches!(accepted, DaemonFrame::Accepted(_)), "{accepted:?}");
    match shim.next() {
        DaemonFrame::Result(result) => {
            assert_eq!(result.outcome, Outcome::Error);
            assert!(result.body.get().contains("_API_KEY"), "{}", result.body);
        }
        other => panic!("{other:?}"),
    }
    daemon.stop();
}

#[test]
fn an_unknown_tool_is_an_error_result_and_an_unknown_method_is_refused() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    shim.call(1, r#"{"name":"brew_coffee"}"#);
    assert!(matches!(shim.next(), DaemonFrame::Result(result) if result.outcome == Outcome::Error));
    let mut foreign = call(2, "{}");
    if let ShimFrame::Call(call) = &mut foreign {
        call.method = "resources/read".to_owned();
    }
    shim.send(&foreign);
    assert!(matches!(shim.next(), DaemonFrame::Refused(refused) if refused.code == RefusedCode::Invalid));
    daemon.stop();
}

#[test]
fn a_session_that_dials_again_takes_the_place_of_its_old_connection() {
    let daemon = Daemon::start();
    let mut old = daemon.shim(1);
    let mut socket = crate::world::Shim { socket: daemon.dial(daemon.upgrade()).unwrap() };
    let mut again = hello(1);
    if let exai_wire::ShimFrame::Hello(hello) = &mut again {
        hello.dial_no = exai_wire::DialNo(2);
    }
    socket.send(&again);
    assert!(matches!(socket.next(), DaemonFrame::Welcome(_)));
    assert_eq!(old.close_code(), 4001);
    daemon.stop();
}

#[test]
fn what_is_said_before_a_close_arrives() {
    let daemon = Daemon::start();
    let mut shim = crate::world::Shim { socket: daemon.dial(daemon.upgrade()).unwrap() };
    shim.call(1, r#"{"name":"version"}"#);
    let reject = shim.next();
    assert!(
        matches!(&reject, DaemonFrame::Reject(reject) if reject.message.contains("welcome")),
        "{reject:?}"
    );
    assert_eq!(shim.close_code(), 4000);
    daemon.stop();
}

#[test]
fn a_frame_of_many_megabytes_is_read() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    let padding = "x".repeat(12 << 20);
    shim.call(1, &format!(r#"{{"name":"version","_meta":{{"padding":"{padding}"}}}}"#));
    assert!(matches!(shim.next(), DaemonFrame::Result(result) if result.outcome == Outcome::Ok));
    daemon.stop();
}

#[test]
fn an_upgrade_needs_the_token_the_subprotocol_and_no_foreign_page() {
    let daemon = Daemon::start_with(|options| {
        options.settings.daemon.allowed_origins = vec!["https://tools.example".to_owned()];
    });
    let refused = |change: &dyn Fn(&mut tokio_tungstenite::tungstenite::http::HeaderMap)| {
        let mut request = daemon.upgrade();
        change(request.headers_mut());
        daemon.dial(request).map(|_| ()).unwrap_err()
    };
    let (status, body) = refused(&|headers| {
        headers.remove("authorization");
    });
    assert!(status == 401 && body.contains("EXAI_WS_TOKEN"), "{status} {body}");
    let (status, body) = refused(&|headers| {
        headers.insert("authorization", "Bearer wrong".parse().unwrap());
    });
    assert!(status == 401 && body.contains("EXAI_WS_TOKEN"), "{status} {body}");
    let (status, body) = refused(&|headers| {
        headers.insert("origin", "https://evil.example".parse().unwrap());
    });
    assert!(status == 403 && body.contains("EXAI_ALLOWED_ORIGINS"), "{status} {body}");
    let (status, body) = refused(&|headers| {
        headers.remove("sec-websocket-protocol");
    });
    assert!(status == 400 && body.contains("exai.v1"), "{status} {body}");
    let mut listed = daemon.upgrade();
    listed.headers_mut().insert("origin", "https://tools.example".parse().unwrap());
    assert!(daemon.dial(listed).is_ok());
    daemon.stop();
}

#[test]
fn who_pings_without_reading_is_cut_off() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    // Masked with zeros; the answers are as long.
    let ping = [[0x89, 0x80 | 125, 0, 0, 0, 0].as_slice(), &[0; 125]].concat();
    let burst = ping.repeat(1000);
    let socket = shim.socket.get_mut();
    socket.set_write_timeout(Some(HANG)).unwrap();
    // What both sockets' buffers hold is a few megabytes.
    let refused = (0..1000).find_map(|_| socket.write_all(&burst).err());
    let refused = refused.expect("131 MB of pings were taken in").kind();
    assert!(!matches!(refused, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{refused:?}");
    daemon.stop();
}

#[test]
fn a_peer_that_asks_for_more_than_it_reads_is_done_with_before_it_reads() {
    let daemon = Daemon::start();
    let mut shim = daemon.shim(1);
    // Four thousand frames may wait for one peer, and some megabytes in the sockets' buffers.
    for _ in 0..10_000 {
        shim.socket.write(Message::text(ShimFrame::GetCatalogue.encode())).unwrap();
    }
    shim.socket.flush().unwrap();
    let page = || daemon.ask("GET", "/metrics", &[&daemon.bearer()]).1;
    let begun = Instant::now();
    let mut pages = std::iter::repeat_with(page).take_while(|_| begun.elapsed() < HANG);
    let overflown = pages.find(|page| page.contains("\nexai_overflows_total 1\n")).expect("an overflow");
    assert!(overflown.contains("\nexai_connections 0\n"), "what it still asks for is not made: {overflown}");
    assert_eq!(shim.close_code(), 1013);
    drop(shim);
    daemon.stop();
}
