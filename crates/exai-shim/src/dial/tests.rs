#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const SOON: DialLimits = DialLimits { connect: Duration::from_secs(5), upgrade: Duration::from_secs(5) };

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn url(text: String) -> Target {
    Target::Url { url: text, token: Some(Secret::new("wrong")), trust: Arc::default() }
}

/// Both steps of a dial.
async fn dial(target: Target, limits: DialLimits) -> Result<Socket, ConnectError> {
    super::dial(target.locate()?, limits).await
}

/// A listener that reads one request, says `reply`, and closes; gives what it was asked.
async fn dial_something_that_says(reply: &str) -> (ConnectError, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = url(format!("ws://127.0.0.1:{}/", listener.local_addr().unwrap().port()));
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(reply.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    };
    let (dialled, asked) = tokio::join!(dial(target, SOON), answer);
    (dialled.unwrap_err(), asked)
}

#[test]
fn a_refused_token_is_told_with_the_daemons_sentence() {
    let reply = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 23\r\n\r\nEXAI_WS_TOKEN is wrong.";
    let (error, asked) = block_on(dial_something_that_says(reply));
    assert_eq!(error, ConnectError::Auth("EXAI_WS_TOKEN is wrong.".to_owned()));
    let asked = asked.to_ascii_lowercase();
    assert!(asked.contains("authorization: bearer wrong\r\n"), "{asked}");
    assert!(asked.contains("sec-websocket-protocol: exai.v1\r\n"), "{asked}");
}

#[test]
fn other_servers_are_told_from_daemons() {
    for reply in [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
    ] {
        let (error, _) = block_on(dial_something_that_says(reply));
        assert!(
            matches!(&error, ConnectError::NotExai(why) if why.starts_with("127.0.0.1:")),
            "{reply}: {error:?}"
        );
    }
}

#[test]
fn nobody_there_and_no_file_are_unreachable() {
    // Bound and not listened on, nobody else gets it meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let free = socket.local_addr().unwrap().port();
    let error = block_on(dial(url(format!("ws://0.0.0.0:{free}/")), SOON)).unwrap_err();
    assert!(matches!(&error, ConnectError::Unreachable(why) if why.contains("refused")), "{error:?}");

    let state = tempfile::tempdir().unwrap();
    let error = block_on(dial(Target::Local(state.path().to_owned()), SOON)).unwrap_err();
    assert!(matches!(&error, ConnectError::Unreachable(why) if why.contains("endpoint.json")), "{error:?}");
}

#[test]
fn a_local_address_that_others_have_taken_over_is_unreachable() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = tempfile::tempdir().unwrap();
        let endpoint = format!(r#"{{"url":"ws://{}/"}}"#, listener.local_addr().unwrap());
        std::fs::write(state.path().join("endpoint.json"), endpoint).unwrap();
        let other = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\n").await.unwrap();
            stream
        };
        let (dialled, _stream) = tokio::join!(dial(Target::Local(state.path().to_owned()), SOON), other);
        let error = dialled.unwrap_err();
        assert!(matches!(&error, ConnectError::Unreachable(why) if why.contains("out of date")), "{error:?}");
    });
}

#[test]
fn a_listener_that_says_nothing_is_given_up_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = url(format!("ws://{}/", listener.local_addr().unwrap()));
    let error =
        block_on(dial(target, DialLimits { upgrade: Duration::from_millis(20), ..SOON })).unwrap_err();
    assert!(matches!(&error, ConnectError::Silent(why) if why.contains("within 20 ms")), "{error:?}");
}

#[test]
fn localhost_reaches_a_listener_on_one_of_its_addresses() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connected, accepted) = tokio::join!(connect("localhost", port), listener.accept());
        assert_eq!(connected.unwrap().peer_addr().unwrap().port(), port);
        accepted.unwrap();
    });
}

#[test]
fn an_address_is_shown_without_what_may_be_secret() {
    let shown = url("ws://user:password@[::1]:8079/path?token=x".to_owned()).describe();
    assert_eq!(shown, "[::1]:8079");
    assert!(url("ws://0.0.0.0:8079/".to_owned()).is_loopback());
    assert!(!url("wss://exai.example.org/".to_owned()).is_loopback());
}

#[test]
fn a_page_is_told_on_one_short_line_without_its_tags() {
    let page = format!(
        "<!doctype html>\n<html><body>\n<h1>Not\tFound</h1>{}</body></html>",
        "<p>too long</p>".repeat(90)
    );
    let reply = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let ConnectError::NotExai(told) = block_on(dial_something_that_says(&reply)).0 else {
        panic!("no daemon")
    };
    let (_, text) = told.split_once(": ").unwrap();
    assert!(text.starts_with("Not Found too long too long") && text.ends_with('…'), "{told}");
    assert_eq!(text.chars().count(), 200);
    assert_eq!(one_line("a < b:\r\n  yes"), "a < b: yes");
}

#[test]
fn an_address_whose_daemon_is_gone_is_not_dialled() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let state = tempfile::tempdir().unwrap();
    let endpoint = format!(r#"{{"url":"ws://{}/","token":"secret"}}"#, listener.local_addr().unwrap());
    std::fs::write(state.path().join("endpoint.json"), endpoint).unwrap();
    let lock = std::fs::File::create(state.path().join("daemon.lock")).unwrap();
    lock.lock().unwrap();
    let target = Target::Local(state.path().to_owned());
    assert!(target.locate().is_ok(), "its daemon lives");
    lock.unlock().unwrap();
    let Err(ConnectError::Unreachable(why)) = target.locate() else {
        panic!("somebody else may listen there now")
    };
    assert!(why.contains("left behind"), "{why}");
}
