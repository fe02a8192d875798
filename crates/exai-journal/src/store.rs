//! Where records are made durable.

use std::time::Duration;

use exai_wire::{CallId, Epoch, JournalId, Record};

use crate::row::Row;

/// Why a record was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk is full, or the journal at the most that it may take of it.
    #[error("the journal is full: {0}")]
    Full(String),
    /// The disk refuses.
    #[error("the journal can't be written: {0}")]
    Unavailable(String),
    /// It belongs to a call that was not taken.
    #[error("the journal does not have the call that this belongs to")]
    Unfounded,
    /// Another daemon has begun an epoch of its own on this journal; nothing of this one is written any more.
    #[error("another daemon has taken over the journal")]
    Usurped,
}

impl JournalError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full(_) => "journal_full",
            Self::Unavailable(_) => "journal_unavailable",
            Self::Unfounded => "journal_unfounded",
            Self::Usurped => "journal_usurped",
        }
    }
}

/// Takes records in order, makes them durable in groups, and says so.
pub trait Store {
    /// The journal's id and this start's number.
    fn identity(&self) -> (JournalId, Epoch);

    /// Every row that was durable when the store was opened, in the order in which they were written; empties the list.
    /// Of the loads of calls that have ended only the size is told: see [`Row::bytes`].
    fn take_rows(&mut self) -> Vec<Row>;

    /// Takes a record; never blocks. Of a call that is not kept, because its `Accepted` was refused, nothing is written but an
    /// `Accepted` or `Done`; a `Started` is refused then.
    fn submit(&mut self, ticket: u64, record: Record);

    /// What has been decided since the last call, in order of submission: durable, or why not. What is not urgent
    /// ([`Record::is_urgent`]) may be decided a little later, once it would outlive the process; the next urgent one brings
    /// it to the disk.
    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)>;

    /// Asks for the kept end of a call; never blocks.
    fn fetch(&mut self, call_id: CallId);

    /// What was asked for by [`Store::fetch`]: the call's `Done`, or nothing where it is not kept.
    fn poll_fetched(&mut self) -> Option<(CallId, Option<Record>)>;

    /// For how long the oldest record has waited for its decision; a disk that hangs shows by this.
    fn behind(&self) -> Option<Duration> {
        None
    }
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn identity(&self) -> (JournalId, Epoch) {
        (**self).identity()
    }

    fn take_rows(&mut self) -> Vec<Row> {
        (**self).take_rows()
    }

    fn submit(&mut self, ticket: u64, record: Record) {
        (**self).submit(ticket, record);
    }

    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)> {
        (**self).poll()
    }

    fn fetch(&mut self, call_id: CallId) {
        (**self).fetch(call_id);
    }

    fn poll_fetched(&mut self) -> Option<(CallId, Option<Record>)> {
        (**self).poll_fetched()
    }

    fn behind(&self) -> Option<Duration> {
        (**self).behind()
    }
}
