//! Frames from daemon to shim.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::code::{DaemonState, Outcome, RefusedCode, RejectCode};
use crate::decode::{FrameError, encode, payload, type_of};
use crate::id::{CallId, Epoch, JournalId, StartId};
use crate::shim_frame::ProtoRange;

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version spoken on this connection.
    pub proto: u32,
    /// The daemon's journal.
    pub journal: JournalId,
    /// Its start.
    pub epoch: Epoch,
    /// The same, told apart from any other with that number; a daemon of an early release has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartId>,
    /// The daemon's release, for `status` and for asking an older one to drain.
    #[serde(default)]
    pub version: String,
    /// What it knows of the calls that `hello` named, in the same order.
    #[serde(default)]
    pub calls: Vec<KnownCall>,
    /// Hash of the tool definitions.
    pub catalogue_hash: String,
    /// What this session may have open.
    pub limits: Limits,
    /// Interval of beats, each way.
    pub beat_ms: u64,
    /// How to come back after a loss.
    pub reconnect: Reconnect,
    /// State of the daemon.
    pub state: DaemonState,
}

/// Whether a call is known to the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCall {
    /// Which.
    pub call_id: CallId,
    /// Known: it waits, runs or is done, and its result comes by itself.
    pub known: bool,
}

/// What a session may have open at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls.
    pub in_flight: u32,
    /// Bytes of params.
    pub bytes: u64,
}

/// Backoff of the next dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconnect {
    /// Shortest pause.
    pub base_ms: u64,
    /// Longest pause.
    pub cap_ms: u64,
}

/// The connection is turned away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Why.
    pub code: RejectCode,
    /// Why, and what to do, for people.
    pub message: String,
    /// Earliest sensible next dial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Versions the daemon speaks, with code `version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported: Option<ProtoRange>,
}

/// One call is turned away; it provably has not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which.
    pub call_id: CallId,
    /// Why.
    pub code: RefusedCode,
    /// Why, and what to do, for people.
    #[serde(default)]
    pub message: String,
    /// Earliest sensible resend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The journal has the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Which.
    pub call_id: CallId,
}

/// An attempt begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Of which call.
    pub call_id: CallId,
    /// Its number, from 1.
    pub attempt: u32,
    /// Provider asked.
    pub provider: String,
    /// Model asked.
    pub model: String,
}

/// How a call is getting on: the newest wins, any may be dropped. Without a text: the attempt after `attempt`, of which
/// `started` told, has cost nothing and counts as none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Which.
    pub call_id: CallId,
    /// Attempt that runs; 0 while none does.
    pub attempt: u32,
    /// A short sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A request to the host, for catalogues that declare such.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    /// The call that asks.
    pub call_id: CallId,
    /// Number of the question.
    pub ask_no: u32,
    /// MCP method.
    pub method: String,
    /// Its params.
    pub params: Box<RawValue>,
}

/// The question is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unask {
    /// The call that asked.
    pub call_id: CallId,
    /// Number of the question.
    pub ask_no: u32,
}

/// A call has ended, and the journal has its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResultFrame {
    /// Which.
    pub call_id: CallId,
    /// Attempts made.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The MCP result object, at most [`crate::RESULT_BYTES_MAX`] bytes.
    pub body: Box<RawValue>,
    /// Whether this is a recorded result delivered again.
    #[serde(default)]
    pub replayed: bool,
}

/// Sign of life with the daemon's condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonBeat {
    /// Which start.
    pub epoch: Epoch,
    /// State.
    pub state: DaemonState,
    /// Lag of the work runtime.
    #[serde(default)]
    pub lag_ms: u64,
    /// Calls in flight, all sessions.
    #[serde(default)]
    pub in_flight: u64,
    /// Age of the oldest of them.
    #[serde(default)]
    pub oldest_ms: u64,
    /// Hash of the tool definitions.
    #[serde(default)]
    pub catalogue_hash: String,
}

