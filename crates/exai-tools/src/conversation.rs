//! Conversations: what was asked and answered, so that a later call can go on from there.
//!
//! Invariants: an exchange is kept once, whole, together with the result that its host gets; a failed call leaves no trace;
//! an id that is not known is never taken for a new one.

mod id;

use exai_provider::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

pub use id::{ConversationId, NoConversationId};

use crate::file::FileText;

/// One question and its answer, as they were given: what a model is shown of them is decided when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The question, without files.
    pub prompt: String,
    /// The files that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileText>,
    /// System prompt in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Model that the caller named, now or earlier in the conversation; `None`: the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The answer.
    pub answer: String,
}

impl Exchange {
    /// As it is kept.
    pub fn json(&self) -> Box<RawValue> {
        // A struct of texts always serialises.
        to_raw_value(self).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    /// From what was kept.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn read(json: &RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json.get())
    }
}

/// What a result adds to a conversation. It is kept with the result, in the order in which results are kept, or not at all;
/// the first one makes the conversation, and none of them makes one again that was deleted.
#[derive(Debug, Clone)]
pub struct NewTurn {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Whether it makes the conversation; another one is kept only where those before it still are.
    pub is_first: bool,
    /// Question and answer: [`Exchange::json`].
    pub exchange: Box<RawValue>,
}

/// Conversations can't be read now; a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConversationsUnreadable(pub String);

/// Where conversations are read.
pub trait Conversations: Send + Sync {
    /// The exchanges of a conversation, oldest first; none if it is not known (any more).
    fn load(&self, id: ConversationId) -> BoxFuture<'_, Result<Vec<Exchange>, ConversationsUnreadable>>;
}
