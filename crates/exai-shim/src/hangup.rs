//! The other end of stdin or stdout going away while nothing is being read or written.
//!
//! `write` fails only when there is something to write, and `read` tells of the end of input only to a reader that
//! is not held up. The kernel tells both at once to whoever polls the descriptor.

use std::task::{Context, Poll};

/// Watches stdin and stdout. Where they can't be watched (files, other systems) it stays silent.
#[derive(Debug, Default)]
pub(crate) struct Hangup {
    #[cfg(target_os = "linux")]
    stdin: Option<tokio::io::unix::AsyncFd<std::io::Stdin>>,
    #[cfg(target_os = "linux")]
    stdout: Option<tokio::io::unix::AsyncFd<std::io::Stdout>>,
}

/// Which end went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Nobody writes to stdin any more; what was written may still be read.
    Writer,
    /// Nobody reads stdout any more.
    Reader,
}

#[cfg(target_os = "linux")]
impl Hangup {
    /// Watches this process's stdin and stdout.
    pub(crate) fn of_stdio() -> Self {
        use tokio::io::{Interest, unix::AsyncFd};
        // Hanging up is told whatever one is interested in; priority data never comes, so nothing else wakes the loop.
        Self {
            stdin: AsyncFd::with_interest(std::io::stdin(), Interest::PRIORITY).ok(),
            stdout: AsyncFd::with_interest(std::io::stdout(), Interest::PRIORITY).ok(),
        }
    }

    /// Tells each hangup once.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Gone> {
        let reader = self.stdout.as_ref().is_some_and(|fd| fd.poll_write_ready(cx).is_ready());
        if reader {
            self.stdout = None;
            return Poll::Ready(Gone::Reader);
        }
        let writer = self.stdin.as_ref().is_some_and(|fd| fd.poll_read_ready(cx).is_ready());
        if writer {
            self.stdin = None;
            return Poll::Ready(Gone::Writer);
        }
        Poll::Pending
    }
}

#[cfg(not(target_os = "linux"))]
impl Hangup {
    /// Watches nothing on this system.
    pub(crate) fn of_stdio() -> Self {
        Self::default()
    }

    /// Stays silent.
    pub(crate) fn poll(&mut self, _cx: &mut Context<'_>) -> Poll<Gone> {
        Poll::Pending
    }
}
