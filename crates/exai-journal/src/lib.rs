//! What was promised and what was delivered.
//!
//! [`Durable`] can be made by nothing but a journal in this crate's [`Journal`] contract: frames that speak of kept
//! state reach the wire only inside one.

mod durable;
mod model;
mod record;

pub use durable::{Durable, Seal};
pub use model::ModelJournal;
pub use record::{Record, Stored};

use exai_wire::{Epoch, JournalId, KeptFrame};

/// What became of a submitted record.
#[derive(Debug)]
pub struct Committed {
    /// The number it was submitted under.
    pub ticket: u64,
    /// The sealed frame (where one was submitted), or why the record was not written.
    pub result: Result<Option<Durable<KeptFrame>>, JournalError>,
}

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

/// A journal: takes records in order, makes them durable in groups, and says so.
pub trait Journal {
    /// The journal's id and this start's number.
    fn identity(&self) -> (JournalId, Epoch);

    /// Takes a record; never blocks. `frame` comes back sealed once the record is durable.
    fn submit(&mut self, ticket: u64, record: Record, frame: Option<KeptFrame>);

    /// What has been decided since the last call, in order of submission.
    fn poll_committed(&mut self) -> Option<Committed>;
}
