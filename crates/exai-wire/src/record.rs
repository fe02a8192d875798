//! What a journal keeps of a call, and the frame that may be sent once it does.
//!
//! Moments (`at_ms`) are milliseconds of wall time since 1970. They serve ages, retention and deadlines of calls that
//! nobody waits for; no promise hangs on them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::code::{Class, Outcome};
use crate::daemon_frame::{Accepted, KeptFrame, ResultFrame, Started};
use crate::id::{AdoptKey, CallId, ConversationKey, Fingerprint, SessionId};

/// What is to be made durable, in the order in which it happens to a call.
#[derive(Debug, Clone)]
pub enum Record {
    /// A call was taken; before `accepted`.
    Accepted {
        /// Key.
        call_id: CallId,
        /// What was taken.
        asked: Asked,
    },
    /// An attempt is about to begin; before the first byte to a provider. Again under the same number: it goes to
    /// somebody else, because it had cost nothing yet.
    Started {
        /// Key.
        call_id: CallId,
        /// Who is asked.
        attempt: Attempt,
    },
    /// Text of an attempt as it came; losing the newest is allowed.
    Partial {
        /// Key.
        call_id: CallId,
        /// Number of the attempt.
        attempt: u32,
        /// Bytes of the answer before this piece, those that the attempt continued from included.
        offset: u64,
        /// The piece.
        text: String,
    },
    /// An attempt has failed by itself; written lazily, so that it mostly rides with what comes next. One that cost nothing was
    /// none: its number is that of the next.
    Failed {
        /// Key.
        call_id: CallId,
        /// Number of the attempt.
        attempt: u32,
        /// Whether it may have been billed.
        billed: bool,
    },
    /// An orderly drain cut this attempt; before the provider is left.
    Cut {
        /// Key.
        call_id: CallId,
        /// Number of the attempt.
        attempt: u32,
    },
    /// A call has ended; before `result`, and with outcome `Cancelled` before the provider is aborted.
    Done {
        /// Key.
        call_id: CallId,
        /// How.
        end: End,
        /// MCP result object.
        body: Box<RawValue>,
        /// What it adds to a conversation; kept with the end, or not at all.
        turn: Option<Turn>,
    },
    /// Its answer reached the host; written lazily.
    Acked {
        /// Key.
        call_id: CallId,
        /// When.
        at_ms: u64,
    },
    /// Its host was answered otherwise; it goes on.
    Detached {
        /// Key.
        call_id: CallId,
        /// By whom.
        session: SessionId,
    },
    /// Its params, texts and result are dropped; what is left keeps its id from running again.
    Buried {
        /// Key.
        call_id: CallId,
        /// When.
        at_ms: u64,
    },
    /// Nothing of it is kept any more.
    Forgotten {
        /// Key.
        call_id: CallId,
    },
}

/// A call as it was taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Whose host asked.
    pub session: SessionId,
    /// Hash of method and params.
    pub fingerprint: Fingerprint,
    /// Key for adoption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt_key: Option<AdoptKey>,
    /// The call whose answer it takes over; that one can be taken over by no other then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopts: Option<CallId>,
    /// MCP method.
    pub method: String,
    /// Name of the tool, for people.
    #[serde(default)]
    pub tool: String,
    /// Class of the tool.
    pub class: Class,
    /// When it was taken.
    pub at_ms: u64,
    /// Time left to the deadline then.
    pub remaining_ms: u64,
    /// Attempts made under a journal that is lost.
    #[serde(default)]
    pub attempts_before: u32,
    /// Params.
    #[serde(skip, default = "null")]
    pub params: Box<RawValue>,
}

impl Asked {
    /// When it must have ended, in milliseconds since 1970.
    pub const fn deadline_ms(&self) -> u64 {
        self.at_ms.saturating_add(self.remaining_ms)
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Number, from 1.
    pub n: u32,
    /// Provider asked.
    pub provider: String,
    /// Model asked.
    pub model: String,
    /// Bytes of kept text that it continues from; 0: it began anew.
    #[serde(default)]
    pub continues: u64,
    /// When.
    pub at_ms: u64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Attempts made.
    pub attempts: u32,
    /// How.
    pub outcome: Outcome,
    /// When.
    pub at_ms: u64,
    /// What it cost, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
}

/// What a call cost, as its providers counted, at the prices that were known when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens of the questions.
    pub input: u64,
    /// Those of them that came from a provider's cache.
    pub cached: u64,
    /// Tokens of the answers, reasoning included.
    pub output: u64,
    /// Billionths of a US dollar; `None`: a price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nano_usd: Option<u64>,
    /// Whether it is all: more than one request may have been billed otherwise, and not each has told.
    pub whole: bool,
}

/// One turn of a conversation.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Of which.
    pub conversation: ConversationKey,
    /// Where in it.
    pub place: TurnPlace,
    /// Question and answer, as the tools write them.
    pub body: Box<RawValue>,
}

/// Where a turn stands in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnPlace {
    /// At the beginning: it makes the conversation.
    First,
    /// Behind those that were sent with its question. Where they were deleted meanwhile it is not kept: a conversation of
    /// which only the end is left is none, and who deleted it meant all of it.
    Next,
}

/// What stands for a text that is not loaded.
pub(crate) fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

impl Record {
    /// The call that it is about.
    pub const fn call_id(&self) -> CallId {
        match self {
            Self::Accepted { call_id, .. }
            | Self::Started { call_id, .. }
            | Self::Partial { call_id, .. }
            | Self::Failed { call_id, .. }
            | Self::Cut { call_id, .. }
            | Self::Done { call_id, .. }
            | Self::Acked { call_id, .. }
            | Self::Detached { call_id, .. }
            | Self::Buried { call_id, .. }
            | Self::Forgotten { call_id } => *call_id,
        }
    }

    /// The frame that speaks of this record.
    pub fn frame(&self) -> Option<KeptFrame> {
        match self {
            Self::Accepted { call_id, .. } => Some(KeptFrame::Accepted(Accepted { call_id: *call_id })),
            Self::Started { call_id, attempt } => Some(KeptFrame::Started(Started {
                call_id: *call_id,
                attempt: attempt.n,
                provider: attempt.provider.clone(),
                model: attempt.model.clone(),
            })),
            Self::Done { call_id, end, body, .. } => Some(KeptFrame::Result(ResultFrame {
                call_id: *call_id,
                attempt: end.attempts,
                outcome: end.outcome,
                body: body.clone(),
                replayed: false,
            })),
            _ => None,
        }
    }

    /// Whether a promise waits for it. What is not may be written when the disk has time.
    pub const fn is_urgent(&self) -> bool {
        matches!(
            self,
            Self::Accepted { .. }
                | Self::Started { .. }
                | Self::Cut { .. }
                | Self::Done { .. }
                | Self::Detached { .. }
        )
    }
}
