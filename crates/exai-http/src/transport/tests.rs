//! Against a raw TCP server, so that every byte and every way to break is under control.

use std::future::Future;
use std::time::Duration;

use exai_provider::TransportErrorKind as Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;

/// Long enough for any machine; only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nretry-after: 7\r\n";

fn transport(url: &str) -> HttpTransport {
    let mut provider = ProviderConfig::new("p", url);
    provider.connect_timeout = Duration::from_secs(2);
    HttpTransport::new(&[provider])
}

fn request(url: &str) -> Request {
    Request {
        method: Method::Post,
        provider: "p".to_owned(),
        url: format!("{url}/chat/completions"),
        headers: vec![("authorization", "Bearer secret".to_owned())],
        body: Bytes::from_static(b"{}"),
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Takes one connection and reads the request's head.
async fn accept(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"{}") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
        text.extend_from_slice(&byte);
    }
    (stream, String::from_utf8(text).unwrap())
}

/// Runs both ends; what the client's brought.
async fn both<T>(client: impl Future<Output = T>, server: impl Future<Output = ()>) -> T {
    let (outcome, ()) = timeout(HANG, async { tokio::join!(client, server) }).await.expect("hangs");
    outcome
}

/// What the client's end brought, and how many requests it made to a server that gives each the same bytes and closes.
async fn against<T>(client: impl Future<Output = T>, listener: &TcpListener, head: &str) -> (T, u32) {
    let mut requests = 0;
    let server = async {
        loop {
            let (mut stream, _) = accept(listener).await;
            requests += 1;
            stream.write_all(head.as_bytes()).await.unwrap();
        }
    };
    let outcome = tokio::select! {
        outcome = timeout(HANG, client) => outcome.expect("hangs"),
        () = server => unreachable!("it serves for ever"),
    };
    (outcome, requests)
}

/// Everything up to the end of the body, or what broke it.
async fn read(url: &str) -> Result<Vec<u8>, TransportError> {
    let mut response = transport(url).open(request(url)).await?;
    let mut all = Vec::new();
    while let Some(piece) = response.body.chunk().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[tokio::test]
async fn what_is_only_asked_for_goes_without_a_body() {
    let (listener, url) = listener().await;
    let wish = Request {
        method: Method::Get,
        url: format!("{url}/models"),
        headers: vec![
            ("accept", "application/json".to_owned()),
            ("authorization", "Bearer secret".to_owned()),
        ],
        body: Bytes::new(),
        ..request(&url)
    };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(
            head.starts_with("get /models http/1.1\r\n") && head.contains("authorization: bearer secret"),
            "{head}"
        );
        assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
    };
    let transport = transport(&url);
    let asked = async {
        let mut response = transport.open(wish).await.unwrap();
        (response.status, response.body.chunk().await.unwrap())
    };
    assert_eq!(both(asked, server).await, (200, Some(Bytes::from_static(b"[]"))));
}

