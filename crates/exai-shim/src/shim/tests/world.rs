//! A shim between a host made of pipes and a daemon made of a listener; both are the test itself.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use exai_settings::{Address, Autostart, Platform, Secret, Sources, Start, load};
use exai_wire::{Accepted, DaemonBeat, Hello, ResultFrame, ShimFrame, Welcome};
use exai_wire::{
    CallId, DaemonFrame, DaemonState, Epoch, JournalId, KnownCall, Limits, Outcome, PROTO, Reconnect,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_hdr};

use super::super::{Inline, LoadKey, Shim, Streams};
use crate::files;
use crate::hangup::Hangup;
use crate::nowait::NoWait;
use crate::options::{Catalogue, ShimOptions};
use crate::signal::Signals;
use crate::tls;

/// Past this a test hangs.
pub(super) const HANG: Duration = Duration::from_secs(20);

pub(super) const TOKEN: &str = "t0ken";

const TOOLS: &str =
    r#"[{"name":"chat","inputSchema":{"type":"object"}},{"name":"status","inputSchema":{"type":"object"}}]"#;

pub(super) fn raw(text: impl Into<String>) -> Box<RawValue> {
    RawValue::from_string(text.into()).unwrap()
}

/// Options for a daemon at `url`, or for the local default.
pub(super) fn options(url: Option<&str>, state_dir: Option<&Path>) -> ShimOptions {
    let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    let sources = Sources {
        environment: Vec::new(),
        platform: Platform::current(),
        working_dir: None,
        start: Start::ByProgram,
        read: &nothing,
    };
    let mut loaded = load(&sources);
    let settings = &mut loaded.settings;
    settings.connection.url = url.map(str::to_owned);
    settings.connection.address = if url.is_some() { Address::Configured } else { Address::Local };
    settings.connection.token = Some(Secret::new(TOKEN));
    settings.connection.autostart = Autostart::Never;
    settings.state.dir = state_dir.map(Path::to_owned);
    ShimOptions {
        loaded,
        reload: None,
        catalogue: Catalogue {
            tools: raw(TOOLS),
            hash: "built in".to_owned(),
            files: BTreeMap::from([("chat".to_owned(), "files".to_owned())]),
        },
        version: "1.2.3".to_owned(),
        instructions: String::new(),
        exe: None,
        home: None,
        cwd: None,
    }
}

/// The host's side of a running shim.
pub(super) struct Host {
    stdin: Option<PipeWriter>,
    lines: Option<Receiver<String>>,
    code: Receiver<u8>,
}

/// As the program has it.
#[cfg(target_os = "linux")]
fn nowait(stdin: &PipeReader, stdout: &PipeWriter) -> [Option<NoWait>; 2] {
    [Some(NoWait::of(stdin.try_clone().unwrap())), Some(NoWait::of(stdout.try_clone().unwrap()))]
}

#[cfg(not(target_os = "linux"))]
fn nowait(_: &PipeReader, _: &PipeWriter) -> [Option<NoWait>; 2] {
    [None, None]
}

impl Host {
    /// Starts a shim and reads what it says.
    pub(super) fn start(options: ShimOptions) -> Self {
        let (mut host, stdout) = Self::start_unread(options);
        host.read(stdout);
        host
    }

    /// Starts a shim and has it connected, so that what is timed from here on does not wait for that.
    pub(super) fn connected(options: ShimOptions, daemon: &Daemon) -> (Self, Conn) {
        let mut host = Self::start(options);
        host.say(
            r#"{"jsonrpc":"2.0","id":99,"method":"tools/call","params":{"name":"chat","arguments":{},"_meta":{"progressToken":99}}}"#,
        );
        let mut conn = daemon.welcome();
        let call_id = conn.call().0;
        conn.result(call_id, "connected");
        assert_eq!(host.told(99).0, "connected");
        assert!(matches!(conn.next(), ShimFrame::Ack(_)));
        (host, conn)
    }

    /// Starts a shim whose output is not read yet.
    pub(super) fn start_unread(options: ShimOptions) -> (Self, PipeReader) {
        Self::start_with(options, files::inline)
    }

    /// The same with this reader of files.
    pub(super) fn start_with(options: ShimOptions, inline: Inline) -> (Self, PipeReader) {
        Self::start_on(options, move |shim| shim.inline = inline, |_, _| Hangup::unwatched())
    }

    /// Starts a shim with this reader of the seal's key.
    pub(super) fn start_with_key(options: ShimOptions, load_key: LoadKey) -> Self {
        let set = move |shim: &mut Shim| shim.load_key = load_key;
        let (mut host, stdout) = Self::start_on(options, set, |_, _| Hangup::unwatched());
        host.read(stdout);
        host
    }

