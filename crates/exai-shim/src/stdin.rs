//! The host's lines: batches of whole ones, as many as one `read` gave.
//!
//! Where the kernel promises not to wait ([`NoWait`]), the loop reads them itself ([`ready`]); else a thread does, which is
//! handed over to in a few microseconds, where the runtime's own stdin takes fifty and more. It sends through a bounded
//! channel; when the loop lags, the thread waits, the pipe fills, and the host waits. It is never joined: a blocked
//! `read` can't be interrupted, and ending the process takes it away.

#[cfg(target_os = "linux")]
mod ready;

use std::io::{ErrorKind, Read};
use std::task::{Context, Poll};

use exai_wire::LINE_BYTES_MAX;
use tokio::sync::mpsc;

use crate::nowait::NoWait;

/// Bytes asked of one `read`: the capacity of a Linux pipe.
const READ_BYTES: usize = 64 << 10;

/// How much of an over-long line is kept, in bytes: enough to find its id.
const HEAD_BYTES: usize = 64 << 10;

/// Batches on their way to the loop. Each holds at most one `read` and one line, so 64 MiB wait at most.
const BATCHES: usize = 4;

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Whole lines, each with its LF; only the last line before the end of input may lack it.
    Lines(Vec<u8>),
    /// A line longer than the limit, of which only the beginning was kept.
    Overlong {
        /// The first 64 KiB.
        head: Vec<u8>,
        /// Length of the whole line.
        bytes: u64,
    },
}

/// The receiving end, in the loop.
#[derive(Debug)]
pub(crate) enum Stdin {
    /// Read by the loop.
    #[cfg(target_os = "linux")]
    Ready(Box<ready::Ready>),
    /// Read by a thread.
    Thread(mpsc::Receiver<Input>),
}

impl Stdin {
    /// Finds out how it can be read. `nowait` leads to the same place as `source`. Needs a runtime.
    ///
    /// # Errors
    /// If the operating system has no thread to give.
    pub(crate) fn start(source: impl Read + Send + 'static, nowait: Option<NoWait>) -> std::io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(ready) = nowait.and_then(ready::Ready::start) {
            return Ok(Self::Ready(Box::new(ready)));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = nowait;
        let (sender, inputs) = mpsc::channel(BATCHES);
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || read_all(source, &sender))?;
        Ok(Self::Thread(inputs))
    }

    /// The next input; `None` at the end of input, a read error included.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Ready(ready) => ready.poll(cx),
            Self::Thread(inputs) => inputs.poll_recv(cx),
        }
    }
}

fn read_all(mut source: impl Read, sender: &mpsc::Sender<Input>) {
    let mut lines = Lines::default();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = match source.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        let inputs =
            if count == 0 { lines.end() } else { lines.take(buffer.get(..count).unwrap_or_default()) };
        for input in inputs.into_iter().flatten() {
            if sender.blocking_send(input).is_err() {
                return;
            }
        }
        if count == 0 {
            return;
        }
    }
}

/// Cuts what was read into lines.
#[derive(Debug, Default)]
struct Lines {
    /// The beginning of a line whose end has not come yet.
    pending: Vec<u8>,
    /// Bytes of an over-long line seen so far, while one is being skipped.
    skipping: Option<u64>,
}

impl Lines {
    /// At most an over-long line that ends here, and then whole lines.
    fn take(&mut self, mut bytes: &[u8]) -> [Option<Input>; 2] {
        let mut overlong = None;
        let first = memchr::memchr(b'\n', bytes);
        let length = self.pending.len() + first.unwrap_or(bytes.len());
        if self.skipping.is_some() || length > LINE_BYTES_MAX {
            let (line, rest) = bytes.split_at(first.map_or(bytes.len(), |lf| lf + 1));
            self.skip(line, first.is_some());
            if first.is_none() {
                return [None, None];
            }
            overlong = self.overlong();
            bytes = rest;
        }
        let Some(last) = memchr::memrchr(b'\n', bytes) else {
            self.pending.extend_from_slice(bytes);
            return [overlong, None];
        };
        let (whole, rest) = bytes.split_at(last + 1);
        let mut lines = std::mem::take(&mut self.pending);
        lines.extend_from_slice(whole);
        self.pending.extend_from_slice(rest);
        [overlong, Some(Input::Lines(lines))]
    }

    fn skip(&mut self, line: &[u8], ends_here: bool) {
        let seen = self.skipping.unwrap_or(self.pending.len() as u64);
        self.skipping = Some(seen + line.len() as u64 - u64::from(ends_here));
        let room = HEAD_BYTES.saturating_sub(self.pending.len());
        self.pending.extend_from_slice(line.get(..room.min(line.len())).unwrap_or_default());
        self.pending.truncate(HEAD_BYTES);
        self.pending.shrink_to_fit();
    }

    fn overlong(&mut self) -> Option<Input> {
        let bytes = self.skipping.take()?;
        Some(Input::Overlong { head: std::mem::take(&mut self.pending), bytes })
    }

    fn end(&mut self) -> [Option<Input>; 2] {
        let overlong = self.overlong();
        let rest = std::mem::take(&mut self.pending);
        [overlong, (!rest.is_empty()).then_some(Input::Lines(rest))]
    }
}

#[cfg(test)]
mod tests;
