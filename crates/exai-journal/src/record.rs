//! What is written.

use exai_wire::{AdoptKey, CallId, Class, Fingerprint, Outcome, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Record {
    /// A call was taken.
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
    /// An attempt is about to begin.
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
    /// A call has ended.
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
    /// Its answer reached the host.
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

/// A record with its number.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Number in order of commit, from 1.
    pub number: u64,
    /// What.
    pub record: Record,
}
