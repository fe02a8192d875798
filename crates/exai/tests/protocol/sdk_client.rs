//! The Rust SDK's client with a shim at its other end, and everything that they say to each other.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use exai_sim::host::{Direction, Transcript};
use exai_sim::process::{Exai, HANG};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientConfig, ClientRequest, ProgressNotificationParam,
    ProtocolVersion, Request, ServerResult,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle, RunningService};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient, ServiceError};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;

use crate::world::check_schemas;

/// The ways in which the SDK's client begins.
pub(crate) fn modes() -> [ClientLifecycleMode; 3] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover { preferred_versions: preferred_versions.clone() },
        ClientLifecycleMode::Auto { preferred_versions, legacy_version: None },
    ]
}

/// Keeps what it is told.
#[derive(Clone, Default)]
pub(crate) struct Listener {
    name: Option<&'static str>,
    heard: Arc<(Mutex<Vec<ProgressNotificationParam>>, Condvar)>,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        if let Some(name) = self.name {
            name.clone_into(&mut info.client_info.name);
        }
        info
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let (progress, changed) = &*self.heard;
        progress.lock().unwrap().push(params);
        changed.notify_all();
    }
}

pub(crate) type Running = RunningService<RoleClient, Listener>;

/// A client that has greeted its shim. Everything is killed on drop.
pub(crate) struct Sdk {
    runtime: Runtime,
    running: Option<Running>,
    shim: Child,
    tape: Arc<Mutex<Tape>>,
    listener: Listener,
}

/// A runtime whose own threads go on while the test waits for something else.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

impl Sdk {
    pub(crate) fn start(exai: &Exai, mode: ClientLifecycleMode) -> Self {
        Self::start_with(Listener::default(), exai, mode)
    }

    /// The same under this name.
    pub(crate) fn start_as(name: &'static str, exai: &Exai, mode: ClientLifecycleMode) -> Self {
        Self::start_with(Listener { name: Some(name), ..Listener::default() }, exai, mode)
    }

    fn start_with(listener: Listener, exai: &Exai, mode: ClientLifecycleMode) -> Self {
        let runtime = runtime();
        let tape = Arc::new(Mutex::new(Tape::default()));
        let (running, shim) = runtime.block_on(async {
            let mut command = Command::from(exai.command(&["shim"]));
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
            let mut shim = command.spawn().unwrap();
            let ends = (
                Tee { inner: shim.stdout.take().unwrap(), tape: Arc::clone(&tape) },
                Tee { inner: shim.stdin.take().unwrap(), tape: Arc::clone(&tape) },
            );
            let greeting = listener.clone().serve_with_lifecycle(ends, mode);
            (tokio::time::timeout(HANG, greeting).await.unwrap().unwrap(), shim)
        });
        Self { runtime, running: Some(running), shim, tape, listener }
    }

    pub(crate) fn client(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// Runs it to its end.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(HANG, future).await }).expect("hangs")
    }

    /// Runs it for a moment; its output, if it has come to its end.
    pub(crate) fn poll_for<T>(
        &self,
        moment: Duration,
        future: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        self.runtime.block_on(async { tokio::time::timeout(moment, future).await }).ok()
    }

    /// How many lines of the shim so far hold this text.
    pub(crate) fn received(&self, text: &str) -> usize {
        let tape = self.tape.lock().unwrap();
        tape.transcript.received().filter(|line| line.text.contains(text)).count()
    }

    /// Sends a call, and does not wait for its answer. The SDK gives a progress token with every request.
    pub(crate) fn send(&self, tool: &'static str, arguments: Value) -> RequestHandle<RoleClient> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        self.wait(self.client().send_cancellable_request(request, PeerRequestOptions::no_options())).unwrap()
    }

    /// Waits for the answer to a call.
    pub(crate) fn result(&self, handle: RequestHandle<RoleClient>) -> Result<CallToolResult, ServiceError> {
        match self.wait(handle.await_response())? {
            ServerResult::CallToolResult(result) => Ok(result),
            other => panic!("no result of a tool: {other:?}"),
        }
    }

    /// Calls a tool; the text of its answer.
    pub(crate) fn call(&self, tool: &'static str, arguments: Value) -> String {
        let result = self.result(self.send(tool, arguments)).unwrap();
        assert_ne!(result.is_error, Some(true), "{result:?}");
        text(&result)
    }

    /// Waits until the SDK has passed on so many notifications of progress.
    pub(crate) fn wait_progress(&self, count: usize) -> Vec<ProgressNotificationParam> {
        let (progress, changed) = &*self.listener.heard;
        let few = |progress: &mut Vec<ProgressNotificationParam>| progress.len() < count;
        let (progress, timeout) = changed.wait_timeout_while(progress.lock().unwrap(), HANG, few).unwrap();
        assert!(!timeout.timed_out(), "{progress:?}");
        progress.clone()
    }

    /// Ends the client, and by that the shim; then holds everything that was said against protocol and schemas.
    pub(crate) fn end(mut self) -> Transcript {
        let running = self.running.take().unwrap();
        self.wait(running.cancel()).unwrap();
        let status = self.runtime.block_on(async { tokio::time::timeout(HANG, self.shim.wait()).await });
        assert!(status.unwrap().unwrap().success());
        let transcript = self.tape.lock().unwrap().transcript.clone();
        transcript.check_complete().unwrap();
        check_schemas(&transcript);
        transcript
    }
}

/// All text of a result.
pub(crate) fn text(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str()).collect()
}

/// What went in either direction, cut into lines.
struct Tape {
    start: Instant,
    transcript: Transcript,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Default for Tape {
    fn default() -> Self {
        let (sent, received) = (Vec::new(), Vec::new());
        Self { start: Instant::now(), transcript: Transcript::default(), sent, received }
    }
}

impl Tape {
    fn push(&mut self, direction: Direction, bytes: &[u8]) {
        let at = self.start.elapsed();
        let pending = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        pending.extend_from_slice(bytes);
        while let Some(end) = pending.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            self.transcript.push(direction, at, &line[..end]);
        }
    }
}

/// One end of a pipe that writes down what passes. The tape is locked meanwhile, so that no answer is written down
/// before its request.
struct Tee<T> {
    inner: T,
    tape: Arc<Mutex<Tape>>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Tee<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, tape } = self.get_mut();
        let mut tape = tape.lock().unwrap();
        let before = buffer.filled().len();
        let polled = Pin::new(inner).poll_read(cx, buffer);
        tape.push(Direction::Received, &buffer.filled()[before..]);
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tee<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { inner, tape } = self.get_mut();
        let mut tape = tape.lock().unwrap();
        let polled = Pin::new(inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            tape.push(Direction::Sent, &bytes[..count]);
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
