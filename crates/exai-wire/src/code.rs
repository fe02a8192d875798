//! Closed sets of words: codes, classes, states, outcomes.

use serde::{Deserialize, Serialize};

/// What may be done twice with a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// May rerun freely; not journaled.
    Pure,
    /// Costs tokens: at most 3 requests that may be billed per model step, extra ones are stated.
    Metered,
    /// Changes the world: never reruns; if its outcome can't be known, the answer says so.
    Effect,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The tool's result.
    Ok,
    /// A result that tells of a failure.
    Error,
    /// Ended by the host's cancel; the host is told nothing.
    Cancelled,
    /// The call may have run; whether it did can't be known.
    OutcomeUnknown,
}

/// State of the daemon as it tells it itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DaemonState {
    /// Recovering; not listening yet.
    Starting,
    /// Takes calls, none runs.
    Ready,
    /// Takes calls, some run.
    Busy,
    /// The work runtime or the journal makes no progress.
    Stalled,
    /// Finishes what runs, takes nothing new.
    Draining,
}

/// Why a connection is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// No common version of the session protocol.
    Version,
    /// Token missing or wrong.
    Auth,
    /// A later dial of the same session is known already.
    Fenced,
    /// The daemon is about to stop.
    Draining,
    /// The journal can't be used; the message says why.
    JournalUnusable,
    /// The first frame was no `hello`, or none came in time.
    Malformed,
    /// A code of a later release.
    #[serde(other)]
    Other,
}

impl RejectCode {
    /// Whether the next dial may well succeed without anybody changing anything.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Version | Self::Auth | Self::JournalUnusable)
    }
}

/// Why a call is turned away; it provably has not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedCode {
    /// The daemon is about to stop.
    Draining,
    /// The journal is at its cap and holds only what must be kept.
    JournalFull,
    /// The journal can't be written.
    JournalUnavailable,
    /// Too many calls in flight or waiting.
    Overloaded,
    /// The same call id came with another payload.
    KeyReused,
    /// No such call (attach).
    UnknownCall,
    /// The frame can't be served: unknown method or malformed params.
    Invalid,
    /// A code of a later release.
    #[serde(other)]
    Other,
}

impl RefusedCode {
    /// Whether the shim holds the call and sends it again under the same id until its deadline.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Draining | Self::JournalFull | Self::JournalUnavailable | Self::Overloaded)
    }
}
