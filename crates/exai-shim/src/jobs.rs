//! Work that must not hold up the loop: reading files, writing the catalogue, asking an old daemon to drain.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tokio::task::JoinSet;

use crate::event::Done;

/// Jobs on threads at a time. Disks gain nothing from more, and each is a stack and up to some MiB of file text; the
/// others wait, as many as calls can be open.
const RUNNING_MAX: usize = 4;

type Job = Box<dyn FnOnce() -> Done + Send>;

/// See the module.
#[derive(Default)]
pub(crate) struct Jobs {
    running: JoinSet<Done>,
    waiting: VecDeque<Job>,
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { running, waiting } = self;
        f.debug_struct("Jobs").field("running", &running.len()).field("waiting", &waiting.len()).finish()
    }
}

impl Jobs {
    /// Runs blocking work on a thread.
    pub(crate) fn block(&mut self, job: impl FnOnce() -> Done + Send + 'static) {
        self.waiting.push_back(Box::new(job));
        self.fill();
    }

    /// Runs work that waits by itself.
    pub(crate) fn spawn(&mut self, job: impl Future<Output = Done> + Send + 'static) {
        self.running.spawn(job);
    }

    /// The next that is done.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        match self.running.poll_join_next(cx) {
            Poll::Ready(Some(done)) => {
                self.fill();
                // A job that panicked was unattended: reading files, which is awaited, does not panic.
                Poll::Ready(done.unwrap_or(Done::Unattended))
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn fill(&mut self) {
        while self.running.len() < RUNNING_MAX {
            let Some(job) = self.waiting.pop_front() else { return };
            self.running.spawn_blocking(job);
        }
    }
}
