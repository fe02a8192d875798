//! The other end of stdin or stdout going away while nothing is being read or written.
//!
//! `write` fails only when there is something to write, and `read` tells of the end of input only to a reader that
//! is not held up. The kernel tells both at once to whoever polls the descriptors; a thread does nothing else.

use std::task::{Context, Poll};

use tokio::sync::mpsc;

/// Which end went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Nobody writes to stdin any more; what was written may still be read.
    Writer,
    /// Nobody reads stdout any more.
    Reader,
}

/// Watches two descriptors. Where they can't be watched (files, other systems) it stays silent.
#[derive(Debug)]
pub(crate) struct Hangup {
    news: Option<mpsc::Receiver<Gone>>,
}

impl Hangup {
    /// Watches nothing.
    #[cfg(any(test, not(unix)))]
    pub(crate) fn unwatched() -> Self {
        Self { news: None }
    }

    /// Watches these.
    #[cfg(all(test, unix))]
    pub(crate) fn of(
        stdin: impl std::os::fd::AsFd + Send + 'static,
        stdout: impl std::os::fd::AsFd + Send + 'static,
    ) -> Self {
        unix::watch(stdin, stdout)
    }

    /// Watches this process's stdin and stdout.
    #[cfg(unix)]
    pub(crate) fn of_stdio() -> Self {
        unix::watch(std::io::stdin(), std::io::stdout())
    }

    /// Watches nothing on this system.
    #[cfg(not(unix))]
    pub(crate) fn of_stdio() -> Self {
        Self::unwatched()
    }

    /// Tells each hangup once.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Gone> {
        let Some(news) = &mut self.news else { return Poll::Pending };
        match news.poll_recv(cx) {
            Poll::Ready(Some(gone)) => Poll::Ready(gone),
            Poll::Ready(None) => {
                self.news = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, poll};
    use tokio::sync::mpsc;

    use super::{Gone, Hangup};

    /// The other side of a socket writes no more, but may go on reading: only where it is asked for is it told before
    /// the last byte is read.
    #[cfg(target_os = "linux")]
    const HALF_CLOSED: PollFlags = PollFlags::RDHUP;

    /// Other systems have no such flag.
    #[cfg(not(target_os = "linux"))]
    const HALF_CLOSED: PollFlags = PollFlags::empty();

    /// Starts the thread; without one, nothing is watched.
    pub(super) fn watch(stdin: impl AsFd + Send + 'static, stdout: impl AsFd + Send + 'static) -> Hangup {
        let (sender, news) = mpsc::channel(2);
        let wait = move || wait(&stdin, &stdout, &sender);
        let started = std::thread::Builder::new().name("hangup".to_owned()).spawn(wait);
        Hangup { news: started.ok().map(|_| news) }
    }

    fn wait(stdin: &impl AsFd, stdout: &impl AsFd, sender: &mpsc::Sender<Gone>) {
        // Hangups and errors are told without being asked for; of stdout nothing else is of interest.
        let mut fds = vec![
            (Gone::Reader, PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty())),
            (Gone::Writer, PollFd::from_borrowed_fd(stdin.as_fd(), HALF_CLOSED)),
        ];
        while !fds.is_empty() {
            let mut polled: Vec<PollFd<'_>> = fds.iter().map(|(_, fd)| fd.clone()).collect();
            match poll(&mut polled, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return,
            }
            let mut results = polled.iter().map(PollFd::revents);
            fds.retain(|(gone, _)| {
                let flags = results.next().unwrap_or(PollFlags::empty());
                if flags.intersects(HALF_CLOSED | PollFlags::HUP | PollFlags::ERR) {
                    // Two places, two senders at most once each: never full.
                    let _ = sender.try_send(*gone);
                }
                flags.is_empty()
            });
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
