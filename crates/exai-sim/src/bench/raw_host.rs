//! A host that costs next to nothing: it writes bytes and looks for an id in what comes back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::floor::id_in;
use super::samples::Samples;
use crate::process::{Child, Group, HANG, Signal, pace, poll_every};

/// Time between two looks at a process that is to end: a thousandth of what is promised.
const LOOK_EVERY: Duration = Duration::from_micros(100);

/// What every host says first.
const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"exai-bench","version":"1"}}}
"#;
const INITIALIZED: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";

/// How a server is let go.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// End of its stdin.
    Stdin,
    /// SIGTERM.
    Terminate,
}

/// A server process with its pipes. It is killed when its time is up, so that no read here waits for ever.
#[derive(Debug)]
pub(super) struct RawHost {
    pub(super) child: Arc<Child>,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: Vec<u8>,
    next_id: u64,
    _alive: SyncSender<()>,
}

impl RawHost {
    pub(super) fn spawn(command: &mut Command, limit: Duration) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = Arc::new(Child::spawn("the server", command, Group::Shared)?);
        let (stdin, stdout, _) = child.take_pipes();
        let (alive, ended) = sync_channel(0);
        let guarded = Arc::clone(&child);
        std::thread::Builder::new().name("bench-limit".into()).spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                guarded.kill_group();
            }
        })?;
        Ok(Self {
            child,
            stdin: stdin.context("no stdin")?,
            stdout: BufReader::with_capacity(256 * 1024, stdout.context("no stdout")?),
            line: Vec::new(),
            next_id: 1,
            _alive: alive,
        })
    }

    /// Sends `initialize` and waits for its answer.
    pub(super) fn initialize(&mut self) -> anyhow::Result<()> {
        self.stdin.write_all(INITIALIZE)?;
        self.read_answer().map(drop)
    }

    /// The whole handshake.
    pub(super) fn greet(&mut self) -> anyhow::Result<()> {
        self.initialize()?;
        Ok(self.stdin.write_all(INITIALIZED)?)
    }

    /// Writes lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> anyhow::Result<()> {
        Ok(self.stdin.write_all(lines)?)
    }

    /// Appends a call of `tool` to `lines`; `rest` is what stands inside `arguments`. Gives the id.
    pub(super) fn push_call(&mut self, lines: &mut Vec<u8>, tool: &str, rest: &str) -> anyhow::Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        writeln!(
            lines,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{{rest}}}}}}}"#
        )?;
        Ok(id)
    }

    /// Calls and waits for the answer.
    pub(super) fn call(&mut self, tool: &str, rest: &str) -> anyhow::Result<()> {
        let mut lines = Vec::with_capacity(256);
        let id = self.push_call(&mut lines, tool, rest)?;
        self.write(&lines)?;
        self.wait(id)
    }

    /// As [`RawHost::call`], with a progress token.
    pub(super) fn call_with_token(&mut self, tool: &str, rest: &str) -> anyhow::Result<()> {
        let id = self.next_id;
        self.next_id += 1;
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{{rest}}},"_meta":{{"progressToken":{id}}}}}}}"#
        );
        self.write(format!("{line}\n").as_bytes())?;
        self.wait(id)
    }

    /// Calls at this pace, whether answers have come or not; how long each answer took.
    pub(super) fn paced(
        &mut self,
        tool: &str,
        rest: &str,
        every: Duration,
        count: u32,
    ) -> anyhow::Result<Samples> {
        let mut calls = Vec::new();
        for _ in 0..count {
            let mut line = Vec::new();
            let id = self.push_call(&mut line, tool, rest)?;
            calls.push((id, line));
        }
        let first = calls.first().map_or(0, |(id, _)| *id);
        let Self { stdin, stdout, line, .. } = self;
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || -> anyhow::Result<Vec<(u64, Instant)>> {
                let mut answers = Vec::new();
                for _ in 0..count {
                    let id = next_answer(stdout, line)?;
                    answers.push((id, Instant::now()));
                    anyhow::ensure!(is_good(line), "request {id} got {}", shown(line));
                }
                Ok(answers)
            });
            let (begun, mut sent) = (Instant::now(), Vec::new());
            for (n, (_, line)) in (0..).zip(&calls) {
                pace((every * n).saturating_sub(begun.elapsed()));
                sent.push(Instant::now());
                stdin.write_all(line)?;
            }
            let answers = reader.join().map_err(|_| anyhow::anyhow!("the reading thread is gone"))??;
            let mut samples = Samples::default();
            for (id, at) in answers {
                let place = usize::try_from(id.saturating_sub(first))?;
                let sent =
                    sent.get(place).with_context(|| format!("an answer to {id}, which was not asked"))?;
                samples.push(at.saturating_duration_since(*sent));
            }
            Ok(samples)
        })
    }

    /// Waits for the answer of this id, which must be no error.
    pub(super) fn wait(&mut self, id: u64) -> anyhow::Result<()> {
        let got = self.read_answer()?;
        if got != id || !is_good(&self.line) {
            bail!("request {id} got {}", shown(&self.line));
        }
        Ok(())
    }

    /// The id of the next answer; notifications are skipped.
    pub(super) fn read_answer(&mut self) -> anyhow::Result<u64> {
        next_answer(&mut self.stdout, &mut self.line)
    }

    /// Whether another answer can be had without a system call.
    pub(super) fn has_buffered_line(&self) -> bool {
        self.stdout.buffer().contains(&b'\n')
    }

    /// Ends the server in the orderly way.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let Self { child, stdin, .. } = self;
        drop(stdin);
        child.wait(HANG)?;
        Ok(())
    }

    /// Ends the server, and how long it takes until its process is gone. Nothing more is read from it.
    pub(super) fn end(self, end: End) -> anyhow::Result<Duration> {
        let Self { child, stdin, stdout: _unread, .. } = self;
        let start = Instant::now();
        let _open = match end {
            End::Stdin => {
                drop(stdin);
                None
            }
            End::Terminate => {
                child.signal(Signal::Terminate)?;
                Some(stdin)
            }
        };
        poll_every(LOOK_EVERY, HANG, || child.status()).context("the server does not end")?;
        Ok(start.elapsed())
    }
}

/// Whether it is no error.
fn is_good(line: &[u8]) -> bool {
    !contains(line, b"\"isError\":true") && !contains(line, b"\"error\":{")
}

fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().take(500).collect()
}

/// Leaves the answer in `line`.
fn next_answer(stdout: &mut BufReader<ChildStdout>, line: &mut Vec<u8>) -> anyhow::Result<u64> {
    loop {
        line.clear();
        if stdout.read_until(b'\n', line)? == 0 {
            bail!("the server is gone, or its time is up");
        }
        let id = id_in(line).and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        if let Some(id) = id {
            return Ok(id);
        }
    }
}

fn contains(line: &[u8], what: &[u8]) -> bool {
    line.windows(what.len()).any(|w| w == what)
}
