//! Work that must not hold up the loop: reading files, keeping the catalogue, asking an old daemon to drain.
//!
//! A disk that hangs keeps a thread for ever. So files, which may be anywhere, have threads of their own: when all of
//! them hang, other work goes on.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};

use exai_mcp::CallKey;
use tokio::task::JoinSet;

use crate::event::Done;

/// Jobs of a kind on threads at a time. Disks gain nothing from more, and each is a stack and up to some MiB of file
/// text; the others wait, as many as calls can be open.
const RUNNING_MAX: usize = 4;

type Job = Box<dyn FnOnce() -> Done + Send>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    readers: Queue<CallKey>,
    others: Queue<()>,
}

impl Jobs {
    /// Reads the files of a call.
    pub(crate) fn read(&mut self, key: CallKey, job: impl FnOnce() -> Done + Send + 'static) {
        self.readers.push(key, Box::new(job));
    }

    /// The files of a call need not be read any more; what has begun ends by itself, or never.
    pub(crate) fn forget(&mut self, key: CallKey) {
        self.readers.waiting.retain(|(waiting, _)| *waiting != key);
    }

    /// Does anything else.
    pub(crate) fn block(&mut self, job: impl FnOnce() -> Done + Send + 'static) {
        self.others.push((), Box::new(job));
    }

    /// The next that is done.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        match self.others.poll(cx) {
            Poll::Pending => self.readers.poll(cx),
            done => done,
        }
    }
}

struct Queue<K> {
    running: JoinSet<Done>,
    waiting: VecDeque<(K, Job)>,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self { running: JoinSet::new(), waiting: VecDeque::new() }
    }
}

impl<K> fmt::Debug for Queue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { running, waiting } = self;
        f.debug_struct("Queue").field("running", &running.len()).field("waiting", &waiting.len()).finish()
    }
}

impl<K> Queue<K> {
    fn push(&mut self, key: K, job: Job) {
        self.waiting.push_back((key, job));
        self.fill();
    }

    fn fill(&mut self) {
        while self.running.len() < RUNNING_MAX {
            let Some((_, job)) = self.waiting.pop_front() else { return };
            self.running.spawn_blocking(job);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        match self.running.poll_join_next(cx) {
            Poll::Ready(Some(done)) => {
                self.fill();
                // Nothing here panics; if a reader did, its call would end at its deadline.
                Poll::Ready(done.unwrap_or(Done::Unattended))
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
