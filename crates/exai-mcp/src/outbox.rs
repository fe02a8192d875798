//! Lines on their way to the host, and arrays that still wait for answers.
//!
//! Invariants: no line has a line feed inside or reaches [`crate::LINE_OUT_BYTES_MAX`]; a batch that waits has an
//! open call in it, so the open calls bound the batches.

use std::collections::{BTreeMap, VecDeque};

use crate::event::{CallKey, Output};
use crate::limit::LINE_OUT_BYTES_MAX;

/// Longest reply, in bytes: with the brackets of an array around it, it is still below the limit of a line.
pub(crate) const REPLY_BYTES_MAX: usize = LINE_OUT_BYTES_MAX - 16;

/// Number of a batch within one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchNo(u64);

/// Where the answer of a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A line of its own.
    Line,
    /// An element of a batch's answer.
    Batch(BatchNo),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lines: VecDeque<Line>,
    batches: BTreeMap<BatchNo, Batch>,
    last_batch: u64,
}

#[derive(Debug)]
struct Line {
    output: Output,
    /// The call that this line tells the progress of.
    progress_of: Option<CallKey>,
}

#[derive(Debug, Default)]
struct Batch {
    /// Requests without an answer, and the array itself until it is read to its end.
    waiting: usize,
    /// Answers so far, joined by commas.
    body: String,
    answers: Vec<CallKey>,
}

impl Outbox {
    /// Next line.
    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.lines.pop_front().map(|line| line.output)
    }

    /// Queues a notification.
    pub(crate) fn notify(&mut self, line: String) {
        self.push(line, Vec::new(), None);
    }

    /// Queues a notification that carries a result.
    pub(crate) fn notify_of(&mut self, key: CallKey, line: String) {
        self.push(line, vec![key], None);
    }

    /// Queues a progress notification, which can be taken back until it is popped.
    pub(crate) fn progress(&mut self, key: CallKey, line: String) {
        self.push(line, Vec::new(), Some(key));
    }

    /// Takes back what is queued for a cancelled call.
    pub(crate) fn forget(&mut self, key: CallKey, slot: Slot) {
        self.lines.retain(|line| line.progress_of != Some(key));
        self.settle(slot);
    }

    /// Answers a request at once.
    pub(crate) fn reply(&mut self, slot: Slot, reply: String) {
        self.take(slot, reply, None);
    }

    /// Answers a call that was announced with [`Self::expect`].
    pub(crate) fn reply_call(&mut self, slot: Slot, reply: String, key: CallKey) {
        self.take(slot, reply, Some(key));
        self.settle(slot);
    }

    /// A request of this slot is answered later, by [`Self::reply_call`] or [`Self::forget`].
    pub(crate) fn expect(&mut self, slot: Slot) {
        if let Some(batch) = self.batch(slot) {
            batch.waiting += 1;
        }
    }

    /// Begins an array; [`Self::batch_read`] ends it.
    pub(crate) fn begin_batch(&mut self) -> BatchNo {
        self.last_batch += 1;
        let number = BatchNo(self.last_batch);
        self.batches.insert(number, Batch { waiting: 1, ..Batch::default() });
        number
    }

    /// All messages of the array were handled.
    pub(crate) fn batch_read(&mut self, number: BatchNo) {
        self.settle(Slot::Batch(number));
    }

    fn batch(&mut self, slot: Slot) -> Option<&mut Batch> {
        match slot {
            Slot::Line => None,
            Slot::Batch(number) => self.batches.get_mut(&number),
        }
    }

    fn take(&mut self, slot: Slot, reply: String, key: Option<CallKey>) {
        let Some(batch) = self.batch(slot) else {
            return self.push(reply, key.into_iter().collect(), None);
        };
        let full = batch.body.len() + reply.len() >= REPLY_BYTES_MAX;
        // More than one line holds: the answers go out as several arrays.
        let sent = if full { batch.drain() } else { None };
        if !batch.body.is_empty() {
            batch.body.push(',');
        }
        batch.body.push_str(&reply);
        batch.answers.extend(key);
        if let Some((line, answers)) = sent {
            self.push(line, answers, None);
        }
    }

    /// One thing less to wait for; the last one lets the array go.
    fn settle(&mut self, slot: Slot) {
        let Slot::Batch(number) = slot else { return };
        let Some(batch) = self.batches.get_mut(&number) else { return };
        batch.waiting = batch.waiting.saturating_sub(1);
        if batch.waiting > 0 {
            return;
        }
        let sent = batch.drain();
        self.batches.remove(&number);
        if let Some((line, answers)) = sent {
            self.push(line, answers, None);
        }
    }

    fn push(&mut self, line: String, answers: Vec<CallKey>, progress_of: Option<CallKey>) {
        let mut line = line.into_bytes();
        if line.contains(&b'\n') || line.contains(&b'\r') {
            // Raw JSON from outside may be laid out over lines. In valid JSON a bare line feed is only layout.
            line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        }
        self.lines.push_back(Line { output: Output { line, answers }, progress_of });
    }
}

impl Batch {
    fn drain(&mut self) -> Option<(String, Vec<CallKey>)> {
        if self.body.is_empty() {
            return None;
        }
        let line = format!("[{}]", std::mem::take(&mut self.body));
        Some((line, std::mem::take(&mut self.answers)))
    }
}
