//! A thousand sessions lose their daemon at once, and all come back. In a binary of its own: it is about time, so nothing runs
//! beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exai_session::{ConnNo, ConnectError, ShimConfig, ShimEnd, ShimEvent};
use exai_sim::process::{Exai, HANG, Port, poll};
use exai_wire::{SUBPROTOCOL, SessionId, ShimPeer};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// `EXAI_HERD_SESSIONS` makes it larger.
const SESSIONS: usize = 1000;

/// All are back so long after the daemon listens again.
const BACK_WITHIN: Duration = Duration::from_millis(1500);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One session's state machine on a real socket.
struct Session {
    end: ShimEnd,
    start: Instant,
    address: SocketAddr,
    socket: Option<(ConnNo, Socket)>,
    resumed: Arc<AtomicUsize>,
    up: bool,
}

impl Session {
    fn new(n: usize, address: SocketAddr, resumed: Arc<AtomicUsize>) -> Self {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let shim = ShimPeer { name: "herd".into(), version: "1".into(), pid: 1 };
        let config = ShimConfig { session: SessionId::from_bytes(id), shim, loopback: true, seed: n as u64 };
        let mut end = ShimEnd::new(config);
        end.wake(Duration::ZERO);
        Self { end, start: Instant::now(), address, socket: None, resumed, up: false }
    }

    async fn run(mut self) {
        loop {
            self.settle().await;
            let now = self.start.elapsed();
            let wait = self.end.poll_timeout().map_or(HANG, |at| at.saturating_sub(now));
            let next = async {
                match &mut self.socket {
                    Some((_, socket)) => socket.next().await,
                    None => std::future::pending().await,
                }
            };
            match tokio::time::timeout(wait, next).await {
                Err(_) => self.end.handle_timeout(self.start.elapsed()),
                Ok(Some(Ok(Message::Text(text)))) => {
                    let conn = self.socket.as_ref().map(|(conn, _)| *conn).unwrap();
                    self.end.frame(self.start.elapsed(), conn, &text);
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_)) | None) => {
                    let (conn, _) = self.socket.take().unwrap();
                    self.end.closed(self.start.elapsed(), conn, "reset");
                }
            }
        }
    }

    async fn settle(&mut self) {
        loop {
            while let Some(transmit) = self.end.poll_transmit() {
                if let Some((conn, socket)) = &mut self.socket
                    && *conn == transmit.conn
                {
                    let _ = socket.send(Message::text(transmit.text)).await;
                }
            }
            let Some(event) = self.end.poll_event() else { return };
            match event {
                ShimEvent::Dial { conn, .. } => self.dial(conn).await,
                ShimEvent::Close { .. } => self.socket = None,
                ShimEvent::Resumed { .. } => {
                    self.up = true;
                    self.resumed.fetch_add(1, Ordering::SeqCst);
                }
                ShimEvent::Lost { .. } if std::mem::take(&mut self.up) => {
                    self.resumed.fetch_sub(1, Ordering::SeqCst);
                }
                _ => {}
            }
        }
    }

    async fn dial(&mut self, conn: ConnNo) {
        let mut request = format!("ws://{}/", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        request.headers_mut().insert("authorization", "Bearer herd".parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => {
                self.socket = Some((conn, socket));
                self.end.connected(self.start.elapsed(), conn);
            }
            Err(error) => {
                let error = ConnectError::Unreachable(error.to_string());
                self.end.connect_failed(self.start.elapsed(), conn, error);
            }
        }
    }
}

#[test]
fn a_thousand_sessions_are_back_within_one_and_a_half_seconds() {
    let port = Port::reserve().unwrap();
    let number = port.number().to_string();
    let mut exai = Exai::new(Path::new(env!("CARGO_BIN_EXE_exai-lab"))).unwrap();
    exai.set("EXAI_WS_HOST", "127.0.0.1").set("EXAI_WS_PORT", &number).set("EXAI_WS_TOKEN", "herd");
    let first = exai.daemon().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port.number()));
    let resumed = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let sessions = sessions();
    for n in 0..sessions {
        runtime.spawn(Session::new(n, address, Arc::clone(&resumed)).run());
    }
    let all = |_| (resumed.load(Ordering::SeqCst) == sessions).then_some(());
    poll(HANG, || all(())).expect("all sessions");
    first.kill().unwrap();
    poll(HANG, || (resumed.load(Ordering::SeqCst) == 0).then_some(())).expect("all lost");
    let _second = exai.start_daemon().unwrap();
    poll(HANG, || std::net::TcpStream::connect(address).ok()).expect("it listens");
    let listens = Instant::now();
    poll(HANG, || all(())).expect("all back");
    let took = listens.elapsed();
    eprintln!("{sessions} sessions back after {} ms", took.as_millis());
    assert!(took <= BACK_WITHIN, "{took:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test's own size")]
fn sessions() -> usize {
    std::env::var("EXAI_HERD_SESSIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(SESSIONS)
}
