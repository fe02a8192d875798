//! What waits for the writer. The lock is held for pushes and swaps only, never over the disk, so whoever submits never waits.
//!
//! How much can wait is bounded by those who submit: of the texts of attempts, which come as long as models write, the
//! sessions give out so many bytes at a time, all calls together; of its other records a call has a handful, and its
//! session waits for each; of memos an attempt has four at most, and it waits for its start.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exai_journal::{MemoChange, TurnsError};
use exai_wire::{ConversationKey, Record};

/// How long records that nobody waits for may wait for one that somebody does, so that they share its sync.
const RIDE: Duration = Duration::from_millis(250);

/// More of them, or more bytes, are not kept waiting.
const RIDERS_MAX: usize = 512;
const RIDERS_BYTES_MAX: usize = 1 << 20;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// Write a record, and decide on this ticket.
    Record(u64, Record),
    /// Delete a conversation, and tell whether there was one.
    Delete(ConversationKey, SyncSender<Result<bool, TurnsError>>),
    /// Delete conversations that nobody has gone on with since then.
    ForgetTurns(u64),
    /// Change memos.
    Memo(MemoChange),
}

impl Work {
    /// Whether somebody waits for it.
    fn is_urgent(&self) -> bool {
        match self {
            Self::Record(_, record) => record.is_urgent(),
            Self::Delete(..) => true,
            Self::ForgetTurns(_) | Self::Memo(_) => false,
        }
    }

    /// Of what may ride along, as far as it is worth counting.
    fn riding_bytes(&self) -> usize {
        match self {
            Self::Record(_, Record::Partial { text, .. }) => text.len(),
            _ => 0,
        }
    }
}

/// What the writer finds.
#[derive(Debug)]
pub(crate) enum Taken {
    /// To be done in this order. Whether anybody waits for any of it.
    Work(VecDeque<Work>, Urgency),
    /// Nothing came for the time given.
    Idle,
    /// Nothing will come any more.
    Closed,
}

/// Whether somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Somebody waits for a part of it.
    Urgent,
    /// Nobody does.
    Lazy,
}

#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<(Instant, Work)>,
    urgent: usize,
    riding_bytes: usize,
    /// Since when the oldest waits that is not decided, one that the writer has taken included.
    oldest: Option<Instant>,
    is_closed: bool,
}

impl Inner {
    fn is_due(&self, now: Instant) -> bool {
        let oldest = self.queue.front().map(|(at, _)| now.saturating_duration_since(*at));
        self.urgent > 0
            || self.is_closed
            || self.queue.len() >= RIDERS_MAX
            || self.riding_bytes >= RIDERS_BYTES_MAX
            || oldest.is_some_and(|waited| waited >= RIDE)
    }

    fn take(&mut self) -> Taken {
        let urgency = if self.urgent > 0 || self.is_closed { Urgency::Urgent } else { Urgency::Lazy };
        (self.urgent, self.riding_bytes) = (0, 0);
        Taken::Work(std::mem::take(&mut self.queue).into_iter().map(|(_, work)| work).collect(), urgency)
    }
}

impl Mailbox {
    /// Puts something in. `false`: the writer is gone, or about to be.
    pub(crate) fn put(&self, work: Work) -> bool {
        let mut inner = self.lock();
        if inner.is_closed {
            return false;
        }
        let now = Instant::now();
        let was_due = inner.is_due(now);
        let was_empty = inner.queue.is_empty();
        inner.urgent += usize::from(work.is_urgent());
        inner.riding_bytes += work.riding_bytes();
        inner.oldest.get_or_insert(now);
        inner.queue.push_back((now, work));
        // Otherwise the writer is awake, or knows when to wake up.
        let rings = was_empty || (!was_due && inner.is_due(now));
        drop(inner);
        if rings {
            self.bell.notify_one();
        }
        true
    }

    /// Waits for work, or `idle`.
    pub(crate) fn take(&self, idle: Duration) -> Taken {
        let begun = Instant::now();
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            let waiting_since = inner.queue.front().map(|(at, _)| *at);
            let until = match waiting_since {
                Some(_) if inner.is_due(now) => return inner.take(),
                Some(at) => at + RIDE,
                None if inner.is_closed => return Taken::Closed,
                None if now.saturating_duration_since(begun) >= idle => return Taken::Idle,
                None => begun + idle,
            };
            let wait = until.saturating_duration_since(now);
            inner = self.bell.wait_timeout(inner, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// All that was taken is decided.
    pub(crate) fn decided(&self) {
        let mut inner = self.lock();
        inner.oldest = inner.queue.front().map(|(at, _)| *at);
    }

    /// Since when the oldest waits that is not decided.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        self.lock().oldest
    }

    /// Nothing is taken any more; what is there is done.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.bell.notify_all();
    }

    /// No operation leaves it half changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
