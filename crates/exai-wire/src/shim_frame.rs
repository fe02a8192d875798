//! Frames from shim to daemon.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::decode::{FrameError, encode, payload, type_of};
use crate::id::{AdoptKey, CallId, DialNo, Fingerprint, JournalId, SessionId};

/// Lowest and highest protocol version that a side speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoRange {
    /// Lowest.
    pub min: u32,
    /// Highest.
    pub max: u32,
}

impl ProtoRange {
    /// The highest version that both know.
    pub fn common(self, other: Self) -> Option<u32> {
        let highest = self.max.min(other.max);
        (highest >= self.min.max(other.min)).then_some(highest)
    }
}

/// Name and version of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Name, as it gives it.
    pub name: String,
    /// Version, as it gives it.
    pub version: String,
}

/// The shim as it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimPeer {
    /// Program name.
    pub name: String,
    /// Release.
    pub version: String,
    /// Process id, for people who read logs.
    pub pid: u32,
}

/// The first frame on every connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// Versions the shim speaks.
    pub proto: ProtoRange,
    /// The shim process.
    pub session: SessionId,
    /// Rises with each dial.
    pub dial_no: DialNo,
    /// Who dials.
    pub shim: ShimPeer,
    /// The host, once it has introduced itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Peer>,
    /// Every unanswered call that was once written to a socket.
    #[serde(default)]
    pub open: Vec<OpenCall>,
}

/// An unanswered call as the shim remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
    /// Its key.
    pub call_id: CallId,
    /// The journal it was sent to.
    pub under: JournalId,
    /// Whether the shim has seen `accepted`.
    #[serde(default)]
    pub accepted_seen: bool,
    /// Highest attempt number seen in `started`.
    #[serde(default)]
    pub attempts_seen: u32,
    /// Whether a `note` has told since that this attempt cost nothing, and none was seen to begin after that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attempt_unused: bool,
    /// The host has cancelled it; kept until the daemon has confirmed.
    #[serde(default)]
    pub cancelled: bool,
    /// Time left to its deadline.
    pub remaining_ms: u64,
}

/// A request of the host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// Its key, made by the shim.
    pub call_id: CallId,
    /// MCP method, `tools/call` today.
    pub method: String,
    /// The host's params, byte for byte, except where the shim has inlined files.
    pub params: Box<RawValue>,
    /// Hash of method and params.
    pub fingerprint: Fingerprint,
    /// Key for finding its answer again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt_key: Option<AdoptKey>,
    /// Time left to its deadline.
    pub remaining_ms: u64,
    /// The journal it was sent to before, when it is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<JournalId>,
    /// Whether `accepted` was seen before.
    #[serde(default)]
    pub accepted_seen: bool,
    /// Highest attempt number seen before.
    #[serde(default)]
    pub attempts_seen: u32,
    /// W3C trace context of the request, passed on unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<RawValue>>,
}

/// Join a call of any session, or leave one of this session to itself (`detach`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// Which.
    pub call_id: CallId,
}

/// End a call: its host has cancelled it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Which.
    pub call_id: CallId,
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
}

/// The host's reply to an `ask`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The call that asked.
    pub call_id: CallId,
    /// Which of its questions.
    pub ask_no: u32,
    /// The host's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<RawValue>>,
    /// The host's error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<RawValue>>,
}

/// The shim leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
}

/// Answers that reached the host: sent only after the write of the whole line has returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ack {
    pub(crate) call_ids: Vec<CallId>,
}

/// A frame from shim to daemon.
#[derive(Debug, Clone)]
pub enum ShimFrame {
    /// First frame on a connection.
    Hello(Hello),
    /// A request of the host.
    Call(Call),
    /// Join a call.
    Attach(Attach),
    /// End a call.
    Cancel(Cancel),
    /// The host has been answered; the call goes on.
    Detach(Attach),
    /// The host's reply to an `ask`.
    Answer(Answer),
    /// Answers that reached the host.
    Ack(Vec<CallId>),
    /// Sign of life.
    Beat,
    /// The shim leaves.
    Bye(Bye),
    /// Asks for the tool definitions.
    GetCatalogue,
}

impl ShimFrame {
    /// The frame as one line of JSON.
    pub fn encode(&self) -> String {
        match self {
            Self::Hello(body) => encode("hello", body),
            Self::Call(body) => encode("call", body),
            Self::Attach(body) => encode("attach", body),
            Self::Cancel(body) => encode("cancel", body),
            Self::Detach(body) => encode("detach", body),
            Self::Answer(body) => encode("answer", body),
            Self::Ack(call_ids) => encode("ack", &Ack { call_ids: call_ids.clone() }),
            Self::Beat => r#"{"t":"beat"}"#.to_owned(),
            Self::Bye(body) => encode("bye", body),
            Self::GetCatalogue => r#"{"t":"get_catalogue"}"#.to_owned(),
        }
    }

    /// Reads a frame; `None` for a type of a later release, which is to be ignored.
    ///
    /// # Errors
    /// Text that is no JSON object with a `t`, or lacks a field that its type needs.
    pub fn decode(text: &str) -> Result<Option<Self>, FrameError> {
        let kind = type_of(text)?;
        Ok(Some(match kind.as_ref() {
            "hello" => Self::Hello(payload(&kind, text)?),
            "call" => Self::Call(payload(&kind, text)?),
            "attach" => Self::Attach(payload(&kind, text)?),
            "cancel" => Self::Cancel(payload(&kind, text)?),
            "detach" => Self::Detach(payload(&kind, text)?),
            "answer" => Self::Answer(payload(&kind, text)?),
            "ack" => Self::Ack(payload::<Ack>(&kind, text)?.call_ids),
            "beat" => Self::Beat,
            "bye" => Self::Bye(payload(&kind, text)?),
            "get_catalogue" => Self::GetCatalogue,
            _ => return Ok(None),
        }))
    }
}
