//! A simulated MCP host: starts a server with pipes, speaks JSON-RPC lines, keeps every line with its time.

mod answer;
mod checks;
mod config;
mod pipes;
mod revision;
mod transcript;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

pub use answer::Answer;
pub use config::{HostConfig, Stderr};
pub use revision::Revision;
pub use transcript::{Direction, Line, Transcript};

use crate::process::{Child, HANG, Signal};
use crate::sync::Watched;
use pipes::{Pipes, Reading, Tape};

/// What a modern host can do; none of it, unless a request says otherwise.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Whether the host gives a progress token with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It does.
    Wanted,
    /// It does not.
    Unwanted,
}

/// A request that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its id.
    pub id: Value,
    /// The progress token that was given with it.
    pub token: Option<Value>,
    /// When it was sent, since the start of the host.
    pub at: Duration,
}

/// How a server process ended.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// Its status.
    pub status: std::process::ExitStatus,
    /// From the last [`Host::close_stdin`] or [`Host::signal`] (else from the call that waited) to the end.
    pub after: Duration,
}

/// A host with one server process. The process, and all of its group, is killed on drop.
#[derive(Debug)]
pub struct Host {
    child: Child,
    pipes: Pipes,
    tape: Arc<Watched<Tape>>,
    start: Instant,
    next_id: AtomicU64,
    state: Watched<State>,
}

#[derive(Debug, Default)]
struct State {
    revision: Option<Revision>,
    last_push: Option<Instant>,
}

impl Host {
    /// Starts the server.
    ///
    /// # Errors
    /// It can't be started.
    pub fn spawn(config: HostConfig) -> anyhow::Result<Self> {
        let start = Instant::now();
        let tape = Arc::new(Watched::default());
        let (child, pipes) = pipes::start(config, start, &tape)?;
        Ok(Self { child, pipes, tape, start, next_id: AtomicU64::new(0), state: Watched::default() })
    }

    /// The server process.
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Time since the server was started: the clock of the transcript.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// `initialize` with this revision, then `notifications/initialized`. Returns the result.
    ///
    /// # Errors
    /// No answer in time, or an error.
    pub fn initialize(&self, revision: Revision) -> anyhow::Result<Value> {
        let pending = self.send_initialize(revision)?;
        let answer = self.wait(&pending, HANG)?;
        self.notify("notifications/initialized", Value::Null)?;
        answer.result().cloned()
    }

    /// `initialize` alone.
    ///
    /// # Errors
    /// The server's stdin is closed.
    pub fn send_initialize(&self, revision: Revision) -> anyhow::Result<Pending> {
        self.state.change(|state| state.revision = Some(revision));
        let params =
            json!({"protocolVersion": revision.text(), "capabilities": {}, "clientInfo": client_info()});
        self.request("initialize", params)
    }

    /// `server/discover`; from now on every request carries the modern `_meta`. Returns the result.
    ///
    /// # Errors
    /// No answer in time, or an error.
    pub fn discover(&self) -> anyhow::Result<Value> {
        self.state.change(|state| state.revision = Some(Revision::V2026_07_28));
        let pending = self.request("server/discover", Value::Null)?;
        self.wait(&pending, HANG)?.result().cloned()
    }

    /// `tools/list`; returns the tools.
    ///
    /// # Errors
    /// No answer in time, or one without tools.
    pub fn list_tools(&self) -> anyhow::Result<Vec<Value>> {
        let pending = self.request("tools/list", Value::Null)?;
        let answer = self.wait(&pending, HANG)?;
        answer.result()?.get("tools").and_then(Value::as_array).cloned().context("an answer without tools")
    }

    /// `tools/call`.
    ///
    /// # Errors
    /// The server's stdin is closed.
    pub fn call(&self, tool: &str, arguments: Value, progress: Progress) -> anyhow::Result<Pending> {
        let mut params = json!({"name": tool, "arguments": arguments});
        if progress == Progress::Wanted {
            let token = format!("token-{}", self.next_id.load(Ordering::Relaxed));
            insert(&mut params, "_meta", json!({"progressToken": token}));
        }
        self.request("tools/call", params)
    }

    /// `tools/call`, and its answer.
    ///
    /// # Errors
    /// No answer in time.
    pub fn ask(&self, tool: &str, arguments: Value) -> anyhow::Result<Answer> {
        self.wait(&self.call(tool, arguments, Progress::Unwanted)?, HANG)
    }

