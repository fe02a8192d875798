use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use exai_provider::{Method, ProviderConfig, Request, Transport as _, TransportErrorKind};
use exai_sim::flood::Flood;
use tokio::time::timeout;

use super::*;
use crate::HttpTransport;

/// Long enough for any machine; only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

/// Takes connections for as long as the test runs; what it does with each is run on a thread of its own.
fn server(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    url
}

/// Reads a request, whose body is `{}`.
fn read_request(stream: &mut TcpStream) {
    let mut text = Vec::new();
    while !text.ends_with(b"{}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        text.extend_from_slice(&byte);
    }
}

/// Answers each request with two bytes, and closes, which it says.
fn answering() -> String {
    server(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
    })
}

fn transport(endpoints: &[(&str, &str)]) -> Arc<HttpTransport> {
    let configs: Vec<_> = endpoints.iter().map(|(name, url)| ProviderConfig::new(name, url)).collect();
    Arc::new(HttpTransport::new(&configs))
}

fn request(provider: &str, url: &str) -> Request {
    Request {
        method: Method::Post,
        provider: provider.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
    }
}

async fn ask(transport: &HttpTransport, provider: &str, url: &str) -> Vec<u8> {
    let mut response = transport.open(request(provider, url)).await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = response.body.chunk().await.unwrap() {
        all.extend_from_slice(&piece);
    }
    all
}

#[tokio::test]
async fn an_answer_is_the_same_in_its_lane_and_from_elsewhere() {
    let url = answering();
    let transport = transport(&[("a", &url)]);
    assert_eq!(timeout(HANG, ask(&transport, "a", &url)).await.unwrap(), b"ok");
    let (lane, in_lane) = (transport.lane("a").unwrap(), Arc::clone(&transport));
    let mut tasks = JoinSet::new();
    tasks.spawn_on(async move { ask(&in_lane, "a", &url).await }, &lane);
    assert_eq!(timeout(HANG, tasks.join_next()).await.unwrap().unwrap().unwrap(), b"ok");
    assert_eq!(transport.lanes().count(), 1);
    assert!(transport.lane("b").is_none());
}

#[tokio::test]
async fn an_endpoint_that_floods_its_connections_takes_no_time_from_another() {
    const FLOODED: usize = 8;
    let hostile = Flood::start().unwrap();
    let healthy = answering();
    let transport = transport(&[("hostile", &hostile.base_url()), ("healthy", &healthy)]);
    let mut flooded = JoinSet::new();
    for _ in 0..FLOODED {
        let (transport, url) = (Arc::clone(&transport), hostile.base_url());
        flooded.spawn(async move { transport.open(request("hostile", &url)).await.map(drop) });
    }
    while hostile.flooded() < FLOODED {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // From another thread: it is this one that must not be kept busy.
    for _ in 0..20 {
        let answer = timeout(Duration::from_secs(5), ask(&transport, "healthy", &healthy)).await;
        assert_eq!(answer.expect("kept waiting"), b"ok");
    }
    assert!(flooded.try_join_next().is_none(), "the flood has ended");
}

#[tokio::test]
async fn what_runs_there_ends_when_it_is_stopped() {
    let url = server(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").unwrap();
        // Says nothing more until the client has gone.
        let _ = stream.read(&mut [0]);
    });
    let transport = transport(&[("a", &url)]);
    let mut response = timeout(HANG, transport.open(request("a", &url))).await.unwrap().unwrap();
    let stop = async {
        tokio::task::yield_now().await;
        transport.stop();
    };
    let (end, ()) = timeout(HANG, async { tokio::join!(response.body.chunk(), stop) }).await.unwrap();
    assert_eq!(end.unwrap_err().kind, TransportErrorKind::Broken);
}

/// On the thread of the calls, which would end with it, and with it the daemon.
#[tokio::test]
async fn where_no_thread_is_to_be_had_it_is_an_error_and_no_panic() {
    let none = |_, _| Err(io::ErrorKind::WouldBlock.into());
    let refused = Lane::start_with("a", none).err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
}
