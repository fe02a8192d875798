//! What an engine gives out and what it takes back.

use serde_json::value::RawValue;

use crate::revision::{Era, Revision};
use crate::task::{Task, TaskId, TaskVerb};

/// Number of a call within one engine, from 1. It is not the host's id: hosts reuse ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub u64);

/// Whether the host gave a progress token with a call, that is: whether it will see progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// Progress notifications go out for this call.
    Given,
    /// None do: no token, one of a type that the protocol does not know, or one that another open call holds.
    Absent,
}

/// Whether the host knows tasks, as it says with each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tasks {
    /// A call may be answered with [`Answer::Task`].
    Declared,
    /// It must not.
    Undeclared,
}

/// The host application, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostInfo {
    /// `clientInfo.name`.
    pub name: String,
    /// `clientInfo.version`, empty where the host gives none.
    pub version: String,
}

/// A request that only the backend can answer, today always `tools/call`.
#[derive(Debug)]
pub struct IncomingCall {
    /// To answer it with.
    pub key: CallKey,
    /// Era of this one message.
    pub era: Era,
    /// Revision by whose rules it is answered.
    pub revision: Revision,
    /// MCP method.
    pub method: String,
    /// `params.name`, decoded. The tool may not exist.
    pub tool: Option<String>,
    /// `params`, byte for byte, but without what rounds add to them (`requestState`, `inputResponses`; modern era).
    pub params: Box<RawValue>,
    /// Whether progress is shown.
    pub token: Token,
    /// `params.requestState`, decoded: what an earlier [`Answer::InputRequired`] carried, or something forged.
    pub request_state: Option<String>,
    /// Whether it may be answered with a task.
    pub tasks: Tasks,
    /// Who asks, as far as it is known.
    pub host: Option<HostInfo>,
    /// Object of the W3C trace context keys (`traceparent`, `tracestate`, `baggage`) found in `_meta`, values
    /// byte for byte.
    pub trace: Option<Box<RawValue>>,
}

/// What the driver has to know or do.
#[derive(Debug)]
pub enum Event {
    /// Run this; answer with [`crate::Engine::answer`].
    Call(IncomingCall),
    /// The host does not want the answer any more. Nothing is written for this call from now on.
    Cancelled {
        /// Which call.
        key: CallKey,
        /// The host's reason.
        reason: Option<String>,
    },
    /// Something about a task, from a host that knows them; answer with [`crate::Engine::answer`].
    Task {
        /// To answer it with.
        key: CallKey,
        /// Which task; it may never have existed.
        id: TaskId,
        /// What is wanted.
        verb: TaskVerb,
    },
    /// A host has subscribed to the news of these tasks, which may never have existed; tell them with
    /// [`crate::Engine::notify_task`].
    Watched(Vec<TaskId>),
    /// A host that means to work is there, not a probe: `notifications/initialized`, the first valid modern
    /// request other than `server/discover`, or a call without any handshake. Once an engine.
    HandshakeDone,
    /// The host introduced itself, or introduced itself differently.
    HostKnown(HostInfo),
}

/// The outcome of a call.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Tool result object in its 2026-07-28 shape; fields that the host's revision lacks are taken out.
    Result(Box<RawValue>),
    /// Modern calls only: the host is to ask again at once, with the same params and this `requestState`.
    InputRequired {
        /// Opaque to the host.
        request_state: String,
    },
    /// News of a task; as the answer to a call of a host that declares tasks, a new one.
    Task(Box<Task>),
    /// What was wanted of a task will be done.
    Acknowledged,
    /// JSON-RPC error. Models see errors badly; a failed tool is a `Result` with `isError`.
    Error {
        /// JSON-RPC code.
        code: i64,
        /// One sentence.
        message: String,
        /// Anything.
        data: Option<Box<RawValue>>,
    },
}

/// A line to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// One line without its line feed, below [`crate::LINE_OUT_BYTES_MAX`].
    pub line: Vec<u8>,
    /// Calls whose answer this line carries: acknowledge them once it is written.
    pub answers: Vec<CallKey>,
}
