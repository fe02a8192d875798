//! Bugs, seeded on purpose: whoever claims to prove something must find each of them. Those of the journal are stores.

use std::collections::VecDeque;
use std::time::Duration;

use exai_journal::{JournalError, Row, Store};
use exai_wire::{CallId, Epoch, JournalId, Outcome, Record};

/// A bug of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Nothing is on the disk.
    MemoryOnly,
    /// A result is told before it is durable.
    ResultBeforeCommit,
    /// The start of an attempt is not written.
    StartedNotWritten,
    /// What was written is not read.
    NoRecovery,
    /// Every start is the first.
    EpochNotKept,
    /// A cancel is not written.
    CancelNotWritten,
}

impl Bug {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("memory-only", Self::MemoryOnly),
        ("result-before-commit", Self::ResultBeforeCommit),
        ("started-not-written", Self::StartedNotWritten),
        ("no-recovery", Self::NoRecovery),
        ("epoch-not-kept", Self::EpochNotKept),
        ("cancel-not-written", Self::CancelNotWritten),
    ];
}

/// A store with a bug.
pub struct BuggyStore<S> {
    inner: S,
    bug: Bug,
    /// What it claims before it is so.
    claimed: VecDeque<u64>,
    /// Tickets of which the truth, when it comes, is not told.
    told: Vec<u64>,
}

impl<S: Store> BuggyStore<S> {
    /// This bug in that store.
    pub fn new(inner: S, bug: Bug) -> Self {
        Self { inner, bug, claimed: VecDeque::new(), told: Vec::new() }
    }

    /// Whether this record is claimed to be written, and is not.
    fn drops(&self, record: &Record) -> bool {
        match self.bug {
            Bug::MemoryOnly => true,
            Bug::StartedNotWritten => matches!(record, Record::Started { .. }),
            Bug::CancelNotWritten => {
                matches!(record, Record::Done { end, .. } if end.outcome == Outcome::Cancelled)
            }
            Bug::ResultBeforeCommit | Bug::NoRecovery | Bug::EpochNotKept => false,
        }
    }
}

impl<S: Store> Store for BuggyStore<S> {
    fn identity(&self) -> (JournalId, Epoch) {
        let (journal, epoch) = self.inner.identity();
        (journal, if self.bug == Bug::EpochNotKept { Epoch(1) } else { epoch })
    }

    fn take_rows(&mut self) -> Vec<Row> {
        let rows = self.inner.take_rows();
        if self.bug == Bug::NoRecovery { Vec::new() } else { rows }
    }

    fn submit(&mut self, ticket: u64, record: Record) {
        if self.drops(&record) {
            self.claimed.push_back(ticket);
            return;
        }
        if self.bug == Bug::ResultBeforeCommit && matches!(record, Record::Done { .. }) {
            self.claimed.push_back(ticket);
            self.told.push(ticket);
        }
        self.inner.submit(ticket, record);
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        if let Some(ticket) = self.claimed.pop_front() {
            return Some((ticket, Ok(())));
        }
        loop {
            let (ticket, decided) = self.inner.poll()?;
            let before = self.told.len();
            self.told.retain(|told| *told != ticket);
            if self.told.len() == before {
                return Some((ticket, decided));
            }
        }
    }

    fn fetch(&mut self, call_id: CallId) {
        self.inner.fetch(call_id);
    }

    fn poll_fetched(&mut self) -> Option<(CallId, Option<Record>)> {
        self.inner.poll_fetched()
    }

    fn behind(&self) -> Option<Duration> {
        self.inner.behind()
    }
}
