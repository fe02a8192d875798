//! Conversations, as they are read. They are written with the ends of calls ([`exai_wire::Turn`]), so that a turn is kept once
//! whatever is tried again, and never without the answer that its host got.

use exai_wire::ConversationKey;

use crate::row::{ConversationHead, KeptTurn};

/// Conversations can't be read or changed now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("conversations can't be read: {0}")]
pub struct TurnsError(pub String);

/// Where conversations are read. Each call may block on the disk.
pub trait Turns: Send + Sync {
    /// The turns of a conversation, oldest first; none if it is not known (any more).
    ///
    /// # Errors
    /// [`TurnsError`].
    fn load(&self, conversation: ConversationKey) -> Result<Vec<KeptTurn>, TurnsError>;

    /// All conversations, the newest first.
    ///
    /// # Errors
    /// [`TurnsError`].
    fn list(&self) -> Result<Vec<ConversationHead>, TurnsError>;

    /// Deletes one; `false` if it is not known.
    ///
    /// # Errors
    /// [`TurnsError`].
    fn delete(&self, conversation: ConversationKey) -> Result<bool, TurnsError>;

    /// Has conversations deleted that nobody has gone on with since then (milliseconds since 1970). Does not wait for it.
    fn forget_before(&self, at_ms: u64);
}
