//! Lines to the host; nothing else ever writes to fd 1.
//!
//! What is short goes out at once where the kernel promises not to wait ([`NoWait`]). A thread writes all else: it takes
//! everything that waits and writes it at once, so that a burst of answers costs one system call. The loop is told
//! which calls' lines are really written: only then are they acknowledged.
//!
//! A host that does not read blocks the thread, never the loop. What waits is bounded by what the loop does when
//! [`Stdout::is_congested`] and [`Stdout::is_full`]: no progress is made up any more, then answers are replaced by a
//! sentence that says where they are kept and no further input is read.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use exai_mcp::{CallKey, Output};
use tokio::sync::mpsc;

use crate::nowait::NoWait;

/// What is not longer, line feeds included, is written at once, if at all: a pipe takes so much whole or not.
const AT_ONCE_BYTES: usize = 4096;

/// From this many waiting bytes on the host is not reading: the largest pipe that Linux gives to a user is 1 MiB, and
/// no host asks for it. Progress would only lengthen the queue.
const CONGESTED_BYTES: usize = 1 << 20;

/// From this many waiting bytes on nothing more is taken in. What may still come are short answers of the calls that
/// are open, 1,000 at most.
const FULL_BYTES: usize = 64 << 20;

/// What is joined into one write: more saves no time, and the buffer is kept.
const WRITE_BYTES: usize = 64 << 10;

/// What the thread has to tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The lines that answer these calls are written.
    Calls(Vec<CallKey>),
    /// The host has closed its end.
    Closed(String),
}

/// The loop's side.
#[derive(Debug)]
pub(crate) struct Stdout {
    shared: Arc<Shared>,
    /// Pushed and not handed over yet.
    pushed: Vec<Output>,
    /// Writes short things, where the system can do it.
    nowait: Option<NoWait>,
    /// Rings when there is news; what the news is stands in `shared`, so one place is enough.
    bell: mpsc::Receiver<()>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    bell: mpsc::Sender<()>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Output>,
    /// Bytes waiting or being written.
    bytes: usize,
    written: Vec<CallKey>,
    failed: Option<String>,
    loop_is: Loop,
}

