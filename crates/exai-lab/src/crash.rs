//! Fail points: the process kills itself, as a power loss would, at a moment that `EXAI_CRASH_AT` names. Each stands for a row
//! of the crash table of the session protocol.

use std::time::Duration;

use exai_journal::{JournalError, Row, Store};
use exai_wire::{CallId, Epoch, JournalId, Record};

/// Where to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashAt {
    /// A call was read; its record is not on its way yet.
    AcceptedUnwritten,
    /// Its record is durable; nobody has been told.
    AcceptedWritten,
    /// It was told; the start of its attempt is not on its way yet.
    StartedUnwritten,
    /// The start is durable; not a byte has gone to the provider.
    StartedWritten,
    /// The first piece of the answer has come.
    Streaming,
    /// The answer is whole; its record is not on its way yet.
    DoneUnwritten,
    /// The end is durable; nobody has been told.
    DoneWritten,
}

impl CrashAt {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 7] = [
        ("accepted-unwritten", Self::AcceptedUnwritten),
        ("accepted-written", Self::AcceptedWritten),
        ("started-unwritten", Self::StartedUnwritten),
        ("started-written", Self::StartedWritten),
        ("streaming", Self::Streaming),
        ("done-unwritten", Self::DoneUnwritten),
        ("done-written", Self::DoneWritten),
    ];

    /// The moment before such a record is handed to the journal.
    pub(crate) const fn before(record: &Record) -> Option<Self> {
        match record {
            Record::Accepted { .. } => Some(Self::AcceptedUnwritten),
            Record::Started { .. } => Some(Self::StartedUnwritten),
            Record::Partial { .. } => Some(Self::Streaming),
            Record::Done { .. } => Some(Self::DoneUnwritten),
            _ => None,
        }
    }

    /// The moment at which such a record is durable and nobody knows.
    pub(crate) const fn after(record: &Record) -> Option<Self> {
        match record {
            Record::Accepted { .. } => Some(Self::AcceptedWritten),
            Record::Started { .. } => Some(Self::StartedWritten),
            Record::Done { .. } => Some(Self::DoneWritten),
            _ => None,
        }
    }
}

/// A store that kills its process at a fail point.
pub struct CrashStore<S> {
    inner: S,
    at: CrashAt,
    /// Tickets of records after which it dies.
    fatal: Vec<u64>,
    die: fn(),
}

impl<S: Store> CrashStore<S> {
    /// `die` ends the process at once, and does not come back.
    pub fn new(inner: S, at: CrashAt, die: fn()) -> Self {
        Self { inner, at, fatal: Vec::new(), die }
    }
}

impl<S: Store> Store for CrashStore<S> {
    fn identity(&self) -> (JournalId, Epoch) {
        self.inner.identity()
    }

    fn take_rows(&mut self) -> Vec<Row> {
        self.inner.take_rows()
    }

    fn submit(&mut self, ticket: u64, record: Record) {
        if CrashAt::before(&record) == Some(self.at) {
            (self.die)();
        }
        if CrashAt::after(&record) == Some(self.at) {
            self.fatal.push(ticket);
        }
        self.inner.submit(ticket, record);
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        let decided = self.inner.poll()?;
        if decided.1.is_ok() && self.fatal.contains(&decided.0) {
            (self.die)();
        }
        Some(decided)
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