/// The daemon is about to stop: no new calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goaway {
    /// Why, for people.
    pub reason: String,
    /// How long calls in flight may still finish.
    pub grace_ms: u64,
    /// Earliest sensible dial after the close.
    pub retry_after_ms: u64,
    /// Spread of the dials after that.
    pub spread_ms: u64,
}

/// The tool definitions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Catalogue {
    /// Their hash.
    pub hash: String,
    /// The array of tool objects, as `tools/list` shows them.
    pub tools: Box<RawValue>,
}

/// A frame that speaks of what the journal holds. The daemon's end of the session takes it only wrapped by a
/// journal, so that nothing is promised or answered before it is kept.
#[derive(Debug, Clone)]
pub enum KeptFrame {
    /// The call is kept.
    Accepted(Accepted),
    /// Its attempt is kept.
    Started(Started),
    /// Its end is kept.
    Result(ResultFrame),
}

/// A frame from daemon to shim.
#[derive(Debug, Clone)]
pub enum DaemonFrame {
    /// Answer to `hello`.
    Welcome(Welcome),
    /// The connection is turned away.
    Reject(Reject),
    /// One call is turned away.
    Refused(Refused),
    /// The journal has the call.
    Accepted(Accepted),
    /// An attempt begins.
    Started(Started),
    /// How a call is getting on.
    Note(Note),
    /// A request to the host.
    Ask(Ask),
    /// The question is void.
    Unask(Unask),
    /// A call has ended.
    Result(ResultFrame),
    /// Sign of life.
    Beat(DaemonBeat),
    /// The daemon is about to stop.
    Goaway(Goaway),
    /// The tool definitions.
    Catalogue(Catalogue),
}

impl From<KeptFrame> for DaemonFrame {
    fn from(kept: KeptFrame) -> Self {
        match kept {
            KeptFrame::Accepted(body) => Self::Accepted(body),
            KeptFrame::Started(body) => Self::Started(body),
            KeptFrame::Result(body) => Self::Result(body),
        }
    }
}

impl DaemonFrame {
    /// The frame as one line of JSON.
    pub fn encode(&self) -> String {
        match self {
            Self::Welcome(body) => encode("welcome", body),
            Self::Reject(body) => encode("reject", body),
            Self::Refused(body) => encode("refused", body),
            Self::Accepted(body) => encode("accepted", body),
            Self::Started(body) => encode("started", body),
            Self::Note(body) => encode("note", body),
            Self::Ask(body) => encode("ask", body),
            Self::Unask(body) => encode("unask", body),
            Self::Result(body) => encode("result", body),
            Self::Beat(body) => encode("beat", body),
            Self::Goaway(body) => encode("goaway", body),
            Self::Catalogue(body) => encode("catalogue", body),
        }
    }

    /// Reads a frame; `None` for a type of a later release, which is to be ignored.
    ///
    /// # Errors
    /// Text that is no JSON object with a `t`, or lacks a field that its type needs.
    pub fn decode(text: &str) -> Result<Option<Self>, FrameError> {
        let kind = type_of(text)?;
        Ok(Some(match kind.as_ref() {
            "welcome" => Self::Welcome(payload(&kind, text)?),
            "reject" => Self::Reject(payload(&kind, text)?),
            "refused" => Self::Refused(payload(&kind, text)?),
            "accepted" => Self::Accepted(payload(&kind, text)?),
            "started" => Self::Started(payload(&kind, text)?),
            "note" => Self::Note(payload(&kind, text)?),
            "ask" => Self::Ask(payload(&kind, text)?),
            "unask" => Self::Unask(payload(&kind, text)?),
            "result" => Self::Result(payload(&kind, text)?),
            "beat" => Self::Beat(payload(&kind, text)?),
            "goaway" => Self::Goaway(payload(&kind, text)?),
            "catalogue" => Self::Catalogue(payload(&kind, text)?),
            _ => return Ok(None),
        }))
    }
}
