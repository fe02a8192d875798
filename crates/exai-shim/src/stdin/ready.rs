//! Lines that are read by whoever wants them, as soon as there are any.

use std::collections::VecDeque;
use std::fmt;
use std::io::ErrorKind;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{Input, Lines, READ_BYTES};
use crate::nowait::NoWait;

/// A pipe or socket that the runtime watches.
pub(crate) struct Ready {
    source: AsyncFd<NoWait>,
    buffer: Vec<u8>,
    lines: Lines,
    /// Read and not asked for yet.
    inputs: VecDeque<Input>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Ready {
    /// Nothing for what can't be watched (files), or not be read without waiting.
    pub(super) fn start(source: NoWait) -> Option<Self> {
        #[expect(
            deprecated,
            reason = "what its unsafe successor demands holds: the descriptor is the source's own"
        )]
        let source = AsyncFd::with_interest(source, Interest::READABLE).ok()?;
        let mut buffer = vec![0; READ_BYTES];
        // Only a try tells whether it can be read so.
        let first = match source.get_ref().read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(_) => return None,
            Ok(count) => Some(count),
        };
        let (lines, inputs) = (Lines::default(), VecDeque::new());
        let mut this = Self { source, buffer, lines, inputs, state: State::Open };
        if let Some(count) = first {
            this.take(count);
        }
        Some(this)
    }

    /// The next input; `None` at the end, a read error included.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Poll::Ready(Some(input));
            }
            if self.state == State::Ended {
                return Poll::Ready(None);
            }
            let count = ready!(self.poll_read(cx));
            self.take(count);
        }
    }

    /// Bytes that were read; 0 at the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            let Ok(mut ready) = ready!(self.source.poll_read_ready(cx)) else { return Poll::Ready(0) };
            match self.source.get_ref().read(&mut self.buffer) {
                Ok(count) => {
                    if count < self.buffer.len() {
                        // Where the other side is gone it stays ready, and the end is read.
                        ready.clear_ready();
                    }
                    return Poll::Ready(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Poll::Ready(0),
            }
        }
    }

    fn take(&mut self, count: usize) {
        let inputs = if count == 0 {
            self.state = State::Ended;
            self.lines.end()
        } else {
            self.lines.take(self.buffer.get(..count).unwrap_or_default())
        };
        self.inputs.extend(inputs.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests;