    /// The same with a watch on both pipes, as in a process of its own.
    #[cfg(unix)]
    pub(super) fn start_watched(options: ShimOptions) -> (Self, PipeReader) {
        Self::start_on(
            options,
            |_| (),
            |stdin, stdout| Hangup::of(stdin.try_clone().unwrap(), stdout.try_clone().unwrap()),
        )
    }

    fn start_on(
        options: ShimOptions,
        set: impl FnOnce(&mut Shim) + Send + 'static,
        watch: impl FnOnce(&PipeReader, &PipeWriter) -> Hangup,
    ) -> (Self, PipeReader) {
        let (stdin, writer) = std::io::pipe().unwrap();
        let (reader, stdout) = std::io::pipe().unwrap();
        let hangup = watch(&stdin, &stdout);
        let nowait = nowait(&stdin, &stdout);
        let (sender, code) = sync_channel(1);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let exit = runtime.block_on(async {
                let streams = Streams {
                    stdin: Box::new(stdin),
                    stdout: Box::new(stdout),
                    nowait,
                    hangup,
                    signals: Signals::default(),
                };
                let mut shim = Shim::new(options, streams).unwrap();
                set(&mut shim);
                shim.run().await
            });
            sender.send(exit).unwrap();
            runtime.shutdown_background();
        });
        (Self { stdin: Some(writer), lines: None, code }, reader)
    }

    /// Begins to read.
    pub(super) fn read(&mut self, stdout: PipeReader) {
        let (sender, lines) = sync_channel(10_000);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        self.lines = Some(lines);
    }

    pub(super) fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// A line without its end.
    pub(super) fn say_unended(&mut self, line: &str) {
        self.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// A tool call with this id.
    pub(super) fn call(&mut self, id: u32, tool: &str, arguments: &str) {
        self.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        ));
    }

    /// A request of a modern host; its capabilities are those of `extensions`.
    pub(super) fn ask(&mut self, id: u32, method: &str, mut params: Value, extensions: &[&str]) {
        let extensions: serde_json::Map<String, Value> =
            extensions.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": "test", "version": "0"});
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({"extensions": extensions});
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
    }

    /// The next line.
    pub(super) fn hear(&self) -> Value {
        let line = self.lines.as_ref().unwrap().recv_timeout(HANG).expect("the shim says something");
        serde_json::from_str(&line).unwrap()
    }

    /// The text and the error flag of the answer to this call.
    pub(super) fn told(&self, id: u32) -> (String, bool) {
        let line = self.hear();
        assert_eq!(line["id"], id, "{line}");
        let result = &line["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{line}"));
        (text.to_owned(), result["isError"] == true)
    }

    /// Ends the input.
    pub(super) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The shim's exit code.
    pub(super) fn code(&self) -> u8 {
        self.code.recv_timeout(HANG).expect("the shim ends")
    }

    /// Ends the input; no more lines must come, and the shim must end well.
    pub(super) fn end(mut self) {
        self.close_stdin();
        assert_eq!(self.code(), 0);
        let lines = self.lines.take().unwrap();
        assert_eq!(lines.recv_timeout(HANG), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
    }
}

/// Bound for as long as the tests run, so that nobody else gets its port and listens there.
static NOWHERE: LazyLock<TcpSocket> = LazyLock::new(|| {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    socket
});

/// Where no daemon is.
pub(super) fn nowhere() -> String {
    format!("ws://{}/", NOWHERE.local_addr().unwrap())
}

/// The daemon's side.
pub(super) struct Daemon {
    listener: TcpListener,
    scheme: &'static str,
}

