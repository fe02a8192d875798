//! What a journal keeps of a call, and the frame that may be sent once it does.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::code::{Class, Outcome};
use crate::daemon_frame::{Accepted, KeptFrame, ResultFrame, Started};
use crate::id::{AdoptKey, CallId, Fingerprint, SessionId};

/// What is to be made durable, in the order in which it happens to a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Record {
    /// A call was taken; before `accepted`.
    Accepted {
        /// Key.
        call_id: CallId,
        /// Hash of method and params.
        fingerprint: Fingerprint,
        /// Key for adoption.
        adopt_key: Option<AdoptKey>,
        /// MCP method.
        method: String,
        /// Params.
        params: Box<RawValue>,
        /// Class of the tool.
        class: Class,
        /// Time left to the deadline when it was taken.
        remaining_ms: u64,
        /// Attempts made under a journal that is lost.
        attempts_before: u32,
    },
    /// An attempt is about to begin; before the first byte to a provider.
    Started {
        /// Key.
        call_id: CallId,
        /// Number, from 1.
        attempt: u32,
        /// Provider asked.
        provider: String,
        /// Model asked.
        model: String,
    },
    /// A call has ended; before `result`, and with outcome `Cancelled` before the provider is aborted.
    Done {
        /// Key.
        call_id: CallId,
        /// Attempts made.
        attempt: u32,
        /// How.
        outcome: Outcome,
        /// MCP result object.
        body: Box<RawValue>,
    },
    /// Its answer reached the host; written lazily.
    Acked {
        /// Key.
        call_id: CallId,
    },
    /// Its host was answered otherwise; it goes on.
    Detached {
        /// Key.
        call_id: CallId,
        /// By whom.
        session: SessionId,
    },
}

impl Record {
    /// The frame that speaks of this record.
    pub fn frame(&self) -> Option<KeptFrame> {
        match self {
            Self::Accepted { call_id, .. } => Some(KeptFrame::Accepted(Accepted { call_id: *call_id })),
            Self::Started { call_id, attempt, provider, model } => Some(KeptFrame::Started(Started {
                call_id: *call_id,
                attempt: *attempt,
                provider: provider.clone(),
                model: model.clone(),
            })),
            Self::Done { call_id, attempt, outcome, body } => Some(KeptFrame::Result(ResultFrame {
                call_id: *call_id,
                attempt: *attempt,
                outcome: *outcome,
                body: body.clone(),
                replayed: false,
            })),
            Self::Acked { .. } | Self::Detached { .. } => None,
        }
    }
}
