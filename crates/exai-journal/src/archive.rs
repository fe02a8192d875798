//! What a journal keeps, as its owner looks at it: beside the daemon that writes it, or without one.

use exai_wire::{CallId, ConversationKey};

use crate::row::{KeptTurn, Row};

/// The journal can't be read now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal can't be read: {0}")]
pub struct ArchiveError(pub String);

/// Where a journal is looked at. Each call may block on the disk.
pub trait Archive: Send + Sync {
    /// Every row without its load, in the order in which they were written.
    ///
    /// # Errors
    /// [`ArchiveError`].
    fn heads(&self) -> Result<Vec<Row>, ArchiveError>;

    /// The rows of one call, loads included, in the order in which they were written; none if it is not known.
    ///
    /// # Errors
    /// [`ArchiveError`].
    fn call(&self, call_id: CallId) -> Result<Vec<Row>, ArchiveError>;

    /// Turns of a conversation from this number on, oldest first, and as many as fit into so many bytes; one at least, if
    /// there is one.
    ///
    /// # Errors
    /// [`ArchiveError`].
    fn turns(&self, of: ConversationKey, from: u64, bytes_max: u64) -> Result<Vec<KeptTurn>, ArchiveError>;
}