impl Daemon {
    pub(super) fn listen() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), scheme: "ws" }
    }

    pub(super) fn listen_at(address: &str) -> Self {
        Self { listener: TcpListener::bind(address).unwrap(), scheme: "ws" }
    }

    /// With TLS, and a certificate of the test authority.
    pub(super) fn listen_secure() -> Self {
        Self { scheme: "wss", ..Self::listen() }
    }

    /// Whether somebody has dialled.
    pub(super) fn has_waiting(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        self.listener.accept().is_ok()
    }

    /// Writes `endpoint.json`.
    pub(super) fn write_endpoint(&self, state_dir: &Path) {
        let url = self.url();
        let text = format!(r#"{{"url":"{url}","token":"{TOKEN}","version":"1.2.2","epoch":1,"pid":1}}"#);
        std::fs::write(state_dir.join("endpoint.json"), text).unwrap();
    }

    pub(super) fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.listener.local_addr().unwrap())
    }

    /// A connection before its upgrade.
    pub(super) fn accept_raw(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream
    }

    /// Takes one HTTP request and gives this answer; the request.
    pub(super) fn answer(&self, answer: &str) -> String {
        let mut stream = self.accept_raw();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    }

    /// The same with a good answer of this body.
    pub(super) fn answer_http(&self, body: &str) -> String {
        self.answer(&format!("HTTP/1.0 200 OK\r\n\r\n{body}"))
    }

    /// A connection up to its hello.
    pub(super) fn accept(&self) -> (Conn, Hello) {
        #[expect(clippy::result_large_err, reason = "the library's type")]
        let check = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
            assert_eq!(request.headers()["sec-websocket-protocol"], "exai.v1");
            response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("exai.v1"));
            Ok(response)
        };
        let stream = self.accept_raw();
        let stream: Box<dyn Stream> =
            if self.scheme == "wss" { Box::new(tls::tests::serve(stream)) } else { Box::new(stream) };
        let mut conn = Conn { socket: accept_hdr(stream, check).unwrap() };
        let ShimFrame::Hello(hello) = conn.next() else { panic!("a hello") };
        (conn, hello)
    }

    /// A welcomed connection.
    pub(super) fn welcome(&self) -> Conn {
        let (mut conn, hello) = self.accept();
        conn.welcome(&hello, "1.2.3", "built in");
        conn
    }
}

/// A connection with TLS or without.
pub(super) trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// A connection as the daemon sees it.
pub(super) struct Conn {
    socket: WebSocket<Box<dyn Stream>>,
}

impl Conn {
    pub(super) fn welcome(&mut self, hello: &Hello, version: &str, catalogue_hash: &str) {
        let known = |call_id| KnownCall { call_id, known: true };
        self.send(&DaemonFrame::Welcome(Welcome {
            proto: PROTO.max,
            journal: JournalId::from_bytes([1; 16]),
            epoch: Epoch(1),
            start: None,
            version: version.to_owned(),
            calls: hello.open.iter().map(|open| known(open.call_id)).collect(),
            catalogue_hash: catalogue_hash.to_owned(),
            limits: Limits { in_flight: 64, bytes: 64 << 20 },
            beat_ms: 2000,
            reconnect: Reconnect { base_ms: 50, cap_ms: 250 },
            state: DaemonState::Ready,
        }));
    }

    pub(super) fn send(&mut self, frame: &DaemonFrame) {
        self.socket.send(Message::text(frame.encode())).unwrap();
    }

    /// A sign of life, for tests that take their time.
    pub(super) fn beat(&mut self) {
        self.send(&DaemonFrame::Beat(DaemonBeat {
            epoch: Epoch(1),
            state: DaemonState::Ready,
            lag_ms: 0,
            in_flight: 0,
            oldest_ms: 0,
            catalogue_hash: "built in".to_owned(),
        }));
    }

    /// Sends so many messages of this opcode and text at once.
    pub(super) fn flood(&mut self, opcode: u8, text: &str, count: usize) {
        let mut message = vec![0x80 | opcode, u8::try_from(text.len()).unwrap()];
        message.extend_from_slice(text.as_bytes());
        self.socket.get_mut().write_all(&message.repeat(count)).unwrap();
    }

    pub(super) fn accepted(&mut self, call_id: CallId) {
        self.send(&DaemonFrame::Accepted(Accepted { call_id }));
    }

    pub(super) fn result(&mut self, call_id: CallId, text: &str) {
        let body = format!(r#"{{"content":[{{"type":"text","text":"{text}"}}],"isError":false}}"#);
        let body = raw(body);
        let outcome = Outcome::Ok;
        self.send(&DaemonFrame::Result(ResultFrame { call_id, attempt: 1, outcome, body, replayed: false }));
    }

    /// The next frame that is no beat.
    pub(super) fn next(&mut self) -> ShimFrame {
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            match ShimFrame::decode(&text).unwrap().unwrap() {
                ShimFrame::Beat => {}
                frame => return frame,
            }
        }
    }

    /// The next frame is a call.
    pub(super) fn whole_call(&mut self) -> exai_wire::Call {
        match self.next() {
            ShimFrame::Call(call) => call,
            other => panic!("a call, not {other:?}"),
        }
    }

    /// The next frame is a call: its id and params.
    pub(super) fn call(&mut self) -> (CallId, Value) {
        match self.next() {
            ShimFrame::Call(call) => (call.call_id, serde_json::from_str(call.params.get()).unwrap()),
            other => panic!("a call, not {other:?}"),
        }
    }
}