    /// Any request; `Value::Null` sends no params (but for what the revision asks for).
    ///
    /// # Errors
    /// The server's stdin is closed.
    pub fn request(&self, method: &str, mut params: Value) -> anyhow::Result<Pending> {
        let id = Value::from(self.next_id.fetch_add(1, Ordering::Relaxed));
        if self.state.read(|state| state.revision) == Some(Revision::V2026_07_28) {
            add_modern_meta(&mut params);
        }
        let token = params.pointer("/_meta/progressToken").cloned();
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            insert(&mut message, "params", params);
        }
        let at = self.now();
        self.send_raw(message.to_string().as_bytes())?;
        Ok(Pending { id, token, at })
    }

    /// Any notification.
    ///
    /// # Errors
    /// The server's stdin is closed.
    pub fn notify(&self, method: &str, params: Value) -> anyhow::Result<()> {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if !params.is_null() {
            insert(&mut message, "params", params);
        }
        self.send_raw(message.to_string().as_bytes())
    }

    /// `notifications/cancelled`.
    ///
    /// # Errors
    /// The server's stdin is closed.
    pub fn cancel(&self, pending: &Pending, reason: &str) -> anyhow::Result<()> {
        self.notify("notifications/cancelled", json!({"requestId": pending.id, "reason": reason}))
    }

    /// Any bytes and a line end.
    ///
    /// # Errors
    /// The server's stdin is closed, or it has not read for long.
    pub fn send_raw(&self, line: &[u8]) -> anyhow::Result<()> {
        let at = self.now();
        self.tape.change(|tape| tape.push(Direction::Sent, at, line));
        self.pipes.write(line)
    }

    /// Waits for the answer to a request.
    ///
    /// # Errors
    /// None within `timeout`; the error shows the newest lines and the end of stderr.
    pub fn wait(&self, pending: &Pending, timeout: Duration) -> anyhow::Result<Answer> {
        self.tape.wait(timeout, |tape| tape.answer(pending)).with_context(|| {
            format!("no answer to request {} within {timeout:?}\n{}", pending.id, self.story())
        })
    }

    /// The answer to a request, if it is there.
    pub fn answer(&self, pending: &Pending) -> Option<Answer> {
        self.tape.read(|tape| tape.answer(pending))
    }

    /// Waits until the transcript satisfies `look`, and returns what that found.
    ///
    /// # Errors
    /// It does not within `timeout`.
    pub fn wait_for<T>(
        &self,
        timeout: Duration,
        mut look: impl FnMut(&Transcript) -> Option<T>,
    ) -> anyhow::Result<T> {
        self.tape
            .wait(timeout, |tape| look(&tape.transcript))
            .with_context(|| format!("not seen within {timeout:?}\n{}", self.story()))
    }

    /// Waits for so many progress notifications for this request.
    ///
    /// # Errors
    /// Fewer come within `timeout`.
    pub fn wait_progress(
        &self,
        pending: &Pending,
        count: usize,
        timeout: Duration,
    ) -> anyhow::Result<Vec<Line>> {
        self.wait_for(timeout, |transcript| {
            let progress = transcript.progress_of(pending);
            (progress.len() >= count).then_some(progress)
        })
    }

    /// All lines so far.
    pub fn transcript(&self) -> Transcript {
        self.tape.read(|tape| tape.transcript.clone())
    }

    /// The end of what the server wrote to stderr; empty where stderr is never read.
    pub fn stderr_tail(&self) -> String {
        self.tape.read(Tape::stderr_tail)
    }

    /// Ends the server's stdin, after what was sent before.
    pub fn close_stdin(&self) {
        self.pushed();
        self.pipes.close_stdin();
    }

    /// Stops reading stdout, and closes it, as soon as one more line has come.
    pub fn close_stdout_after_next_line(&self) {
        self.pipes.read_on(Reading::Over);
    }

    /// Stops reading stdout as soon as one more line has come, and keeps it open: what the server says now only fills the
    /// pipe. [`Host::close_stdout_after_next_line`] then closes it at once.
    pub fn stop_reading_after_next_line(&self) {
        self.pipes.read_on(Reading::Held);
    }

    /// Sends a signal to the server.
    ///
    /// # Errors
    /// It has ended already.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.pushed();
        self.child.signal(signal)
    }

    /// Waits for the end of the server.
    ///
    /// # Errors
    /// It still runs after `timeout`.
    pub fn wait_exit(&self, timeout: Duration) -> anyhow::Result<Exit> {
        let since = self.state.read(|state| state.last_push).unwrap_or_else(Instant::now);
        let status = self.child.wait(timeout).with_context(|| self.story())?;
        Ok(Exit { status, after: since.elapsed() })
    }

    fn pushed(&self) {
        self.state.change(|state| state.last_push = Some(Instant::now()));
    }

    /// What to show when something is not as awaited.
    fn story(&self) -> String {
        let status = self.child.status().map_or("runs".to_owned(), |status| status.to_string());
        format!("the server: {status}\n{}\nstderr: {}", self.transcript().tail(20), self.stderr_tail())
    }
}

fn client_info() -> Value {
    json!({"name": "exai-sim", "version": "1"})
}

fn add_modern_meta(params: &mut Value) {
    if params.is_null() {
        *params = json!({});
    }
    let mut meta = params.get("_meta").cloned().unwrap_or_else(|| json!({}));
    insert(&mut meta, "io.modelcontextprotocol/protocolVersion", Revision::V2026_07_28.text().into());
    insert(&mut meta, "io.modelcontextprotocol/clientInfo", client_info());
    if meta.get(CAPABILITIES).is_none() {
        insert(&mut meta, CAPABILITIES, json!({}));
    }
    insert(params, "_meta", meta);
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