#[tokio::test]
async fn head_and_body_come_as_they_are() {
    let (listener, url) = listener().await;
    let server = async {
        let (mut stream, asked) = accept(&listener).await;
        assert!(asked.starts_with("POST /chat/completions HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("authorization: Bearer secret\r\n"), "{asked}");
        assert!(!asked.contains("accept-encoding"), "{asked}");
        stream.write_all(format!("{HEAD}\r\ndata: a\n\n").as_bytes()).await.unwrap();
    };
    let client = async {
        let transport = transport(&url);
        let mut response = transport.open(request(&url)).await.unwrap();
        assert_eq!((response.status, response.header("retry-after")), (200, Some("7")));
        let first = response.body.chunk().await.unwrap();
        assert_eq!(first.as_deref(), Some(b"data: a\n\n".as_slice()));
        // A close-delimited body ends the same whether it is whole or cut.
        assert!(response.body.chunk().await.unwrap().is_none());
    };
    both(client, server).await;
}

#[tokio::test]
async fn pieces_come_as_they_are_sent() {
    let (listener, url) = listener().await;
    let (seen, mut next) = tokio::sync::mpsc::channel::<()>(1);
    let server = async {
        let (mut stream, _) = accept(&listener).await;
        stream.write_all(format!("{HEAD}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
        for _ in 0..3 {
            stream.write_all(b"9\r\ndata: a\n\n\r\n").await.unwrap();
            next.recv().await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    };
    let client = async {
        let mut response = transport(&url).open(request(&url)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(response.body.chunk().await.unwrap().as_deref(), Some(b"data: a\n\n".as_slice()));
            seen.send(()).await.unwrap();
        }
        assert!(response.body.chunk().await.unwrap().is_none());
    };
    both(client, server).await;
}

#[tokio::test]
async fn a_cut_chunked_body_is_broken() {
    let (listener, url) = listener().await;
    let server = async {
        let (mut stream, _) = accept(&listener).await;
        let text = format!("{HEAD}transfer-encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
    };
    assert_eq!(both(read(&url), server).await.unwrap_err().kind, Kind::Broken);
}

#[tokio::test]
async fn a_reset_is_broken() {
    let (listener, url) = listener().await;
    let server = async {
        let (mut stream, _) = accept(&listener).await;
        stream.write_all(format!("{HEAD}content-length: 100\r\n\r\ndata: a\n\n").as_bytes()).await.unwrap();
        stream.set_zero_linger().unwrap();
    };
    assert_eq!(both(read(&url), server).await.unwrap_err().kind, Kind::Broken);
}

#[tokio::test]
async fn a_connection_closed_before_the_head_is_broken_and_not_made_again() {
    let (listener, url) = listener().await;
    let (outcome, requests) = against(read(&url), &listener, "").await;
    assert_eq!((outcome.unwrap_err().kind, requests), (Kind::Broken, 1));
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    // Bound and not listened on, nobody else gets it meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let error = timeout(HANG, read(&url)).await.unwrap().unwrap_err();
    assert_eq!(error.kind, Kind::Connect);
    assert!(error.message.starts_with("Connection refused") && !error.message.contains("http://"), "{error}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_as_such() {
    // An endpoint on loopback, so that no proxy of this machine is asked.
    let transport = transport("http://127.0.0.1:1");
    let asked = timeout(HANG, transport.open(request("http://no-such-host.invalid"))).await.unwrap();
    assert_eq!(asked.err().unwrap().kind, Kind::Dns);
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_such() {
    let (listener, url) = listener().await;
    let url = url.replace("http:", "https:");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    };
    let error = both(read(&url), server).await.unwrap_err();
    assert_eq!(error.kind, Kind::Tls, "{error}");
}

/// An address that answers no dial: the kernel of a listener whose queue is full does not.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn f01_an_address_that_answers_no_dial_ends_at_the_connect_timeout() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _in_the_queue = TcpStream::connect(address).await.unwrap();
    let url = format!("http://{address}");
    let transport = transport(&url);
    let asked = std::time::Instant::now();
    let error = timeout(HANG, transport.open(request(&url))).await.unwrap().err().unwrap();
    assert_eq!(error.kind, Kind::Connect, "{error}");
    assert!(asked.elapsed() >= Duration::from_secs(2), "it was not refused");
    let (first, _) = listener.accept().await.unwrap();
    drop(first);
    assert!(timeout(Duration::from_millis(500), listener.accept()).await.is_err(), "no dial came through");
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_ends_at_the_connect_timeout() {
    let (listener, url) = listener().await;
    let url = url.replace("http:", "https:");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    };
    assert_eq!(both(read(&url), server).await.unwrap_err().kind, Kind::Connect);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (listener, url) = listener().await;
    let head = format!("HTTP/1.1 307 Away\r\nlocation: {url}/else\r\ncontent-length: 0\r\n\r\n");
    let transport = transport(&url);
    let (outcome, requests) = against(transport.open(request(&url)), &listener, &head).await;
    assert_eq!((outcome.unwrap().status, requests), (307, 1));
}

#[tokio::test]
async fn f33_a_proxy_is_asked_for_a_tunnel_without_the_key() {
    let (proxy, proxy_url) = listener().await;
    let url = "https://api.example.com/v1";
    let transport = transport(url);
    let endpoint = &transport.endpoints["p"];
    let client = endpoint.builder().proxy(reqwest::Proxy::all(&proxy_url).unwrap()).build().unwrap();
    endpoint.client.set(Ok(client)).unwrap();
    let server = async {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        // What goes through the tunnel is TLS: the beginning of a handshake.
        assert_eq!(stream.read_u8().await.unwrap(), 22);
        let asked = String::from_utf8(asked).unwrap().to_lowercase();
        assert!(asked.starts_with("connect api.example.com:443 http/1.1\r\n"), "{asked}");
        assert!(!asked.contains("authorization") && !asked.contains("secret"), "{asked}");
    };
    let asked = async { transport.open(request(url)).await.err().unwrap() };
    assert!(matches!(both(asked, server).await.kind, Kind::Connect | Kind::Tls));
}

#[tokio::test]
async fn dropping_the_request_or_the_response_closes_the_connection() {
    let (listener, url) = listener().await;
    let transport = transport(&url);
    for head in [None, Some(format!("{HEAD}\r\ndata: a\n\n"))] {
        let (dropped, mut told) = tokio::sync::mpsc::channel::<()>(1);
        let (sent, mut heard) = tokio::sync::mpsc::channel::<()>(1);
        let server = async {
            let (mut stream, _) = accept(&listener).await;
            if let Some(head) = &head {
                stream.write_all(head.as_bytes()).await.unwrap();
            }
            sent.send(()).await.unwrap();
            told.recv().await.unwrap();
            let mut rest = Vec::new();
            assert_eq!(stream.read_to_end(&mut rest).await.unwrap_or(0), 0);
        };
        let client = async {
            let mut open = transport.open(request(&url));
            if head.is_some() {
                let mut response = open.await.unwrap();
                assert!(response.body.chunk().await.unwrap().is_some());
                drop(response);
            } else {
                tokio::select! {
                    _ = &mut open => panic!("no head was sent"),
                    _ = heard.recv() => drop(open),
                }
            }
            dropped.send(()).await.unwrap();
        };
        both(client, server).await;
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_unusable() {
    assert_eq!(read("nonsense").await.unwrap_err().kind, Kind::Unusable);
    let other = Request { provider: "other".to_owned(), ..request("http://127.0.0.1:1") };
    assert_eq!(transport("http://127.0.0.1:1").open(other).await.err().unwrap().kind, Kind::Unusable);
}

#[test]
fn the_bundled_roots_alone_make_a_client() {
    // Makes the crypto known.
    drop(HttpTransport::new(&[]));
    assert!(roots().count() > 50);
    let only = Client::builder().tls_certs_only(roots()).build();
    assert!(only.is_ok());
}

#[test]
fn f33_no_proxy_stands_before_this_machine_or_reads_along() {
    for (url, reach) in [
        ("http://localhost:11434/v1", Reach::Direct),
        ("http://127.0.0.1:1", Reach::Direct),
        ("http://[::1]:1/v1", Reach::Direct),
        ("https://localhost:1", Reach::Direct),
        ("http://models.example.com/v1", Reach::Direct),
        ("HTTP://models.example.com/v1", Reach::Direct),
        ("https://api.z.ai/api/paas/v4", Reach::Proxied),
        ("nonsense", Reach::Proxied),
    ] {
        assert_eq!(Reach::of(url), reach, "{url}");
    }
}
