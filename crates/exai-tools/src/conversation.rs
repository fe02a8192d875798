//! Conversations: what was asked and answered, so that a later call can go on from there.
//!
//! Invariants: an exchange is written once, whole, after its answer is there; a failed call leaves no trace; an id
//! that is not known is never taken for a new one.

mod id;
mod memory;

use std::sync::Arc;

pub use id::{ConversationId, NoConversationId};
pub use memory::{ConversationLimits, ConversationMemory};

use crate::file::FileText;

/// One question and its answer, as they were given: what a model is shown of them is decided when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The question, without files.
    pub prompt: String,
    /// The files that came with it.
    pub files: Vec<FileText>,
    /// System prompt in force.
    pub system: Option<String>,
    /// Model that the caller named, now or earlier in the conversation; `None`: the default.
    pub model: Option<String>,
    /// The answer.
    pub answer: String,
}

/// Where conversations are kept.
pub trait Conversations: Send + Sync {
    /// The exchanges of a conversation, oldest first; `None` if it is not known (any more).
    fn load(&self, id: ConversationId) -> Option<Vec<Arc<Exchange>>>;

    /// Adds an exchange at the end; the first one makes the conversation. What two calls at once add to one
    /// conversation stands in the order in which they ended.
    fn append(&self, id: ConversationId, exchange: Exchange);
}
