//! Starts daemons and speaks to them as shims and browsers do.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use exai_daemon::{DaemonOptions, Extras, Mode};
use exai_settings::{Discovery, Secret, Settings};
use exai_wire::{
    Call, CallId, DaemonFrame, DialNo, Endpoint, Fingerprint, Hello, PROTO, SessionId, ShimFrame, ShimPeer,
};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// No step takes this long unless something hangs.
pub(crate) const HANG: Duration = Duration::from_secs(20);

/// A daemon with a state directory of its own.
pub(crate) struct Daemon {
    pub(crate) dir: TempDir,
    pub(crate) endpoint: Endpoint,
    thread: JoinHandle<ExitCode>,
}

pub(crate) fn options(dir: &TempDir) -> DaemonOptions {
    let mut settings = Settings::default();
    settings.state.dir = Some(dir.path().to_owned());
    // Asked for where a test is about it; elsewhere it would leave a connection open.
    settings.models.discovery = Discovery::Off;
    settings.state.health_file = Some(dir.path().join("logs/ws_daemon.health.json"));
    let effective = [("EXAI_WS_PORT".to_owned(), "0".to_owned())].into();
    DaemonOptions {
        settings,
        effective,
        mode: Mode::Local,
        version: "9.8.7".to_owned(),
        extras: Extras::default(),
    }
}

/// What a daemon has left for those who look for it.
pub(crate) fn read_endpoint(dir: &Path) -> std::io::Result<Endpoint> {
    Ok(Endpoint::decode(&std::fs::read(dir.join(Endpoint::FILE))?)?)
}

impl Daemon {
    /// As a shim would start it.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut DaemonOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(&dir);
        change(&mut options);
        let thread = std::thread::spawn(move || exai_daemon::run(options));
        let since = Instant::now();
        let endpoint = loop {
            match read_endpoint(dir.path()) {
                Ok(endpoint) => break endpoint,
                Err(_) => std::thread::park_timeout(Duration::from_millis(2)),
            }
            assert!(since.elapsed() < HANG && !thread.is_finished(), "no endpoint");
        };
        Self { dir, endpoint, thread }
    }

    pub(crate) fn address(&self) -> &str {
        self.endpoint.url.strip_prefix("ws://").unwrap().trim_end_matches('/')
    }

    pub(crate) fn token(&self) -> &str {
        self.endpoint.token.as_deref().unwrap_or_default()
    }

    /// An HTTP request with these extra header lines; status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address());
        for line in headers {
            text.push_str(&format!("{line}\r\n"));
        }
        stream.write_all(format!("{text}content-length: 0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    pub(crate) fn bearer(&self) -> String {
        format!("authorization: Bearer {}", self.token())
    }

    pub(crate) fn upgrade(&self) -> Request<()> {
        let mut request = self.endpoint.url.as_str().into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "exai.v1".parse().unwrap());
        headers.insert("authorization", format!("Bearer {}", self.token()).parse().unwrap());
        request
    }

    /// A WebSocket, or status and body of the refusal.
    pub(crate) fn dial(&self, request: Request<()>) -> Result<WebSocket<TcpStream>, (u16, String)> {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), String::from_utf8(body).unwrap()))
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// A shim that has been welcomed.
    pub(crate) fn shim(&self, session: u8) -> Shim {
        let socket = self.dial(self.upgrade()).unwrap();
        let mut shim = Shim { socket };
        shim.send(&hello(session));
        let welcome = shim.next();
        assert!(
            matches!(&welcome, DaemonFrame::Welcome(welcome) if welcome.version == "9.8.7"),
            "{welcome:?}"
        );
        shim
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(self) -> (ExitCode, TempDir) {
        let (status, _) = self.ask("POST", "/stop", &[&self.bearer()]);
        assert_eq!(status, 202);
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> (ExitCode, TempDir) {
        (self.thread.join().unwrap(), self.dir)
    }
}

/// One session's connection.
pub(crate) struct Shim {
    pub(crate) socket: WebSocket<TcpStream>,
}

impl Shim {
    pub(crate) fn send(&mut self, frame: &ShimFrame) {
        self.socket.send(Message::text(frame.encode())).unwrap();
    }

    pub(crate) fn call(&mut self, n: u8, params: &str) {
        self.send(&call(n, params));
    }

    /// The next frame but beats and notes.
    pub(crate) fn next(&mut self) -> DaemonFrame {
        loop {
            let text = match self.socket.read().unwrap() {
                Message::Text(text) => text,
                other => panic!("{other:?}"),
            };
            match DaemonFrame::decode(&text).unwrap() {
                Some(DaemonFrame::Beat(_) | DaemonFrame::Note(_)) | None => {}
                Some(frame) => return frame,
            }
        }
    }

    /// The close code, after whatever frames come before it.
    pub(crate) fn close_code(&mut self) -> u16 {
        loop {
            match self.socket.read() {
                Ok(Message::Close(Some(frame))) => return frame.code.into(),
                Ok(_) => {}
                Err(error) => panic!("no close frame: {error}"),
            }
        }
    }
}

pub(crate) fn hello(session: u8) -> ShimFrame {
    ShimFrame::Hello(Hello {
        proto: PROTO,
        session: SessionId::from_bytes([session; 16]),
        dial_no: DialNo(1),
        shim: ShimPeer { name: "test".to_owned(), version: "1".to_owned(), pid: 1 },
        host: None,
        open: Vec::new(),
    })
}

pub(crate) fn call(n: u8, params: &str) -> ShimFrame {
    ShimFrame::Call(Call {
        call_id: CallId::from_bytes([n; 16]),
        method: "tools/call".to_owned(),
        params: RawValue::from_string(params.to_owned()).unwrap(),
        fingerprint: Fingerprint::from_bytes([n; 16]),
        adopt_key: None,
        remaining_ms: 60_000,
        under: None,
        accepted_seen: false,
        attempts_seen: 0,
        trace: None,
    })
}

/// A token for a daemon at a configured address.
pub(crate) fn secret(text: &str) -> Option<Secret> {
    Some(Secret::new(text))
}
