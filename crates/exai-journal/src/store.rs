//! Where records are made durable.

use exai_wire::{Epoch, JournalId, Record};

/// Why a record was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// At its cap, and it holds only what must be kept.
    #[error("the journal is full")]
    Full,
    /// The disk refuses.
    #[error("the journal can't be written: {0}")]
    Unavailable(String),
}

impl JournalError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full => "journal_full",
            Self::Unavailable(_) => "journal_unavailable",
        }
    }

    /// Whether the same record may be accepted later.
    pub const fn is_retryable(&self) -> bool {
        true
    }
}

/// Takes records in order, makes them durable in groups, and says so.
pub trait Store {
    /// The journal's id and this start's number.
    fn identity(&self) -> (JournalId, Epoch);

    /// Takes a record; never blocks.
    fn submit(&mut self, ticket: u64, record: Record);

    /// What has been decided since the last call, in order of submission: durable, or why not.
    fn poll(&mut self) -> Option<(u64, Result<(), JournalError>)>;
}