/// The loop's side of the queue.
#[derive(Debug, Default, PartialEq, Eq)]
enum Loop {
    #[default]
    Alive,
    Gone,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics under this lock; and a queue that somebody left behind is still a queue.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stdout {
    /// Starts the thread. `nowait` leads to the same place as `sink`.
    ///
    /// # Errors
    /// If the operating system has no thread to give.
    pub(crate) fn start(sink: impl Write + Send + 'static, nowait: Option<NoWait>) -> std::io::Result<Self> {
        let (sender, bell) = mpsc::channel(1);
        let shared = Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new(), bell: sender });
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || write_all(sink, &theirs))?;
        Ok(Self { shared, pushed: Vec::new(), nowait, bell })
    }

    /// Takes a line, which [`Self::hand_over`] passes on.
    pub(crate) fn push(&mut self, output: Output) {
        self.pushed.push(output);
    }

    /// Writes what was pushed, or leaves it to the thread; the calls whose lines are written already.
    pub(crate) fn hand_over(&mut self) -> Vec<CallKey> {
        if self.pushed.is_empty() {
            return Vec::new();
        }
        let pushed = match self.write_at_once() {
            Ok(written) => return written,
            Err(rest) => rest,
        };
        let mut queue = self.shared.queue();
        queue.bytes += pushed.iter().map(|output| output.line.len()).sum::<usize>();
        queue.waiting.extend(pushed);
        drop(queue);
        self.shared.filled.notify_one();
        Vec::new()
    }

    /// `Err` is what the thread has to write: all of it, or the end of it.
    fn write_at_once(&mut self) -> Result<Vec<CallKey>, Vec<Output>> {
        let pushed = std::mem::take(&mut self.pushed);
        let length: usize = pushed.iter().map(|output| output.line.len() + 1).sum();
        // Nobody but this loop gives the thread anything: idle now, it stays so.
        let Some(nowait) = self.nowait.as_ref().filter(|_| length <= AT_ONCE_BYTES && self.is_empty()) else {
            return Err(pushed);
        };
        let mut lines = Vec::with_capacity(length);
        for output in &pushed {
            lines.extend_from_slice(&output.line);
            lines.push(b'\n');
        }
        match nowait.write(&lines) {
            Ok(written) if written == length => {
                Ok(pushed.into_iter().flat_map(|output| output.answers).collect())
            }
            // The thread ends it with the line feed.
            Ok(written) => {
                let line = lines.get(written..length - 1).unwrap_or_default().to_vec();
                let answers = pushed.into_iter().flat_map(|output| output.answers).collect();
                Err(vec![Output { line, answers }])
            }
            Err(error) => {
                if error.kind() != ErrorKind::WouldBlock {
                    // Not a thing that can be written so; or what ails it, the thread will tell.
                    self.nowait = None;
                }
                Err(pushed)
            }
        }
    }

    /// Whether progress would only lengthen the queue.
    pub(crate) fn is_congested(&self) -> bool {
        self.shared.queue().bytes > CONGESTED_BYTES
    }

    /// Whether nothing more may be taken in.
    pub(crate) fn is_full(&self) -> bool {
        self.shared.queue().bytes > FULL_BYTES
    }

    /// Whether everything has been written, and everybody has been told.
    pub(crate) fn is_empty(&self) -> bool {
        let queue = self.shared.queue();
        queue.bytes == 0 && queue.written.is_empty()
    }

    /// What has been written since the last time.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Written> {
        loop {
            if self.bell.poll_recv(cx).is_pending() {
                return Poll::Pending;
            }
            let mut queue = self.shared.queue();
            if let Some(why) = queue.failed.take() {
                return Poll::Ready(Written::Closed(why));
            }
            if !queue.written.is_empty() || queue.bytes == 0 {
                return Poll::Ready(Written::Calls(std::mem::take(&mut queue.written)));
            }
        }
    }
}

impl Drop for Stdout {
    /// Lets the thread go once it has written what waits.
    fn drop(&mut self) {
        self.shared.queue().loop_is = Loop::Gone;
        self.shared.filled.notify_one();
    }
}

fn write_all(mut sink: impl Write, shared: &Shared) {
    let mut buffer = Vec::new();
    let mut answers = Vec::new();
    loop {
        let Some(taken) = take(shared, &mut buffer, &mut answers) else { return };
        let done = write(&mut sink, &buffer);
        let mut queue = shared.queue();
        queue.bytes = queue.bytes.saturating_sub(taken);
        let drained = queue.bytes == 0;
        let failed = done.is_err();
        match done {
            Ok(()) => queue.written.append(&mut answers),
            Err(error) => queue.failed = Some(error.to_string()),
        }
        let news = failed || drained || !queue.written.is_empty();
        drop(queue);
        if news {
            // A full bell rings already.
            let _ = shared.bell.try_send(());
        }
        if failed {
            return;
        }
    }
}

/// Waits for lines and joins them; returns their bytes without the line feeds. `None`: no more will come.
fn take(shared: &Shared, buffer: &mut Vec<u8>, answers: &mut Vec<CallKey>) -> Option<usize> {
    buffer.clear();
    buffer.shrink_to(WRITE_BYTES);
    let mut taken = 0;
    let mut queue = shared.queue();
    while queue.waiting.is_empty() {
        if queue.loop_is == Loop::Gone {
            return None;
        }
        queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    while buffer.len() < WRITE_BYTES {
        let Some(mut output) = queue.waiting.pop_front() else { break };
        taken += output.line.len();
        output.line.push(b'\n');
        if buffer.is_empty() {
            *buffer = output.line;
        } else {
            buffer.extend_from_slice(&output.line);
        }
        answers.append(&mut output.answers);
    }
    Some(taken)
}

fn write(sink: &mut impl Write, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    sink.flush()
}

#[cfg(test)]
mod tests;
