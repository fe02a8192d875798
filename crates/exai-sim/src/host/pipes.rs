//! The threads at the server's pipes. None of them can block the test: a server that does not read or write only
//! makes its own thread wait.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{ChildStderr, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::config::{HostConfig, Stderr};
use super::transcript::{Direction, Transcript};
use super::{Answer, Pending};
use crate::process::Child;
use crate::sync::Watched;

/// Lines waiting to be written; a server that has not read so many is stuck.
const WRITE_QUEUE: usize = 16 * 1024;
/// End of stderr that is kept.
const STDERR_BYTES: usize = 64 * 1024;
/// A server's line beyond this is no line.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// What was said, in both directions.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) transcript: Transcript,
    /// Where in the transcript the answers of an id (as JSON) are.
    answers: BTreeMap<String, Vec<usize>>,
    stderr: VecDeque<u8>,
}

impl Tape {
    pub(super) fn push(&mut self, direction: Direction, at: Duration, line: &[u8]) {
        let (index, line) = self.transcript.push(direction, at, line);
        if direction == Direction::Received {
            for id in line.answered() {
                self.answers.entry(id.to_string()).or_default().push(index);
            }
        }
    }

    /// The first answer after the request: hosts may use an id again.
    pub(super) fn answer(&self, pending: &Pending) -> Option<Answer> {
        let lines = self.answers.get(&pending.id.to_string())?.iter();
        let mut lines = lines.filter_map(|index| self.transcript.lines().get(*index));
        lines.find(|line| line.at >= pending.at).and_then(|line| Answer::from_line(line, pending))
    }

    pub(super) fn stderr_tail(&self) -> String {
        let bytes: Vec<u8> = self.stderr.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// What the host does with the server's stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// Reads it.
    #[default]
    On,
    /// Stops after the next line, and keeps it open: it fills.
    Held,
    /// Stops, after the next line where it is still read, and closes it.
    Over,
}

/// The host's ends.
#[derive(Debug)]
pub(super) struct Pipes {
    stdin: Watched<Option<SyncSender<Vec<u8>>>>,
    reading: Arc<Watched<Reading>>,
    /// Held so that the pipe stays open, and fills.
    _unread: Option<ChildStderr>,
}

impl Pipes {
    pub(super) fn write(&self, line: &[u8]) -> anyhow::Result<()> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        self.stdin.read(|stdin| {
            let stdin = stdin.as_ref().context("stdin of the server is closed")?;
            stdin.try_send(bytes).map_err(|e| anyhow::anyhow!("can't write to the server: {e}"))
        })
    }

    pub(super) fn close_stdin(&self) {
        self.stdin.change(Option::take);
    }

    pub(super) fn read_on(&self, reading: Reading) {
        self.reading.change(|now| *now = reading);
    }
}

impl Drop for Pipes {
    /// Lets a thread go that holds stdout.
    fn drop(&mut self) {
        self.read_on(Reading::Over);
    }
}

/// Starts the server and the threads at its pipes.
pub(super) fn start(
    config: HostConfig,
    start: Instant,
    tape: &Arc<Watched<Tape>>,
) -> anyhow::Result<(Child, Pipes)> {
    let HostConfig { mut command, stderr, group } = config;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = Child::spawn("the server", &mut command, group)?;
    let (stdin, stdout, errors) = child.take_pipes();
    let (stdin, stdout) = (stdin.context("no stdin")?, stdout.context("no stdout")?);

    let (sender, receiver) = sync_channel(WRITE_QUEUE);
    Builder::new().name("host-stdin".into()).spawn(move || write_lines(stdin, &receiver))?;
    let reading = Arc::new(Watched::default());
    let (now, lines) = (Arc::clone(&reading), Arc::clone(tape));
    Builder::new().name("host-stdout".into()).spawn(move || read_lines(stdout, start, &lines, &now))?;
    let unread = match stderr {
        Stderr::NeverRead => errors,
        Stderr::Read => {
            let tape = Arc::clone(tape);
            if let Some(errors) = errors {
                Builder::new().name("host-stderr".into()).spawn(move || read_stderr(errors, &tape))?;
            }
            None
        }
    };
    let pipes = Pipes { stdin: Watched::default(), reading, _unread: unread };
    pipes.stdin.change(|stdin| *stdin = Some(sender));
    Ok((child, pipes))
}

fn write_lines(mut stdin: ChildStdin, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if stdin.write_all(&line).is_err() {
            return;
        }
    }
}

fn read_lines(stdout: impl Read, start: Instant, tape: &Watched<Tape>, now: &Watched<Reading>) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    while let Ok(count) = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
        if count == 0 {
            return;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        tape.change(|tape| tape.push(Direction::Received, start.elapsed(), text));
        line.clear();
        if now.read(|now| *now != Reading::On) {
            // However long: whoever holds it lets it go in the end.
            now.wait(Duration::MAX, |now| (*now == Reading::Over).then_some(()));
            return;
        }
    }
}

fn read_stderr(mut stderr: impl Read, tape: &Watched<Tape>) {
    let mut block = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut block) {
        tape.change(|tape| {
            tape.stderr.extend(block.get(..count).unwrap_or_default());
            let surplus = tape.stderr.len().saturating_sub(STDERR_BYTES);
            tape.stderr.drain(..surplus);
        });
    }
}
